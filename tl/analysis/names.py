"""Names of arms in sentences."""

from tl.strategies import STRATEGIES
from tl.strategies import arm_title as title

__all__ = ["inside", "title"]


def inside(name: str) -> str:
    """The title inside a sentence."""
    text = title(name)
    return text[0].lower() + text[1:] if name in STRATEGIES else text
