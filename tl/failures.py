"""How a trainer's run fails: a name, what happened and what to do, in one table.

Each has an exit status by which a trainer names it where it can't even write result.json (the disk is full).
"""

import errno
from typing import NamedTuple

from tl.languages import later, say


class Failure(NamedTuple):
    """One way to fail, in words that make one sentence."""

    short: str  # in brackets, behind "failed"
    what: str
    advice: str
    elsewhere: str = ""  # what to do where it was no run, which alone can be resumed; empty: only runs fail so


FAILURES = {
    "diverged": Failure(
        later("diverged"),
        later("Training diverged"),
        later("the best epoch so far is kept, but use a lower learning rate, say a tenth"),
    ),
    "out_of_gpu_memory": Failure(
        later("out of gpu memory"),
        later("The GPU's memory was not enough"),
        later("use a smaller batch size, resolution or network, or free the GPU"),
    ),
    "out_of_memory": Failure(
        later("out of memory"),
        later("The memory was not enough"),
        later("use a smaller batch size, resolution or network"),
    ),
    "gpu_lost": Failure(
        later("gpu lost"), later("The GPU stopped working"), later("resume, and restart the machine if that fails, too")
    ),
    "disk_full": Failure(
        later("disk full"),
        later("The disk is full"),
        later("free some space and resume (nothing finished is lost)"),
        later("free some space and try again (nothing finished is lost)"),
    ),
    "not_writable": Failure(
        later("not writable"),
        later("A file may not be read or written"),
        later("give this user permission and resume"),
        later("give this user permission and try again"),
    ),
    "disk_error": Failure(
        later("disk error"),
        later("The disk could not read or write"),
        later("make a copy while you can, and resume"),
        later("make a copy while you can, and try again"),
    ),
    "too_many_files": Failure(
        later("too many files"),
        later("Too many files are open"),
        later("close programs or raise `ulimit -n`, and resume"),
        later("close programs or raise `ulimit -n`, and try again"),
    ),
    "download_failed": Failure(
        later("download failed"),
        later("A download failed"),
        later("check the network, or choose weights and pictures that are here"),
    ),
    "wrong_hash": Failure(
        later("wrong hash"), later("A downloaded file is not the one its publisher names"), later("try again later")
    ),
    "bad_checkpoint": Failure(
        later("bad checkpoint"),
        later("The run's checkpoint can't be used"),
        later("start a new run with the same settings"),
    ),
    "bad_data": Failure(
        later("bad data"), later("The pictures or weights can't be used"), later("add the zip or the weights again")
    ),
    "bad_config": Failure(later("bad config"), later("The run's config.json can't be used"), later("start a new run")),
    "internal_error": Failure(
        later("internal error"), later("An unexpected error ended the run"), later("its log has more")
    ),
    "device_lost": Failure(
        later("device lost"), later("One of the run's devices was lost"), later("resume, or resume on fewer devices")
    ),
}
EXIT_STATUS = {name: number for number, name in enumerate(FAILURES, 80)} | {"bad_config": 2}  # 2: bad arguments
OF_ERRNO = {
    errno.ENOSPC: "disk_full",
    errno.EDQUOT: "disk_full",
    errno.EACCES: "not_writable",
    errno.EPERM: "not_writable",
    errno.EROFS: "not_writable",
    errno.EIO: "disk_error",
    errno.EMFILE: "too_many_files",
    errno.ENFILE: "too_many_files",
}


def sentence(name: str, detail: str = "", *, of_run: bool = True) -> str:
    """What happened (`detail`: more exactly) and what to do; not `of_run`: where it was something else that failed."""
    failure = FAILURES[name]
    what, advice = say(failure.what), say((not of_run and failure.elsewhere) or failure.advice)
    if detail:
        return say("{what} ({detail}); {advice}.", what=what, detail=detail, advice=advice)
    return say("{what}; {advice}.", what=what, advice=advice)


def of_disk(problem: OSError) -> str | None:
    """The sentence where a page met trouble with the disk; None where it is no such trouble."""
    name = OF_ERRNO.get(problem.errno or 0)
    return sentence(name, str(problem.filename or ""), of_run=False) if name else None


EXIT_REASONS = {status: name for name, status in EXIT_STATUS.items()}  # exit status -> key of FAILURES
