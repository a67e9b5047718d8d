"""A process of ours that is waited for and tells how far it is: on stderr lines "DONE TOTAL WHAT", at last why it failed."""

import re
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

from tl.config import Refused, refusal
from tl.ending import REFUSED
from tl.jobs.launchers.launcher import first_to_go, give_way, talking
from tl.languages import READ_BY_US, later, read_sentence, say

PROGRESS_LINE = re.compile(r"(\d+) (\d+) (.+)")
LIMIT_SECONDS = 2 * 3600.0
PATIENCE_SECONDS = 5.0  # in which a process that is told to end removes what it made in passing
OnProgress = Callable[[int, int, str], None]  # (done, total; 0: not known, what)


def run_module(
    module: str, arguments: Sequence[str], on_progress: OnProgress, limit_seconds: float = LIMIT_SECONDS
) -> None:
    """Run `python -m MODULE ARGUMENTS` to its end; it ends with whoever waits.

    Raises Refused with its last words where it failed, was killed for its memory or took longer than `limit_seconds`.
    """
    late, last = threading.Event(), str(say("it ended without a message"))
    command, own = [sys.executable, "-m", module, *arguments], talking(**READ_BY_US)
    nowhere, pipe = subprocess.DEVNULL, subprocess.PIPE
    with subprocess.Popen(command, stdout=nowhere, stderr=pipe, encoding="utf-8", **own) as process:

        def end() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(limit_seconds, end)
        try:  # from here on whatever ends this ends the process, too
            timer.start()
            give_way(process.pid)
            first_to_go(process.pid)
            assert process.stderr is not None
            for line in process.stderr:
                if found := PROGRESS_LINE.fullmatch(line.strip()):
                    on_progress(int(found[1]), int(found[2]), read_sentence(found[3]) or "")
                elif line.strip():
                    last = read_sentence(line.strip()) or ""
            status = process.wait()
        except BaseException:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(PATIENCE_SECONDS)
            process.kill()
            raise
        finally:
            timer.cancel()
    if late.is_set():
        text = later("It took longer than {minutes:.0f} minutes and was ended; choose a smaller network.")
        raise refusal(text, minutes=limit_seconds / 60)
    if status == REFUSED:
        raise Refused(last)
    if status < 0:
        raise refusal("It was ended by the system, most likely for lack of memory; close other programs and try again.")
    if status:
        raise refusal("It failed ({reason:.300}).", reason=last)
