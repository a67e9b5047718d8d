"""What may be said of a gain, in words: the interval shown is the one that decides."""

from tl.analysis import time_wording
from tl.analysis.names import adapts, instead, side, subject
from tl.analysis.results import (
    NEW_PICTURES,
    NEW_TRAINING,
    THESE_NETWORKS,
    THESE_PICTURES,
    Claim,
    Comparison,
    Interval,
    Verdict,
    both_guess,
)
from tl.analysis.statistics import HELPS, HURTS, MIN_PAIRS, NO_DIFFERENCE, UNDECIDED
from tl.config import BALANCED_ACCURACY
from tl.languages import joined, later, listed, say
from tl.words import not_available, number_of, percent, points

COVERS = {  # basis of an interval -> what it covers, a sentence
    NEW_PICTURES: later(
        "The interval allows for other test pictures of the same kind and for other seeds; the training pictures stay the same."
    ),
    NEW_TRAINING: later("The interval allows for other test pictures, other training pictures and other seeds."),
    THESE_NETWORKS: later("The interval allows for other test pictures, but not for another training."),
    THESE_PICTURES: later("The interval allows for other seeds, but holds only for these test pictures."),
}
OVER_SEEDS = {  # whether the interval allows for more -> it, where nobody knows what was answered
    False: later(
        "95 % interval {span} over {seeds}; these runs kept no predictions, so nothing is said about new pictures"
    ),
    True: later(
        "95 % interval {span} over {seeds}, allowing for {what}; these runs kept no predictions, so nothing is said "
        "about new pictures"
    ),
}
HELPED = {  # outcome -> what was found, of transfer
    HELPS: later("{subject} helps"),
    HURTS: later("{subject} hurts"),
    NO_DIFFERENCE: later("{subject} makes no difference that matters"),
    UNDECIDED: later("It is undecided whether {subject} helps"),
}
OF_TWO = {  # outcome -> what was found, of two networks
    HELPS: later("{network} does better than {other}"),
    HURTS: later("{network} does worse than {other}"),
    NO_DIFFERENCE: later("{network} does as well as {other}"),
    UNDECIDED: later("It is undecided whether {network} does better than {other}"),
}
HINTS = {  # what a few runs showed of transfer: whether by more than chance could explain, whether it was better -> words
    (True, True): later("{when} {subject} was better"),
    (True, False): later("{when} {subject} was worse"),
    (False, True): later("{when} {subject} was better, but not by more than chance could explain"),
    (False, False): later("{when} {subject} was worse, but not by more than chance could explain"),
}
HINTS_OF_TWO = {  # the same of two networks
    (True, True): later("{when} {network} was better than {other}"),
    (True, False): later("{when} {network} was worse than {other}"),
    (False, True): later("{when} {network} was better than {other}, but not by more than chance could explain"),
    (False, False): later("{when} {network} was worse than {other}, but not by more than chance could explain"),
}


def claim_sentence(found: Verdict, name: str, claim: Claim) -> str:
    """What was found of the arm `name`, tested, and the interval that says how sure it is: one sentence, and what there is
    to say of times beside."""
    interval, seeds = claim.interval, found.comparisons[name].seeds
    if interval is None:
        return ""
    decides = seeds >= MIN_PAIRS and interval.low is not None
    words = _outcome(found, name, claim, interval) if decides else _hint(found, name, interval)
    if found.works_on:  # times are to an accuracy on validation pictures: those of the source say nothing of the target
        return say("{found}.", found=words)
    sooner = time_wording.clause(found, name)
    first = say("{found}; {time}.", found=words, time=sooner) if sooner else say("{found}.", found=words)
    return joined([first, *time_wording.sentences(found, name)])


def _outcome(found: Verdict, name: str, claim: Claim, interval: Interval) -> str:
    values = {
        "outcome": _of_two(found, name, claim.outcome) if instead(found, name) else _helps(found, name, claim.outcome),
        "gain": _gain(found, interval),
        "interval": _certainty(claim, interval, found.comparisons[name].seeds),
    }
    if interval.basis == THESE_PICTURES:
        return say("{outcome}: {gain} on these test pictures ({interval})", **values)
    if found.works_on:
        return say(
            "{outcome}: {gain} on new pictures like those of {dataset} ({interval})", **values, dataset=found.works_on
        )
    return say("{outcome}: {gain} on new pictures ({interval})", **values)


def _helps(found: Verdict, name: str, outcome: str) -> str:
    if outcome == HURTS and adapts(found, name):
        return say("Negative transfer: {subject} hurts", subject=subject(found, name))
    return say(HELPED[outcome], subject=subject(found, name, begins=outcome != UNDECIDED))


def _of_two(found: Verdict, name: str, outcome: str) -> str:
    """Of two networks: which does better."""
    base = found.against(name)
    return say(OF_TWO[outcome], network=side(found, name, base), other=side(found, base, name))


