"""The process that draws pictures: `python -m tl.datasets.drawer`, one JSON task per line, answered by a count."""

import json
import os
import sys
from typing import Any

import numpy as np

from tl.datasets.drawn import DRAWN


def draw(task: dict[str, Any]) -> int:
    """Draw `count` pictures from number `first` of a split into the file `out` from `slot` on."""
    numbers = np.arange(task["first"], task["first"] + task["count"])
    pixels = DRAWN[task["set"]].draw(numbers, task["side"], split=task["split"]).tobytes()
    out = os.open(task["out"], os.O_WRONLY)
    try:
        os.pwrite(out, pixels, task["slot"] * task["side"] ** 2 * 3)
    finally:
        os.close(out)
    return len(numbers)


def main() -> None:
    """Answer tasks until stdin ends."""
    print("ready", flush=True)
    for line in sys.stdin:
        try:
            answer: int | dict[str, Any] = draw(json.loads(line))
        except OSError as problem:  # the disk: the parent raises it again
            answer = {"errno": problem.errno, "message": str(problem)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
