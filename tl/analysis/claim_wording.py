"""What may be said of a gain, in words: the interval shown is the one that decides, and what would settle it."""

from tl.analysis import time_wording
from tl.analysis.names import adapts, instead, side, subject
from tl.analysis.results import (
    NEW_PICTURES,
    NEW_TRAINING,
    THESE_NETWORKS,
    THESE_PICTURES,
    Claim,
    Interval,
    Verdict,
    both_guess,
)
from tl.analysis.statistics import HELPS, HURTS, MAX_PAIRS, MIN_PAIRS, NO_DIFFERENCE, UNDECIDED
from tl.config import BALANCED_ACCURACY, PLANNED_LOOKS
from tl.words import about, count, percent, points

COVERS = {  # basis of an interval -> what it covers, a sentence
    NEW_PICTURES: "The interval allows for other test pictures of the same kind and for other seeds; the training "
    "pictures stay the same.",
    NEW_TRAINING: "The interval allows for other test pictures, other training pictures and other seeds.",
    THESE_NETWORKS: "The interval allows for other test pictures, but not for another training.",
    THESE_PICTURES: "The interval allows for other seeds, but holds for these very test pictures only.",
}
NUMBERS = {1: "one", 2: "two"}
MOST = 10  # times as many test pictures as there are: beyond that they are no advice beside more seeds


def told(found: Verdict, name: str, claim: Claim) -> str:
    """What was found of the arm `name`, tested, and the interval that says how sure it is: one sentence."""
    interval, seeds = claim.interval, found.comparisons[name].seeds
    if interval is None:
        return ""
    decides = seeds >= MIN_PAIRS and interval.low is not None
    words = _outcome(found, name, claim, interval) if decides else _hint(found, name, interval)
    # Times are to an accuracy on validation pictures: those of the source say nothing of the target.
    sooner = "" if found.works_on else time_wording.clause(found, name)
    return words[0].upper() + words[1:] + sooner + "."


def _outcome(found: Verdict, name: str, claim: Claim, interval: Interval) -> str:
    words = _of_two(found, name, claim.outcome) if instead(found, name) else _helps(found, name, claim.outcome)
    where = "on these test pictures" if interval.basis == THESE_PICTURES else "on new pictures"
    if found.works_on and interval.basis != THESE_PICTURES:
        where += f" like those of {found.works_on}"
    certainty = f"95 % interval {span(interval)}{_based_on(claim, interval, found.comparisons[name].seeds)}"
    return f"{words}: {_gain(found, interval)} {where} ({certainty})"


def _helps(found: Verdict, name: str, outcome: str) -> str:
    transfer = subject(found, name)
    return {
        HELPS: f"{transfer} helps",
        HURTS: f"negative transfer: {transfer} hurts" if adapts(found, name) else f"{transfer} hurts",
        NO_DIFFERENCE: f"{transfer} makes no difference that matters",
        UNDECIDED: f"it is undecided whether {transfer} helps",
    }[outcome]


def _of_two(found: Verdict, name: str, outcome: str) -> str:
    """Of two networks: which does better."""
    base = found.against(name)
    one, other = side(found, name, base), side(found, base, name)
    return {
        HELPS: f"{one} does better than {other}",
        HURTS: f"{one} does worse than {other}",
        NO_DIFFERENCE: f"{one} does as well as {other}",
        UNDECIDED: f"it is undecided whether {one} does better than {other}",
    }[outcome]


def _based_on(claim: Claim, interval: Interval, seeds: int) -> str:
    """What the interval allows for, and what it is based on."""
    allows = [f"the choice among {claim.of}"] if claim.of > 1 else []
    allows += [f"{claim.look} looks"] if claim.look > 1 else []
    allowing = f", allowing for {' and '.join(allows)}" if allows else ""
    if interval.basis == THESE_PICTURES:
        return f" over {seeds} seeds{allowing}; these runs kept no predictions, so nothing is said about new pictures"
    if interval.basis == NEW_TRAINING:
        return f"{allowing}; {seeds} splits drawn anew"
    pictures = "" if claim.test_pictures is None else f", {count(claim.test_pictures)} test pictures"
    return f"{allowing}; {seeds} seeds{pictures}"


