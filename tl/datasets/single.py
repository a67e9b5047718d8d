"""One picture of unknown origin -> its pixels, decoded in a process that may die of it, with the bounds of an upload."""

import tempfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tl.config import refusal
from tl.datasets import pool
from tl.datasets.archive import LIMITS
from tl.datasets.archived import DECODER
from tl.datasets.info import reason_in_words
from tl.datasets.intake.scales import Scales
from tl.decoding.heads import CRASHES, NESTED, NOT_A_PICTURE
from tl.languages import later

SECONDS = 60.0  # that decoding it may take in all
MEANT = {  # reason -> the sentence, where "It can't be used: REASON" would be odd
    NOT_A_PICTURE: later("This file is not a picture; choose a photo, such as a JPEG or PNG."),
    NESTED: later("This file is an archive; choose a single photo, such as a JPEG or PNG."),
    CRASHES: later("This file can't be read; save it again as a JPEG or PNG and try again."),
}


def decoded(data: bytes, sides: Iterable[int]) -> dict[int, NDArray[np.uint8]]:
    """Side in pixels -> the centre square of the picture in that size, (side, side, 3), as those of a data set are made.

    Nothing of it stays on the disk. Raises Refused with one sentence for what is no picture, too large or damaged.
    """
    with tempfile.TemporaryDirectory(prefix="tl-picture-") as folder:
        source = Path(folder, "picture")
        source.write_bytes(data)
        try:
            with pool.answers(DECODER, seconds=SECONDS) as ask:
                return {side: _decoded(ask, source, data, side) for side in sorted(set(sides))}
        except (pool.Died, pool.Closed):
            raise refusal(MEANT[CRASHES]) from None


def _decoded(ask: Any, source: Path, data: bytes, side: int) -> NDArray[np.uint8]:
    out = source.with_name(f"pixels-{side}")
    out.touch()
    place = [0, 0, len(data), len(data), 0, zlib.crc32(data)]
    about = {"source": str(source), "out": str(out), "side": side, "kept": "", "bands": [], "scales": {}}
    task = about | {"max_pixels": LIMITS.pixels, "max_side": LIMITS.side, "rows": [place]}
    ((answer,),) = ask([task])
    if isinstance(answer, dict):  # more than 8 bits: what is black and white is its own matter, there is no set
        scales = Scales()
        scales.add(answer["kind"], answer["sketch"])
        ((answer,),) = ask([task | {"scales": scales.found()}])
    if isinstance(answer, str):
        if answer in MEANT:
            raise refusal(MEANT[answer])
        raise refusal("This picture can't be used: {reason}.", reason=reason_in_words(answer))
    return np.fromfile(out, np.uint8).reshape(side, side, 3)
