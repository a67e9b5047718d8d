"""Whether the arms are as sure as they should be: a diagram and figures, before and after a temperature."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from tl.analysis.inspection.calibration import Bin, Calibration, Quality, calibration
from tl.charts.palette import arm_colour
from tl.ui.inspect import gallery
from tl.ui.inspect.choice import Choice
from tl.ui.parts.chart import draw
from tl.ui.parts.text import NOT_AVAILABLE, cell, escape
from tl.ui.watch.table import MEASURE
from tl.words import number_of, percent

WHICH = "inspect_calibration"
BEFORE, AFTER = "before", "after"
WIDTH = 560  # pixels: about as wide as high
WHICHES = {BEFORE: "As trained", AFTER: "With temperature"}


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One arm's network and how well its probabilities fit."""

    title: str  # not escaped
    colour: str
    found: Calibration
    validation: int  # pictures that the temperature was fitted on


def show(choice: Choice) -> None:
    """Draw the section."""
    judged = [found for arm in (choice.arm, choice.other) if (found := _judged(choice, arm))]
    if not judged:
        st.info("What this run answered is no longer here.", icon=":material/image_search:")
        return
    for each in judged:
        st.markdown(sentence(each))
    _diagram(judged)
    _table(judged)
    st.caption(
        "A bin holds about as many pictures as every other. Expected calibration error: the mean distance between how sure "
        "the answers of a bin are and the share of them that is right; of a few hundred pictures it is a few points too "
        "high by chance. The temperature divides the logarithms of the probabilities: it changes no answer. It is fitted on "
        "the validation pictures (lowest negative log-likelihood) and judged on the test pictures. Probabilities are kept "
        "in half precision: one that is too small for it counts as 0.00000003 in logarithms."
    )


def _judged(choice: Choice, arm: str | None) -> Judged | None:
    test, validation = gallery.voice(choice, arm), gallery.voice(choice, arm, "validation")
    if test is None:
        return None
    found = calibration(test.told, validation.told if validation else None)
    return Judged(
        title=test.title,
        colour=arm_colour(test.position),
        found=found,
        validation=len(validation.told.label) if validation else 0,
    )


def sentence(judged: Judged) -> str:
    """What it comes to for one arm, Markdown."""
    return _sentence(judged).replace(" %", "\u00a0%")


def _sentence(judged: Judged) -> str:
    found = judged.found
    before, whole = found.before, found.before.all
    said = (
        f"**{escape(judged.title)}** is {_verdict(whole)}: on average its answers are {percent(whole.sure)} sure, and "
        f"{percent(whole.right.mean)} of them are right (expected calibration error {percent(before.error)})."
    )
    if found.temperature is not None and found.after is not None:
        return (
            f"{said} A temperature of {found.temperature:.2f}, fitted on {number_of(judged.validation, 'validation picture')}, "
            f"makes that error {percent(found.after.error)}."
        )
    if not judged.validation:
        return f"{said} No validation answers were kept, so no temperature can be fitted."
    return f"{said} No temperature fits the {number_of(judged.validation, 'validation picture')}."


def _verdict(whole: Bin) -> str:
    low, high = whole.right.low, whole.right.high
    if high is not None and whole.sure > high:
        return "too sure"
    if low is not None and whole.sure < low:
        return "not sure enough"
    return "about as sure as it should be on average"


def _diagram(judged: Sequence[Judged]) -> None:
    from tl.charts.reliability import Reliability, ReliabilityPoint, reliability_chart

    which: str | None = BEFORE
    if any(each.found.after for each in judged):
        which = st.segmented_control(
            "Probabilities", list(WHICHES), format_func=WHICHES.__getitem__, default=BEFORE, required=True, key=WHICH
        )
    shown = [(each, each.found.after if which == AFTER else each.found.before) for each in judged]
    rows = [
        Reliability(
            arm=each.title,
            colour=each.colour,
            after=which == AFTER,
            points=tuple(
                ReliabilityPoint(
                    sure=one.sure, right=one.right.mean, low=one.right.low, high=one.right.high, pictures=one.pictures
                )
                for one in quality.bins
            ),
        )
        for each, quality in shown
        if quality
    ]
    titles = " and ".join(each.title for each, _ in shown)
    draw(
        reliability_chart(rows),
        key=f"reliability_{which}",
        alt=f"How sure the answers of {titles} are, against the share of them that is right",
        width=WIDTH,
    )
    st.caption(
        "On the dashed line a network is as sure as it should be; below it is too sure. Lines: 95 % intervals (Wilson)."
    )


def _table(judged: Sequence[Judged]) -> None:
    names = [cell(each.title) for each in judged]
    columns: dict[str, list[str]] = {
        MEASURE: ["Expected calibration error", "Negative log-likelihood", "Brier score", "Temperature"]
    }
    for name, each in zip(names, judged, strict=True):
        temperature = each.found.temperature
        about = NOT_AVAILABLE if temperature is None else f"{temperature:.2f}"
        columns[f"{name}, as trained"] = [*_figures(each.found.before), "1"]
        columns[f"{name}, with temperature"] = [*_figures(each.found.after), about]
    st.dataframe(columns, hide_index=True, alt="How well the probabilities of every arm fit")


def _figures(found: Quality | None) -> list[str]:
    if found is None:
        return [NOT_AVAILABLE] * 3
    return [percent(found.error), f"{found.log_likelihood:.3f}", f"{found.brier:.3f}"]
