"""Training from scratch against the bare step of the same network on random tensors, same batch, in turns."""

import sys
from collections import defaultdict
from statistics import median

from tests.benchmarks.contest import contest, ours, script
from tests.benchmarks.pictures import flowers_dataset
from tests.benchmarks.row import Row, share
from tests.benchmarks.runs import new_run
from tests.benchmarks.scale import Scale
from tl.backbones import BACKBONES
from tl.config import Training
from tl.store.home import Home

WITH_WEIGHTS = ("mobilenet_v2",)  # whose weights come with TL Lab
FEW = 20  # validation and test pictures: only training is compared


def limit(home: Home, scale: Scale) -> list[Row]:
    """Training's images a second as a share of the bare step's, for three networks."""
    return [row for network in scale.limits for row in _rows(home, scale, *network)]


def _rows(home: Home, scale: Scale, backbone: str, resolution: int, batch_size: int, pictures: int) -> list[Row]:
    dataset, _ = flowers_dataset(home, resolution, pictures, FEW, FEW)
    network = {"backbone": backbone, "resolution": resolution, "batch_size": batch_size}
    settings = Training(dataset=dataset, **network, epochs=scale.limit_turns, patience=0)
    strategies = ("scratch", "full_finetuning") if backbone in WITH_WEIGHTS else ("scratch",)
    step = bare_step(home, scale, network)
    turns = contest([step, *(ours(strategy, new_run(home, strategy, settings)) for strategy in strategies)])
    best, speed = best_candidate(turns["bare step"])
    rows = []
    for strategy in strategies:
        training = median(row["images_per_second"] for row in turns[strategy][1:])
        what = f"{BACKBONES[backbone].title}, {resolution} px, batch {batch_size}, {strategy}"
        goal = {"at_least": scale.limit_share, "note": f"limit: {best}"}
        rows.append(share(what, training, "images/s", "bare step", speed, **goal))
    return rows


def bare_step(home: Home, scale: Scale, network: dict):
    """The contestant that does nothing but training steps; `network`: backbone, resolution, batch size."""
    settings = network | {"rounds": scale.limit_turns, "seconds": scale.step_seconds}
    return script(home, "bare step", sys.executable, "bare_step", allocator=True, **settings)


def best_candidate(turns: list[dict]) -> tuple[str, float]:
    """The fastest combination of precision and layout and its median speed."""
    speeds = defaultdict(list)
    for turn in turns:
        speeds[turn["candidate"]].append(turn["images_per_second"])
    return max(((name, median(values)) for name, values in speeds.items()), key=lambda pair: pair[1])
