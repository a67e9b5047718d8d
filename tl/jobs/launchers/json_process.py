"""A process of ours that is asked in lines of JSON and answers each with one; it ends when it sees the end of its input."""

import json
import select
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, Any

from tl.jobs.launchers.launcher import give_way, talking


class JsonProcess:
    """Started when it is first needed, and again after it has died or hung: what was asked then has no answer."""

    def __init__(
        self,
        command: Sequence[str],
        more: Mapping[str, str],  # of its environment
        ready_seconds: float,  # in which it must have said {"ready": ...}
        answer_seconds: float,
    ):
        self._command, self._more = tuple(command), more
        self._ready_seconds, self._answer_seconds = ready_seconds, answer_seconds
        self._ready = False
        self.process: subprocess.Popen[str] | None = None

    def open(self) -> None:
        """Start it. Raises OSError."""
        own = talking(**self._more) | {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen(self._command, encoding="utf-8", start_new_session=True, **own)
        give_way(self.process.pid)
        self._ready = False

    def ask(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """Its answer; None where it gives none, and then it is gone."""
        try:
            if self.process is None:
                self.open()
            process = self.process
            assert process is not None and process.stdin is not None and process.stdout is not None
            if not self._ready:
                self._ready = "ready" in _line(process.stdout, self._ready_seconds)
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
            return _line(process.stdout, self._answer_seconds)
        except (OSError, ValueError):  # it has died, or hangs
            self.drop()
            return None

    def drop(self, wait_seconds: float = 0.0) -> None:
        """End it; `wait_seconds`: in which it may end by itself."""
        process, self.process = self.process, None
        if process is None:
            return
        for stream in filter(None, (process.stdin, process.stdout)):
            with suppress(OSError):
                stream.close()
        with suppress(subprocess.TimeoutExpired):
            process.wait(wait_seconds)
        process.kill()
        process.wait()


def _line(stream: IO[str], seconds: float) -> dict[str, Any]:
    """The next line, a JSON object. Raises ValueError where there is none in time."""
    if not select.select([stream], [], [], seconds)[0]:
        raise ValueError("no answer")  # not shown
    found = json.loads(stream.readline())
    if not isinstance(found, dict):
        raise ValueError("no answer")  # not shown
    return found
