"""The supervisor as a process: `python -m tl.jobs` with $TL_HOME. Started on demand by tl.jobs.ensure_supervisor."""

import argparse
import logging
import os
import sys

from tl.config import Refused
from tl.jobs.launchers import catalogue
from tl.jobs.start import take_lock, write_holder
from tl.jobs.supervisor import Supervisor
from tl.output import spell_out
from tl.store.files import keep_private
from tl.store.home import Home


def main() -> int:
    """Serve the home's queue until it is empty; at once done where another supervisor does."""
    parser = argparse.ArgumentParser(prog="python -m tl.jobs", description=__doc__)
    parser.add_argument("--lock", type=int, help="descriptor that holds the lock already")  # not shown
    lock = parser.parse_args().lock
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    home = Home()
    if lock is None and (lock := take_lock(home)) is None:
        print(f"A supervisor works for {home.path} already.", file=sys.stderr)  # not shown
        return 0
    os.set_inheritable(lock, False)  # trainers must not hold it
    write_holder(lock, os.getpid())
    try:
        launcher = catalogue.supervised()
    except Refused as refusal:
        print(refusal, file=sys.stderr)
        return 2
    Supervisor(home, launcher).serve(lock)
    return 0


if __name__ == "__main__":
    keep_private()
    spell_out()
    sys.exit(main())
