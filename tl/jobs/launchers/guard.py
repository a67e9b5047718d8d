"""A trainer that belongs to the process that started it, as on a node of a cluster: it ends with that, however that ends.

`python -m tl.jobs.launchers.guard RUN_ID FOLDER` waits for the end of its input, which is the end of who started it.
"""

import os
import shutil
import subprocess
import sys
import tempfile

from tl.jobs.launchers.launcher import talking
from tl.jobs.launchers.local import LocalLauncher
from tl.store.device_lock import LOCKS_FOLDER
from tl.store.home import Run

_guards: list[subprocess.Popen[str]] = []  # an end that is collected would close their input


def guarded(run: Run) -> tuple[LocalLauncher, str]:
    """Start the trainer of `run`, which has a share of this machine for itself: it shares no device lock.

    The launcher that knows it, and its handle.
    """
    locks, run_id = tempfile.mkdtemp(prefix="tl-turns-"), run.folder.name
    command = [sys.executable, "-m", "tl.jobs.launchers.guard", run_id, locks]
    own = talking() | {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    # First: there is no moment in which the trainer has none.
    guard = subprocess.Popen(command, encoding="utf-8", start_new_session=True, **own)
    _guards.append(guard)
    os.environ[LOCKS_FOLDER] = locks
    launcher = LocalLauncher()
    handle = launcher.start(run)
    assert guard.stdin is not None
    guard.stdin.write(f"{handle}\n")
    guard.stdin.flush()
    return launcher, handle


def main(run_id: str, locks: str) -> int:
    """End the trainer once who started it has ended. 0."""
    if os.fork():  # no child of who started it: some that end take their children with them
        os._exit(0)
    handles = [line.strip() for line in sys.stdin]
    launcher = LocalLauncher()
    if not handles or launcher.alive(handles[-1]):  # else another may train the run by now
        launcher.terminate(run_id, None)
    shutil.rmtree(locks, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
