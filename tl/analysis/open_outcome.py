"""What would settle an outcome that is open, in words: more seeds, or more test pictures."""

from tl.analysis.claim_wording import wide
from tl.analysis.results import NEW_TRAINING, Claim, Interval, Verdict, both_guess
from tl.analysis.statistics import MAX_PAIRS, MIN_PAIRS, UNDECIDED
from tl.config import PLANNED_LOOKS
from tl.languages import joined, plural, say
from tl.words import about, count

MOST = 10  # times as many test pictures as there are: beyond that they are no advice beside more seeds


def only_a_hint(runs: int) -> str:
    """What one or two runs of each arm are."""
    return say("One run each is a hint, not a proof.") if runs == 1 else say("Two runs each are a hint, not a proof.")


def what_next(found: Verdict, name: str, claim: Claim) -> str:
    """What would help most where the outcome is open: more seeds, more test pictures, with numbers; else empty.

    Empty as well where both sides guessed: then neither would.
    """
    margin, seeds = found.margin, found.comparisons[name].seeds
    if claim.outcome != UNDECIDED or claim.interval is None or both_guess(found.summary, name, found.against(name)):
        return ""
    if seeds < MIN_PAIRS:
        one = MIN_PAIRS - seeds == 1
        more = say("One more seed allows a verdict.") if one else say("Two more seeds allow a verdict.")
        return joined([only_a_hint(seeds), more])
    if claim.interval.low is None:
        return ""
    if claim.more_seeds is None:
        return _not_by_seeds(margin, claim, claim.interval)
    if seeds + claim.more_seeds > PLANNED_LOOKS[-1]:
        return _beyond_planned(seeds + claim.more_seeds, claim)
    if claim.more_pictures and claim.more_pictures <= MOST * (claim.test_pictures or 0):
        return plural(
            "About {number} more seed would probably settle it; so would about {pictures} more test pictures.",
            "About {number} more seeds would probably settle it; so would about {pictures} more test pictures.",
            claim.more_seeds,
            pictures=about(claim.more_pictures),
        )
    return plural(
        "About {number} more seed would probably settle it.",
        "About {number} more seeds would probably settle it.",
        claim.more_seeds,
    )


def _beyond_planned(needed: int, claim: Claim) -> str:
    """Where the seeds that it would take are more than are planned: what would help instead."""
    beyond = say(
        "Seeds alone won't settle it within {planned}, the last planned look: about {needed} would be needed.",
        planned=PLANNED_LOOKS[-1],
        needed=needed,
    )
    if not claim.more_pictures:
        return joined([beyond, say("More pictures would help more.")])
    pictures = about(claim.more_pictures)
    return joined([beyond, say("About {pictures} more test pictures would probably settle it.", pictures=pictures)])


def _not_by_seeds(margin: float, claim: Claim, interval: Interval) -> str:
    """Why more seeds alone don't settle it, and how many test pictures would."""
    never = claim.seeds_can_settle is False
    if never and interval.basis == NEW_TRAINING:
        return say("More splits can't settle it: the data set has too few pictures.")
    have = count(claim.test_pictures)
    needed = about((claim.more_pictures or 0) + (claim.test_pictures or 0))
    if never and claim.more_pictures:
        return say(
            "More seeds can't settle it: {pictures} test pictures are too few; at least about {needed} would be needed.",
            pictures=have,
            needed=needed,
        )
    if never:
        return say("More seeds can't settle it: {pictures} test pictures are too few.", pictures=have)
    if claim.more_pictures:
        return say(
            "Even {seeds} seeds would hardly settle it with {pictures} test pictures; at least about {needed} would be needed.",
            seeds=MAX_PAIRS,
            pictures=have,
            needed=needed,
        )
    return say(
        "Even {seeds} seeds would hardly settle it: the gain is too close to the margin of {margin}, or differs too much from "
        "seed to seed.",
        seeds=MAX_PAIRS,
        margin=wide(margin),
    )
