"""Names of arms in sentences, and what is judged: transfer, the source, or which of two networks to take."""

from tl.analysis.results import ArmSummary, Verdict
from tl.arm_names import FROM_SCRATCH, arm_title, own_in_words, parts_of
from tl.backbones import BACKBONES
from tl.config import TRANSFERRED
from tl.differences import NOUNS, source_title
from tl.languages import ENGLISH, language, later, listed, say
from tl.strategies import PRETRAINED, SOURCE, SOURCE_AND_FEW, STRATEGIES, TARGET

title = arm_title  # of an arm, as it is shown
SUBJECTS = {  # what is judged of an arm -> inside a sentence, and where one begins with it
    "transfer": (later("transfer"), later("Transfer")),
    "transfer_by_a_way": (later("transfer ({way})"), later("Transfer ({way})")),
    "transfer_one_network_of_several": (
        later("transfer ({way}), against the same network from scratch,"),
        later("Transfer ({way}), against the same network from scratch,"),
    ),
    "source": (
        later("transferring from {source} instead of {other}"),
        later("Transferring from {source} instead of {other}"),
    ),
    "source_by_a_way": (
        later("transferring from {source} instead of {other} ({way})"),
        later("Transferring from {source} instead of {other} ({way})"),
    ),
    "adapting": (later("adapting"), later("Adapting")),
    "adapting_by_a_way": (later("adapting by {arm}"), later("Adapting by {arm}")),
    "few_labels": (later("labelling a few of these pictures"), later("Labelling a few of these pictures")),
    "few_labels_by_name": (
        later("labelling a few of these pictures ({arm})"),
        later("Labelling a few of these pictures ({arm})"),
    ),
    "all_labels": (
        later("labelling all of these pictures and learning from them alone"),
        later("Labelling all of these pictures and learning from them alone"),
    ),
    "all_labels_by_name": (
        later("labelling all of these pictures and learning from them alone ({arm})"),
        later("Labelling all of these pictures and learning from them alone ({arm})"),
    ),
}


def inside(name: str) -> str:
    """The title inside a sentence: "full fine-tuning", "linear probe (EfficientNet-Lite0, 128 px)", "source only from
    scratch"."""
    strategy, own = _usual(name)
    return title(name) if strategy is None else _with_own(say(STRATEGIES[strategy].inside), own)


def beginning(name: str) -> str:
    """The same where a sentence begins with it."""
    strategy, own = _usual(name)
    if strategy is not None:
        return _with_own(say(STRATEGIES[strategy].title), own)
    called = title(name)
    return called if language() != ENGLISH or called[:1].isupper() else called[:1].upper() + called[1:]


def noun(name: str) -> str:
    """The title where a sentence needs a noun: "training from scratch", "full fine-tuning"."""
    strategy, own = _usual(name)
    if strategy == "scratch":
        return say("training from scratch ({own})", own=own_in_words(own)) if own else say("training from scratch")
    return say("training {arm}", arm=name) if strategy is None and name.startswith("from ") else inside(name)


def _usual(name: str) -> tuple[str | None, tuple[str, ...]]:
    """The strategy of an arm that nobody named, and what it has of its own."""
    return (name, ()) if name in STRATEGIES else parts_of(name) or (None, ())


def _with_own(way: str, own: tuple[str, ...]) -> str:
    if not own:
        return way
    if own == (FROM_SCRATCH,):
        return say("{way} from scratch", way=way)
    return say("{way} ({own})", way=way, own=own_in_words(own))


def _in_parentheses(name: str) -> str:
    """As in parentheses, where none of its own are wanted."""
    strategy, own = _usual(name)
    if strategy is None:
        return title(name)
    return (
        say("{way}, {own}", way=say(STRATEGIES[strategy].inside), own=own_in_words(own))
        if own
        else say(STRATEGIES[strategy].inside)
    )


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


def _adapting(found: Verdict, name: str, begins: bool) -> str:
    """What is judged then: "adapting by least class confusion (MCC)"."""
    if without_labels(found.summary[name].strategy):
        what = "adapting" if len(found.comparisons) == 1 else "adapting_by_a_way"
        return say(SUBJECTS[what][begins], arm=inside(name))
    few = STRATEGIES[found.summary[name].strategy].learns_from == SOURCE_AND_FEW
    what = "few_labels" if few else "all_labels"
    return say(SUBJECTS[what if name in STRATEGIES else f"{what}_by_name"][begins], arm=title(name))


