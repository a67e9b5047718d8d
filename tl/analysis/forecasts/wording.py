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
    sentences = ["; ".join(clauses) + "."] if clauses else []
    sentences += [
        f"The {count(one.there)} training pictures that are there should be enough to reach {_share(one.target)} with "
        f"{_name(one.arm)}."
        for one in enough
    ]
    sentences += [_refusal(one) for one in found if one.refused]
    return " ".join(sentence[:1].upper() + sentence[1:] for sentence in sentences)


def _certain_first(found: list[Forecast]) -> list[Forecast]:
    return sorted(found, key=lambda one: one.bound)  # stable: in the order given otherwise


def _clause(one: Forecast, first: bool) -> str:
    """ "Label about 140 more pictures (90 to 260) to reach 90 % with transfer", or short after another: "from scratch …"."""
    if one.bound:
        least = f"{about(one.low or 0)} or more"
        if not one.low:
            least = "it can't be told how many, perhaps more than 10 times as many"
            return least if not first else f"To reach {_share(one.target)} {_with(one.arm)} {least}"
        return (
            f"Label {least} besides those that are there to reach {_share(one.target)} {_with(one.arm)}"
            if first
            else f"{_with(one.arm)} {least}"
        )
    number, between = about(one.more or 0), _between(one)
    if first:
        plural = "picture" if one.more == 1 else "pictures"
        return f"Label about {number} more {plural} ({between}) to reach {_share(one.target)} {_with(one.arm)}"
    return f"{_with(one.arm)} about {number} ({between})"


def _between(one: Forecast) -> str:
    low = about(one.low or 0)
    return f"{low} or more" if one.high is None else f"{low} to {about(one.high)}"


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
                f"{arm} is there already: {percent(values['accuracy'])} on the test set, and {_share(one.target)} from "
                f"{count(int(values['pictures']))} training pictures on."
            )
        case reason if reason == LEVELS_OFF:
            return (
                f"On these pictures {arm} levels off at about {percent(values['level'], 0)}: more of them alone will not "
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
            "Counted are training pictures; of a set that TL Lab divides, 3 in 10 pictures go to validation and test, so "
            "label 1.4 times as many. Intervals hold 8 in 10 cases, on other pictures of the same kind."
        )
    return lines


def record_in_words(found: Record) -> str:
    """How often such forecasts were right."""
    waiting = f" {count(found.waiting)} not tested yet." if found.waiting else ""
    if not found.decided:
        return f"No record yet: no forecast here has been tested by a training with more pictures.{waiting}"
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