def _hint(found: Verdict, name: str, interval: Interval) -> str:
    """Too few runs for an outcome, or no interval."""
    entry, gain = found.comparisons[name], interval.mean
    runs = "in this one run" if entry.seeds == 1 else f"in these {NUMBERS.get(entry.seeds, entry.seeds)} runs"
    better, of_two = "better" if gain > 0 else "worse", instead(found, name)
    than = f" than {side(found, entry.against, name)}" if of_two else ""
    if abs(gain) < found.margin:
        claim = f"was hardly {better}{than}" if of_two else "made hardly a difference"
    elif _by_chance(interval):
        claim = f"was {better}{than}, but not by more than chance could explain"
    else:
        claim = f"was {better}{than}"
    who = side(found, name, entry.against) if of_two else subject(found, name)
    sides = entry.test_accuracy
    certainty = f"{percent(sides.arm)} against {percent(sides.baseline)}"
    if interval.basis == THESE_NETWORKS:
        certainty += f"; 95 % interval {span(interval)} for these networks; another training may differ"
    elif entry.seeds >= MIN_PAIRS:
        certainty += "; no interval, as too little is known of the pictures"
    where = f" of {found.works_on}" if found.works_on else ""
    return f"{runs} {who} {claim}: {_gain(found, interval)} on the test set{where} ({certainty})"


def _gain(found: Verdict, interval: Interval) -> str:
    return points(interval.mean) + (" of balanced accuracy" if found.judge_by == BALANCED_ACCURACY else "")


def covers(found: Verdict) -> str:
    """What the interval of the headline claim covers, in a sentence or two; empty where none is told."""
    claim = found.headline_claim
    interval = claim.interval if claim else None
    if (
        claim is None
        or interval is None
        or interval.low is None
        or both_guess(found.summary, found.headline or found.baseline, found.against(found.headline or found.baseline))
    ):
        return ""
    looks = " It holds for all looks together." if claim.look > 1 else ""
    return COVERS[interval.basis] + looks


def span(interval: Interval) -> str:
    """Its two ends in points: "14.9 to 32.5"."""
    return " to ".join(
        points(end).removesuffix(" points").removeprefix("+").removeprefix("±") for end in (interval.low, interval.high)
    )


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


def what_next(found: Verdict, name: str, claim: Claim) -> str:
    """What would help most where the outcome is open: more seeds, more test pictures, with numbers; else empty.

    Empty as well where both sides guessed: then neither would.
    """
    margin, seeds = found.margin, found.comparisons[name].seeds
    if claim.outcome != UNDECIDED or claim.interval is None or both_guess(found.summary, name, found.against(name)):
        return ""
    if seeds < MIN_PAIRS:
        runs = "One run each is" if seeds == 1 else "Two runs each are"
        more = "Two more seeds allow" if MIN_PAIRS - seeds == 2 else "One more seed allows"
        return f"{runs} a hint, not a proof. {more} a verdict."
    if claim.interval.low is None:
        return ""
    if claim.more_seeds is None:
        return _not_by_seeds(margin, claim, claim.interval)
    if seeds + claim.more_seeds > PLANNED_LOOKS[-1]:
        return _beyond_planned(seeds + claim.more_seeds, claim)
    more = f"About {claim.more_seeds} more {'seeds' if claim.more_seeds > 1 else 'seed'} would probably settle it"
    if claim.more_pictures and claim.more_pictures <= MOST * (claim.test_pictures or 0):
        return f"{more}; so would about {about(claim.more_pictures)} more test pictures."
    return f"{more}."


def _beyond_planned(needed: int, claim: Claim) -> str:
    """Where the seeds that it would take are more than are planned: what would help instead."""
    text = (
        f"Seeds alone won't settle it within {PLANNED_LOOKS[-1]}, the last planned look: about {needed} would be needed"
    )
    if claim.more_pictures:
        return f"{text}. About {about(claim.more_pictures)} more test pictures would probably settle it."
    return f"{text}. More pictures would help more."


def _not_by_seeds(margin: float, claim: Claim, interval: Interval) -> str:
    """Why more seeds alone don't settle it, and how many test pictures would."""
    never = claim.seeds_can_settle is False
    if never and interval.basis == NEW_TRAINING:
        return "More splits can't settle it: the data set has too few pictures."
    have = count(claim.test_pictures)
    needed = f"at least about {about((claim.more_pictures or 0) + (claim.test_pictures or 0))} would be needed."
    if never:
        text = f"More seeds can't settle it: {have} test pictures are too few"
        return f"{text}; {needed}" if claim.more_pictures else f"{text}."
    if claim.more_pictures:
        return f"Even {MAX_PAIRS} seeds would hardly settle it with {have} test pictures; {needed}"
    width = points(margin).lstrip("+")
    return (
        f"Even {MAX_PAIRS} seeds would hardly settle it: the gain is too close to the margin of {width}, or differs too "
        f"much from seed to seed."
    )
