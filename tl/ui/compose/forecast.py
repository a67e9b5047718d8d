"""How many more pictures? On the Data size page and after a comparison: a target, a button, the sentence and its curve.

What is measured is measured in the background; numpy and what draws are imported once there is something to show.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from tl.config import Experiment, Refused
from tl.languages import joined, later, say
from tl.store.home import Home
from tl.ui.parts.chart import draw
from tl.ui.parts.number_field import number_field
from tl.ui.parts.numbers import Number
from tl.ui.parts.refresh import while_working
from tl.ui.parts.text import escape
from tl.words import plain

if TYPE_CHECKING:  # the page's first paint doesn't wait for numpy
    from tl.analysis.forecasts.answer import Answer
    from tl.analysis.forecasts.question import ForecastQuestion

TARGET = 90  # percent
WAITS = later("The forecast will be made once nothing else is training.")


def section(home: Home, experiment: Experiment, ready: bool) -> None:
    """Draw it for the pictures and network of `experiment`; `ready`: its pictures are on this computer."""
    st.header(say("How many more pictures?"), anchor=False)
    if not ready:
        st.caption(say("This can be answered once the pictures have been downloaded; the first run does that."))
        return
    _section(home, experiment, "form")


def after_comparison(home: Home, experiment: Experiment) -> None:
    """Draw it in an expander, for what a comparison was made of."""
    with st.expander(say("How many more pictures?"), icon=":material/add_photo_alternate:", key="forecast_after"):
        _section(home, experiment, "after")


def _section(home: Home, experiment: Experiment, key: str) -> None:
    asked_key = f"forecast_asked_{key}"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        target = number_field(
            Number(title=say("Accuracy to reach, %"), low=1, high=99.9, whole=False),
            f"forecast_target_{key}",
            usual=float(TARGET),
            in_full=True,
            width=200,
            help=say(
                "On the test set. Looks at the pictures through the pretrained network once, and fits a linear probe to "
                "more and more of them."
            ),
        )
        pressed = st.button(say("Forecast"), icon=":material/trending_up:", key=f"forecast_ask_{key}")
    about = (experiment.dataset, experiment.backbone, experiment.weights, experiment.resolution)
    if pressed:
        st.session_state[asked_key] = about
    if target is None or st.session_state.get(asked_key) != about:
        return
    from tl.analysis.forecasts.question import probe_curve, question  # numpy, pandas
    from tl.jobs.measurements.forecasts import ask, working

    try:
        # Of the pictures no more are looked at than may be.
        home.policy.check_settings(replace(experiment, samples=None), 0)
        asked = question(home, experiment)
    except Refused as problem:
        st.caption(":material/warning: " + escape(problem))
        return
    if pressed and probe_curve(home, asked)[0] is None:
        ask(home, asked)
    while_working(_answer, lambda: working(home), home, asked, target / 100, key)


def _answer(home: Home, asked: "ForecastQuestion", target: float, key: str, active: bool) -> None:
    from tl.analysis.forecasts.answer import answer
    from tl.analysis.forecasts.wording import record_in_words
    from tl.jobs.background import busy

    found = answer(home, asked, target)
    if found.text:
        st.markdown(f"**{escape(_unbroken(found.text))}**")
        _chart(found, key)
        st.caption(escape(_unbroken(joined([*found.notes, record_in_words(found.record)]))))
    if active:
        st.caption(
            say(
                ":material/hourglass_top: Looking at the pictures, then fitting a linear probe to more and more of them; it "
                "waits for its turn while something else computes …"
            )
        )
    elif not found.measured:
        problem = found.problem or (say(WAITS) if busy(home) else say("Press Forecast again."))
        st.caption(":material/warning: " + escape(problem))
    if found.measured and found.sweep_id is None:
        st.caption(
            say(
                "To forecast training from scratch and other arms, too, start a sweep of these pictures with the same "
                "network, weights and resolution on the Data size page."
            )
        )


def _unbroken(text: str) -> str:
    """With numbers and their sign on one line, on a phone, too."""
    return text.replace(" %", "\u00a0%")


def _chart(found: "Answer", key: str) -> None:
    from tl.arm_names import arm_title
    from tl.charts.forecast import forecast_chart

    arms, between = [], []
    for arm in found.arms:
        if arm.curve is None:
            continue
        said, title = arm.forecast, plain(arm_title(arm.forecast.arm))
        measured = [(size, 1 - float(error)) for size, error in zip(arm.curve.sizes, arm.curve.means, strict=True)]
        band = [(point.pictures, point.mean, point.low, point.high) for point in said.band]
        arms.append((title, measured, band))
        if said.low is not None:
            end = said.reach if said.high is None else said.there + said.high
            between.append((title, said.there + said.low, end))
    if arms:
        bar = any(low < end for _, low, end in between)
        words = say("Test accuracy over the number of training pictures, and what to expect from more")
        draw(forecast_chart(arms, found.target, between), key=f"forecast_chart_{key}_{len(arms)}", alt=words)
        lines = say(
            "Points are measured. Lines show the accuracy to expect of one training, bands where it lies in 8 of 10 "
            "cases; dashed beyond the measured sizes."
        )
        st.caption(joined([lines, say("The bar on the target shows how many pictures it takes.") if bar else None]))
