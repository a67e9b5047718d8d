"""Trainers forked from a process that has imported torch once: from the second run on they start at once."""

import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from tl.jobs.launchers import processes
from tl.jobs.launchers.json_process import JsonProcess
from tl.jobs.launchers.launcher import child_environment
from tl.jobs.launchers.local import LocalLauncher
from tl.store.home import Run

READY_SECONDS = 300.0  # for importing torch, on a busy machine with a slow disk
ANSWER_SECONDS = 30.0
MOST_SERVERS = 3  # that may end by themselves; then every trainer imports torch itself
NOBODY = "-" * 26  # no run has this id, which is as long as one: its place is written over (tl.train.fork_server)

# Threads that libraries start when they are imported would be missing in a forked process.
ALONE = {"OPENBLAS_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false", processes.RUN_VARIABLE: NOBODY}


def can_fork() -> bool:
    """Whether trainers may be forked here: not where a GPU's driver might be in the process."""
    return not any(Path("/dev").glob("nvidia[0-9]*"))


class ForkLauncher(LocalLauncher):
    """As LocalLauncher, by `python -m tl.train.fork_server` as long as that works; else each trainer by itself."""

    def __init__(self, server: tuple[str, ...] = (sys.executable, "-m", "tl.train.fork_server")):
        super().__init__()
        self._server = JsonProcess(server, ALONE, READY_SECONDS, ANSWER_SECONDS)
        self._left = MOST_SERVERS if can_fork() else 0
        self._forked: dict[int, int | None] = {}  # process -> exit status, None as long as it isn't known
        if self._left:
            with suppress(OSError):  # asked again when there is something to start
                self._server.open()  # it imports while the queue is looked at

    def start(self, run: Run, need_bytes: float = 0.0) -> str:
        """Fork the trainer of `run`; what it prints is appended to the run's log."""
        environment = child_environment() | {processes.RUN_VARIABLE: run.folder.name}
        request = {"start": str(run.folder), "log": str(run.log), "name": run.folder.name, "environment": environment}
        while self._left:
            answer = self._ask(request)
            if answer is not None:
                self._forked[pid := int(answer["pid"])] = None
                return self._started(pid)
        return super().start(run, need_bytes)

    def _exit_code(self, pid: int) -> int | None:
        """As LocalLauncher's; None as well for one whose server has died."""
        if pid not in self._forked:
            return super()._exit_code(pid)
        known = self._forked[pid]
        if known is None and self._server.process and (answer := self._ask({"ended": pid})):
            known = self._forked[pid] = answer["status"]
        return known

    def close(self) -> None:
        """Let the server end; trainers go on."""
        self._left = 0
        self._server.drop(wait_seconds=1)

    def _ask(self, request: dict[str, Any]) -> dict[str, Any] | None:
        answer = self._server.ask(request)
        if answer is None:
            self._left -= 1
        return answer
