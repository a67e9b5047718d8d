"""A sweep in plain words: up to how many pictures an arm is worth it, and how much; never more than the numbers say."""

import functools
import math
from collections.abc import Mapping

from tl.analysis import statistics
from tl.analysis.claim_wording import wide
from tl.analysis.curves import MIN_SIZES
from tl.analysis.fairness_wording import unclear
from tl.analysis.names import inside, noun, row, title
from tl.analysis.results import NEW_PICTURES, NEW_TRAINING, THESE_NETWORKS, THESE_PICTURES, Interval, Learning
from tl.analysis.statistics import MIN_PAIRS
from tl.analysis.sweep_results import BreakEven, SweepComparison, SweepFinding
from tl.config import BALANCED_ACCURACY
from tl.effects import never_unfrozen
from tl.languages import joined, later, listed, plural, say
from tl.store.schema import ACTIVE
from tl.words import about, count, not_available, number_of, percent, points

FAILED = ("failed", "interrupted")
COVERS = {  # basis of an interval -> what it is for
    NEW_PICTURES: later("for new pictures"),
    NEW_TRAINING: later("for new pictures and new splits"),
    THESE_NETWORKS: later("for these networks on new pictures"),
    THESE_PICTURES: later("for these test pictures"),
}
NO_PREDICTIONS = later("these runs kept no predictions, so nothing is said about new pictures")
UNFAIR = {  # what the side that lost lacked; what did no better than chance is told
    Learning.STILL_IMPROVING: later("{arm} had not converged with {sizes} pictures: more epochs may narrow the gap."),
    Learning.TOO_FEW_STEPS: later("{arm} took too few steps with {sizes} pictures: more epochs may narrow the gap."),
    Learning.DIVERGED: later("{arm} diverged with {sizes} pictures: a lower learning rate may narrow the gap."),
}


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
        sentences.append(say("All of it is about the test pictures of {dataset}.", dataset=found.works_on))
    if found.judge_by == BALANCED_ACCURACY:
        sentences.append(say("Accuracy here is balanced accuracy: every class counts alike."))
    return joined([*sentences, _losses(found.statuses)])


def _claim(found: SweepFinding) -> str:
    baseline = noun(found.opponent)
    if not found.comparisons:
        return say("Without a second arm there is nothing to compare {base} with.", base=baseline)
    if found.best is None or found.headline is None:
        return say("No size has a finished run of both arms yet, so there is nothing to compare.")
    best, even = found.best, found.best.break_even
    if even is None:
        return _without_fit(found.headline, found.opponent, best)
    if blind := _blind(found, found.headline, best):
        seen = {size: gain for size, gain in best.gain.items() if size not in blind}
        return _without_even(found.headline, found.opponent, seen, list(blind))
    if even.low_at_most and even.high is None:
        return joined([_anywhere(found, best, even), _differences(found.headline, found.opponent, best.gain)])
    if even.n is None:
        return _beyond(found, found.headline, best, even)
    if even.at_most:
        return say(
            "Already with {number} pictures, the fewest that were tried, {arm} is less than {margin} better than {base}.",
            number=count(even.n),
            arm=inside(found.headline),
            margin=_margin(found.margin),
            base=baseline,
        )
    number, exceptions = about(even.n), _exceptions(best, found.margin)
    if even.low is None:
        reach = say("up to about {number} pictures", number=number)
    else:
        interval = _based_on(best, say("95 % interval {span}", span=between(even)))
        reach = say("up to about {number} pictures ({interval})", number=number, interval=interval)
    values = {"arm": title(found.headline), "reach": reach, "base": baseline, "margin": _margin(found.margin)}
    if exceptions:
        return say(
            "{arm} is worth it, though not with {sizes} pictures, {reach}; with more, {base} comes within {margin} of it.",
            sizes=exceptions,
            **values,
        )
    return say("{arm} is worth it {reach}; with more, {base} comes within {margin} of it.", **values)


def _anywhere(found: SweepFinding, best: SweepComparison, even: BreakEven) -> str:
    """Where the interval of a break-even begins at the smallest size and has no end: it says nothing."""
    span = say("{low} to beyond {number}", low=begins(even), number=count(even.high_beyond or even.beyond))
    return say(
        "It is undecided up to how many pictures {arm} is worth it ({interval}).",
        arm=inside(found.headline or ""),
        interval=_based_on(best, say("95 % interval {span}", span=span)),
    )


def _beyond(found: SweepFinding, arm: str, best: SweepComparison, even: BreakEven) -> str:
    """Where an advantage lasts as far as can be seen."""
    values = {"base": noun(found.opponent), "margin": _margin(found.margin), "limit": count(even.beyond)}
    if even.low:
        advantage = say(
            "its advantage over {base} does not fall below {margin} up to {limit} pictures, twice the most that were tried "
            "({interval})",
            **values,
            interval=_based_on(best, say("the 95 % interval begins at {low}", low=begins(even))),
        )
    else:
        advantage = say(
            "its advantage over {base} does not fall below {margin} up to {limit} pictures, twice the most that were tried",
            **values,
        )
    if exceptions := _exceptions(best, found.margin):
        return say(
            "{arm} is worth it, though not with {sizes} pictures: {advantage}.",
            arm=title(arm),
            sizes=exceptions,
            advantage=advantage,
        )
    return say("{arm} stays worth it at every size that was tried: {advantage}.", arm=title(arm), advantage=advantage)


