"""What the cache of the frozen part's output saves: the same run with and without it, in turns, per strategy."""

from dataclasses import replace

from tests.benchmarks.contest import contest, ours
from tests.benchmarks.pictures import flowers_dataset
from tests.benchmarks.row import Row, times_faster
from tests.benchmarks.runs import new_run
from tests.benchmarks.scale import Scale
from tl.config import Training
from tl.store.home import Home

# Strategy and its settings: as everybody gets them, and one that stays frozen for longer.
ARMS = (
    ("freeze_then_unfreeze", {}),
    ("freeze_then_unfreeze", {"frozen_epochs": 8}),
    ("last_stages", {}),
    ("gradual_unfreezing", {}),
)


def saving(home: Home, scale: Scale) -> list[Row]:
    """Computing time of the whole run, building the cache included, against the run that computes everything again."""
    dataset, _ = flowers_dataset(home, 64, scale.saving_pictures, scale.saving_validation)
    cached = Training(dataset=dataset, batch_size=scale.batch_size, epochs=scale.saving_epochs)
    uncached = replace(cached, views=0)
    rows = []
    for strategy, arm in ARMS:
        pair = {"with": new_run(home, strategy, cached, arm=arm), "without": new_run(home, strategy, uncached, arm=arm)}
        turns = contest([ours(name, run) for name, run in pair.items()])
        seconds = {name: rows[-1]["elapsed_seconds"] for name, rows in turns.items()}
        setting = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in arm.items()) or "as usual"
        what = f"{strategy}, {scale.saving_epochs} epochs ({setting})"
        rows.append(times_faster(what, seconds["with"], "without the cache", seconds["without"]))
    return rows
