"""Runs pytest again and again without importing the libraries each time: a process that has them forks for every call.

A script, not a module of the project: what it forks must import the project from its working folder, as it is then.
Reads lines `{"arguments": [...], "limit": seconds}` and answers each with pytest's exit status, or null where the limit
passed.
"""

import importlib
import json
import os
import signal
import sys
import time

LIBRARIES = (
    "numpy",
    "pandas",
    "pyarrow.parquet",
    "torch",
    "torchvision",
    "altair",
    "streamlit",
    "scipy.stats",
    "pytest",
)
POLL_SECONDS = 0.02


def main() -> None:
    """Answer until stdin ends."""
    sys.path[0] = ""  # else this script's folder
    for name in LIBRARIES:
        importlib.import_module(name)
    answers = os.fdopen(os.dup(1), "w")
    nothing = os.open(os.devnull, os.O_RDWR)
    asked = os.fdopen(os.dup(0))
    for stream in range(3):
        os.dup2(nothing, stream)
    for line in asked:
        call = json.loads(line)
        answers.write(json.dumps(_status(call["arguments"], call["limit"])) + "\n")
        answers.flush()


def _status(arguments: list[str], limit: float) -> int | None:
    child = os.fork()
    if not child:
        os.setsid()
        import pytest

        os._exit(int(pytest.main(arguments)))
    ends = time.monotonic() + limit
    while time.monotonic() < ends:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(POLL_SECONDS)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


if __name__ == "__main__":
    main()
