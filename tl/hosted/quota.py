"""What a visitor of a hosted TL Lab may still store and queue: every refusal is one sentence.

Asked where things happen: of runs in the transaction that queues them, so that two tabs can't get past together.
"""

import shutil
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec import Struct

from tl import timm_networks
from tl.backbones import BACKBONES
from tl.config import Experiment, Refused, Training
from tl.hosted.limits import limits
from tl.operations import run_operations
from tl.policy import TooMuch
from tl.store.database import read_runs
from tl.store.documents import Count, fitting
from tl.store.everybody import load
from tl.store.files import read_json, used_bytes
from tl.store.home import Home
from tl.strategies import STRATEGIES, TARGET

# A trainer's checkpoints: weights, the optimizer's two moments and the best weights, each twice (the one before stays).
RUN_BYTES_PER_PARAMETER = 32
ANSWER_BYTES = 40  # of a row of predictions.parquet, probabilities aside
DELETE_SOME = "delete some on the Runs page"


class _Sizes(Struct, frozen=True):
    """Of dataset.json: numbers of pictures, and pixels."""

    test: Count
    validation: Count
    train: Count
    native_resolution: Count
    classes: tuple[str, ...] = ()


def check_settings(experiment: Experiment, training_pictures: int, target_pictures: int = 0) -> None:
    """Refuse an experiment that is larger than a visitor's may be; `training_pictures` of the whole data set, and of the
    target where there is one (0: as many as of that)."""
    bounds = limits()
    for backbone in {experiment.of(arm).backbone for arm in experiment.arms}:
        if timm_networks.known(backbone):  # any visitor could have gigabytes downloaded
            raise Refused(f"{backbone} is not offered in this demo; it needs a TL Lab of your own.")
    samples = training_pictures if experiment.samples is None else experiment.samples
    _check("samples", samples, bounds.samples)
    largest = max(experiment.of(arm).resolution for arm in experiment.arms)
    _check("resolution", largest, bounds.resolution, "px")
    _check("epochs", max(experiment.epochs_of(arm) for arm in experiment.arms), bounds.epochs)
    learned = {
        arm: (target_pictures or samples) if STRATEGIES[arm.strategy].learns_from == TARGET else samples
        for arm in experiment.arms
    }
    most = max(run_operations(experiment, arm, pictures) for arm, pictures in learned.items()) / 1e12
    if most > bounds.run_operations:
        raise TooMuch(
            f"A run would take about {most:,.0f} trillion operations; this demo takes at most {bounds.run_operations:,}: "
            "choose a lower resolution, fewer pictures or epochs, or a strategy that trains less of the network."
        )
    _check("arms x seeds", len(experiment.arms) * len(experiment.seeds), bounds.runs_together, "runs")


def _check(name: str, value: int, most: int, unit: str = "") -> None:
    if value > most:
        raise TooMuch(f"{name} is {value:,}; this demo takes at most {most:,} {unit}".rstrip() + ".")


def admit(home: Home, connection: sqlite3.Connection) -> None:
    """Refuse runs that were just put into `home` where there are too many now, or the disk can't take them."""
    bounds, now = limits(), load(home, connection)
    _check_runs("yours that train or wait", len(now.training), bounds.runs_active, "wait or stop some")
    _check_runs("all visitors that train or wait", len(now.everybody), bounds.runs_everybody, "try again later")
    _check_runs("yours in all", now.kept, bounds.runs_kept, DELETE_SOME)
    if home.owner is not None:
        own, pictures = (_run_bytes(each.backbone for each in now.training), _missing_bytes(home, now.training))
        own += _answers_bytes(home, now.training)
        check_disk(home, own + pictures, _run_bytes(now.everybody) + pictures)


def _run_bytes(networks: Iterable[str]) -> int:
    """What runs of these networks will write at most."""
    return sum(RUN_BYTES_PER_PARAMETER * BACKBONES[name].parameters for name in networks)


def _answers_bytes(home: Home, wanted: Iterable[Training]) -> int:
    """What runs will keep of their answers at most: two bytes per picture and class, and what is known of the picture."""
    total = 0
    for training in wanted:
        classes = 0
        for name in training.sets:
            about = _about(home, name) or _about(home.of(None), name)
            if about is not None:
                classes = max(classes, len(about.classes))  # the target's may have no labels
                total += (about.test + about.validation) * (2 * classes + ANSWER_BYTES)
    return total


def _about(home: Home, dataset: str) -> _Sizes | None:
    """The sizes of a data set; None where it is not of this home, or damaged."""
    return fitting(read_json(home.dataset_dir(dataset) / "dataset.json"), _Sizes)


def check_kept(home: Home, more: int) -> None:
    """Refuse `more` runs where these would be too many; asked before they are read, `admit` asks for good."""
    _check_runs("yours in all", len(read_runs(home)) + more, limits().runs_kept, DELETE_SOME)


def _check_runs(whose: str, number: int, most: int, advice: str) -> None:
    if number > most:
        raise TooMuch(f"With this there would be {number:,} runs of {whose}; this demo allows {most:,}: {advice}.")


def check_disk(home: Home, more_bytes: int = 0, everybodys_bytes: int = 0) -> None:
    """Refuse where the workspace with `more_bytes` besides takes more of the disk than a visitor's may.

    Also where it would leave less free than must stay; `everybodys_bytes`: what all visitors' runs together will take.
    """
    if home.owner is None:
        return
    most, least_free = limits().disk_megabytes, limits().free_megabytes
    used = used_bytes(home.path)
    if used + more_bytes > most * 10**6:
        raise TooMuch(
            f"Your pictures and runs take {used / 10**6:,.0f} MB of the disk and this needs about "
            f"{more_bytes / 10**6:,.0f} MB more; this demo keeps at most {most:,} MB of a visitor: delete some runs on the "
            "Runs page, or a data set below its pictures, first."
        )
    free = shutil.disk_usage(next(folder for folder in (home.root, *home.root.parents) if folder.exists())).free
    taken = max(more_bytes, everybodys_bytes)
    if free - taken < least_free * 10**6:
        raise TooMuch(
            f"The disk of this demo has {free / 10**6:,.0f} MB left, this and what others have started may take "
            f"{taken / 10**6:,.0f} MB, and {least_free:,} MB must stay free: try again later."
        )


def check_pictures(home: Home, wanted: Training) -> None:
    """Refuse where the disk can't take the pictures of `wanted` at its resolution, as far as they are not there."""
    if home.owner is not None:
        check_disk(home, _missing_bytes(home, [wanted]))


def _missing_bytes(home: Home, wanted: Sequence[Training]) -> int:
    """What decoding a visitor's own pictures for `wanted` will add; those that come with TL Lab lie elsewhere."""
    from tl.store.pictures import pixels_path  # numpy: not for listing and stopping

    sizes: dict[Path, int] = {}
    for training, name in ((one, name) for one in wanted for name in one.sets):
        about = _about(home, name)
        if about is None:
            continue  # of none of the visitor's own, or damaged: nothing is decoded
        side = min(training.resolution, about.native_resolution)
        most = training.samples if name == training.dataset else None  # of a target all
        learnt = about.train if most is None else min(most, about.train)
        path = pixels_path(home.dataset_dir(name), side)
        sizes[path] = max(sizes.get(path, 0), (about.test + about.validation + learnt) * side * side * 3)
    return sum(max(0, size - _bytes_on_disk(path)) for path, size in sizes.items())


def _bytes_on_disk(path: Path) -> int:
    """Less than its length where a file has holes; 0 where there is none."""
    try:
        return path.stat().st_blocks * 512
    except FileNotFoundError:
        return 0
