"""How fast this machine trains a network: measured once in the background, kept in the home, never beside a run.

`probe` starts `python -m tl.jobs.probe HOME BACKBONE RESOLUTION BATCH_SIZE` and reads what it left.
"""

import fcntl
import json
import os
import platform
import subprocess
import sys
import threading
import time
from pathlib import Path

from tl.jobs.launcher import PROJECT_ROOT, child_environment
from tl.store.database import ACTIVE, read_runs
from tl.store.files import locked, read_json, write_json
from tl.store.home import Home

LIMIT_SECONDS = 180.0  # a network that needs longer for a few steps is too slow here anyway
RETRY_SECONDS = 60.0  # after a failure
STRAINED_SECONDS = 600.0  # for so long a speed is believed that was measured while others used the machine
STRAINED_LOAD = 0.75  # processes wanting to run, per core, before the probe starts
POLL_SECONDS = 0.2
COMMAND = (sys.executable, "-m", "tl.train", "--probe")


def probe(home: Home, backbone: str, resolution: int, batch_size: int) -> dict | None:
    """Measured speeds (see `python -m tl.train --probe`), or None while they are being measured. Returns at once.

    Starts the measurement where there is none and nothing trains or waits. `{"error": sentence}` where it failed
    lately.
    """
    known = cached(home, backbone, resolution, batch_size)
    if known is None and not _busy(home):
        lock = _take_lock(home, wait=False)
        if lock is not None:
            _start(home, lock, [backbone, str(resolution), str(batch_size)])
    return known


def _start(home: Home, lock: int, arguments: list[str]) -> None:
    """Measure in a process of its own, which gets the lock open: there is no moment in which a second could start."""
    try:
        child = subprocess.Popen(
            [sys.executable, "-m", "tl.jobs.probe", str(home.path), *arguments],
            cwd=PROJECT_ROOT,
            env=child_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=(lock,),
        )
    finally:
        os.close(lock)  # ours only: the child keeps the lock through its own copy
    threading.Thread(target=child.wait, daemon=True).start()  # else it stays a zombie


def cached(home: Home, backbone: str, resolution: int, batch_size: int) -> dict | None:
    """What was measured before on this machine and still holds."""
    entry = (read_json(home.probes_path) or {}).get(_key(backbone, resolution, batch_size))
    if entry is None:
        return None
    lasts = RETRY_SECONDS if "error" in entry else STRAINED_SECONDS if entry.get("strained") else float("inf")
    return entry if time.time() - entry["time"] < lasts else None


def measure(home: Home, backbone: str, resolution: int, batch_size: int) -> dict | None:
    """The same, waiting for the result; None where a run came first. One measurement at a time."""
    lock = _take_lock(home, wait=True)
    try:
        known = cached(home, backbone, resolution, batch_size)
        return known if known is not None else _measure(home, backbone, resolution, batch_size)
    finally:
        os.close(lock)


def _measure(home: Home, backbone: str, resolution: int, batch_size: int) -> dict | None:
    """Run the probe and keep its result; it gives way when a run is queued or starts."""
    command = [*COMMAND, backbone, str(resolution), str(batch_size)]
    strained = os.getloadavg()[0] > STRAINED_LOAD * (os.cpu_count() or 1)
    environment = child_environment() | {"TL_HOME": str(home.path)}
    with subprocess.Popen(
        command,
        cwd=PROJECT_ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        result = _result(home, process)
    if result is not None:
        with locked(home.locks_dir / "probes.lock"):
            document = read_json(home.probes_path) or {}
            entry = result | {"time": time.time(), "strained": strained}
            write_json(home.probes_path, document | {_key(backbone, resolution, batch_size): entry})
    return result


def _result(home: Home, process: subprocess.Popen) -> dict | None:
    end = time.monotonic() + LIMIT_SECONDS
    while True:
        try:
            output, errors = process.communicate(timeout=POLL_SECONDS)
            break
        except subprocess.TimeoutExpired:
            late = time.monotonic() > end
            if late or _busy(home):
                process.kill()
                process.communicate()
                return _failure(f"The probe took longer than {LIMIT_SECONDS:.0f} s.") if late else None
    lines = output.strip().splitlines()
    try:
        speeds = json.loads(lines[-1]) if process.returncode == 0 else None
    except (IndexError, ValueError):
        speeds = None
    if not isinstance(speeds, dict):
        return None if _busy(home) else _failure((errors.strip().splitlines() or ["The probe failed."])[-1])
    return speeds


def _failure(sentence: str) -> dict:
    return {"error": sentence}


def _busy(home: Home) -> bool:
    return bool(read_runs(home, statuses=ACTIVE))


def _key(backbone: str, resolution: int, batch_size: int) -> str:
    """What a speed depends on. Which GPU is used is not known without torch; the device files say whether it changed."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "all")
    boards = ",".join(sorted(path.name for path in Path("/dev").glob("nvidia[0-9]*")))
    return (
        f"{backbone} {resolution}px batch {batch_size} on {platform.node()}, {cores} cores, gpu {visible} of {boards}"
    )


def _take_lock(home: Home, wait: bool) -> int | None:
    """Descriptor that holds the lock under which one process measures; None where another has it and `wait` is false."""
    home.locks_dir.mkdir(parents=True, exist_ok=True)
    lock = os.open(home.locks_dir / "probing.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


if __name__ == "__main__":
    # Started by `probe`, which handed over the lock: measure at once.
    home_path, network, side, batch = sys.argv[1:]
    _measure(Home(home_path), network, int(side), int(batch))
