"""Whether the arms are as sure as they should be: a diagram and figures, before and after a temperature."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from tl.analysis.inspection.calibration import Bin, Calibration, Quality, calibration
from tl.charts.palette import arm_colour
from tl.languages import joined, later, listed, say
from tl.ui.inspect import gallery
from tl.ui.inspect.choice import Choice
from tl.ui.parts.chart import draw
from tl.ui.parts.text import escape
from tl.ui.watch.arm_table import MEASURE
from tl.words import cell, not_available, number_of, percent

WHICH = "inspect_calibration"
BEFORE, AFTER = "before", "after"
WIDTH = 560  # pixels: about as wide as high
WHICHES = {BEFORE: later("As trained"), AFTER: later("With temperature")}


@dataclass(frozen=True, kw_only=True)
class ArmCalibration:
    """One arm's network and how well its probabilities fit."""

    title: str  # not escaped
    colour: str
    found: Calibration
    validation: int  # pictures that the temperature was fitted on


def show(choice: Choice) -> None:
    judged = [found for arm in (choice.arm, choice.other) if (found := _judged(choice, arm))]
    if not judged:
        st.info(say("This run's answers are no longer here."), icon=":material/image_search:")
        return
    for each in judged:
        st.markdown(sentence(each))
    _diagram(judged)
    _table(judged)
    st.caption(
        say(
            "Every bin holds about the same number of pictures. Expected calibration error: the mean distance between "
            "how sure the answers of a bin are and the share of them that is right; with only a few hundred pictures, "
            "chance alone makes it a few points too high. The temperature divides the logarithms of the probabilities "
            "and changes no answer. It is fitted on the validation pictures (lowest negative log-likelihood) and "
            "judged on the test pictures. Probabilities are kept in half precision: one that is too small for it "
            "counts as 0.00000003 in logarithms."
        )
    )


def _judged(choice: Choice, arm: str | None) -> ArmCalibration | None:
    test, validation = gallery.arm_answers(choice, arm), gallery.arm_answers(choice, arm, "validation")
    if test is None:
        return None
    found = calibration(test.predictions, validation.predictions if validation else None)
    return ArmCalibration(
        title=test.title,
        colour=arm_colour(test.position),
        found=found,
        validation=len(validation.predictions.label) if validation else 0,
    )


def sentence(judged: ArmCalibration) -> str:
    """What it comes to for one arm, Markdown."""
    whole = judged.found.before.all
    told = {
        "arm": escape(judged.title),
        "sure": percent(whole.sure),
        "right": percent(whole.right.mean),
        "error": percent(judged.found.before.error),
    }
    return joined([say(_verdict(whole), **told), _mended(judged)]).replace(" %", "\u00a0%")


def _verdict(whole: Bin) -> str:
    low, high = whole.right.low, whole.right.high
    if high is not None and whole.sure > high:
        return later(
            "**{arm}** is too sure: on average its answers are {sure} sure, and {right} of them are right (expected "
            "calibration error {error})."
        )
    if low is not None and whole.sure < low:
        return later(
            "**{arm}** is not sure enough: on average its answers are {sure} sure, and {right} of them are right (expected "
            "calibration error {error})."
        )
    return later(
        "**{arm}** is about as sure as it should be on average: on average its answers are {sure} sure, and {right} of them "
        "are right (expected calibration error {error})."
    )


def _mended(judged: ArmCalibration) -> str:
    """What a temperature does about it."""
    found, pictures = judged.found, number_of(judged.validation, "validation picture")  # not shown
    if found.temperature is not None and found.after is not None:
        return say(
            "A temperature of {temperature:.2f}, fitted on {pictures}, brings that error to {error}.",
            temperature=found.temperature,
            pictures=pictures,
            error=percent(found.after.error),
        )
    if not judged.validation:
        return say("No validation answers were kept, so no temperature can be fitted.")
    return say("No temperature fits the {pictures}.", pictures=pictures)


def _diagram(judged: Sequence[ArmCalibration]) -> None:
    from tl.charts.reliability import reliability_chart

    which: str | None = BEFORE
    if any(each.found.after for each in judged):
        which = st.segmented_control(
            say("Probabilities"),
            list(WHICHES),
            format_func=lambda which: say(WHICHES[which]),
            default=BEFORE,
            required=True,
            key=WHICH,
        )
    shown = [(each, each.found.after if which == AFTER else each.found.before) for each in judged]
    arms = [
        (
            each.title,
            each.colour,
            [(one.sure, one.right.mean, one.right.low, one.right.high, one.pictures) for one in quality.bins],
        )
        for each, quality in shown
        if quality
    ]
    titles = listed(each.title for each, _ in shown)
    draw(
        reliability_chart(arms, which == AFTER),
        key=f"reliability_{which}",
        alt=say("How sure the answers of {arms} are, against the share of them that is right", arms=titles),
        width=WIDTH,
    )
    st.caption(
        say(
            "On the dashed line a network is as sure as it should be; below it is too sure. Lines: 95 % intervals (Wilson)."
        )
    )


def _table(judged: Sequence[ArmCalibration]) -> None:
    names = [cell(each.title) for each in judged]
    columns: dict[str, list[str]] = {
        say(MEASURE): [
            say("Expected calibration error"),
            say("Negative log-likelihood"),
            say("Brier score"),
            say("Temperature"),
        ]
    }
    for name, each in zip(names, judged, strict=True):
        temperature = each.found.temperature
        about = not_available() if temperature is None else f"{temperature:.2f}"
        columns[say("{arm}, as trained", arm=name)] = [*_figures(each.found.before), "1"]
        columns[say("{arm}, with temperature", arm=name)] = [*_figures(each.found.after), about]
    st.dataframe(columns, hide_index=True, alt=say("How well the probabilities of every arm fit"))


def _figures(found: Quality | None) -> list[str]:
    if found is None:
        return [not_available()] * 3
    return [percent(found.error), f"{found.log_likelihood:.3f}", f"{found.brier:.3f}"]