def _based_on(compared: SweepComparison, interval: str) -> str:
    """An interval of a break-even with what it covers, and what it is based on."""
    seeds = max(compared.seeds.values())
    if compared.basis == NEW_PICTURES:
        return say("{interval} for new pictures; {seeds}", interval=interval, seeds=number_of(seeds, "seed"))
    if compared.basis == NEW_TRAINING:
        return say("{interval} for new pictures; {number} splits drawn anew", interval=interval, number=seeds)
    if compared.basis == THESE_NETWORKS:
        return say("{interval} for these networks; another training may differ", interval=interval)
    if compared.basis == THESE_PICTURES:
        return say(
            "{interval} over {seeds}; these runs kept no predictions, so nothing is said about new pictures",
            interval=interval,
            seeds=number_of(seeds, "seed"),
        )
    return interval


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


def though_not(compared: SweepComparison, margin: float) -> str:
    """ ", though not with 100 pictures": the sizes below the break-even at which the arm was not worth it; or ""."""
    sizes = _exceptions(compared, margin)
    return say(", though not with {sizes} pictures", sizes=sizes) if sizes else ""


def _exceptions(compared: SweepComparison, margin: float) -> str:
    """Those sizes."""
    even = compared.break_even
    end = math.inf if even is None or even.n is None else even.n
    below = [count(size) for size, gain in compared.gain.items() if gain and gain.mean < margin and size < end]
    return listed(below) if below else ""


def begins(even: BreakEven) -> str:
    """Where the interval of a break-even begins."""
    if even.low is None:
        return not_available()
    return say("{number} or fewer", number=count(even.low)) if even.low_at_most else about(even.low)


def between(even: BreakEven) -> str:
    """The interval of a break-even."""
    if even.high == even.low:
        return begins(even)
    end = say("beyond {number}", number=count(even.high_beyond)) if even.high is None else about(even.high)
    return say("{low} to {high}", low=begins(even), high=end)


def _margin(margin: float) -> str:
    """ "1 point", "2.5 points"."""
    wanted = f"{100 * margin:.1f}".removesuffix(".0")
    return plural("{points} point", "{points} points", float(wanted), points=wanted)


def _without_fit(arm: str, baseline: str, compared: SweepComparison) -> str:
    """Fewer sizes than a curve needs: the differences as they were measured."""
    needs = say("The break-even point needs at least {number} finished sizes.", number=MIN_SIZES)
    return joined([_differences(arm, baseline, compared.gain), needs])


def _differences(arm: str, baseline: str, gain: Mapping[int, Interval | None]) -> str:
    parts = [
        say("{gain} with {size} pictures", gain=points(own.mean), size=count(size)) for size, own in gain.items() if own
    ]
    return say(
        "{arm} against {base} on the test set: {gains}.", arm=title(arm), base=noun(baseline), gains=listed(parts)
    )


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
        return say(
            "Neither arm was clearly better than chance at any size, so it can't be said whether {arm} is worth it.",
            arm=inside(arm),
        )
    none = say(
        "With {sizes} pictures neither arm was clearly better than chance, so no break-even point can be given.",
        sizes=listed(count(size) for size in blind),
    )
    return joined([_differences(arm, baseline, seen), none])


def _worth(found: SweepFinding, arm: str, compared: SweepComparison) -> str:
    """What the pictures of the smallest size are worth, and of the largest for which more than a bound is known."""
    if not compared.worth_in_pictures:
        return ""
    size, entry = next(iter(compared.worth_in_pictures.items()))
    if found.arms[arm][size].above_guessing is False:
        return ""  # whatever the baseline guesses with
    values = {"size": count(size), "base": noun(found.opponent)}
    if entry.bound == "at_most":
        return say("With {size} pictures it does as well as {base} with no more than that.", **values)
    if entry.bound == "at_least":
        return say(
            "With {size} pictures it does as well as {base} with more than {number}, at least {ratio:.1f} times as many.",
            **values,
            number=count(entry.pictures),
            ratio=entry.ratio,
        )
    return say(
        "With {size} pictures it does as well as {base} with about {number}, {ratio:.1f} times as many.",
        **values,
        number=about(entry.pictures),
        ratio=entry.ratio,
    )


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
    sentences, known = [], _blind(found, arm, compared)  # the claim has told of those
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
            anywhere = (
                later("{arm} was not clearly better than chance ({chance}) at any size.")
                if seen
                else later("{arm} did no better than chance ({chance}) at any size.")
            )
            sentences.append(say(anywhere, arm=title(side), chance=chance))
        else:
            at_some = (
                later("{arm} was not clearly better than chance ({chance}) with {sizes} pictures.")
                if seen
                else later("{arm} did no better than chance ({chance}) with {sizes} pictures.")
            )
            sizes = listed(count(size) for size in guessed)
            sentences.append(say(at_some, arm=title(side), chance=chance, sizes=sizes))
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
    if fewest >= MIN_PAIRS:
        return ""
    return say("One run each is a hint, not a proof.") if fewest == 1 else say("Two runs each are a hint, not a proof.")


def _losses(statuses: dict[str, int]) -> str:
    """Runs that are not in it: still to come, failed, stopped."""
    waiting = sum(statuses.get(status, 0) for status in ACTIVE)
    failed = sum(statuses.get(status, 0) for status in FAILED)
    stopped = statuses.get("stopped", 0)
    others = [
        say("{number} still to come", number=waiting) if waiting else "",
        say("{number} stopped", number=stopped) if stopped else "",
        say("{number} failed", number=failed) if failed else "",
    ]
    if not any(others):
        return ""
    return plural(
        "Of {total} runs {number} is finished, {others}.",
        "Of {total} runs {number} are finished, {others}.",
        statuses.get("finished", 0),
        total=sum(statuses.values()),
        others=row(other for other in others if other),
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