def _certainty(claim: Claim, interval: Interval, seeds: int) -> str:
    """The interval, what it allows for, and what it is based on."""
    allows = [say("the choice among {number}", number=claim.of)] if claim.of > 1 else []
    allows += [say("{number} looks", number=claim.look)] if claim.look > 1 else []
    of = {"span": span(interval), "seeds": number_of(seeds, "seed"), "what": listed(allows)}
    if interval.basis == THESE_PICTURES:
        return say(OVER_SEEDS[bool(allows)], **of)
    certain = say(later("95 % interval {span}, allowing for {what}") if allows else later("95 % interval {span}"), **of)
    if interval.basis == NEW_TRAINING:
        return say("{interval}; {number} splits drawn anew", interval=certain, number=seeds)
    if claim.test_pictures is None:
        return say("{interval}; {seeds}", interval=certain, seeds=of["seeds"])
    pictures = number_of(claim.test_pictures, "test picture")  # not shown
    return say("{interval}; {seeds}, {pictures}", interval=certain, seeds=of["seeds"], pictures=pictures)


def _hint(found: Verdict, name: str, interval: Interval) -> str:
    """Too few runs for an outcome, or no interval."""
    entry, of_two = found.comparisons[name], instead(found, name)
    values = {
        "hint": _hint_of_two(found, name, interval) if of_two else _hint_of_transfer(found, name, interval),
        "gain": _gain(found, interval),
        "certainty": _of_sides(entry, interval),
    }
    if found.works_on:
        return say("{hint}: {gain} on the test set of {dataset} ({certainty})", **values, dataset=found.works_on)
    return say("{hint}: {gain} on the test set ({certainty})", **values)


def _when(seeds: int) -> str:
    if seeds == 1:
        return say("In this one run")
    return say("In these two runs") if seeds == 2 else say("In these {number} runs", number=seeds)


def _hint_of_transfer(found: Verdict, name: str, interval: Interval) -> str:
    values = {"when": _when(found.comparisons[name].seeds), "subject": subject(found, name)}
    if abs(interval.mean) < found.margin:
        return say("{when} {subject} made hardly any difference", **values)
    return say(HINTS[not _by_chance(interval), interval.mean > 0], **values)


def _hint_of_two(found: Verdict, name: str, interval: Interval) -> str:
    base = found.comparisons[name].against
    sides = {"network": side(found, name, base), "other": side(found, base, name)}
    values = {"when": _when(found.comparisons[name].seeds)} | sides
    if abs(interval.mean) >= found.margin:
        return say(HINTS_OF_TWO[not _by_chance(interval), interval.mean > 0], **values)
    if interval.mean > 0:
        return say("{when} {network} was hardly better than {other}", **values)
    return say("{when} {network} was hardly worse than {other}", **values)


def _of_sides(entry: Comparison, interval: Interval) -> str:
    """What both sides reached, and what else is known."""
    values = {"arm": percent(entry.test_accuracy.arm), "base": percent(entry.test_accuracy.baseline)}
    if interval.basis == THESE_NETWORKS:
        return say(
            "{arm} against {base}; 95 % interval {span} for these networks; another training may differ",
            **values,
            span=span(interval),
        )
    if entry.seeds >= MIN_PAIRS:
        return say("{arm} against {base}; no interval, as too little is known of the pictures", **values)
    return say("{arm} against {base}", **values)


def _gain(found: Verdict, interval: Interval) -> str:
    if found.judge_by == BALANCED_ACCURACY:
        return say("{points} of balanced accuracy", points=points(interval.mean))
    return points(interval.mean)


def covers(found: Verdict) -> str:
    """What the interval of the headline claim covers, in a sentence or two; empty where none is told."""
    claim, name = found.headline_claim, found.headline or found.baseline
    if claim is None or claim.interval is None or claim.interval.low is None:
        return ""
    if both_guess(found.summary, name, found.against(name)):
        return ""
    looks = say("It holds for all looks together.") if claim.look > 1 else ""
    return joined([say(COVERS[claim.interval.basis]), looks])


def span(interval: Interval) -> str:
    """Its two ends in points: "14.9 to 32.5"."""
    return say("{low} to {high}", low=_end(interval.low), high=_end(interval.high))


def wide(fraction: float) -> str:
    """ "1.0 points": how wide something is, without a sign."""
    return say("{number} points", number=_end(fraction))


def _end(fraction: float | None) -> str:
    return not_available() if fraction is None else f"{round(100 * fraction, 1) or 0.0:.1f}".replace("-", "−")


def sets_apart(found: Verdict, name: str, claim: Claim | None) -> bool:
    """Whether it may be said that the arm `name` did best: where its gain is more than chance could explain."""
    entry = found.comparisons[name]
    if claim is None or claim.interval is None or not entry.tested:
        return entry.gain is not None and not entry.tested  # by validation, which says so itself
    if entry.seeds >= MIN_PAIRS and claim.interval.low is not None:
        return claim.outcome != UNDECIDED
    return (
        not _by_chance(claim.interval)
        and abs(claim.interval.mean) >= found.margin
        and not both_guess(found.summary, name, entry.against)
    )


def _by_chance(interval: Interval) -> bool:
    """Whether there is an interval, and it holds a gain of nothing."""
    return interval.low is not None and interval.high is not None and interval.low <= 0 <= interval.high
