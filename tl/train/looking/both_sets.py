"""`python -m tl.train.looking.both_sets`: what reaches the head for pictures of both data sets of a run, before and after it.

Of each run a file RUN_ID.npz in a folder (see `HeadInputs`): tl.jobs.measurements.both_sets makes a picture of it, and keeps that.
"""

import argparse
import copy
import json
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from tl.config import ArmConfig, Refused, RunConfig, refusal
from tl.datasets import prepare_for
from tl.languages import for_stderr, say
from tl.output import spell_out
from tl.sources import source
from tl.store.device_lock import DeviceLock
from tl.store.home import Home, Run
from tl.strategies import MEAN_VAR, PRETRAINED, RANDOM
from tl.train.evaluate import at_once, slices
from tl.train.features import STATISTICS_PICTURES, before_the_head, gather_batchnorm_statistics
from tl.train.hardware import threads
from tl.train.hardware.device import choose_device
from tl.train.looking.finished import Finished, finished
from tl.train.looking.shifted import selected_rows
from tl.train.methods import method_of
from tl.train.network import Stages, load_pretrained, new_network
from tl.train.obtain import weights_here

MOST_PICTURES = 300  # of each set
MOST_ADAPTED = 1_000  # training pictures that statistics of the source are taken from
PLAIN = ArmConfig(name="source_only", strategy="source_only")


@dataclass(frozen=True)
class HeadInputs:
    """n pictures that no arm was trained with: the source's validation pictures, then the target's test pictures."""

    before: NDArray[np.float32]  # (n, D) what reached the head of the network as it started
    after: NDArray[np.float32]  # (n, D) the same of its best epoch
    label: NDArray[np.int64]  # (n,) class number of the run; -1: nobody has labelled it
    picture: NDArray[np.int64]  # (n,) place in its data set
    of_source: int  # so many of them are the source's
    random: bool  # whether it started from random weights


def main(argv: list[str]) -> int:
    """Exit status 0; the last line on stdout is a JSON object, run -> why it could not be looked at."""
    parser = argparse.ArgumentParser(prog="python -m tl.train.looking.both_sets")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True, metavar="DIR")
    parser.add_argument("runs", nargs="+", metavar="RUN_ID")
    options = parser.parse_args(argv)
    home, device = Home(options.home), choose_device()
    device_lock, share = DeviceLock(home.locks_dir), threads.govern(device)
    problems: dict[str, str] = {}
    for number, run_id in enumerate(options.runs, 1):
        device_lock.take()
        share.resume()
        try:
            found: dict[str, Any] = asdict(reached(home.run(run_id), device))
            np.savez(options.output / f"{run_id}.npz", **found)
        except Refused as problem:
            problems[run_id] = for_stderr(problem)
        finally:
            share.pause()
            device_lock.give()
        print(say("network {number} of {count}", number=number, count=len(options.runs)), file=sys.stderr, flush=True)
    print(json.dumps(problems))
    return 0


def reached(run: Run, device: torch.device) -> HeadInputs:
    """What reaches the head of a run's network before and after. Raises Refused where it, the weights it started from or the
    pictures are not here."""
    after = finished(run, device)
    if after.config.target_dataset is None:
        raise refusal("This run had one data set only.")
    # Every arm is shown the same pictures, whichever it learned from.
    store = prepare_for(run.home, replace(after.config, arm=PLAIN))
    before = replace(after, network=started(run.home, after.config, after.classes, device))
    random = after.config.arm.initialisation != PRETRAINED
    if random:
        first = store.pixels("train")[:STATISTICS_PICTURES]
        gather_batchnorm_statistics(before.network, (before.inputs(first[rows]) for rows in _steps(before, len(first))))
    rows = {split: selected_rows(store.sizes[split], MOST_PICTURES) for split in ("validation", "test")}
    seen = [store.pixels(split)[own] for split, own in rows.items()]
    networks = ((before, before), (_of_source(after, store.pixels("train")), after))
    both = [np.concatenate([_features(*one) for one in zip(own, seen, strict=True)]) for own in networks]
    return HeadInputs(
        before=both[0],
        after=both[1],
        label=np.concatenate([store.labels_of(split)[own] for split, own in rows.items()]),
        picture=np.concatenate([store.pictures_of(split)[own] for split, own in rows.items()]),
        of_source=len(rows["validation"]),
        random=random,
    )


def started(home: Home, config: RunConfig, classes: int, device: torch.device) -> nn.Module:
    """The network of a run as it started. Raises Refused where the weights it started from are not here."""
    torch.manual_seed(config.seed)  # random weights are those that it had
    network = new_network(config.backbone, classes, config.resolution, device)
    initialisation = config.arm.initialisation
    if initialisation != RANDOM:
        weights = source(home, config.backbone, config.weights)
        if weights.file is None:  # nothing is downloaded here
            raise refusal(
                "The weights this run started from are no longer here: {file} is missing.", file=weights.place
            )
        load_pretrained(network, config.backbone, weights_here(home, config.backbone, config.weights))
    if initialisation == MEAN_VAR:
        Stages(network, config.backbone).keep_only_scale()
    return network.eval().requires_grad_(False)


def _of_source(after: Finished, pixels: NDArray[np.uint8]) -> Finished:
    """The network that the source's pictures go through: where it was adapted to the target once training was over, the same
    adapted to the source's training pictures, (n, R, R, 3) `pixels`; else itself."""
    method = method_of(after.config)
    if not method.adapts:
        return after
    own = replace(after, network=copy.deepcopy(after.network))
    some = pixels[selected_rows(len(pixels), MOST_ADAPTED)]
    method.adapt(own.network, (own.inputs(some[rows]) for rows in _steps(own, len(some)) if rows.stop > rows.start + 1))
    return own


def _features(which: Finished, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    batches = (which.inputs(np.array(pixels[rows])) for rows in _steps(which, len(pixels)))
    found: NDArray[np.float32] = before_the_head(which.network, which.config.backbone, batches)[0]
    return found


def _steps(which: Finished, pictures: int) -> list[slice]:
    return list(slices(pictures, at_once(which.config.resolution, which.device)))


if __name__ == "__main__":
    spell_out()
    sys.exit(main(sys.argv[1:]))
