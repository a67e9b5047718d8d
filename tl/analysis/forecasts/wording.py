"""Forecasts in plain words. What is stored are codes and values; they are worded when they are shown."""

from collections.abc import Sequence

from tl.analysis.forecasts.forecast import (
    FEW_SIZES,
    LEVELS_OFF,
    NOT_FALLING,
    REACHED,
    SCATTER,
    AccuracyInterval,
    Forecast,
)
from tl.analysis.forecasts.record import Record
from tl.arm_names import FROM_SCRATCH, arm_title
from tl.languages import joined, later, later_plural, plural, say, semicolons
from tl.strategies import STRATEGIES
from tl.words import about, count, percent

PROBE, SCRATCH = "linear_probe", "scratch"
WIDE = 3.0  # ends of an interval that differ by this factor are better approached in steps

MORE: dict[tuple[str, ...], tuple[str, str]] = {  # which ends of an interval say something -> how many more pictures
    ("low", "high"): later_plural("{more} more picture ({low} to {high})", "{more} more pictures ({low} to {high})"),
    ("low",): later_plural("{more} more picture (at least {low})", "{more} more pictures (at least {low})"),
    ("high",): later_plural("{more} more picture (at most {high})", "{more} more pictures (at most {high})"),
    (): later_plural("{more} more picture", "{more} more pictures"),
}
NUMBERS: dict[tuple[str, ...], str] = {  # the same without what is counted
    ("low", "high"): later("{number} ({low} to {high})"),
    ("low",): later("{number} (at least {low})"),
    ("high",): later("{number} (at most {high})"),
}


def wording(found: Sequence[Forecast]) -> str:
    """The sentences of several arms, those with a number first, as one clause each."""
    numbers = [one for one in found if one.refused is None and one.more != 0]
    enough = [one for one in found if one.refused is None and one.more == 0]
    certain_first = sorted(numbers, key=lambda one: one.bound)  # else in the order given
    clauses = [_clause(one, first=place == 0) for place, one in enumerate(certain_first)]
    loose = [one for one in numbers if _boundless(one)]
    if len(clauses) == 1 and loose:
        clauses.append(say("the curve is too uncertain to give limits"))
        loose = []
    sentences: list[str] = []
    if clauses:
        sentences.append(say("{clauses}.", clauses=semicolons(clauses)))
    uncertain = later("The curve of {arm} is too uncertain to give limits for its number.")
    sentences += [say(uncertain, arm=_name(one.arm)) for one in loose]
    there = later("The {number} training pictures you have should be enough to reach {target} {way}.")
    sentences += [say(there, number=count(one.there), target=_share(one.target), way=_with(one.arm)) for one in enough]
    sentences += [_refusal(one) for one in found if one.refused]
    return joined(map(_upper, sentences))


def _clause(one: Forecast, first: bool) -> str:
    """ "Label about 140 more pictures (90 to 260) to reach 90 % with transfer", or short after another: "from scratch …"."""
    said = {"target": _share(one.target), "way": _with(one.arm)}
    if one.bound and not one.low:
        if first:
            return say(
                "The curve is too uncertain to say how many more pictures it takes to reach {target} {way}", **said
            )
        return say("{way} the curve is too uncertain to say", **said)
    if one.bound:
        least = about(one.low or 0)
        if first:
            return say("Label at least {least} more pictures to reach {target} {way}", least=least, **said)
        return say("{way} {least} or more", least=least, **said)
    if first:
        return say("Label about {pictures} to reach {target} {way}", pictures=_more_pictures(one), **said)
    return say("{way} about {number}", number=_number(one), **said)


def _boundless(one: Forecast) -> bool:
    """Whether nothing but a number is known: it may be none, and there is no upper end."""
    return not one.bound and not one.low and one.high is None


def _ends(one: Forecast) -> dict[str, str]:
    """The ends of its interval that say something: "low", "high"."""
    found = {"low": about(one.low) if one.low else None, "high": None if one.high is None else about(one.high)}
    return {name: end for name, end in found.items() if end is not None}


def _more_pictures(one: Forecast) -> str:
    """ "140 more pictures (90 to 260)"."""
    number, ends = about(one.more or 0), _ends(one)
    return plural(*MORE[tuple(ends)], 1 if number == "1" else 2, more=number, **ends)


