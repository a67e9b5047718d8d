"""What runs and pictures will take of the disk at most."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec import Struct

from tl.backbones import BACKBONES
from tl.config import Training
from tl.store.documents import Count, of_type
from tl.store.files import read_json
from tl.store.home import Home

# A trainer's checkpoints: weights, the optimizer's two moments and the best weights, each twice (the one before stays).
RUN_BYTES_PER_PARAMETER = 32
ANSWER_BYTES = 40  # of a row of predictions.parquet, probabilities aside


class _Sizes(Struct, frozen=True):
    """Of dataset.json: numbers of pictures, and pixels."""

    test: Count
    validation: Count
    train: Count
    native_resolution: Count
    classes: tuple[str, ...] = ()


def run_bytes(networks: Iterable[str]) -> int:
    """What runs of these networks will write at most."""
    return sum(RUN_BYTES_PER_PARAMETER * BACKBONES[name].parameters for name in networks)


def answers_bytes(home: Home, wanted: Iterable[Training]) -> int:
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
    return of_type(read_json(home.dataset_dir(dataset) / "dataset.json"), _Sizes)


def missing_bytes(home: Home, wanted: Sequence[Training]) -> int:
    """What decoding a visitor's own pictures for `wanted` will add; those that come with TL Lab lie elsewhere."""
    from tl.store.pictures import pixels_path  # numpy: not for listing and stopping

    sizes: dict[Path, int] = {}
    for training, name in ((one, name) for one in wanted for name in one.sets):
        about = _about(home, name)
        if about is None:
            continue  # of none of the visitor's own, or damaged: nothing is decoded
        side = min(training.resolution, about.native_resolution)
        most = training.samples if name == training.dataset else None  # of a target all
        learned = about.train if most is None else min(most, about.train)
        path = pixels_path(home.dataset_dir(name), side)
        sizes[path] = max(sizes.get(path, 0), (about.test + about.validation + learned) * side * side * 3)
    return sum(max(0, size - _bytes_on_disk(path)) for path, size in sizes.items())


def _bytes_on_disk(path: Path) -> int:
    """Less than its length where a file has holes; 0 where there is none."""
    try:
        return path.stat().st_blocks * 512
    except FileNotFoundError:
        return 0
