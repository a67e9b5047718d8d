"""How a trainer's run fails: a name, what happened and what to do, in one table.

Each has an exit status by which a trainer names it where it can't even write result.json (the disk is full).
"""

import errno
from typing import NamedTuple


class Failure(NamedTuple):
    """One way to fail, in words that make one sentence."""

    what: str
    advice: str


FAILURES = {
    "diverged": Failure(
        "Training diverged", "the best epoch so far is kept, but use a lower learning rate, say a tenth"
    ),
    "out_of_gpu_memory": Failure(
        "The GPU's memory was not enough", "use a smaller batch size, resolution or network, or free the GPU"
    ),
    "out_of_memory": Failure("The memory was not enough", "use a smaller batch size, resolution or network"),
    "gpu_lost": Failure("The GPU stopped working", "resume, and restart the machine if that fails, too"),
    "disk_full": Failure("The disk is full", "free some space and resume, nothing finished is lost"),
    "not_writable": Failure("A file may not be read or written", "give this user the right to, and resume"),
    "disk_error": Failure("The disk could not read or write", "make a copy while you can, and resume"),
    "too_many_files": Failure("Too many files are open", "close programs or raise `ulimit -n`, and resume"),
    "download_failed": Failure("A download failed", "check the network, or choose weights and pictures that are here"),
    "wrong_hash": Failure("A downloaded file is not the one its publisher names", "try again later"),
    "bad_checkpoint": Failure("The run's checkpoint can't be used", "start a new run with the same settings"),
    "bad_data": Failure("The pictures or weights can't be used", "add the zip or the weights again"),
    "bad_config": Failure("The run's config.json can't be used", "start a new run"),
    "internal_error": Failure("An unexpected error ended the run", "its log has more"),
    "device_lost": Failure("One of the run's devices was lost", "resume, or resume on fewer devices"),
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


def sentence(name: str, detail: str = "", again: str = "resume") -> str:
    """What happened (`detail`: more exactly) and what to do; `again`: instead of resuming, where it was no run."""
    failure = FAILURES[name]
    return f"{failure.what}{f' ({detail})' if detail else ''}; {failure.advice.replace('resume', again)}."


def of_disk(problem: OSError) -> str | None:
    """The sentence where a page met trouble with the disk; None where it is no such trouble."""
    name = OF_ERRNO.get(problem.errno or 0)
    return sentence(name, str(problem.filename or ""), again="try again") if name else None


# Exit status -> name and sentence.
EXIT_REASONS = {status: (name, sentence(name)) for name, status in EXIT_STATUS.items()}
