"""Up to how many pictures an arm of a sweep is worth it, in words: the break-even, what it is based on, or why there is none."""

import math
from collections.abc import Mapping

from tl.analysis.learning_curves import MIN_SIZES
from tl.analysis.names import inside, noun, title
from tl.analysis.results import NEW_PICTURES, NEW_TRAINING, THESE_NETWORKS, THESE_PICTURES, Interval
from tl.analysis.sweep_results import BreakEven, SweepComparison, SweepFinding
from tl.languages import joined, later, listed, plural, say
from tl.words import about, count, not_available, number_of, points

ADVANTAGE = {  # whether it is known where its interval begins -> that an advantage lasts
    False: later(
        "its advantage over {base} does not fall below {margin} up to {limit} pictures, twice the largest number tried"
    ),
    True: later(
        "its advantage over {base} does not fall below {margin} up to {limit} pictures, twice the largest number tried "
        "({interval})"
    ),
}


def claim(found: SweepFinding) -> str:
    """The first of what is said of a sweep."""
    baseline = noun(found.opponent)
    if not found.comparisons:
        return say("Without a second arm there is nothing to compare {base} with.", base=baseline)
    if found.best is None or found.headline is None:
        return say("No size has a finished run of both arms yet, so there is nothing to compare.")
    best, even = found.best, found.best.break_even
    if even is None:
        return _without_fit(found.headline, found.opponent, best)
    if nothing := blind(found, found.headline, best):
        seen = {size: gain for size, gain in best.gain.items() if size not in nothing}
        return _without_even(found.headline, found.opponent, seen, nothing)
    if even.low_at_most and even.high is None:
        return joined([_anywhere(found, best, even), _differences(found.headline, found.opponent, best.gain)])
    if even.n is None:
        return _beyond(found, found.headline, best, even)
    if even.at_most:
        return say(
            "Even with {number} pictures, the fewest tried, {arm} is less than {margin} better than {base}.",
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
        values["interval"] = _based_on(best, say("the 95 % interval begins at {low}", low=begins(even)))
    told = {"arm": title(arm), "advantage": say(ADVANTAGE[bool(even.low)], **values)}
    if exceptions := _exceptions(best, found.margin):
        return say("{arm} is worth it, though not with {sizes} pictures: {advantage}.", **told, sizes=exceptions)
    return say("{arm} stays worth it at every size that was tried: {advantage}.", **told)


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


def though_not(compared: SweepComparison, margin: float) -> str:
    """ ", though not with 100 pictures": the sizes below the break-even at which the arm was not worth it; or ""."""
    sizes = _exceptions(compared, margin)
    return say(", though not with {sizes} pictures", sizes=sizes) if sizes else ""


def _exceptions(compared: SweepComparison, margin: float) -> str:
    """Those sizes."""
    even = compared.break_even
    end = math.inf if even is None or even.n is None else even.n
    below = [count(size) for size, gain in compared.gain.items() if gain and gain.mean < margin and size < end]
    return listed(below)


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


def blind(found: SweepFinding, arm: str, compared: SweepComparison) -> list[int]:
    """The sizes at which neither side is known to have learned anything, where a break-even would rest on them.

    It would not where the arm has no lead there: then that is what is told of them.
    """
    sides = found.arms[arm], found.arms[found.opponent]
    nothing = [size for size in sides[0] if all(side[size].above_guessing is False for side in sides)]
    led = any((gain := compared.gain.get(size)) and gain.mean >= found.margin for size in nothing)
    return nothing if led or len(nothing) == len(sides[0]) else []


def _without_even(arm: str, baseline: str, seen: Mapping[int, Interval | None], nothing: list[int]) -> str:
    """Sizes that show nothing beside some that may: the differences at those, and why there is no break-even."""
    if not any(seen.values()):
        return say(
            "Neither arm was clearly better than chance at any size, so it can't be said whether {arm} is worth it.",
            arm=inside(arm),
        )
    none = say(
        "With {sizes} pictures neither arm was clearly better than chance, so no break-even point can be given.",
        sizes=listed(count(size) for size in nothing),
    )
    return joined([_differences(arm, baseline, seen), none])
