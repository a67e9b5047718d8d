"""How a program of ours ends: told to end, it first removes what it made in passing; what it can't do is one sentence."""

import re
import signal
import sys
from collections.abc import Callable
from types import FrameType

from tl.config import Refused
from tl.failures import of_disk
from tl.languages import for_stderr

REFUSED = 2  # exit status
_NUMBERED = re.compile(r"\(os error (\d+)\)")  # how the library of safetensors, which is written in Rust, says it


def clean_up_when_ended() -> None:
    """Let SIGTERM, and a terminal that closes, end this process as an exception does: folders made in passing are removed,
    and what it has started ends."""
    signal.signal(signal.SIGTERM, _end)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # `nohup` wants it to go on
        signal.signal(signal.SIGHUP, _end)


def _end(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)  # as a shell counts what a signal has ended


def status_of(work: Callable[[], None]) -> int:
    """Do `work`; exit status 0, or REFUSED with one sentence on stderr: what is refused, or trouble with the disk."""
    try:
        work()
    except Refused as refusal:
        print(for_stderr(refusal), file=sys.stderr)
        return REFUSED
    except Exception as problem:
        words = disk_trouble(problem)
        if words is None:
            raise
        print(for_stderr(words), file=sys.stderr)
        return REFUSED
    return 0


def disk_trouble(problem: BaseException) -> str | None:
    """The sentence where this is trouble with the disk, whichever library says so; None where it is something else."""
    if isinstance(problem, OSError):
        return of_disk(problem)
    found = _NUMBERED.search(str(problem))
    return of_disk(OSError(int(found[1]), "")) if found else None
