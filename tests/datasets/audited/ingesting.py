"""`python ingesting.py HOME`: ingests the archives whose paths come on stdin and answers a JSON line for each."""

import json
import shutil
import sys
import time
import traceback
from pathlib import Path

from tl.config import Refused
from tl.datasets import read
from tl.datasets.intake.layouts.reading import AS_FOUND
from tl.store.home import Home


def attempt(home: Home, archive: str) -> dict:
    """What became of one archive, and the files it left."""
    began = time.monotonic()
    try:
        with read(home, archive, "x") as incoming:
            info = incoming.create_dataset(incoming.choose(AS_FOUND))
        answer = {"accepted": info.train + info.validation + info.test}
    except Refused as refusal:
        answer = {"refused": str(refusal)}
    except BaseException:
        answer = {"error": traceback.format_exc()}
    answer["seconds"] = time.monotonic() - began
    answer["files"] = sorted(str(path.relative_to(home.path)) for path in home.path.rglob("*") if path.is_file())
    shutil.rmtree(home.datasets_dir, ignore_errors=True)
    return answer


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(attempt(Home(Path(sys.argv[1])), json.loads(line))), flush=True)
