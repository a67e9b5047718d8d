"""Whole epochs, training and validation, of MobileNetV2 at 64 px against what a user would otherwise type."""

from tests.benchmarks.contest import Contestant, contest, first_epoch, ours, usual_epoch
from tests.benchmarks.peer import FASTAI, LIGHTNING, PLAIN, peers
from tests.benchmarks.pictures import flowers_dataset, flowers_folder
from tests.benchmarks.row import Row, times_faster
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
    turns = contest([*arms, *others])
    rows = [
        times_faster(f"epoch, {name}", usual_epoch(turns[name]), peer, usual_epoch(turns.get(peer)), goal)
        for name in STRATEGIES
        for peer, goal in GOALS.items()
    ]
    rows += [
        times_faster(f"first epoch, {name}", first_epoch(turns[name]), PLAIN, first_epoch(turns[PLAIN]))
        for name in STRATEGIES
    ]
    if decoding > 1:  # else an earlier benchmark has done it
        rows.append(Row(what="decoding the photos, once", measured=decoding, unit="s"))
    return rows
