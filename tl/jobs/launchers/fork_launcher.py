"""Trainers forked from a process that has imported torch once: from the second run on they start at once."""

import json
import select
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from tl.jobs.launchers import processes
from tl.jobs.launchers.launcher import PROJECT_ROOT, LocalLauncher, child_environment, first_to_go, give_way
from tl.jobs.launchers.processes import Identity
from tl.store.home import Run

READY_SECONDS = 300.0  # for importing torch, on a busy machine with a slow disk
ANSWER_SECONDS = 30.0
MOST_SERVERS = 3  # that may end by themselves; then every trainer imports torch itself
NOBODY = "-" * 26  # no run has this id, which is as long as one: its place is written over (tl.train.fork_server)

# Threads that libraries start when they are imported would be missing in a forked process.
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}


def can_fork() -> bool:
    """Whether trainers may be forked here: not where a GPU's driver might be in the process."""
    return not any(Path("/dev").glob("nvidia[0-9]*"))


class ForkLauncher(LocalLauncher):
    """As LocalLauncher, by `python -m tl.train.fork_server` as long as that works; else each trainer by itself."""

    def __init__(self, server: tuple[str, ...] = (sys.executable, "-m", "tl.train.fork_server")):
        super().__init__()
        self._command, self._left = server, MOST_SERVERS if can_fork() else 0
        self._server: subprocess.Popen[str] | None = None
        self._forked: dict[int, int | None] = {}  # process -> exit status, None as long as it isn't known
        with suppress(OSError):  # asked again when there is something to start
            self._open()  # it imports while the queue is looked at

    def start(self, run: Run) -> Identity:
        """Fork the trainer of `run`; what it prints is appended to the run's log."""
        environment = child_environment() | {processes.RUN_VARIABLE: run.folder.name}
        request = {"start": str(run.folder), "log": str(run.log), "name": run.folder.name, "environment": environment}
        while self._left:
            answer = self._ask(request)
            if answer is not None:
                pid = int(answer["pid"])
                self._forked[pid] = None
                give_way(pid)
                first_to_go(pid)
                return processes.identify(pid) or Identity(pid, -1, processes.boot_id())
        return super().start(run)

    def exit_code(self, trainer: Identity) -> int | None:
        """As LocalLauncher's; None as well for one whose server has died."""
        if trainer.pid not in self._forked:
            return super().exit_code(trainer)
        known = self._forked[trainer.pid]
        if known is None and self._server and (answer := self._ask({"ended": trainer.pid})):
            known = self._forked[trainer.pid] = answer["status"]
        return known

    def close(self) -> None:
        """Let the server end; trainers go on."""
        self._left = 0
        self._drop()

    def _open(self) -> None:
        if self._left == 0:
            return
        self._server = subprocess.Popen(
            self._command,
            cwd=PROJECT_ROOT,
            env=child_environment() | ONE_THREAD | {processes.RUN_VARIABLE: NOBODY},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,
        )
        give_way(self._server.pid)
        self._ready = False

    def _ask(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """The server's answer; None where it gives none, and then it is gone."""
        try:
            if self._server is None:
                self._open()
            server = self._server
            assert server is not None and server.stdin is not None and server.stdout is not None
            if not self._ready:
                self._ready = "ready" in _line(server.stdout, READY_SECONDS)
            server.stdin.write(json.dumps(request) + "\n")
            server.stdin.flush()
            return _line(server.stdout, ANSWER_SECONDS)
        except (OSError, ValueError):  # it has died, or hangs
            self._left -= 1
            self._drop()
            return None

    def _drop(self) -> None:
        server, self._server = self._server, None
        if server is None:
            return
        for stream in filter(None, (server.stdin, server.stdout)):
            with suppress(OSError):
                stream.close()
        if self._left == 0 and server.poll() is None:  # it ends when it sees the end of its input
            with suppress(subprocess.TimeoutExpired):
                server.wait(1)
        server.kill()
        server.wait()


def _line(stream: IO[str], seconds: float) -> dict[str, Any]:
    """The next line, a JSON object. Raises ValueError where there is none in time."""
    if not select.select([stream], [], [], seconds)[0]:
        raise ValueError("no answer")
    found = json.loads(stream.readline())
    if not isinstance(found, dict):
        raise ValueError("no answer")
    return found
