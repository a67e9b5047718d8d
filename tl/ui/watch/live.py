"""The experiment while it learns and after: a card per arm, charts, table; one fragment that refreshes itself."""

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import streamlit as st

from tl import jobs
from tl.analysis.results import Verdict
from tl.analysis.unplanned import notes_of
from tl.config import BALANCED_ACCURACY
from tl.differences import own_words
from tl.jobs.listing import RunEntry
from tl.languages import ENGLISH, later, say, speaking
from tl.store.documents import Progress
from tl.store.home import Home
from tl.store.queue.schema import RESUMABLE
from tl.ui.parts import view
from tl.ui.parts.chart import dot
from tl.ui.parts.refresh import Snapshot, carry_out, fragment, look_again, set_going
from tl.ui.parts.text import escape
from tl.ui.watch import add_seeds, chart_area
from tl.ui.watch.arm_table import arm_table, with_measures_in_words
from tl.words import clock, duration, not_available, percent

if TYPE_CHECKING:  # the first paint doesn't wait for pandas
    import pandas as pd

REFRESH_SECONDS = 1.5
PROBLEM = "live_problem"
BADGES: dict[str, tuple[Literal["gray", "blue", "green", "red", "orange"], str | None]] = {  # status -> colour, icon
    "queued": ("gray", ":material/schedule:"),
    "running": ("blue", None),
    "finished": ("green", ":material/check:"),
    "stopped": ("gray", ":material/stop:"),
    "failed": ("red", ":material/error:"),
    "interrupted": ("orange", ":material/link_off:"),
}


def show(now: view.ExperimentView, verdict: Verdict | None = None) -> None:
    """Draw the live part; it refreshes itself only while something is active, and reruns the page when that ends.

    `verdict`: once all runs have ended.
    """
    found = Snapshot(replace(now))  # files that are damaged are told by who reads them
    fragment(_live, REFRESH_SECONDS if now.active else None)(now.home, found, now.experiment_id, now.active, verdict)


def _live(
    home: Home, found: Snapshot[view.ExperimentView], experiment_id: str, active: bool, verdict: Verdict | None
) -> None:
    now = look_again(found, view.load, home, experiment_id, active, PROBLEM)
    metrics = now.metrics()
    left = now.seconds_left(metrics)
    with st.grid(min(3, max(2, len(now.arms))), min_column_width=300):
        for arm in now.arms:
            with st.container(border=True, height="stretch", key=f"arm_card_{arm.position}"):
                own = now.experiment.arms[arm.position]
                with speaking(ENGLISH):  # in which arms are named
                    named = own_words(own) in arm.title
                words = "" if named else own_words(own)
                epochs = metrics[metrics["run_id"] == arm.current.run_id]
                _card(now.home, arm, epochs, left.get(arm.position), words)
    if now.experiment.judge_by == BALANCED_ACCURACY:
        st.caption(say("These are plain accuracies; the curves and the best epoch go by balanced accuracy."))
    add_seeds.line(now)
    if now.active and not (now.settling and now.settling.open):
        st.button(
            say("Stop all"),
            icon=":material/stop:",
            key="stop_all",
            on_click=carry_out,
            args=(PROBLEM, jobs.stop_all, home, [run.run_id for run in now.runs]),
            help=view.kept_on_stop(now.runs),
        )
    chart_area.show(now, metrics)
    for what in now.damaged:
        words = say("{file}, is damaged; what it held is missing here.", file=what)
        st.caption(f":material/warning: {escape(words)}")  # not shown
    st.header(say("The arms in numbers"), anchor=False)
    st.dataframe(
        with_measures_in_words(arm_table(now, metrics, verdict)),
        hide_index=True,
        height="content",
        alt=say("Every arm in numbers, one column per arm"),
    )