def _number(one: Forecast) -> str:
    """ "140 (90 to 260)"."""
    number, ends = about(one.more or 0), _ends(one)
    return say(NUMBERS[tuple(ends)], number=number, **ends) if ends else number


def _refusal(one: Forecast) -> str:
    """Why there is no number."""
    assert one.refused
    values, arm, target = one.refused.values, _name(one.arm), _share(one.target)
    match one.refused.reason:
        case reason if reason == FEW_SIZES:
            return plural(
                "{arm} was measured at {number:,} size only; a forecast needs at least {needed}.",
                "{arm} was measured at {number:,} sizes only; a forecast needs at least {needed}.",
                int(values["sizes"]),
                arm=arm,
                needed=int(values["needed"]),
            )
        case reason if reason == NOT_FALLING:
            return say(
                "{arm} did no better with more pictures ({first} with the fewest, {last} with the most), so nothing can be "
                "forecast.",
                arm=arm,
                first=percent(values["first"]),
                last=percent(values["last"]),
            )
        case reason if reason == SCATTER:
            return say(
                "{arm} gained {gain} from the fewest pictures to the most, which can be chance (up to {chance}), so nothing can "
                "be forecast: more test pictures or seeds would help.",
                arm=arm,
                gain=_points(values["fall"]),
                chance=_points(values["scatter"]),
            )
        case reason if reason == REACHED:
            return say(
                "{arm} already reaches {target}, with {pictures} training pictures or more; with {largest} it has {accuracy} on "
                "the test set.",
                arm=arm,
                target=target,
                pictures=count(int(values["pictures"])),
                largest=count(one.largest),
                accuracy=percent(values["accuracy"]),
            )
        case reason if reason == LEVELS_OFF:
            return say(
                "With such pictures {arm} levels off at about {level}: more of them alone will not reach {target}.",
                arm=arm,
                level=percent(values["level"], 0),
                target=target,
            )
    raise AssertionError(one.refused.reason)


def notes(found: Sequence[Forecast]) -> list[str]:
    """What the sentences rest on, and how to go about it."""
    now = later("{arm} now: {reading} with {number} training pictures.")
    lines: list[str] = [
        say(now, arm=_upper(_name(one.arm)), reading=_reading(one.now), number=count(one.largest))
        for one in found
        if one.now is not None
    ]
    open_ended = [one for one in found if one.refused is None and one.more != 0 and (one.low or one.more)]
    if any(one.high is None or one.high > WIDE * max(1, one.low or 0) for one in open_ended):
        lines.append(say("The interval is wide: label in rounds, and ask again after each."))
    if open_ended:
        lines.append(
            say(
                "All numbers count training pictures: where TL Lab splits a data set, 3 in 10 pictures go to "
                "validation and test, so label 1.4 times as many. Intervals hold in 8 of 10 cases, for more pictures "
                "of the same kind."
            )
        )
    return lines


def record_in_words(found: Record) -> str:
    """How often such forecasts were right."""
    if not found.decided:
        return say("No record yet: no forecast has been tested with more pictures here.")
    told = plural(
        "Such forecasts were right in {right} of {number} case here.",
        "Such forecasts were right in {right} of {number} cases here.",
        found.decided,
        right=found.right,
    )
    if not found.waiting:
        return told
    waiting = plural("{number:,} is not tested yet.", "{number:,} are not tested yet.", found.waiting)
    return joined([told, waiting])


def _reading(now: AccuracyInterval) -> str:
    return say("{mean} ({low:.1f} to {high:.1f})", mean=percent(now.mean), low=100 * now.low, high=100 * now.high)


def _name(arm: str) -> str:
    """The arm inside a sentence."""
    title = arm_title(arm)
    if arm == PROBE:
        return say("a linear probe")
    return title[0].lower() + title[1:] if arm in STRATEGIES else title


def _with(arm: str) -> str:
    """How an accuracy is reached, inside a sentence."""
    if arm == SCRATCH:
        return say(FROM_SCRATCH)
    name = _name(arm)
    return name if name.startswith("from ") else say("with {arm}", arm=name)


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _share(accuracy: float) -> str:
    """0.9 -> "90 %", 0.905 -> "90.5 %"."""
    return f"{100 * accuracy:.3g} %"


def _points(difference: float) -> str:
    return say("{number} points", number=f"{100 * difference:.1f}")
