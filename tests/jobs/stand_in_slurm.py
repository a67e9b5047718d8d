"""A Slurm of one machine: `stand_in_slurm.py FOLDER sbatch|squeue|scancel|scontrol|srun ...`, jobs as files in FOLDER.

As long as there is a file `hold` in it, jobs wait; with a file `down`, nobody answers.
"""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

folder, command, *arguments = Path(sys.argv[1]), *sys.argv[2:]


def told(number: str, name: str) -> str:
    path = folder / number / name
    return path.read_text() if path.exists() else ""


def tell(number: str, name: str, text: str) -> None:
    """In one piece: whoever reads sees the old or the new."""
    new = folder / number / f"{name}.{os.getpid()}"
    new.write_text(text)
    new.replace(folder / number / name)


def processes(number: str) -> list:
    import psutil

    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("SLURM_JOB_ID") == number:
                found.append(process)
        except psutil.Error:
            continue
    return found


def sbatch(script: str) -> None:
    number = str(1 + len(list(folder.glob("[0-9]*"))))
    (folder / number).mkdir()
    text = Path(script).read_text(encoding="utf-8")
    tell(number, "script", text)
    tell(number, "name", re.search("--job-name=(.*)", text)[1])
    tell(number, "state", "PENDING")
    again = [sys.executable, "-I", __file__, str(folder), "carry", number]
    nothing = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.Popen(again, start_new_session=True, **nothing)
    print(f"Submitted batch job {number}")


def carry(number: str) -> None:
    environment = os.environ | {"SLURM_JOB_ID": number, "SLURM_NTASKS": "1", "SLURM_JOB_NUM_NODES": "1"}
    environment |= {"SLURM_NODEID": "0", "SLURM_PROCID": "0", "SLURM_LOCALID": "0"}
    while told(number, "state") == "PENDING":
        if (folder / "hold").exists():
            time.sleep(0.05)
            continue
        tell(number, "state", "RUNNING")
        subprocess.run(["bash", str(folder / number / "script")], env=environment)
        if told(number, "state") == "RUNNING":
            (folder / number / "state").unlink()


def srun(*words: str) -> None:
    words, number = list(words), os.environ["SLURM_JOB_ID"]
    while words[0].startswith("--"):
        option = words.pop(0)
        if option in ("--output", "--error"):
            path = words.pop(0).replace("%j", number).replace("%t", "0")
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), 1 if option == "--output" else 2)
    tell(number, "task", str(os.getpid()))
    os.execvp(words[0], words)


def squeue() -> None:
    for path in sorted(folder.glob("[0-9]*")):
        if state := told(path.name, "state"):
            node = "node-1" if state == "RUNNING" else ""
            print(f"{path.name}|{state}|0:07|{told(path.name, 'name')}|{node}")


def scancel(*words: str) -> None:
    sent = next((word.split("=")[1] for word in words if word.startswith("--signal=")), None)
    for number in (word for word in words if word.isdigit()):
        if sent:
            os.kill(int(told(number, "task")), getattr(signal, f"SIG{sent}"))
            continue
        (folder / number / "state").unlink(missing_ok=True)
        for process in processes(number):
            process.kill()


def scontrol(_: str, number: str) -> None:
    tell(number, "state", "PENDING")


if (folder / "down").exists() and command != "carry":
    sys.exit("slurm_load_jobs error: Unable to contact slurm controller")
if command == "squeue":
    squeue()
else:
    {"sbatch": sbatch, "carry": carry, "srun": srun, "scancel": scancel, "scontrol": scontrol}[command](*arguments)