def _card(home: Home, arm: view.Arm, epochs: "pd.DataFrame", seconds_left: float | None, words: str) -> None:
    """`epochs` are the metrics of its current run; `words`: what it transfers of its own, unless its name says so."""
    run = arm.current
    colour, icon = BADGES[run.status]
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"{dot(arm.position)} **{escape(arm.title)}**", width="content")
        waits = (run.progress or Progress()).phase == "waiting"
        st.badge(arm.state, color="gray" if waits else colour, icon=icon)
    if words:
        st.caption(escape(words))
    st.progress(min(1.0, arm.fraction), text=_progress_text(arm, seconds_left))
    reached = st.grid(3, min_column_width=84)
    latest = epochs["val_accuracy"].dropna()
    reached.metric(say("Validation now"), _percent(None if latest.empty else float(latest.iloc[-1])))
    reached.metric(say("Best"), _percent(run.best_val_accuracy))
    reached.metric(
        say("Test"), _percent(run.test_accuracy), help=say("Measured once, at the end, with the best epoch.")
    )
    for note in notes_of(arm.runs):
        st.caption(f":material/info: {escape(note)}")  # not shown
    if run.status in RESUMABLE:
        _ended_badly(home, run)
    if arm.active:
        st.button(
            say("Stop"),
            icon=":material/stop:",
            type="tertiary",
            key=f"stop_{arm.position}",
            on_click=carry_out,
            args=(PROBLEM, jobs.stop_all, home, [each.run_id for each in arm.runs]),
            help=view.kept_on_stop(arm.runs),
        )


def _percent(fraction: float | None) -> str:
    return "–" if fraction is None else percent(fraction)


def _progress_text(arm: view.Arm, seconds_left: float | None) -> str:
    run = arm.current
    progress = run.progress or Progress()
    parts: list[str] = []
    if len(arm.runs) > 1:
        parts.append(say("Seed {seed} of {seeds}", seed=arm.runs.index(run) + 1, seeds=len(arm.runs)))
    if run.status == "running" and progress.phase in ("starting", "preparing", None):
        parts.append(_preparing(progress))
    elif run.status == "queued":
        parts.append(view.in_queue(run))
    else:
        parts.append(say("Epoch {epoch} of {epochs}", epoch=max(run.epochs, progress.epoch), epochs=run.max_epochs))
    if run.status == "finished":
        time = duration(run.elapsed_seconds)
        parts.append(say("stopped early, {time}", time=time) if run.stopped_early else time)
    if seconds_left:
        if len(arm.runs) > 1:
            parts.append(say("at most {time} left for this seed", time=clock(seconds_left)))
        else:
            parts.append(say("at most {time} left", time=clock(seconds_left)))
    return " · ".join(parts)


def _preparing(progress: Progress) -> str:
    detail, steps = progress.detail, progress.steps
    if not detail:
        return say("Preparing the pictures") if progress.phase == "preparing" else say("Starting the trainer")
    doing = escape(detail[:1].upper() + detail[1:])
    return say("{doing}, {share} %", doing=doing, share=100 * progress.step // steps) if steps else doing


def _ended_badly(home: Home, run: RunEntry) -> None:
    if run.status == "stopped":
        by_hand = later("Stopped by hand; the best epoch so far is kept, the test set was not touched.")
        if not run.epochs:
            by_hand = later("Stopped by hand before its first epoch was done: nothing was learned.")
        st.caption(escape(run.message) if run.message else say(by_hand))
    else:
        st.error(escape(run.message or say("The trainer ended without saying why.")), icon=":material/error:")
        with st.expander(say("Last lines of the log"), icon=":material/article:"):
            st.code(view.log_end(home, run.run_id) or not_available(), language=None, height=220)
    st.button(
        say("Resume"),
        icon=":material/play_arrow:",
        key=f"resume_{run.run_id}",
        on_click=set_going,
        args=(PROBLEM, jobs.resume, home, run.run_id),
        help=say("Goes on after the last finished epoch.") if run.epochs else say("Begins with the first epoch."),
    )
