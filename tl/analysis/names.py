"""Names of arms in sentences, and what is judged: transfer, the source, or which of two networks to take."""

from tl.analysis.results import ArmSummary, Verdict
from tl.backbones import BACKBONES
from tl.config import TRANSFERRED
from tl.differences import FROM_SCRATCH, NOUNS, listed, source_title
from tl.strategies import PRETRAINED, SOURCE, SOURCE_AND_FEW, STRATEGIES, TARGET
from tl.strategies import arm_title as title

__all__ = [
    "adapts",
    "caveat",
    "differing",
    "inside",
    "instead",
    "noun",
    "open_question",
    "side",
    "subject",
    "title",
    "without_labels",
]


def inside(name: str) -> str:
    """The title inside a sentence: "full fine-tuning", "linear probe (EfficientNet-Lite0, 128 px)", "source only from
    scratch"."""
    text = title(name)
    if name in STRATEGIES:
        return _lowered(text)
    strategy, _, own = text.partition(", ")
    if own and strategy in {each.title for each in STRATEGIES.values()}:  # as tl.differences.usual_name calls it
        return f"{_lowered(strategy)} {own}" if own == FROM_SCRATCH else f"{_lowered(strategy)} ({own})"
    return text


def _lowered(text: str) -> str:
    first = text.split()[0]
    return text if first[1:] != first[1:].lower() else text[0].lower() + text[1:]  # DANN, AdaBN: names written so


def noun(name: str) -> str:
    """The title where a sentence needs a noun: "training from scratch", "full fine-tuning"."""
    return f"training {inside(name)}" if inside(name).startswith("from ") else inside(name)


def differing(one: ArmSummary, other: ArmSummary) -> tuple[str, ...]:
    """Which of TRANSFERRED differ between two arms; weights, as pictures they were trained on, where both begin with some."""
    sources = [own.weights and source_title(own.weights) for own in (one, other)]
    found = {name: getattr(one, name) != getattr(other, name) for name in TRANSFERRED}
    found["weights"] = None not in sources and sources[0] != sources[1]
    return tuple(name for name in TRANSFERRED if found[name])


def instead(found: Verdict, name: str) -> bool:
    """Whether the arm `name` and what it is held against are two networks, or two resolutions: then which of the two to
    take is the question, and not whether something helps."""
    return bool({"backbone", "resolution"} & set(found.comparisons[name].differs))


def adapts(found: Verdict, name: str) -> bool:
    """Whether what is judged of the arm `name` is what it made of the second data set: what it is held against began alike
    and did not learn from that."""
    if begins_otherwise(found, name):
        return False
    learns = [STRATEGIES[found.summary[arm].strategy].learns_from for arm in (name, found.against(name))]
    return found.works_on is not None and learns[0] != SOURCE and learns[1] == SOURCE


def begins_otherwise(found: Verdict, name: str) -> bool:
    """Whether of the arm `name` and what it is held against only one begins with pretrained weights."""
    return bool(found.summary[name].weights) != bool(found.summary[found.against(name)].weights)


def without_labels(strategy: str) -> bool:
    """Whether a strategy learns from a second data set, and none of its labels."""
    return STRATEGIES[strategy].learns_from not in (SOURCE, SOURCE_AND_FEW, TARGET)


def _adapting(found: Verdict, name: str) -> str:
    """What is judged then: "adapting by least class confusion (MCC)"."""
    if without_labels(found.summary[name].strategy):
        return "adapting" if len(found.comparisons) == 1 else f"adapting by {inside(name)}"
    few = STRATEGIES[found.summary[name].strategy].learns_from == SOURCE_AND_FEW
    what = "labelling a few" if few else "labelling all"
    what += " of these pictures" if few else " of these pictures and learning from them alone"
    return what if name in STRATEGIES else f"{what} ({title(name)})"


def subject(found: Verdict, name: str) -> str:
    """What is judged of the arm `name`, where it is not one network `instead` of another: "transfer" where the one side
    starts from pretrained weights and the other doesn't, the sources where these differ, else two names."""
    base = found.against(name)
    if adapts(found, name):
        return _adapting(found, name)
    pretrained = {
        arm: own.weights is not None and STRATEGIES[own.strategy].initialisation == PRETRAINED
        for arm, own in found.summary.items()
    }
    if "weights" in found.comparisons[name].differs:
        return _source(found, name, base)
    if not pretrained[name] or pretrained[base]:
        return f"{inside(name)} instead of {noun(base)}"
    if base != found.baseline:
        return f"transfer ({_lowered_inside(name)}), against the same network from scratch,"
    return "transfer" if len(found.comparisons) == 1 else f"transfer ({_lowered_inside(name)})"


def _lowered_inside(name: str) -> str:
    """As in parentheses, where none of its own are wanted."""
    return _lowered(title(name)) if inside(name) != title(name) else title(name)


def _source(found: Verdict, name: str, base: str) -> str:
    """ "transferring from ImageNet instead of Tiny ImageNet"; with how each is trained where that differs, too."""
    own, other = found.summary[name], found.summary[base]
    if own.strategy == other.strategy:
        how = "" if len(found.summary) == 2 else f" ({_lowered(STRATEGIES[own.strategy].title)})"
        return f"transferring from {_from(own)} instead of {_from(other)}{how}"
    ways = [f"{_lowered(STRATEGIES[side.strategy].title)} from {_from(side)}" for side in (own, other)]
    return " instead of ".join(ways)


def _from(own: ArmSummary) -> str:
    return source_title(own.weights or "")


def side(found: Verdict, name: str, other: str) -> str:
    """An arm as the network that it is, beside `other`: "EfficientNet-Lite0 (linear probe)", "MobileNetV2 from scratch"."""
    own = found.summary[name]
    at = f" at {own.resolution} px" if own.resolution != found.summary[other].resolution else ""
    way = inside(name).partition(" (")[0] if inside(name) != title(name) else title(name)
    return f"{BACKBONES[own.backbone].title}{at} " + (way if way.startswith("from ") else f"({way})")


def open_question(found: Verdict, name: str) -> str:
    """What is not known where nothing can be said: "transfer helps"."""
    if instead(found, name):
        base = found.against(name)
        return f"{side(found, name, base)} does better than {side(found, base, name)}"
    return f"{subject(found, name)} helps"


def caveat(found: Verdict, name: str) -> str:
    """What else differs between an arm and what it is held against, where they are not the same network at the same
    resolution, or where of two that learn from two data sets only one began with pretrained weights: then a gain is not the
    effect of transfer alone. Else empty."""
    learns = {STRATEGIES[found.summary[arm].strategy].learns_from for arm in (name, found.against(name))}
    if found.works_on is not None and len(learns) > 1 and begins_otherwise(found, name):
        return "Only one of the two began with pretrained weights, so this is not the effect of adapting alone."
    if not instead(found, name):
        return ""
    what = listed([NOUNS[each] for each in found.comparisons[name].differs])
    own, base = (found.summary[each] for each in (name, found.against(name)))
    if bool(own.weights) != bool(base.weights):
        return f"The {what} differ, so this is not the effect of transfer alone."
    return f"The {what} differ."
