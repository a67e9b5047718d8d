"""Names of arms in sentences."""

from tl.analysis.results import Verdict
from tl.strategies import PRETRAINED, STRATEGIES
from tl.strategies import arm_title as title

__all__ = ["inside", "noun", "subject", "title"]


def inside(name: str) -> str:
    """The title inside a sentence."""
    text = title(name)
    return text[0].lower() + text[1:] if name in STRATEGIES else text


def noun(name: str) -> str:
    """The title where a sentence needs a noun: "training from scratch", "full fine-tuning"."""
    return f"training {inside(name)}" if inside(name).startswith("from ") else inside(name)


def subject(found: Verdict, name: str) -> str:
    """What is judged: "transfer" where the one side starts from pretrained weights and the other doesn't, else two names."""
    pretrained = {arm: STRATEGIES[own.strategy].initialisation == PRETRAINED for arm, own in found.summary.items()}
    if not pretrained[name] or pretrained[found.baseline]:
        return f"{inside(name)} instead of {noun(found.baseline)}"
    return "transfer" if len(found.comparisons) == 1 else f"transfer ({inside(name)})"
