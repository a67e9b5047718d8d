"""The verdict card: what tl.analysis found, in its words, the numbers it rests on, and whether it was fair."""

from typing import TYPE_CHECKING, Any, Literal

import streamlit as st

from tl.analysis import claim_wording
from tl.analysis.names import adapts, instead
from tl.analysis.results import Verdict
from tl.arm_names import arm_title
from tl.config import PLANNED_LOOKS
from tl.languages import language, later, say
from tl.report import findings
from tl.store.home import Home
from tl.ui.compose import forecast
from tl.ui.parts.chart import dot
from tl.ui.parts.links import INSPECT, experiment_link
from tl.ui.parts.text import escape, first_sentence, unbroken
from tl.ui.parts.view import ExperimentView
from tl.ui.watch import add_seeds, again, class_by_class, downloads, judging, marks, take_home, target
from tl.words import cell

if TYPE_CHECKING:
    from tl.analysis.adaptation.findings import Findings

OUTCOMES: dict[str, tuple[str, Literal["green", "red", "gray", "orange"], str]] = {  # outcome -> words, colour, icon
    "helps": (later("Helps"), "green", ":material/trending_up:"),
    "hurts": (later("Hurts"), "red", ":material/trending_down:"),
    "no_difference": (later("No difference that matters"), "gray", ":material/drag_handle:"),
    "undecided": (later("Not settled yet"), "orange", ":material/help:"),
}
MOST_COLUMNS = 6


def show(now: ExperimentView) -> tuple[dict[str, Any], Verdict]:
    """Draw the card of an experiment that has ended; what the user has it judged by (see tl.ui.watch.judging), what came out."""
    with st.container(border=True, key="verdict"):
        place = st.container()
        chosen = judging.judging_options(now.experiment, now.experiment_id)
        found, adaptation = _result_of(now, chosen)
        with place:
            _answer(found)
            target.show(now, adaptation)
            if now.answered:
                experiment_link(INSPECT, now.experiment_id, say("Look at its pictures"), ":material/image_search:")
            add_seeds.controls(now, found)
            marks.show(now, found)
            if any(run.status == "finished" for run in now.runs):  # else it would fail or stop again
                again.show(now, found)
        positions = {name: position for position, name in enumerate(found.summary)}
        for name in found.comparisons:
            _comparison(found, name, positions)
        class_by_class.show(found)
        _fairness(found)
        if not now.imported and now.pictures is not None:
            forecast.after_comparison(now.home, now.experiment)
        if not now.imported:
            take_home.section(now, "verdict")
        downloads.show(now.home, now.experiment_id, chosen)
    return chosen, found


def verdict_of(now: ExperimentView, judged: dict[str, Any]) -> Verdict:
    """The verdict of an experiment that has ended; kept."""
    return _result_of(now, judged)[0]


def _result_of(now: ExperimentView, judged: dict[str, Any]) -> "tuple[Verdict, Findings | None]":  # not shown
    """With what is known of its second data set, where it has one."""
    return _found(now.home, str(now.home.path), now.experiment_id, _states(now), tuple(judged.items()), language())


@st.cache_data(max_entries=16, show_spinner=False)
def _found(
    _home: Home, path: str, experiment_id: str, states: tuple[Any, ...], judged: tuple[tuple[str, Any], ...], code: str
) -> "tuple[Verdict, Findings | None]":  # not shown
    """In the language with this `code`; computed again when a run has ended or started (`states`) or is to be `judged`
    otherwise: it reads every run."""
    from tl.analysis.experiment import experiment_result

    found = experiment_result(_home, experiment_id, **dict(judged))
    return found.verdict, found.adaptation


def _states(now: ExperimentView) -> tuple[Any, ...]:
    """Changes whenever the verdict may have changed; without its data set less is known of the pictures, and with labels that
    somebody has given more."""
    given: tuple[Any, ...] = ()
    if now.experiment.target_dataset:
        from tl.datasets import given_labels

        given = tuple(given_labels.read(now.home, now.experiment.target_dataset).labels.items())
    return (
        *((run.run_id, run.status, run.attempt) for run in now.runs),
        now.experiment.looks,
        None if now.pictures is None else (now.pictures.train, now.pictures.test),
        given,
    )


def _outcome(found: Verdict, name: str, outcome: str) -> tuple[str, Literal["green", "red", "gray", "orange"], str]:
    """What is said of an arm in a badge: words, colour, icon."""
    words, colour, icon = OUTCOMES[outcome]
    if instead(found, name):  # two networks: nothing helps or hurts, one is better
        words = {"helps": later("Better"), "hurts": later("Worse")}.get(outcome, words)
    elif adapts(found, name) and outcome == "hurts":
        words = later("Negative transfer")
    return say(words), colour, icon


def _answer(found: Verdict) -> None:
    claim = found.headline_claim
    badges = []
    if claim and found.headline and found.comparisons[found.headline].seeds >= PLANNED_LOOKS[0]:
        badges.append(_outcome(found, found.headline, claim.outcome))
    for name in found.hurting:
        words, colour, icon = _outcome(found, name, "hurts")
        badges.append((escape(say("{outcome}: {arm}", outcome=words, arm=arm_title(name))), colour, icon))
    if badges:
        with st.container(horizontal=True, gap="small"):
            for words, colour, icon in badges:
                st.badge(words, color=colour, icon=icon)
    first, rest = first_sentence(found.text)
    st.header(unbroken(first), anchor=False)
    if rest:
        st.markdown(unbroken(rest))
    if covers := claim_wording.covers(found):
        st.caption(escape(covers))


def _comparison(found: Verdict, name: str, positions: dict[str, int]) -> None:
    shown = findings.measures(found, name)
    if not shown:
        return
    st.markdown(
        say(
            "{arm} against {baseline}",
            arm=f"{dot(positions[name])} **{escape(arm_title(name))}**",
            baseline=f"{dot(positions[found.against(name)])} **{escape(arm_title(found.against(name)))}**",
        )
    )
    rows = -(-len(shown) // MOST_COLUMNS)
    with st.grid(-(-len(shown) // rows), min_column_width=150):  # two columns on a phone
        for measure in shown:
            st.metric(
                measure.label,
                measure.value,
                measure.note,
                delta_color="off",
                delta_arrow="off",
                height="stretch",
                help=measure.help or None,
            )


def _fairness(found: Verdict) -> None:
    box = st.expander(say("Was every arm given a fair chance?"), icon=":material/balance:", key="fairness")
    rows = [row | {findings.ARM: cell(row[findings.ARM])} for row in findings.fairness_rows(found)]
    columns = {say(name): [row[name] for row in rows] for name in rows[0]}
    box.dataframe(columns, hide_index=True, alt=say("Steps, learning rate and end of every arm"))
    box.caption(say(findings.FAIRNESS_NOTE))
