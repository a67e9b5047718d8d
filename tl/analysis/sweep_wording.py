"""A sweep in plain words: up to how many pictures an arm is worth it, and how much; never more than the numbers say."""

import math
from collections.abc import Mapping

from tl.analysis import statistics
from tl.analysis.curves import MIN_SIZES
from tl.analysis.fairness_wording import UNFAIR, over_chance
from tl.analysis.names import inside, noun, title
from tl.analysis.results import NEW_PICTURES, NEW_TRAINING, THESE_NETWORKS, THESE_PICTURES, Interval, Learning
from tl.analysis.statistics import MIN_PAIRS
from tl.analysis.sweep_results import BreakEven, SweepComparison, SweepFinding
from tl.config import BALANCED_ACCURACY
from tl.differences import listed
from tl.effects import never_unfrozen
from tl.store.schema import ACTIVE
from tl.words import NOT_AVAILABLE, about, count, percent, points

FAILED = ("failed", "interrupted")
COVERS = {  # basis of an interval -> what it is for
    NEW_PICTURES: "for new pictures",
    NEW_TRAINING: "for new pictures and new splits",
    THESE_NETWORKS: "for these networks on new pictures",
    THESE_PICTURES: "for these test pictures",
}
NO_PREDICTIONS = "these runs kept no predictions, so nothing is said about new pictures"


def text(found: SweepFinding) -> str:
    """The claim first, then what it rests on."""
    sentences = [_claim(found)]
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
        sentences.append(f"All of it is about the test pictures of {found.works_on}.")
    if found.judge_by == BALANCED_ACCURACY:
        sentences.append("Accuracy here is balanced accuracy: every class counts alike.")
    return " ".join(sentence for sentence in [*sentences, _losses(found.statuses)] if sentence)


def _claim(found: SweepFinding) -> str:
    baseline = noun(found.opponent)
    if not found.comparisons:
        return f"Without a second arm there is nothing to compare {baseline} with."
    if found.best is None or found.headline is None:
        return "No size has a finished run of both arms yet, so there is nothing to compare."
    best, even = found.best, found.best.break_even
    if even is None:
        return _without_fit(found.headline, found.opponent, best)
    if blind := _blind(found, found.headline, best):
        seen = {size: gain for size, gain in best.gain.items() if size not in blind}
        return _without_even(found.headline, found.opponent, seen, list(blind))
    arm, margin, exceptions = found.headline, _margin(found.margin), though_not(best, found.margin)
    if even.n is None:
        surely = f" (the 95 % interval begins at {begins(even)}{_based_on(best)})" if even.low else ""
        where = f"is worth it{exceptions}" if exceptions else "stays worth it at every size that was tried"
        return (
            f"{title(arm)} {where}: its advantage over {baseline} does not fall "
            f"below {margin} up to {count(even.beyond)} pictures, twice the most that were tried{surely}."
        )
    if even.at_most:
        fewest = f"Already with {count(even.n)} pictures, the fewest that were tried,"
        return f"{fewest} {inside(arm)} is less than {margin} better than {baseline}."
    interval = f" (95 % interval {between(even)}{_based_on(best)})" if even.low is not None else ""
    reach = f"{exceptions and f'{exceptions},'} up to about {about(even.n)} pictures{interval}"
    return f"{title(arm)} is worth it{reach}; with more, {baseline} comes within {margin} of it."


def _based_on(compared: SweepComparison) -> str:
    """What the interval of a break-even covers, and what it is based on; goes on after its ends."""
    seeds = max(compared.seeds.values())
    return {
        NEW_PICTURES: f" for new pictures; {seeds} seeds",
        NEW_TRAINING: f" for new pictures; {seeds} splits drawn anew",
        THESE_NETWORKS: " for these networks; another training may differ",
        THESE_PICTURES: f" over {seeds} seeds; {NO_PREDICTIONS}",
    }.get(compared.basis, "")


