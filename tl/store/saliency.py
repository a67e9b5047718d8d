"""What networks of finished runs answered on single pictures, and where they looked: a cache, one file a run and picture.

Of the picture itself nothing is in it. A file may be deleted at any time: it is made again when it is asked for. The
pixels of a picture that is in no data set lie here until the process that looks at it has read them, for seconds.
"""

import hashlib
import io
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import numpy as np
from msgspec import Meta, Struct, to_builtins

from tl.store.documents import Count, Finite, Share, of_type
from tl.store.files import read_json, write_bytes, write_json
from tl.store.home import Home

GRAD_CAM, TOKENS = "grad_cam", "token_gradients"  # how it was found out where a network looks
MOST_FILES = 2_000  # of about a kilobyte
MOST_CLASSES = 5  # whose probabilities are kept
ABANDONED_SECONDS = 600.0  # after which pixels go that nobody has read: whoever was to look at them was killed
Row = Annotated[list[Share], Meta(min_length=1, max_length=256)]


class ClassProbability(Struct, frozen=True):
    """A class and how sure the network is of it."""

    label: Count  # number of the class
    probability: Share


class Saliency(Struct, frozen=True):
    """What one network made of one picture."""

    answers: Annotated[list[ClassProbability], Meta(min_length=1, max_length=MOST_CLASSES)]  # the surest first
    seconds: Finite  # from the pixels to the answer, once everything is loaded, on the machine that did it
    heat: Annotated[list[Row], Meta(max_length=256)] | None = None  # rows from the top, 0..1; None: no map of places
    method: str | None = None  # GRAD_CAM or TOKENS
    stage: str | None = None  # of the network whose map it is


class Failed(Struct, frozen=True):
    """Why there is none."""

    error: str


def saliency_path(home: Home, run_id: str, picture: str) -> Path:
    """The file of a run's look at `picture`: the place of one in its data set, or `own_name` of another."""
    return home.saliency_dir / f"{run_id}.{picture}.json"


def own_name(pixels: Mapping[int, np.ndarray]) -> str:
    """How a picture that is in no data set is called; side -> (side, side, 3) uint8."""
    data = b"".join(pixels[side].tobytes() for side in sorted(pixels))
    return f"own-{hashlib.sha256(data).hexdigest()[:24]}"


def pixels_path(home: Home, name: str) -> Path:
    """Where the pixels of a picture of one's own wait to be read."""
    return home.saliency_dir / f"{name}.npz"


def hand_over(home: Home, pixels: Mapping[int, np.ndarray]) -> str:
    """Put down a picture, side -> (side, side, 3) uint8, for the process that looks at it; gives its name."""
    buffer = io.BytesIO()
    np.savez(buffer, **{str(side): of_side for side, of_side in pixels.items()})  # type: ignore[arg-type]  # no side is called allow_pickle
    name = own_name(pixels)
    for path in home.saliency_dir.glob("own-*.npz"):
        if time.time() - _made(path) > ABANDONED_SECONDS:
            path.unlink(missing_ok=True)
    write_bytes(pixels_path(home, name), buffer.getvalue(), durable=False)
    return name


def take_pixels(home: Home, name: str) -> dict[int, np.ndarray]:
    """The picture as `hand_over` was given it; from now on it is nowhere on the disk."""
    data = pixels_path(home, name).read_bytes()
    drop_pixels(home, name)
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        return {int(side): file[side] for side in file.files}


def drop_pixels(home: Home, name: str) -> None:
    """Remove them, if nobody has read them."""
    pixels_path(home, name).unlink(missing_ok=True)


def read_saliency(home: Home, run_id: str, picture: str) -> Saliency | Failed | None:
    """What was found; None where nothing was, or the file is damaged."""
    document = read_json(saliency_path(home, run_id, picture))
    return of_type(document, Saliency) or of_type(document, Failed)


def write_saliency(home: Home, run_id: str, picture: str, found: Saliency | Failed) -> None:
    """Keep it; those that were made longest ago go where there are too many."""
    write_json(saliency_path(home, run_id, picture), to_builtins(found), durable=False)
    files = sorted(home.saliency_dir.glob("[!.]*.json"), key=_made)
    for path in files[:-MOST_FILES]:
        path.unlink(missing_ok=True)


def forget_saliency(home: Home, run_id: str, picture: str) -> None:
    """Remove what was kept of it, if anything was."""
    saliency_path(home, run_id, picture).unlink(missing_ok=True)


def forget_saliency_of_run(home: Home, run_id: str) -> None:
    """Remove all that was kept of a run, which is deleted."""
    for path in home.saliency_dir.glob(f"{run_id}.*"):
        path.unlink(missing_ok=True)


def _made(path: Path) -> float:
    with suppress(FileNotFoundError):
        return path.stat().st_mtime
    return 0.0
