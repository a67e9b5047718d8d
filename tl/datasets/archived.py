"""Fill the picture store of a data set at one resolution: decode or draw what is missing, once, on all cores."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from tl.config import Refused
from tl.datasets import decode, pool
from tl.datasets.archive import LIMITS, Limits
from tl.store.pictures import SPLITS, PictureStore

DECODER = ["-P", decode.__file__]
CHUNK = 64  # pictures a task
RECORDED = 16  # tasks after which the pictures decoded so far are recorded as ready
PLACE = ["start", "packed", "size", "method", "crc"]  # of a picture in its archive
Progress = Callable[[int, int, str], None]


def decode_all(
    source: Path, places: Sequence, slots: Sequence[int], out: Path, side: int, limits: Limits
) -> Iterator[list]:
    """Decode pictures of the archive `source` into slots of the file `out`, (side, side, 3) uint8 each.

    `places` are rows of PLACE. Yields a list of [sha256, shorter side, reason left out or None] per chunk, in order.
    """
    common = {"source": str(source), "out": str(out), "side": side}
    common |= {"max_pixels": limits.pixels, "max_side": limits.side}

    def tasks() -> Iterator[dict]:
        for first in range(0, len(places), CHUNK):
            piece = zip(slots[first : first + CHUNK], places[first : first + CHUNK], strict=True)
            yield common | {"rows": [[int(slot), *map(int, place)] for slot, place in piece]}

    with pool.answers(DECODER, _ask) as answers:
        yield from answers(tasks())


def _ask(processes: pool.Pool, task: dict) -> list:
    """The answer; where the process dies of a picture, the chunk is halved until that picture is alone."""
    try:
        return processes.ask(task)
    except pool.Died:
        rows = task["rows"]
        if len(rows) == 1:
            return [["", 0, decode.UNREADABLE]]
        middle = len(rows) // 2
        return _ask(processes, task | {"rows": rows[:middle]}) + _ask(processes, task | {"rows": rows[middle:]})


def store_of(folder: Path, index: pd.DataFrame, classes: tuple[str, ...], side: int) -> PictureStore:
    """The store of an ingested data set; `index` has one row per picture in the order of the store."""
    sizes = {split: int((index["split"] == split).sum()) for split in SPLITS}
    return PictureStore(folder, side, sizes, classes, index["label"].to_numpy(np.int64))


def fill_from_archive(store: PictureStore, index: pd.DataFrame, samples: int | None, progress: Progress | None) -> None:
    """Decode what `store` lacks for `samples` training pictures from the kept source.zip."""

    def decode_rows(rows: np.ndarray, out: np.ndarray) -> Iterator[int]:
        places = index[PLACE].to_numpy()[rows]
        done = 0
        source = store.folder / "source.zip"
        for answer in decode_all(source, places, rows, store.path, store.resolution, LIMITS):
            for row, (digest, _, reason) in zip(rows[done : done + len(answer)], answer, strict=True):
                if reason or digest != index["sha256"].iloc[row]:
                    raise Refused(
                        f"{source} has changed since it was ingested; delete the data set and ingest it again."
                    )
            done += len(answer)
            if progress:
                progress(done, len(rows), f"decoding pictures at {store.resolution} px")
            if done % (RECORDED * CHUNK) == 0 or done == len(rows):
                yield done

    store.fill(samples, decode_rows)
