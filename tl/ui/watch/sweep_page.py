"""One sweep on the Data size page: what was found so far on top, then curves, numbers and how far each size is."""

from typing import Any

import streamlit as st

from tl import jobs
from tl.analysis import sweep_wording
from tl.analysis.learning_curves import MIN_SIZES
from tl.analysis.sweep_results import SweepFinding
from tl.config import Refused
from tl.differences import sides
from tl.languages import joined, language, later, say
from tl.report import size_findings
from tl.store.home import Home
from tl.ui.compose import cost, sweep_form
from tl.ui.parts.chart import draw
from tl.ui.parts.refresh import Snapshot, carry_out, fragment, look_again, set_going
from tl.ui.parts.text import escape, first_sentence, unbroken
from tl.ui.watch import downloads, judging, name_and_notes, references, sweep_view
from tl.ui.watch.deleting import ask_to_delete
from tl.words import count, number_of

REFRESH_SECONDS = 2.0
PROBLEM, SINGLE = "sweep_live_problem", "sweep_single"


def show(home: Home, sweep_id: str) -> None:
    """Draw the sweep with this id, or one sentence where there is none."""
    try:
        now = sweep_view.load(home, sweep_id)
    except Refused as problem:
        st.session_state.pop(PROBLEM, None)  # of a click that came too late: it would say the same
        st.error(escape(problem), icon=":material/link_off:")
        st.button(say("New sweep"), icon=":material/add:", on_click=sweep_form.new_sweep, key="new_sweep")
        return
    _head(home, now)
    fragment(_live, REFRESH_SECONDS if now.active else None)(home, Snapshot(now), sweep_id, now.active)


def _head(home: Home, now: sweep_view.SweepView) -> None:
    spec = now.experiment
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.title(escape(now.title), anchor=False, width="content")
        with st.container(horizontal=True, width="content"):
            st.button(say("New sweep"), icon=":material/add:", on_click=sweep_form.new_sweep, key="new_sweep")
            sizes_of = tuple(size.experiment.samples for size in now.sizes if size.experiment.samples)
            st.button(
                say("Use these settings"),
                icon=":material/edit_note:",
                key="use_settings",
                on_click=sweep_form.use,
                args=(spec, sizes_of, now.title),
                help=say("Opens the form with the settings of this sweep."),
            )
            name_and_notes.edit_box(home, now.sweep_id, now.label, now.about)
            if st.button(say("Delete"), icon=":material/delete:", type="tertiary", key="delete_sweep"):
                ask_to_delete(home, now.sweep_id, PROBLEM, then=sweep_form.new_sweep)
    sizes = ", ".join(count(size.experiment.samples) for size in now.sizes)
    facts = [
        *([escape(now.about)] if now.label.name else []),
        say("{sizes} training pictures", sizes=sizes),
        sides(spec),
        number_of(len(spec.seeds), "seed"),
        *([say("imported: trained on another machine")] if now.imported else []),
    ]
    st.caption(" · ".join(facts))
    name_and_notes.show(now.label)


def _live(home: Home, found_now: Snapshot[sweep_view.SweepView], sweep_id: str, active: bool) -> None:
    now = look_again(found_now, sweep_view.load, home, sweep_id, active, PROBLEM)
    with st.container(border=True, key="sweep_finding"):
        place = st.container()
        judged = judging.judging_options(now.experiment, sweep_id)
        found = _found(home, str(home.path), sweep_id, now.states, tuple(judged.items()), language())
        claim, rest = first_sentence(found.text)
        place.header(unbroken(claim), anchor=False)
        if rest:
            place.markdown(escape(rest))
        if not now.active:
            downloads.show(home, sweep_id, judged)
    if now.active or now.resumable:
        _progress(home, now)
    _curves(now, found)
    st.header(say("Every size in numbers"), anchor=False)
    known = found.statuses.get("finished", 0)
    st.dataframe(
        sweep_view.size_columns(found, now.titles),
        hide_index=True,
        key=f"sweep_table_{known}",  # redrawn, as columns keep the widths they began with
        alt=say("Every size in numbers, one row per size"),
    )
    covers = sweep_wording.covers(found)
    sentences = [
        say(
            "Accuracies on the test pictures of {data}: mean over seeds ({interval}; n runs).",
            data=escape(found.works_on),
            interval=covers,
        )
        if found.works_on
        else say("Accuracies on the test set: mean over seeds ({interval}; n runs).", interval=covers),
        say(
            "Worth in pictures: how many times more pictures the baseline needs for the same accuracy, and how many that is."
        ),
        None if found.works_on else say("Time saved: until a validation accuracy both reach."),
    ]
    st.caption(joined(sentences))
    _experiments(now)
    cost.show_command(
        say("The command that repeats this"), now.experiment, found.sizes, judged, home=home, runs=now.runs
    )


