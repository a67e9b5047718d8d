"""`python -m tl.train.looking.one_picture`: what finished runs' networks answer on one picture, and where each of them looks.

What is found goes to the home's cache (tl.store.saliency), a file for each run.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import torch

from tl.backbones import BACKBONES
from tl.config import Refused, refusal
from tl.datasets import prepare_for
from tl.output import spell_out
from tl.store.device_lock import DeviceLock
from tl.store.home import Home
from tl.store.pictures import SPLITS
from tl.store.saliency import MOST_CLASSES, ClassProbability, Failed, Saliency, pixels_path, take_pixels, write_saliency
from tl.train.hardware import threads
from tl.train.hardware.device import choose_device
from tl.train.looking.finished import Finished, finished
from tl.train.looking.saliency import compute_saliency

DIGITS = 4  # of a share that is kept


def main(argv: list[str]) -> int:
    """Exit status 0: each run has its answer, or the reason why it has none, in the cache."""
    # --picture: its place in the data set, or the name under which its pixels wait in the cache.
    parser = argparse.ArgumentParser(prog="python -m tl.train.looking.one_picture", description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--picture", required=True, metavar="PLACE")
    parser.add_argument("runs", nargs="+", metavar="RUN_ID")
    options = parser.parse_args(argv)
    home, device = Home(options.home), choose_device()
    own = take_pixels(home, options.picture) if pixels_path(home, options.picture).exists() else None
    device_lock, share = DeviceLock(home.locks_dir), threads.govern(device)
    for run_id in options.runs:
        device_lock.take()
        share.resume()
        try:
            found: Saliency | Failed = _asked(home, run_id, options.picture, own, device)
        except Refused as problem:
            found = Failed(str(problem))
        finally:
            share.pause()
            device_lock.give()
        write_saliency(home, run_id, options.picture, found)
    return 0


def _asked(home: Home, run_id: str, picture: str, own: dict[int, np.ndarray] | None, device: torch.device) -> Saliency:
    """Raises Refused."""
    which = finished(home.run(run_id), device)
    if own is None:
        pixels = picture_at(home, which, int(picture))
    else:
        side = which.config.resolution
        pixels = own[side] if side in own else own[max(own)]
    return answer(which, pixels)


def answer(which: Finished, pixels: np.ndarray) -> Saliency:
    """What a network makes of a picture (S, S, 3) uint8."""
    with which.precise():
        with torch.inference_mode():
            which.network(which.inputs(pixels[None]))  # the first pass takes longer
            began = time.perf_counter()
            scores = which.network(which.inputs(pixels[None]))[0].float().cpu()
            seconds = time.perf_counter() - began
        _, heat = compute_saliency(which.network, BACKBONES[which.config.backbone].stages, which.inputs(pixels[None]))
    shares, labels = scores.softmax(0).sort(descending=True, stable=True)
    first = list(zip(labels.tolist(), shares.tolist(), strict=True))[:MOST_CLASSES]
    answers = [ClassProbability(label, min(1.0, max(0.0, share))) for label, share in first]
    if heat is None:
        return Saliency(answers, seconds)
    rows = [[round(value, DIGITS) for value in row] for row in heat.places.tolist()]
    return Saliency(answers, seconds, rows, heat.method, heat.stage)


def picture_at(home: Home, which: Finished, place: int) -> np.ndarray:
    """(S, S, 3) uint8 of the picture at this place of the data set of its run; of the target, where it had two and both
    have one there. Raises Refused where it isn't there."""
    config = which.config
    store = prepare_for(home, config)
    for split in SPLITS:
        samples = config.samples if split == "train" else None
        rows = np.flatnonzero(store.pictures_of(split, samples) == place)
        if len(rows):
            return np.array(store.pixels(split, samples)[rows[0]])
    raise refusal("There is no picture {place} among those of this run.", place=place)


if __name__ == "__main__":
    spell_out()
    sys.exit(main(sys.argv[1:]))