def covers(found: SweepFinding) -> str:
    """What the intervals of a sweep's accuracies are for: "95 % interval for new pictures"; or that there is none."""
    reached = [entry.accuracy for sizes in found.arms.values() for entry in sizes.values() if entry.accuracy]
    bases = {interval.basis for interval in reached if interval.low is not None}
    words = [words for basis, words in COVERS.items() if basis in bases]
    if not words:
        return "no 95 % interval"
    explained = f" ({NO_PREDICTIONS})" if THESE_PICTURES in bases else ""
    return f"95 % interval {', or '.join(words)}{explained}"


def though_not(compared: SweepComparison, margin: float) -> str:
    """ ", though not with 100 pictures": the sizes below the break-even at which the arm was not worth it; or ""."""
    even = compared.break_even
    end = math.inf if even is None or even.n is None else even.n
    below = [count(size) for size, gain in compared.gain.items() if gain and gain.mean < margin and size < end]
    return f", though not with {listed(below)} pictures" if below else ""


def begins(even: BreakEven) -> str:
    """Where the interval of a break-even begins."""
    if even.low is None:
        return NOT_AVAILABLE
    return f"{count(even.low)} or fewer" if even.low_at_most else about(even.low)


def between(even: BreakEven) -> str:
    """The interval of a break-even."""
    if even.high == even.low:
        return begins(even)
    end = f"beyond {count(even.high_beyond)}" if even.high is None else about(even.high)
    return f"{begins(even)} to {end}"


def _margin(margin: float) -> str:
    return points(margin).lstrip("+").replace(".0 points", " points").replace("1 points", "1 point")


def _without_fit(arm: str, baseline: str, compared: SweepComparison) -> str:
    """Fewer sizes than a curve needs: the differences as they were measured."""
    return (
        f"{_differences(arm, baseline, compared.gain)} The break-even point needs at least {MIN_SIZES} finished sizes."
    )


def _differences(arm: str, baseline: str, gain: Mapping[int, Interval | None]) -> str:
    parts = [f"{points(own.mean)} with {count(size)} pictures" for size, own in gain.items() if own]
    return f"{title(arm)} against {noun(baseline)} on the test set: {listed(parts)}."


def _blind(found: SweepFinding, arm: str, compared: SweepComparison) -> list[int]:
    """The sizes at which neither side is known to have learned anything, where a break-even would rest on them.

    It would not where the arm has no lead there: then that is what is told of them.
    """
    sides = found.arms[arm], found.arms[found.opponent]
    blind = [size for size in sides[0] if all(side[size].above_guessing is False for side in sides)]
    led = any((gain := compared.gain.get(size)) and gain.mean >= found.margin for size in blind)
    return blind if led or len(blind) == len(sides[0]) else []


def _without_even(arm: str, baseline: str, seen: Mapping[int, Interval | None], blind: list[int]) -> str:
    """Sizes that show nothing beside some that may: the differences at those, and why there is no break-even."""
    if not any(seen.values()):
        return f"Neither arm was clearly better than chance at any size, so it can't be said whether {inside(arm)} is worth it."
    where = f"With {listed([count(size) for size in blind])} pictures neither arm was clearly better than chance"
    return f"{_differences(arm, baseline, seen)} {where}, so no break-even point can be given."


def _worth(found: SweepFinding, arm: str, compared: SweepComparison) -> str:
    """What the pictures of the smallest size are worth, and of the largest for which more than a bound is known."""
    if not compared.worth_in_pictures:
        return ""
    size, entry = next(iter(compared.worth_in_pictures.items()))
    if found.arms[arm][size].above_guessing is False:
        return ""  # whatever the baseline guesses with
    many, baseline = f"With {count(size)} pictures it does as well as", noun(found.opponent)
    if entry.bound == "at_most":
        return f"{many} {baseline} with no more than that."
    if entry.bound == "at_least":
        return f"{many} {baseline} with more than {count(entry.pictures)}, at least {entry.ratio:.1f} times as many."
    return f"{many} {baseline} with about {about(entry.pictures)}, {entry.ratio:.1f} times as many."


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
    worst = points(max(missed)).lstrip("+")
    return f"The fitted curves miss what was measured by up to {worst}, more than the seeds explain: see the residuals."


