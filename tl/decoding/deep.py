"""Pictures of more than 8 bits a channel, and of numbers with a point: their values, and their way to 8 bits.

What is black and what is white is one for a whole data set and comes from outside (tl/datasets/intake/scales.py): a picture
alone can't say it. The values themselves, not what is shown of them, tell which pictures are the same.
"""

import hashlib
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
from PIL import Image

from tl.decoding.heads import FRACTIONS, UNREADABLE, WHOLE, LeftOut
from tl.decoding.pixels import assembled, centre_boxes, finished

Values = npt.NDArray[np.float64]
Box = tuple[int, int, int, int]  # left, top, right, bottom, pixels
SAMPLED = 65_536  # values of a picture that are looked at
SKETCH = 200  # quantiles that say how they are spread: 0.25 to 99.75 percent
NO_DATA = (-9999.0, -32768.0)  # what programs write where nothing was measured
LOWEST = -1e30  # and what floats that small mean


class Deep:
    """One such picture, decoded: `read(box)` gives (h, w) or (h, w, 3) values."""

    def __init__(
        self,
        read: Callable[[Box], npt.NDArray[np.generic]],
        size: tuple[int, int],
        kind: str,
        no_data: float | None = None,
        orientation: int = 1,
    ) -> None:
        self.read, self.size, self.kind = read, size, kind
        self.no_data, self.orientation = no_data, orientation

    def values(self, box: Box) -> Values:
        """(h, w) or (h, w, 3), NaN where there is no data."""
        values = self.read(box).astype(np.float64)
        missing = ~np.isfinite(values) | (values < LOWEST) | np.isin(values, NO_DATA)
        if self.no_data is not None:
            missing |= values == self.no_data
        values[missing] = np.nan
        return values

    def _strips(self) -> Iterator[Values]:
        return (self.values(box) for _, box in centre_boxes(self.size)[1])

    def sketch(self) -> list[float]:
        """SKETCH quantiles of the centre square. Raises LeftOut where it has no values."""
        step = max(1, min(self.size) ** 2 // SAMPLED)
        kept = np.concatenate([strip.reshape(-1)[::step] for strip in self._strips()])
        kept = kept[np.isfinite(kept)]
        if not kept.size:
            raise LeftOut(UNREADABLE)
        found: list[float] = np.quantile(kept, (np.arange(SKETCH) + 0.5) / SKETCH).tolist()
        return found

    def range(self) -> tuple[float, float]:
        """Its own lowest and highest value."""
        lows_and_highs = [(np.nanmin(strip), np.nanmax(strip)) for strip in self._strips() if np.isfinite(strip).any()]
        lows, highs = zip(*lows_and_highs, strict=True)
        return float(min(lows)), float(max(highs))

    def digest(self) -> str:
        """Of the values of its centre square: the same for pictures that are the same, whatever is shown of them."""
        found = hashlib.blake2b(self.kind.encode(), digest_size=16)
        for strip in self._strips():
            found.update(strip.tobytes())
        return found.hexdigest()

    def square(self, black: float, white: float) -> Image.Image:
        """As pixels.square: `black` and all below become 0, `white` and all above 255; no data is black."""
        times = 255 / (white - black) if white > black else 0.0

        def rgb(box: Box) -> Image.Image:
            scaled = np.clip((self.values(box) - black) * times, 0, 255)
            shown = np.rint(np.nan_to_num(scaled, nan=0.0)).astype(np.uint8)
            return Image.fromarray(shown).convert("RGB")

        return finished(assembled(self.size, rgb), self.orientation)


def of_image(image: Image.Image, low: Image.Image | None = None, orientation: int = 1) -> Deep:
    """Of what Pillow has decoded, modes I;16, I and F; or RGB with the high bytes, beside `low` with the low ones."""
    kind = FRACTIONS if image.mode == "F" else WHOLE

    def read(box: Box) -> npt.NDArray[np.generic]:
        values = np.asarray(image.crop(box))
        if low is None:
            return values
        whole: npt.NDArray[np.generic] = values.astype(np.uint16) * np.uint16(256) + np.asarray(low.crop(box))
        return whole

    return Deep(read, image.size, kind, number_of(getattr(image, "tag_v2", {}).get(42113)), orientation)


def of_array(array: npt.NDArray[np.generic], no_data: float | None, orientation: int) -> Deep:
    """Of (H, W) or (H, W, 3) values."""
    kind = FRACTIONS if array.dtype.kind == "f" else WHOLE
    size = (array.shape[1], array.shape[0])
    return Deep(lambda box: array[box[1] : box[3], box[0] : box[2]], size, kind, no_data, orientation)


def number_of(text: object) -> float | None:
    """GDAL's tag for no data (42113), a number as text; None where it is none."""
    try:
        return float(str(text).strip("\0 ")) if text is not None else None
    except ValueError:
        return None