def subject(found: Verdict, name: str, *, begins: bool = False) -> str:
    """What is judged of the arm `name`, where it is not one network `instead` of another: "transfer" where the one side
    starts from pretrained weights and the other doesn't, the sources where these differ, else two names. `begins`: as a
    sentence begins with it."""
    base = found.against(name)
    if adapts(found, name):
        return _adapting(found, name, begins)
    pretrained = {
        arm: own.weights is not None and STRATEGIES[own.strategy].initialisation == PRETRAINED
        for arm, own in found.summary.items()
    }
    if "weights" in found.comparisons[name].differs:
        return _source(found, name, base, begins)
    if not pretrained[name] or pretrained[base]:
        return say("{arm} instead of {base}", arm=beginning(name) if begins else inside(name), base=noun(base))
    what = "transfer" if len(found.comparisons) == 1 else "transfer_by_a_way"
    what = what if base == found.baseline else "transfer_one_network_of_several"
    return say(SUBJECTS[what][begins], way=_in_parentheses(name))


def _source(found: Verdict, name: str, base: str, begins: bool) -> str:
    """ "transferring from ImageNet instead of Tiny ImageNet"; with how each is trained where that differs, too."""
    own, other = found.summary[name], found.summary[base]
    if own.strategy != other.strategy:
        return say(
            "{way} from {source} instead of {other_way} from {other_source}",
            way=say(STRATEGIES[own.strategy].title) if begins else say(STRATEGIES[own.strategy].inside),
            source=_from(own),
            other_way=say(STRATEGIES[other.strategy].inside),
            other_source=_from(other),
        )
    what = "source" if len(found.summary) == 2 else "source_by_a_way"
    values = {"source": _from(own), "other": _from(other), "way": say(STRATEGIES[own.strategy].inside)}
    return say(SUBJECTS[what][begins], **values)


def _from(own: ArmSummary) -> str:
    return source_title(own.weights or "")


def side(found: Verdict, name: str, other: str) -> str:
    """An arm as the network that it is, beside `other`: "EfficientNet-Lite0 (linear probe)", "MobileNetV2 from scratch"."""
    own = found.summary[name]
    network: str = BACKBONES[own.backbone].title
    if own.resolution != found.summary[other].resolution:
        network = say("{network} at {resolution} px", network=network, resolution=own.resolution)
    strategy, words = _usual(name)
    if strategy is None:
        way = later("{network} {way}") if name.startswith("from ") else later("{network} ({way})")
        return say(way, network=network, way=title(name))
    if strategy == "scratch":
        return say("{network} from scratch", network=network)
    short = say(STRATEGIES[strategy].short or STRATEGIES[strategy].inside)
    return say("{network} ({way})", network=network, way=_with_own(short, words) if words == (FROM_SCRATCH,) else short)


def open_question(found: Verdict, name: str) -> str:
    """What is not known where nothing can be said: "whether transfer helps"."""
    if instead(found, name):
        base = found.against(name)
        return say(
            "whether {network} does better than {other}", network=side(found, name, base), other=side(found, base, name)
        )
    return say("whether {subject} helps", subject=subject(found, name))


def caveat(found: Verdict, name: str) -> str:
    """What else differs between an arm and what it is held against, where they are not the same network at the same
    resolution, or where of two that learn from two data sets only one began with pretrained weights: then a gain is not the
    effect of transfer alone. Else empty."""
    learns = {STRATEGIES[found.summary[arm].strategy].learns_from for arm in (name, found.against(name))}
    if found.works_on is not None and len(learns) > 1 and begins_otherwise(found, name):
        return say("Only one of the two began with pretrained weights, so this is not the effect of adapting alone.")
    if not instead(found, name):
        return ""
    what = listed(say(NOUNS[each]) for each in found.comparisons[name].differs)
    own, base = (found.summary[each] for each in (name, found.against(name)))
    if bool(own.weights) != bool(base.weights):
        return say("The {what} differ, so this is not the effect of transfer alone.", what=what)
    return say("The {what} differ.", what=what)
