"""What arms are called: after their strategy and what they have of their own, or as a person named them."""

import re
from collections.abc import Sequence

from tl.languages import commas, later, say
from tl.strategies import STRATEGIES

FROM_SCRATCH = later("from scratch")  # what an arm with random weights of its own is called
TRAINED = later("trained")  # the same of one whose head was not only fitted to features
_KEYS = {strategy.title: key for key, strategy in STRATEGIES.items()}  # by their titles in English
_NUMBERED = re.compile(r"(.+) ([0-9]+)")


def arm_title(name: str) -> str:
    """An arm's name for people: worded where the arm is named after its strategy, else as it is."""
    if name in STRATEGIES:
        return say(STRATEGIES[name].title)
    numbered = _NUMBERED.fullmatch(name)
    if numbered and numbered[1] in _KEYS:  # as pages make a name that comes twice another one
        return say("{strategy} {number}", strategy=say(numbered[1]), number=numbered[2])
    usual = parts_of(name)
    if usual is None:
        return name
    strategy, own = usual
    return say("{strategy}, {own}", strategy=say(STRATEGIES[strategy].title), own=own_in_words(own))


def english_title(name: str) -> str:
    """The same in English, whoever reads: what names are held against each other by, and made of."""
    return STRATEGIES[name].title if name in STRATEGIES else name


def parts_of(name: str) -> tuple[str, tuple[str, ...]] | None:
    """The strategy (key of STRATEGIES) and what is its own of an arm that `tl.differences.usual_name` has named by both:
    ("linear_probe", ("EfficientNet-Lite0", "128 px")); None for any other name."""
    title = max((title for title in _KEYS if name.startswith(f"{title}, ")), key=len, default=None)
    return None if title is None else (_KEYS[title], tuple(name.removeprefix(f"{title}, ").split(", ")))


def own_in_words(own: Sequence[str]) -> str:
    """What an arm transfers that is its own, one thing after the other: "EfficientNet-Lite0, from scratch, 128 px"."""
    return commas(say(each) if each in (FROM_SCRATCH, TRAINED) else each for each in own)
