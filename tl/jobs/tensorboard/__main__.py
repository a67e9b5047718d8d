"""The process that is a home's TensorBoard: `python -m tl.jobs.tensorboard HOME`, started by `tl.jobs.tensorboard.server`."""

import os
import sys

from tl.jobs.tensorboard.server import serve
from tl.store.home import Home

if __name__ == "__main__":
    try:
        serve(Home(sys.argv[1]))
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(0)  # TensorBoard's threads would keep the process
