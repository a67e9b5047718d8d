"""Small measurements beside the runs: one at a time per kind, in a process that outlives the page, giving way to runs."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence

from tl.jobs.launchers.launcher import detached, give_way, talking
from tl.languages import READ_BY_US
from tl.store.files import lock_file
from tl.store.home import Home
from tl.store.queue.database import read_runs
from tl.store.queue.schema import ACTIVE

POLL_SECONDS = 0.2


def busy(home: Home) -> bool:
    """Whether something trains or waits to be trained, whoever's it is."""
    return bool(read_runs(home, statuses=ACTIVE, everyone=True))


def take_lock(home: Home, name: str) -> int | None:
    """Descriptor that holds the lock under which one process works; None where another has it."""
    home.locks_dir.mkdir(parents=True, exist_ok=True)
    return lock_file(os.open(home.locks_dir / name, os.O_RDWR | os.O_CREAT, 0o600))


def working(home: Home, name: str) -> bool:
    """Whether a process holds that lock now."""
    lock = take_lock(home, name)
    if lock is not None:
        os.close(lock)
    return lock is None


def begin(
    home: Home,
    name: str,
    module: str,
    arguments: Sequence[str],
    *,
    first: Callable[[], object] = lambda: None,
    beside_runs: bool = False,
) -> bool:
    """Start `python -m MODULE HOME ARGUMENTS` under the lock `name`, and do `first` before; whether it began.

    Not where one of its kind works already, and not while something trains or waits, unless it goes on `beside_runs`.
    """
    if not beside_runs and busy(home):
        return False
    lock = take_lock(home, name)
    if lock is None:
        return False
    try:
        first()
        child = detached([sys.executable, "-m", module, str(home.path), *arguments], {}, pass_fds=(lock,))
        give_way(child.pid)
    finally:
        os.close(lock)  # ours only: the child keeps the lock through its own copy, so that no second one can start
    threading.Thread(target=child.wait, daemon=True).start()  # else it stays a zombie
    return True


def in_front(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a command of ours to its end, while somebody waits at a terminal, who sees what it prints to stderr."""
    return subprocess.run(command, stdout=subprocess.PIPE, encoding="utf-8", **talking())


def run(home: Home, command: Sequence[str], limit_seconds: float) -> subprocess.CompletedProcess[str] | None:
    """Run a command of ours to its end; None where a run was queued meanwhile: then it is killed.

    Raises subprocess.TimeoutExpired after `limit_seconds`.
    """
    end = time.monotonic() + limit_seconds
    own, pipe = talking(**READ_BY_US, TL_HOME=str(home.path)), subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, encoding="utf-8", **own) as process:
        while True:
            try:
                output, errors = process.communicate(timeout=POLL_SECONDS)
                return subprocess.CompletedProcess(command, process.returncode, output, errors)
            except subprocess.TimeoutExpired as expired:
                late = time.monotonic() > end
                if late or busy(home):
                    process.kill()
                    process.communicate()
                    if late:
                        raise expired
                    return None
