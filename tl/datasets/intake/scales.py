"""What is black and what is white in pictures of more than 8 bits: one scale for a whole data set, from its own values.

Scaled each by itself, a dark picture and a bright one would look alike; scaled by what their numbers could hold, 12 bits
in 16 would be black.
"""

import numpy as np
import numpy.typing as npt

from tl.datasets.info import reason_in_words
from tl.decoding.heads import WHOLE
from tl.languages import say
from tl.words import number_of

TRIMMED = 0.1  # percent of all values below black, and above white: a few hot pixels don't darken all others
MOST = 4_096  # pictures whose values are in memory: of more every second, every fourth, ... counts


class Scales:
    """Collects per kind of number how the values of pictures are spread."""

    def __init__(self) -> None:
        self._sketches: dict[str, list[npt.NDArray[np.float64]]] = {}
        self._pictures: dict[str, int] = {}

    def add(self, kind: str, sketch: list[float]) -> None:
        """One picture's quantiles."""
        number = self._pictures.get(kind, 0)
        self._pictures[kind] = number + 1
        kept = self._sketches.setdefault(kind, [])
        step = 1
        while number // step >= MOST:
            step *= 2
        if number % step == 0:
            if len(kept) >= MOST:
                del kept[1::2]
            kept.append(np.array(sketch))

    def found(self) -> dict[str, tuple[float, float]]:
        """Kind -> (what is black, what is white)."""
        scales = {}
        for kind, sketches in self._sketches.items():
            black, white = np.percentile(np.concatenate(sketches), (TRIMMED, 100 - TRIMMED))
            scales[kind] = float(black), float(white)
        return scales

    def sentences(self) -> list[str]:
        """A sentence for each kind."""
        return [
            say(
                "{pictures} with more than 8 bits ({kind}): {black} is shown as black and {white} as white, the same "
                "for all of them; these are the extremes of their values, without the outermost {trimmed:g} %.",
                pictures=number_of(self._pictures[kind], "picture"),
                kind=reason_in_words(kind),
                black=_short(black, kind),
                white=_short(white, kind),
                trimmed=TRIMMED,
            )
            for kind, (black, white) in self.found().items()
        ]


def _short(value: float, kind: str) -> str:
    return f"{value:,.0f}" if kind == WHOLE or abs(value) >= 100 else f"{value:.3g}"