@st.cache_data(max_entries=16, show_spinner=False)
def _found(
    _home: Home, path: str, sweep_id: str, states: tuple[Any, ...], judged: tuple[tuple[str, Any], ...], code: str
) -> SweepFinding:
    """What was found, in the language with this `code`; computed again when a run has ended or started (`states`) or is to be
    `judged` otherwise."""
    from tl.analysis.sweep import sweep_result

    return sweep_result(_home, sweep_id, **dict(judged))


def _progress(home: Home, now: sweep_view.SweepView) -> None:
    with st.grid(min(len(now.sizes), 3), min_column_width=260):
        for size in now.sizes:
            fraction, words = sweep_view.progress(size)
            pictures = say("**{pictures} pictures**", pictures=count(size.experiment.samples))
            st.progress(fraction, text=f"{pictures} · {words}")
    with st.container(horizontal=True):
        if now.active:
            hint = say("What has finished stays and counts; the rest can be resumed later.")
            st.button(
                say("Stop"),
                icon=":material/stop:",
                key="sweep_stop",
                on_click=carry_out,
                args=(PROBLEM, jobs.stop_all, home, [run.run_id for run in now.runs]),
                help=hint,
            )
        if now.resumable:
            hint = say(
                "Every run that ended without finishing goes on after its last finished epoch, or starts from the "
                "first."
            )
            st.button(
                say("Resume the rest"),
                icon=":material/play_arrow:",
                key="sweep_resume",
                on_click=set_going,
                args=(PROBLEM, jobs.resume_sweep, home, now.sweep_id),
                help=hint,
            )


def _curves(now: sweep_view.SweepView, found: SweepFinding) -> None:
    from tl.charts import sizes
    from tl.charts.references import with_references

    if not found.statuses.get("finished"):
        return  # axes without anything in them say nothing
    single = False
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        st.markdown(say("**Accuracy over the number of training pictures**"), width="content")
        if len(now.experiment.seeds) > 1:
            single = st.toggle(say("Single runs"), key=SINGLE)
        published = references.chosen_references(now.sizes[0])
    rows = size_findings.chart_rows(found, now.titles)
    chart = sizes.size_chart(rows, single)
    chart = with_references(chart, [(line.accuracy, line.label) for line in published])
    key = f"sizes_{single}_{bool(published)}"
    draw(chart, key=key, alt=say("Test accuracy of every arm over the number of training pictures"))
    references.citations(published)
    bands = sweep_wording.covers(found)
    points = say("Points: means over seeds; bands: {interval}.", interval=bands)
    if not any(found.curves.values()):
        few = later("A fitted curve needs at least {number} finished sizes; until then lines join what was measured.")
        st.caption(joined([points, say(few, number=MIN_SIZES)]))
        return
    lines = say(
        "Lines: error = a·n⁻ᵇ + c fitted to each arm, dashed beyond the largest size, drawn to at most twice that."
    )
    st.caption(joined([points, lines, say("Below: how far the points lie from the lines.")]))
    chart = sizes.residual_chart(rows)
    draw(chart, key="residuals", alt=say("Measured minus fitted accuracy at every size"))


def _experiments(now: sweep_view.SweepView) -> None:
    """A way to the epochs of every size."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(say("Epoch by epoch:"), width="content")
        for size in now.sizes:
            words = say("{pictures} pictures", pictures=count(size.experiment.samples))
            st.page_link("app.py", label=words, query_params={"experiment": size.experiment_id}, width="content")
