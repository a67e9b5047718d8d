"""`python -m tl.train.looking.shifted`: what finished runs' networks answer on shifted test pictures.

What is found goes into the folder of each run (tl.store.shifted). A run whose file is there is passed over.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch

from tl.config import Refused, refusal
from tl.datasets import prepare_for
from tl.languages import for_stderr, say
from tl.output import spell_out
from tl.store.device_lock import DeviceLock
from tl.store.home import Home, Run
from tl.store.shifted import AS_THEY_ARE, SHIFTS, Shifted, read_shifted, write_progress, write_shifted
from tl.train.evaluate import at_once, slices
from tl.train.frozen.folded import Folded
from tl.train.hardware import threads
from tl.train.hardware.device import choose_device
from tl.train.looking.finished import Finished, finished
from tl.train.looking.shifts import shifted

MOST_PICTURES = 1_000  # of the test set: an accuracy is known to 3 points by then, and it is asked 13 times
BLOCK = 64  # pictures that are shifted at once: the same ones for every network


def main(argv: list[str]) -> int:
    """Exit status 0; the last line on stdout is a JSON object, run -> why it could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m tl.train.looking.shifted", description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("runs", nargs="+", metavar="RUN_ID")
    options = parser.parse_args(argv)
    home, device = Home(options.home), choose_device()
    device_lock, share = DeviceLock(home.locks_dir), threads.govern(device)
    left = [run_id for run_id in options.runs if read_shifted(home.run(run_id).shifted) is None]
    problems: dict[str, str] = {}
    for number, run_id in enumerate(left):

        def part(done: float, number: int = number) -> None:
            write_progress(home, (number + done) / len(left))
            print(
                say("network {number} of {count}: {done:.0%}", number=number + 1, count=len(left), done=done),
                file=sys.stderr,
                flush=True,
            )

        try:
            measure(home.run(run_id), device, device_lock, share, part)
        except Refused as problem:
            problems[run_id] = for_stderr(problem)
    print(json.dumps(problems))
    return 0


def measure(
    run: Run, device: torch.device, device_lock: DeviceLock, share: threads.Threads, part: Callable[[float], None]
) -> Shifted:
    """Ask the network of `run` and keep what it answered; `part(done 0..1)` comes after each shift, while the lock is free.

    Raises Refused where its network or its pictures are not here.
    """
    which = finished(run, device)
    store = prepare_for(run.home, which.config)
    rows = selected_rows(store.sizes["test"], MOST_PICTURES)
    if not len(rows):
        raise refusal("There are no test pictures to ask about.")
    pixels = store.pixels("test")
    predicted: dict[tuple[str, int], np.ndarray] = {}
    shifts = ((AS_THEY_ARE, 0), *SHIFTS)
    network = Folded(which.network)
    for done, (kind, strength) in enumerate(shifts, 1):
        device_lock.take()
        share.resume()
        try:
            predicted[kind, strength] = np.concatenate(list(_answers(which, network, pixels, rows, kind, strength)))
        finally:
            share.pause()
            device_lock.give()
        part(done / len(shifts))
    places, labels, groups = store.pictures_of("test"), store.labels_of("test"), store.groups_of("test")
    found = Shifted(places[rows], np.array(labels[rows]), np.array(groups[rows]), predicted)
    write_shifted(run.shifted, found)
    return found


def selected_rows(pictures: int, most: int) -> np.ndarray:
    """Which rows of a split are asked about: all, or `most` that lie evenly in it."""
    number = min(pictures, most)
    return np.linspace(0, pictures, number, endpoint=False).astype(np.int64)


def _answers(
    which: Finished, network: Folded, pixels: np.ndarray, rows: np.ndarray, kind: str, strength: int
) -> Iterator[np.ndarray]:
    """Predicted classes, a few pictures at once."""
    for place, start in enumerate(range(0, len(rows), BLOCK)):
        block = np.array(pixels[rows[start : start + BLOCK]])
        if kind != AS_THEY_ARE:
            block = shifted(block, kind, strength, place)
        for some in slices(len(block), at_once(which.config.resolution, which.device)):
            with torch.inference_mode(), which.precise():
                scores = network(which.inputs(block[some]))
            yield scores.float().argmax(1).cpu().numpy()
            threads.tick()


if __name__ == "__main__":
    spell_out()
    sys.exit(main(sys.argv[1:]))
