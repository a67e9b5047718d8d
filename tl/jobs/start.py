"""One supervisor per root, for all its visitors, started on demand and detached: it outlives the page or command that
needed it.

The lock that makes it the only one is taken before it starts and handed to it open, so there is no moment between in
which a second one could start or a starter could believe in one that is gone.
"""

import json
import os
import sys
import threading
from dataclasses import asdict
from pathlib import Path

from tl.jobs import background
from tl.jobs.launchers import catalogue, processes
from tl.jobs.launchers.launcher import detached
from tl.languages import ENGLISH, VARIABLE
from tl.store.documents import of_type
from tl.store.files import read_json
from tl.store.home import Home

LOCK = "supervisor.lock"


def ensure_supervisor(home: Home) -> bool:
    """Start the home's supervisor unless one lives; whether one was started.

    Cheap: call it after submit or resume, and again while waiting: so a supervisor that was killed comes back.
    """
    lock = take_lock(home)
    if lock is None:
        return False
    try:
        with open(log_path(home), "ab") as log:
            own = {"TL_HOME": str(home.root), VARIABLE: ENGLISH}  # it works for everybody
            child = detached([sys.executable, "-m", "tl.jobs", "--lock", str(lock)], own, log, (lock,))
        write_holder(lock, child.pid)
    finally:
        os.close(lock)  # ours only: the supervisor keeps the lock through its own copy
    threading.Thread(target=child.wait, daemon=True).start()  # else it stays a zombie when it ends before we do
    return True


def take_lock(home: Home) -> int | None:
    """Descriptor that holds the lock of the home's only supervisor; None where another holds it."""
    return background.take_lock(home, LOCK)


def write_holder(lock: int, pid: int) -> None:
    """Say in the lock file which process holds it, and by what it starts runs, for readers that must not touch the lock."""
    holder = processes.identify(pid)
    data = json.dumps(asdict(holder) | {"launcher": catalogue.named()} if holder else None).encode()
    os.pwrite(lock, data, 0)
    os.ftruncate(lock, len(data))


def supervisor_lives(home: Home) -> bool:
    """Whether a supervisor works for this home, without touching its lock."""
    return processes.alive(holder(home))


def holder(home: Home) -> processes.Identity | None:
    """The process that the lock file names: the supervisor, or one that was."""
    return of_type(read_json(home.locks_dir / LOCK), processes.Identity)


def launcher_now(home: Home) -> str | None:
    """Name of the launcher that the home's supervisor starts runs by; None where none works."""
    if not supervisor_lives(home):
        return None
    document = read_json(home.locks_dir / LOCK)
    return str(document.get("launcher") or catalogue.DEFAULT) if isinstance(document, dict) else None


def log_path(home: Home) -> Path:
    return home.root / "supervisor.log"
