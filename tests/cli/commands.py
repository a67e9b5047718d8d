"""Commands as tests start them, in this process or in one of their own, and what is waited for meanwhile."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]


def begin(home: Path, *arguments: str, **environment: str) -> subprocess.Popen:
    """A command that runs."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # pytest in a shell's background: commands would inherit it
        signal.signal(signal.SIGINT, signal.default_int_handler)
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "tl", *arguments],
        cwd=ROOT,
        env=os.environ | {"TL_HOME": str(home)} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding=environment.get("PYTHONIOENCODING", "utf-8"),
    )


def tl(home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    """A command that has ended."""
    process = begin(home, *arguments, **environment)
    stdout, stderr = process.communicate(timeout=60)
    return subprocess.CompletedProcess(arguments, process.returncode, stdout, stderr)


def main(capsys, home: Path, *arguments: str) -> tuple[int, str, str]:
    """The same inside this process, where no process is needed to see it: status, stdout, stderr."""
    from tl.__main__ import main

    try:
        status = main([*arguments, "--home", str(home)])
    except SystemExit as stop:
        status = stop.code
    return status, *capsys.readouterr()


def wait_for_running(home: Path) -> str:
    """The id of a run that has done an epoch."""

    def running() -> list[Path]:
        return [path.parent for path in home.glob("runs/*/epochs.json") if not (path.parent / "result.json").exists()]

    return wait_until(running)[0].name


def wait_until(holds):
    """What `holds()` gives, once it gives something."""
    end = time.monotonic() + 30
    while not (value := holds()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)
    return value
