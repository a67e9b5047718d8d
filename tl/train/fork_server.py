"""`python -m tl.train.fork_server`: has imported all that a trainer needs, and forks a trainer for each run asked for.

A line of JSON on stdin asks, a line on stdout answers; at the end of stdin it ends, trainers that still work go on.

    {"start": RUN_DIR, "log": FILE, "name": RUN_ID, "environment": {...}}  ->  {"pid": N}
    {"ended": N}  ->  {"status": exit status, negative: the signal; null while it lives}

What makes a fork safe: this process has one thread, has computed nothing (no pool of threads exists, no GPU was looked
at) and has drawn no random number. Each trainer is a process of its own, in a session of its own; what they have in
common is memory that none of them has changed.
"""

import ctypes
import gc
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

from tl.output import spell_out
from tl.store.files import keep_private

# In the environment this starts with, in the place that a run's name takes: whoever looks for the processes of a run
# (tl.jobs.launchers.processes) reads the environment that the system shows, which is that of the first exec, written over here.
RUN_VARIABLE = "TL_RUN_ID"


def imports() -> None:
    """What a trainer imports before its first step."""
    import tl.train.run  # noqa: F401


def threads() -> int:
    """Threads of this process."""
    return len(os.listdir("/proc/self/task"))


def serve() -> int:
    """Answer until stdin ends; exit status 1 where forking would not be safe."""
    imports()
    if threads() > 1:
        print(f"{threads()} threads after importing: forking is not safe", file=sys.stderr)  # not shown
        return 1
    gc.collect()
    gc.freeze()  # collections would touch, and so copy, what trainers have in common
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what else is printed goes where errors go
    print(json.dumps({"ready": os.getpid()}), file=answers, flush=True)
    ended: dict[int, int] = {}
    for line in sys.stdin:
        request = json.loads(line)
        if "start" in request:
            pid = _fork(request, answers.fileno())
            ended.pop(pid, None)  # the number of one that has ended may come again
            answer: dict[str, int | None] = {"pid": pid}
        else:
            answer = {"status": _status(int(request["ended"]), ended)}
        print(json.dumps(answer), file=answers, flush=True)
    return 0


def _status(pid: int, ended: dict[int, int]) -> int | None:
    if pid not in ended:
        try:
            found, status = os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:  # none of this one's
            return None
        if not found:
            return None
        ended[pid] = os.waitstatus_to_exitcode(status)
    return ended[pid]


def _fork(request: dict[str, Any], answers: int) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        _become_trainer(request, answers)
    except BaseException:  # it must not go on as a second server
        os._exit(70)


def _become_trainer(request: dict[str, Any], answers: int) -> NoReturn:
    os.setsid()
    os.close(answers)
    nothing, log = os.open(os.devnull, os.O_RDONLY), os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for descriptor, place in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(descriptor, place)
    for descriptor in (nothing, log):
        os.close(descriptor)
    _name(request["name"])
    os.environ.clear()
    os.environ.update(request["environment"])
    signal.set_wakeup_fd(-1)
    from tl.train.__main__ import train

    status = 1
    try:
        status = train(Path(request["start"]))
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(status)  # the server's own clean-up is none of its business


def _name(run_id: str) -> None:
    """Write the run's id over the placeholder in the environment the system shows. Raises ValueError if it has no room."""
    getenv = ctypes.CDLL(None).getenv
    getenv.restype, getenv.argtypes = ctypes.c_void_p, [ctypes.c_char_p]
    place, room = getenv(RUN_VARIABLE.encode()), os.environ.get(RUN_VARIABLE, "")
    if not place or len(room) != len(run_id):
        raise ValueError(f"{RUN_VARIABLE} has no room for {run_id!r}")  # not shown
    ctypes.memmove(place, run_id.encode(), len(run_id))


if __name__ == "__main__":
    keep_private()
    spell_out()
    status = serve()
    sys.stderr.flush()
    os._exit(status)  # nothing is to be cleaned up, and libraries that look for leaks would fill the log