def _guessed(found: SweepFinding, arm: str, compared: SweepComparison) -> str:
    """Where an arm had learned nothing: what is said of the other is then no more than that it learned something."""
    sentences, known = [], _blind(found, arm, compared)  # the claim has told of those
    for side in (found.opponent, arm):
        reached = found.arms[side]
        guessed = {
            size: entry for size, entry in reached.items() if entry.above_guessing is False and size not in known
        }
        sizes = [count(size) for size in guessed]
        if sizes:
            where = "at any size" if len(sizes) == len(reached) > 1 else f"with {listed(sizes)} pictures"
            chance = percent(found.chance, 0)
            best = max((entry.accuracy.mean for entry in guessed.values() if entry.accuracy), default=None)
            sentences.append(f"{title(side)} {over_chance(best, found.chance)} ({chance}) {where}.")
    return " ".join(sentences)


def _unfair(found: SweepFinding, arm: str, compared: SweepComparison) -> str:
    """Where the side that lost by more than the margin had no fair chance; what did no better than chance is told."""
    lost: dict[tuple[str, Learning], list[str]] = {}
    for size, gain in compared.gain.items():
        if gain and abs(gain.mean) > found.margin:
            loser = found.opponent if gain.mean > 0 else arm
            learning = found.arms[loser][size].learning
            if learning in UNFAIR and learning != Learning.LEARNED_NOTHING:
                lost.setdefault((loser, learning), []).append(count(size))
    return " ".join(
        f"{title(loser)} {UNFAIR[learning][0]} with {listed(sizes)} pictures: {UNFAIR[learning][1]} may narrow the gap."
        for (loser, learning), sizes in lost.items()
    )


def _unfrozen(found: SweepFinding) -> list[str]:
    """A sentence on each arm that has finished runs whose epochs were over before all that should train did."""
    frozen = {
        arm: entry
        for arm, sizes in found.arms.items()
        for entry in sizes.values()
        if entry.seeds and entry.reached is not None
    }
    return [f"{title(arm)} was {never_unfrozen(own.reached or '', own.budget)}." for arm, own in frozen.items()]


def _caution(compared: SweepComparison) -> str:
    fewest = min(number for number in compared.seeds.values() if number)
    if fewest >= MIN_PAIRS:
        return ""
    return "One run each is a hint, not a proof." if fewest == 1 else "Two runs each are a hint, not a proof."


def _losses(statuses: dict[str, int]) -> str:
    """Runs that are not in it: still to come, failed, stopped."""
    total = sum(statuses.values())
    waiting = sum(statuses.get(status, 0) for status in ACTIVE)
    failed = sum(statuses.get(status, 0) for status in FAILED)
    stopped = statuses.get("stopped", 0)
    clauses = [
        f"{waiting} still to come" if waiting else "",
        f"{stopped} stopped" if stopped else "",
        f"{failed} failed" if failed else "",
    ]
    listed = ", ".join(filter(None, clauses))
    finished = statuses.get("finished", 0)
    verb = "is" if finished == 1 else "are"
    return f"Of {total} runs {finished} {verb} finished, {listed}." if listed else ""


def accuracy_with_interval(accuracy: Interval, seeds: int) -> str:
    """ "71.9 % (70.1 to 73.7, n = 3)"; without an interval only n."""
    if accuracy.low is None or accuracy.high is None:
        return f"{percent(accuracy.mean)} (n = {seeds})"
    return f"{percent(accuracy.mean)} ({100 * accuracy.low:.1f} to {100 * accuracy.high:.1f}, n = {seeds})"
