"""What is kept of a picture, and the way by which its pixels at a run's resolution came of it: for who must repeat that."""

import io
import os
import zlib
from collections.abc import Sequence

import numpy as np
from PIL import Image

from tl.config import refusal
from tl.datasets.archived import KEPT, PLACE
from tl.datasets.catalogue import home_of
from tl.datasets.info import DatasetInfo, mending
from tl.datasets.intake.readable import FIRST_RESOLUTION
from tl.datasets.preparing import index_of
from tl.store.home import Home

STRAIGHT, JPEG = "", "jpeg"


def way(home: Home, info: DatasetInfo, side: int) -> str:
    """What lies between a decoded picture's centre square and its `side` x `side` pixels in the store.

    STRAIGHT: nothing, it is made smaller at once. JPEG: the copy that is kept of it. A number: it is first made a square
    of so many pixels, which are all that is kept.
    """
    if info.origin == "drawn":
        return STRAIGHT
    if (home_of(home, info.name).dataset_dir(info.name) / KEPT).exists():
        return STRAIGHT if side == FIRST_RESOLUTION else JPEG
    return STRAIGHT if side == info.native_resolution else str(info.native_resolution)


def copies(home: Home, info: DatasetInfo, pictures: Sequence[int], pixels: np.ndarray) -> list[tuple[str, bytes]]:
    """(ending, bytes) of the files from which the `pixels`, (n, side, side, 3) uint8, of these pictures come again.

    `pictures` are places in the data set. The copies that are kept, where the pixels were made of them; else the pixels
    themselves, as PNG. Raises Refused where a copy is damaged.
    """
    if way(home, info, pixels.shape[1]) != JPEG:
        return [(".png", png(own)) for own in pixels]
    folder = home_of(home, info.name).dataset_dir(info.name)
    places = index_of(folder, info)[PLACE].to_numpy()[np.asarray(pictures)]
    with open(folder / KEPT, "rb") as file:
        found = [(os.pread(file.fileno(), int(size), int(start)), int(crc)) for start, size, crc in places]
    if any(zlib.crc32(data) != crc for data, crc in found):
        raise refusal("{path} is damaged; {mend}", path=folder / KEPT, mend=mending(info.name, info.origin != "upload"))
    return [(".jpg", data) for data, _ in found]


def png(pixels: np.ndarray) -> bytes:
    """(S, S, 3) uint8 as the bytes of a PNG."""
    file = io.BytesIO()
    Image.fromarray(np.array(pixels)).save(file, "PNG")
    return file.getvalue()
