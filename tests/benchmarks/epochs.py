"""Whole epochs, training and validation, of MobileNetV2 at 64 px against what a user would otherwise type.

The bare training step takes turns, too: it is the limit for everybody, and how far it lies above the plain loop says how
much there is to gain on this processor.
"""

from dataclasses import replace
from statistics import median

from tests.benchmarks.contest import Contestant, contest, first_epoch, ours, usual_epoch
from tests.benchmarks.limit import bare_step, best_candidate
from tests.benchmarks.peer import FASTAI, LIGHTNING, PLAIN, peers
from tests.benchmarks.pictures import flowers_dataset, flowers_folder
from tests.benchmarks.row import Row, share, times_faster
from tests.benchmarks.runs import new_run
from tests.benchmarks.scale import Scale
from tl.config import Training
from tl.store.home import Home

GOALS = {PLAIN: 2.3, FASTAI: 2.8, LIGHTNING: None}
STRATEGIES = ("scratch", "full_finetuning")


def epochs(home: Home, scale: Scale) -> list[Row]:
    """Seconds of an epoch after the first, and of the first with all that comes before it."""
    dataset, decoding = flowers_dataset(home, 64, scale.pictures, scale.validation)
    folder = flowers_folder(home, scale.pictures, scale.validation)
    settings = Training(dataset=dataset, batch_size=scale.batch_size, epochs=scale.epochs)
    arms: list[Contestant] = [ours(name, new_run(home, name, settings)) for name in STRATEGIES]
    others = peers(home, folder, scale.batch_size, scale.epochs, frozen=False, names=GOALS)
    network = {"backbone": "mobilenet_v2", "resolution": 64, "batch_size": scale.batch_size}
    turns = contest([*arms, *others, bare_step(home, replace(scale, limit_turns=scale.epochs), network)])
    rows = [
        times_faster(f"epoch, {name}", usual_epoch(turns[name]), peer, usual_epoch(turns.get(peer)), goal)
        for name in STRATEGIES
        for peer, goal in GOALS.items()
    ]
    rows += [
        times_faster(f"first epoch, {name}", first_epoch(turns[name]), PLAIN, first_epoch(turns[PLAIN]))
        for name in STRATEGIES
    ]
    rows += _limit(turns, scale)
    if decoding > 1:  # else an earlier benchmark has done it
        rows.append(Row(what="decoding the photos, once", measured=decoding, unit="s"))
    return rows


def _limit(turns: dict[str, list[dict]], scale: Scale) -> list[Row]:
    """Training alone against bare steps, which neither read pictures nor look at what they compute."""
    best, speed = best_candidate(turns["bare step"])
    plain = median(turn["train_seconds"] for turn in turns[PLAIN][1:])
    rows = [
        share(
            f"training, {name}",
            median(turn["images_per_second"] for turn in turns[name][1:]),
            "images/s",
            "bare step",
            speed,
            at_least=scale.limit_share,
            note=f"limit: {best}",
        )
        for name in STRATEGIES
    ]
    limit = f"limit: as many bare steps as training has ({best})"
    return [*rows, times_faster(limit, scale.pictures / speed, f"{PLAIN}, training", plain)]
