"""Forecasts in plain words. What is stored are codes and values; they are worded when they are shown."""

from collections.abc import Sequence

from tl.analysis.forecasts.forecast import FEW_SIZES, LEVELS_OFF, NOT_FALLING, REACHED, SCATTER, Forecast, Reading
from tl.analysis.forecasts.record import Record
from tl.strategies import STRATEGIES, arm_title
from tl.words import about, count, percent

PROBE = "linear_probe"
WIDE = 3.0  # ends of an interval that differ by this factor are better approached in steps


def wording(found: Sequence[Forecast]) -> str:
    """The sentences of several arms, those with a number first, as one clause each."""
    numbers = [one for one in found if one.refused is None and one.more != 0]
    enough = [one for one in found if one.refused is None and one.more == 0]
    clauses = [_clause(one, first=place == 0) for place, one in enumerate(_certain_first(numbers))]
    loose = [one for one in numbers if _boundless(one)]
    if len(clauses) == 1 and loose:
        clauses.append("the curve is too uncertain to bound it")
        loose = []
    sentences = ["; ".join(clauses) + "."] if clauses else []
    sentences += [f"The curve of {_name(one.arm)} is too uncertain to bound its number." for one in loose]
    sentences += [
        f"The {count(one.there)} training pictures you have should be enough to reach {_share(one.target)} "
        f"{_with(one.arm)}."
        for one in enough
    ]
    sentences += [_refusal(one) for one in found if one.refused]
    return " ".join(sentence[:1].upper() + sentence[1:] for sentence in sentences)


def _certain_first(found: list[Forecast]) -> list[Forecast]:
    return sorted(found, key=lambda one: one.bound)  # stable: in the order given otherwise


def _clause(one: Forecast, first: bool) -> str:
    """ "Label about 140 more pictures (90 to 260) to reach 90 % with transfer", or short after another: "from scratch …"."""
    reach = f"to reach {_share(one.target)} {_with(one.arm)}"
    if one.bound and not one.low:
        if first:
            return f"The curve is too uncertain to say how many more pictures it takes {reach}"
        return f"{_with(one.arm)} the curve is too uncertain to say"
    if one.bound:
        least = about(one.low or 0)
        return f"Label at least {least} more pictures {reach}" if first else f"{_with(one.arm)} {least} or more"
    number, between = about(one.more or 0), _between(one)
    if first:
        return f"Label about {number} more {'picture' if number == '1' else 'pictures'}{between} {reach}"
    return f"{_with(one.arm)} about {number}{between}"


def _boundless(one: Forecast) -> bool:
    """Whether nothing but a number is known: it may be none, and there is no upper end."""
    return not one.bound and not one.low and one.high is None


def _between(one: Forecast) -> str:
    """ " (90 to 260)"; "" where neither end says anything."""
    if one.high is None:
        return f" (at least {about(one.low)})" if one.low else ""
    return f" ({about(one.low)} to {about(one.high)})" if one.low else f" (at most {about(one.high)})"


def _refusal(one: Forecast) -> str:
    """Why there is no number."""
    assert one.refused
    values, arm = one.refused.values, _name(one.arm)
    match one.refused.reason:
        case reason if reason == FEW_SIZES:
            sizes = int(values["sizes"])
            return (
                f"{arm} was measured with {count(sizes)} number{'' if sizes == 1 else 's'} of training pictures; a forecast "
                f"needs at least {int(values['needed'])}."
            )
        case reason if reason == NOT_FALLING:
            return (
                f"{arm} did no better with more pictures ({percent(values['first'])} with the fewest, "
                f"{percent(values['last'])} with the most), so nothing can be forecast."
            )
        case reason if reason == SCATTER:
            return (
                f"{arm} gained {_points(values['fall'])} from the fewest pictures to the most, which can be chance (up to "
                f"{_points(values['scatter'])}), so nothing can be forecast: more test pictures or seeds would help."
            )
        case reason if reason == REACHED:
            return (
                f"{arm} already reaches {_share(one.target)}, with {count(int(values['pictures']))} training pictures or "
                f"more; with {count(one.largest)} it has {percent(values['accuracy'])} on the test set."
            )
        case reason if reason == LEVELS_OFF:
            return (
                f"With such pictures {arm} levels off at about {percent(values['level'], 0)}: more of them alone will not "
                f"reach {_share(one.target)}."
            )
    raise AssertionError(one.refused.reason)


def notes(found: Sequence[Forecast]) -> list[str]:
    """What the sentences rest on, and how to go about it."""
    lines = []
    for one in found:
        if one.now is not None:
            lines.append(
                f"{_upper(_name(one.arm))} now: {_reading(one.now)} with {count(one.largest)} training pictures."
            )
    open_ended = [one for one in found if one.refused is None and one.more != 0 and (one.low or one.more)]
    if any(one.high is None or one.high > WIDE * max(1, one.low or 0) for one in open_ended):
        lines.append("The interval is wide: label in rounds, and ask again after each.")
    if open_ended:
        lines.append(
            "All numbers are of training pictures: where TL Lab splits a data set, 3 in 10 pictures go to validation and test, so "
            "label 1.4 times as many. Intervals hold in 8 of 10 cases, for more pictures of the same kind."
        )
    return lines


def record_in_words(found: Record) -> str:
    """How often such forecasts were right."""
    if not found.decided:
        return "No record yet: no forecast has been tested with more pictures here."
    waiting = (
        f" {count(found.waiting)} {'is' if found.waiting == 1 else 'are'} not tested yet." if found.waiting else ""
    )
    plural = "" if found.decided == 1 else "s"
    return f"Such forecasts were right in {found.right} of {found.decided} case{plural} here.{waiting}"


def _reading(now: Reading) -> str:
    return f"{percent(now.mean)} ({100 * now.low:.1f} to {100 * now.high:.1f})"


def _name(arm: str) -> str:
    """The arm inside a sentence."""
    title = arm_title(arm)
    article = "a " if arm == PROBE else ""
    return article + title[0].lower() + title[1:] if arm in STRATEGIES else title


def _with(arm: str) -> str:
    name = _name(arm)
    return name if name.startswith("from ") else f"with {name}"


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _share(accuracy: float) -> str:
    """0.9 -> "90 %", 0.905 -> "90.5 %"."""
    return f"{100 * accuracy:.3g} %"


def _points(difference: float) -> str:
    return f"{100 * difference:.1f} points"
