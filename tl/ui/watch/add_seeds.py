"""Adding seeds to a comparison on its page: by hand, or at planned looks until it is settled."""

from typing import Any

import streamlit as st

from tl import jobs
from tl.analysis import settle_wording
from tl.analysis.results import Verdict
from tl.analysis.settle import UNDECIDED, next_look
from tl.analysis.time_estimate import seconds_per_seed
from tl.config import PLANNED_LOOKS
from tl.jobs.settle_plan import spent_seconds
from tl.languages import joined, say
from tl.store.queue.settle_plan import MOST_MINUTES, SettlePlan
from tl.ui.parts.number_field import number_field
from tl.ui.parts.numbers import Number, typed
from tl.ui.parts.problems import show_kept, show_problems
from tl.ui.parts.refresh import carry_out, set_going
from tl.ui.parts.text import escape
from tl.ui.parts.view import ExperimentView, kept_on_stop
from tl.words import duration

PROBLEM = "settling_problem"
SEEDS, MINUTES = "settle_seeds", "settle_minutes"
USUAL = SettlePlan()


def controls(now: ExperimentView, found: Verdict) -> None:
    """On the card of an experiment that has ended: why no more seeds were added, and how to add some where that can help.

    `found` is its verdict, as tl.analysis gives it.
    """
    show_kept(PROBLEM)
    if now.settling and not now.settling.open:
        words = settle_wording.why_ended(now.experiment, now.settling)
        st.caption(f":material/rule: {escape(words)}")  # not shown
    up_to = next_look(len(now.experiment.seeds))
    if up_to is None or not helps(now, found):
        return
    judged = {"baseline": found.baseline, "margin": found.margin, "judge_by": found.judge_by_wanted}
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.popover(say("Run until settled"), icon=":material/all_inclusive:", key="settle"):
            _bounds(now, up_to, judged)
        add_button(now, up_to)


def helps(now: ExperimentView, found: Verdict) -> bool:
    """Whether more seeds can be added, and may settle what is open."""
    claim = found.headline_claim
    settled = claim is None or claim.outcome != UNDECIDED or claim.seeds_can_settle is False
    ran = any(run.status == "finished" for run in now.runs)  # else more would fail or stop alike
    return ran and not (settled or now.imported or now.sweep_id)


def add_button(now: ExperimentView, up_to: int) -> None:
    """Adds seeds up to the next planned look, `up_to` in all."""
    st.button(
        say("Add seeds: {more} more, {number} in all", more=up_to - len(now.experiment.seeds), number=up_to),
        icon=":material/add:",
        key="add_seeds",
        on_click=set_going,  # `up_to` in all: a second click, or a second tab, adds no more
        args=(PROBLEM, jobs.add_seeds, now.home, now.experiment_id, up_to),
        help=_cost(now, up_to),
    )


def _bounds(now: ExperimentView, up_to: int, judged: dict[str, Any]) -> None:
    """What it may cost, and the start."""
    looks = ", ".join(str(seeds) for seeds in PLANNED_LOOKS if seeds >= up_to)
    st.caption(
        say(
            "Adds seeds to this comparison, judges it at {looks} seeds and ends as soon as that decides it.",
            looks=looks,
        )
    )
    seeds, minutes = (f"{name}_{now.experiment_id}" for name in (SEEDS, MINUTES))
    most = number_field(
        Number(title=say("At most seeds"), low=up_to, high=PLANNED_LOOKS[-1]), seeds, usual=USUAL.at_most_seeds
    )
    number_field(
        Number(title=say("At most minutes"), low=1, high=MOST_MINUTES),
        minutes,
        usual=USUAL.at_most_minutes,
        help=say(
            "Counted from the start of its first run. No check starts that would end later; one that has started "
            "is not cut short."
        ),
    )
    st.caption(joined(_cost(now, number) for number in dict.fromkeys((up_to, most)) if number))
    st.button(
        say("Start"),
        type="primary",
        icon=":material/play_arrow:",
        key="settle_start",
        on_click=_settle,
        args=(now, seeds, minutes, judged),
    )


def _cost(now: ExperimentView, up_to: int) -> str:
    """From the runs so far: "5 seeds take about 3 min more."."""
    each = seconds_per_seed((run.arm, run.elapsed_seconds) for run in now.runs)
    if each is None:
        return say("How long {number} seeds take is not known.", number=up_to)
    more = duration(each * (up_to - len(now.experiment.seeds)))
    return say("{number} seeds take about {time} more.", number=up_to, time=more)


def line(now: ExperimentView) -> None:
    """While seeds are added: how far that is, and the button that ends it."""
    show_kept(PROBLEM)  # of a click that came when something trained already
    if not now.settling or not now.settling.open:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        words = settle_wording.under_way(now.experiment, now.settling, spent_seconds(now.settling, now.runs))
        st.markdown(f":material/all_inclusive: {escape(words)}", width="content")  # not shown
        st.button(
            say("Stop"),
            icon=":material/stop:",
            key="stop_settling",
            on_click=carry_out,
            args=(PROBLEM, jobs.stop_settling, now.home, now.experiment_id),
            help=joined([say("Adds no more seeds and ends what is training now."), kept_on_stop(now.runs)]),
        )
    for seeds, outcome in now.settling.looks:
        st.caption(escape(settle_wording.look(now.experiment, seeds, outcome)))


def _settle(now: ExperimentView, seeds: str, minutes: str, judged: dict[str, Any]) -> None:
    with show_problems(PROBLEM):
        state = st.session_state
        plan = SettlePlan(at_most_seeds=typed(state, seeds), at_most_minutes=typed(state, minutes), **judged)
        jobs.begin_settling(now.home, now.experiment_id, plan)
        jobs.ensure_supervisor(now.home)
