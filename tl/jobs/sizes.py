"""Which sizes a sweep trains: a list of numbers, or a preset cut to what the data set has."""

from collections.abc import Callable

from tl.config import Refused

ALL = "all"
LOG_STEPS = 5  # sizes of the preset "log"
NEARLY_ALL = 0.8  # a preset's size above this share of all pictures says nothing that all of them don't
PER_CLASS = 5  # pictures of each class in the smallest size of the preset "log"
_ROUND_SIZES = (100, 300, 1000, 3000)


def _round_sizes(lowest: int, highest: int) -> list[int]:
    return [size for size in _ROUND_SIZES if lowest <= size]


def _log_spaced(lowest: int, highest: int) -> list[int]:
    first = min(max(lowest * PER_CLASS, 20), highest)
    ratio = (highest / first) ** (1 / (LOG_STEPS - 1))
    return [_two_digits(first * ratio**step) for step in range(LOG_STEPS - 1)]


def _two_digits(number: float) -> int:
    return int(float(f"{number:.1e}"))


# name -> (title, sizes between so many classes and so many pictures)
PRESETS: dict[str, tuple[str, Callable[[int, int], list[int]]]] = {
    "standard": ("100 / 300 / 1,000 / 3,000 / all", _round_sizes),
    "log": (f"{LOG_STEPS} sizes, evenly spaced on a log axis", _log_spaced),
}
DRAWN_MOST = 3000  # pictures: "all" of a set drawn on demand is a number without meaning


def preset_sizes(name: str, info) -> tuple[int, ...]:
    """Sizes of a preset, ascending, each at most what `info` (a DatasetInfo) has; the last is all where that counts."""
    drawn = info.origin == "drawn"
    most = min(info.train, DRAWN_MOST) if drawn else info.train
    lowest = max(len(info.classes), 2)
    inside = [size for size in PRESETS[name][1](lowest, most) if lowest <= size <= NEARLY_ALL * most]
    return tuple(sorted({*inside, most}))


def parse_sizes(text: str, info) -> tuple[int, ...]:
    """`"100,300,all"` or a preset's name as numbers of training pictures, ascending. Raises Refused."""
    if text.strip() in PRESETS:
        return preset_sizes(text.strip(), info)
    parts = [part.strip().replace("_", "") for part in text.split(",")]
    try:
        sizes = {info.train if part == ALL else int(part) for part in parts}
    except ValueError:
        raise Refused(
            f"sizes is {text!r}; give numbers of training pictures (100,300,1000,{ALL}) or one of {', '.join(PRESETS)}."
        ) from None
    return tuple(sorted(sizes))
