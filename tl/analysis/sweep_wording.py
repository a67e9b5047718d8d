"""A sweep in plain words: up to how many pictures an arm is worth it, and how much; never more than the numbers say."""

import functools

from tl.analysis import statistics
from tl.analysis.break_even_wording import blind, claim
from tl.analysis.claim_wording import wide
from tl.analysis.fairness_wording import unclear
from tl.analysis.names import noun, title
from tl.analysis.open_outcome import only_a_hint
from tl.analysis.results import NEW_PICTURES, NEW_TRAINING, THESE_NETWORKS, THESE_PICTURES, Interval, Learning
from tl.analysis.statistics import MIN_PAIRS
from tl.analysis.sweep_results import SweepComparison, SweepFinding
from tl.config import BALANCED_ACCURACY
from tl.effects import never_unfrozen
from tl.languages import commas, joined, later, listed, plural, say
from tl.store.queue.schema import ACTIVE
from tl.words import about, count, percent

LOST = {  # statuses of runs that are not in it -> how many there are
    ACTIVE: later("{number} still to come"),
    ("stopped",): later("{number} stopped"),
    ("failed", "interrupted"): later("{number} failed"),
}
COVERS = {  # basis of an interval -> what it is for
    NEW_PICTURES: later("for new pictures"),
    NEW_TRAINING: later("for new pictures and new splits"),
    THESE_NETWORKS: later("for these networks on new pictures"),
    THESE_PICTURES: later("for these test pictures"),
}
WORTH = {  # in which direction the number is only a bound -> what the pictures of a size are worth
    "at_most": later("With {size} pictures it does as well as {base} with no more than that."),
    "at_least": later(
        "With {size} pictures it does as well as {base} with more than {number}, at least {ratio:.1f} times as many."
    ),
    None: later("With {size} pictures it does as well as {base} with about {number}, {ratio:.1f} times as many."),
}
NO_PREDICTIONS = later("these runs kept no predictions, so nothing is said about new pictures")
UNFAIR = {  # what the side that lost lacked; what did no better than chance is told
    Learning.STILL_IMPROVING: later("{arm} had not converged with {sizes} pictures: more epochs may narrow the gap."),
    Learning.TOO_FEW_STEPS: later("{arm} took too few steps with {sizes} pictures: more epochs may narrow the gap."),
    Learning.DIVERGED: later("{arm} diverged with {sizes} pictures: a lower learning rate may narrow the gap."),
}
GUESSED = {  # whether a lead over chance is seen -> what an arm did
    False: later("{arm} did no better than chance ({chance}) with {sizes} pictures."),
    True: later("{arm} was not clearly better than chance ({chance}) with {sizes} pictures."),
}
GUESSED_ALWAYS = {
    False: later("{arm} did no better than chance ({chance}) at any size."),
    True: later("{arm} was not clearly better than chance ({chance}) at any size."),
}


def text(found: SweepFinding) -> str:
    """The claim first, then what it rests on."""
    sentences = [claim(found)]
    if found.best and found.headline is not None:
        arm = found.headline
        sentences += [
            found.best.caveat,
            _worth(found, arm, found.best),
            _misfit(found, arm),
            _guessed(found, arm, found.best),
            _unfair(found, arm, found.best),
            *_unfrozen(found),
            _caution(found.best),
        ]
    if found.works_on:
        sentences.append(say("All of this is about the test pictures of {dataset}.", dataset=found.works_on))
    if found.judge_by == BALANCED_ACCURACY:
        sentences.append(say("Accuracy here is balanced accuracy: every class counts alike."))
    return joined([*sentences, _losses(found.statuses)])


def covers(found: SweepFinding) -> str:
    """What the intervals of a sweep's accuracies are for: "95 % interval for new pictures"; or that there is none."""
    reached = [entry.accuracy for sizes in found.arms.values() for entry in sizes.values() if entry.accuracy]
    bases = {interval.basis for interval in reached if interval.low is not None}
    words = [say(words) for basis, words in COVERS.items() if basis in bases]
    if not words:
        return say("no 95 % interval")
    what = functools.reduce(lambda one, other: say("{one}, or {other}", one=one, other=other), words)
    if THESE_PICTURES in bases:
        return say("95 % interval {what} ({reason})", what=what, reason=say(NO_PREDICTIONS))
    return say("95 % interval {what}", what=what)


