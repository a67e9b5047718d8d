"""Which sizes a sweep trains: a list of numbers, or a preset cut to what the data set has."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from tl.config import refusal
from tl.config.experiment import listed_in
from tl.languages import later, say
from tl.words import count

if TYPE_CHECKING:  # the queue is listed without numpy
    from tl.datasets import DatasetInfo

ALL = "all"
MIN_SIZES = 2
TOO_FEW = later("A sweep needs at least {sizes} different sizes; a comparison does one.")
LOG_STEPS = 5  # sizes of the preset "log"
NEARLY_ALL = 0.8  # a preset's size above this share of all pictures says nothing that all of them don't
PER_CLASS = 5  # pictures of each class in the smallest size of the preset "log"


def _log_spaced(lowest: int, highest: int) -> list[int]:
    first = min(max(lowest * PER_CLASS, 20), highest)
    ratio = (highest / first) ** (1 / (LOG_STEPS - 1))
    return [int(float(f"{first * ratio**step:.1e}")) for step in range(LOG_STEPS - 1)]  # of two digits


# name -> (title, sizes between so many classes and so many pictures)
PRESETS: dict[str, tuple[str, Callable[[int, int], list[int]]]] = {
    "standard": (later("100 / 300 / 1,000 / 3,000 / all"), lambda lowest, highest: [100, 300, 1000, 3000]),
    "log": (later("5 sizes, evenly spaced on a log axis"), _log_spaced),
}
DRAWN_MOST = 3000  # pictures: "all" of a set drawn on demand is a number without meaning


def preset_sizes(name: str, info: "DatasetInfo") -> tuple[int, ...]:
    """Sizes of a preset, ascending, each at most what `info` (a DatasetInfo) has; the last is all where that counts."""
    most = min(info.train, DRAWN_MOST) if info.origin == "drawn" else info.train
    lowest = max(len(info.classes), 2)
    inside = [size for size in PRESETS[name][1](lowest, most) if lowest <= size <= NEARLY_ALL * most]
    return tuple(sorted({*inside, most}))


def preset_title(name: str, info: "DatasetInfo", pictures: int) -> str:
    """What a preset is for this set, which has so many training `pictures`: "100 / 300 / 1,000 / all 1,932"."""
    *smaller, last = preset_sizes(name, info)
    whole = f"{ALL} {count(last)}" if last == pictures else count(last)
    sizes = " / ".join([*map(count, smaller), whole])
    return sizes if name == next(iter(PRESETS)) else say("Evenly spaced on a log axis: {sizes}", sizes=sizes)


def parse_sizes(text: str, info: "DatasetInfo") -> tuple[int, ...]:
    """`"100,300,all"` or a preset's name as numbers of training pictures, ascending.

    Raises Refused, also for a size that the data set does not have.
    """
    name = text.strip()
    sizes = preset_sizes(name, info) if name in PRESETS else _listed(text, info)
    if len(sizes) < MIN_SIZES:
        raise refusal(TOO_FEW, sizes=MIN_SIZES)
    return sizes


def _listed(text: str, info: "DatasetInfo") -> tuple[int, ...]:
    parts = [part.strip().replace("_", "") for part in listed_in(text).split(",")]
    try:
        sizes = {info.train if part == ALL else int(part) for part in parts}
    except ValueError:
        raise refusal(
            "The sizes must be numbers of training pictures joined by commas, such as 100,300,1000 or {all}, not {text}.",
            all=ALL,
            text=f"{text!r:.200}",
        ) from None
    lowest = min(max(len(info.classes), 2), info.train)
    if strange := [size for size in sorted(sizes) if not lowest <= size <= info.train]:
        sentence = later(
            "Each size must be a number of training pictures from {least} (the classes) to {most}, not {size}."
        )
        raise refusal(sentence, least=count(lowest), most=count(info.train), size=strange[0])
    return tuple(sorted(sizes))