def _worth(found: SweepFinding, arm: str, compared: SweepComparison) -> str:
    """What the pictures of the smallest size are worth, and of the largest for which more than a bound is known."""
    if not compared.worth_in_pictures:
        return ""
    size, entry = next(iter(compared.worth_in_pictures.items()))
    if found.arms[arm][size].above_guessing is False:
        return ""  # whatever the baseline guesses with
    number = count(entry.pictures) if entry.bound else about(entry.pictures)
    return say(WORTH[entry.bound], size=count(size), base=noun(found.opponent), number=number, ratio=entry.ratio)


def _misfit(found: SweepFinding, arm: str) -> str:
    """A warning where a curve misses a mean by more than the margin and by more than the seeds' 95 % interval allows.

    Other test pictures would move all sizes alike: they don't explain why one is off.
    """
    missed = [
        abs(value)
        for side in (arm, found.opponent)
        if (curve := found.curves[side])
        for size, value in curve.residuals.items()
        if (reached := statistics.interval(list(found.arms[side][size].test_accuracies.values())))
        and reached.high is not None
        and abs(value) > max(found.margin, reached.high - reached.mean)
    ]
    if not missed:
        return ""
    return say(
        "The fitted curves miss what was measured by up to {points}, more than the seeds explain: see the residuals.",
        points=wide(max(missed)),
    )


def _guessed(found: SweepFinding, arm: str, compared: SweepComparison) -> str:
    """Where an arm had learned nothing: what is said of the other is then no more than that it learned something."""
    sentences, known = [], blind(found, arm, compared)  # the claim has told of those
    for side in (found.opponent, arm):
        reached = found.arms[side]
        guessed = {
            size: entry for size, entry in reached.items() if entry.above_guessing is False and size not in known
        }
        if not guessed:
            continue
        best = max((entry.accuracy.mean for entry in guessed.values() if entry.accuracy), default=None)
        seen, chance = unclear(best, found.chance), percent(found.chance, 0)
        if len(guessed) == len(reached) > 1:
            sentences.append(say(GUESSED_ALWAYS[seen], arm=title(side), chance=chance))
        else:
            sizes = listed(count(size) for size in guessed)
            sentences.append(say(GUESSED[seen], arm=title(side), chance=chance, sizes=sizes))
    return joined(sentences)


def _unfair(found: SweepFinding, arm: str, compared: SweepComparison) -> str:
    """Where the side that lost by more than the margin had no fair chance."""
    lost: dict[tuple[str, Learning], list[str]] = {}
    for size, gain in compared.gain.items():
        if gain and abs(gain.mean) > found.margin:
            loser = found.opponent if gain.mean > 0 else arm
            learning = found.arms[loser][size].learning
            if learning in UNFAIR:
                lost.setdefault((loser, learning), []).append(count(size))
    return joined(
        say(UNFAIR[learning], arm=title(loser), sizes=listed(sizes)) for (loser, learning), sizes in lost.items()
    )


def _unfrozen(found: SweepFinding) -> list[str]:
    """A sentence on each arm that has finished runs whose epochs were over before all that should train did."""
    frozen = {
        arm: entry
        for arm, sizes in found.arms.items()
        for entry in sizes.values()
        if entry.seeds and entry.reached is not None
    }
    return [
        say("{arm} was {what}.", arm=title(arm), what=never_unfrozen(own.reached or "", own.budget))
        for arm, own in frozen.items()
    ]


def _caution(compared: SweepComparison) -> str:
    fewest = min(number for number in compared.seeds.values() if number)
    return only_a_hint(fewest) if fewest < MIN_PAIRS else ""


def _losses(statuses: dict[str, int]) -> str:
    """Runs that are not in it: still to come, failed, stopped."""
    numbers = {words: sum(statuses.get(status, 0) for status in kinds) for kinds, words in LOST.items()}
    others = [say(words, number=number) for words, number in numbers.items() if number]
    if not others:
        return ""
    return plural(
        "Of {total} runs {number} is finished, {others}.",
        "Of {total} runs {number} are finished, {others}.",
        statuses.get("finished", 0),
        total=sum(statuses.values()),
        others=commas(others),
    )


def accuracy_with_interval(accuracy: Interval, seeds: int) -> str:
    """ "71.9 % (70.1 to 73.7, n = 3)"; without an interval only n."""
    if accuracy.low is None or accuracy.high is None:
        return say("{mean} (n = {number})", mean=percent(accuracy.mean), number=seeds)
    return say(
        "{accuracy} ({low} to {high}, n = {seeds})",
        accuracy=percent(accuracy.mean),
        low=f"{100 * accuracy.low:.1f}",
        high=f"{100 * accuracy.high:.1f}",
        seeds=seeds,
    )
