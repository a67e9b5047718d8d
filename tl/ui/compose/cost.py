"""What a comparison will cost on this machine, and the command that does the same."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from tl.analysis import power
from tl.analysis.time_estimate import TimeEstimate, estimate_seconds
from tl.arm_names import arm_title
from tl.config import Experiment, Refused, Training
from tl.datasets import DatasetInfo, resplits_by_itself
from tl.differences import each_of
from tl.jobs import background
from tl.jobs.listing import RunEntry
from tl.jobs.measurements import speed
from tl.jobs.memory import each_alone, estimated_bytes
from tl.jobs.shortage import shortage
from tl.jobs.side_by_side import computing_at_once
from tl.languages import joined, listed, say
from tl.report.command import NOTHING, command, pinned
from tl.store.documents import read_result
from tl.store.home import Home
from tl.store.queue.settle_plan import SettlePlan
from tl.ui.parts import plan
from tl.ui.parts.refresh import fragment
from tl.ui.parts.text import escape
from tl.words import duration, memory

POLL_SECONDS = 1.0  # while this machine is being measured


def show_command(
    label: str,
    experiment: Experiment,
    sizes: tuple[int, ...] = (),
    judged: Mapping[str, Any] = NOTHING,
    settle: SettlePlan | None = None,
    home: Home | None = None,
    runs: Iterable[RunEntry] = (),
) -> None:
    """The command in an expander that stays empty, and so costs the page nothing, until it is opened.

    `runs` of `home`: those it repeats, to be computed as they were.
    """
    box = st.expander(label, icon=":material/terminal:", on_change="rerun", key="show_command")
    if box.open:
        results = [read_result(home.run(run.run_id)) for run in runs] if home else []
        same, left_open = pinned(experiment, [result for result in results if result])
        box.code(command(same, sizes, judged, settle), language="bash", wrap_lines=True)
        if left_open:
            box.caption(escape(left_open))


def start_row(
    home: Home,
    experiment: Experiment | None,
    info: DatasetInfo | None,
    sizes: tuple[int, ...],
    key: str,
    start: Callable[[Home], None],
) -> DeltaGenerator:
    """Draw what it costs beside the button, `key`, that starts it, and below what the test pictures can show and what never
    trains; the place below, for more. None of either where that can't be accepted; `sizes` of a sweep."""
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        with st.container():
            if experiment and info:
                estimate_line(home, experiment, info, sizes)
        st.button(
            say("Start"),
            type="primary",
            icon=":material/play_arrow:",
            key=key,
            on_click=start,
            args=(home,),
            disabled=experiment is None or info is None,
            width=180,
        )
    below = st.container()
    with below:
        if info:
            st.caption(":material/query_stats: " + escape(power.sentence(info.test)))
        if experiment:
            plan.warnings(experiment)
    return below


def estimate_line(home: Home, experiment: Experiment, info: DatasetInfo, sizes: tuple[int, ...]) -> None:
    """One line: "At most about 1 min 20 s on this machine", from a probe that runs in the background.

    `sizes`: of a sweep, in all. Where it is more than may be started that is said instead, and nothing is measured.
    """
    try:
        for one in _each(experiment, sizes):
            home.policy.check_settings(one, info.train)
    except Refused as refusal:
        st.caption(":material/block: " + escape(refusal))
        return
    if words := shortage(experiment):
        st.warning(escape(words), icon=":material/memory:")
    missing = any(speed.cached(home, *kind, experiment.batch_size) is None for kind in _kinds(experiment))
    waiting = missing and not background.busy(home)
    fragment(_estimate, POLL_SECONDS if waiting else None)(home, experiment, info, sizes, waiting)


def _estimate(home: Home, experiment: Experiment, info: DatasetInfo, sizes: tuple[int, ...], waiting: bool) -> None:
    of_kind = {kind: speed.known_or_begun(home, *kind, experiment.batch_size) for kind in _kinds(experiment)}
    measured = [found for found in of_kind.values() if found is not None]
    if any("error" in found for found in measured):
        st.caption(say(":material/speed: How long this takes could not be measured on this machine."))
    elif len(measured) < len(of_kind) and background.busy(home):
        st.caption(say(":material/schedule: How long this takes will be measured once nothing else is training."))
    elif len(measured) < len(of_kind):
        words = say(":material/speed: Measuring this machine …")
        if len(of_kind) > 1:
            place = {"number": len(measured) + 1, "total": len(of_kind)}
            words = say(":material/speed: Measuring this machine, network {number} of {total} …", **place)
        st.caption(words)
    else:
        if experiment.resplit is None:
            experiment = replace(experiment, resplit=resplits_by_itself(home, info))
        splits = {"train": info.train, "validation": info.validation, "test": info.test}
        own = {arm.name: of_kind[_kind(experiment.of(arm))] or {} for arm in experiment.arms}
        at_once = computing_at_once(experiment)
        found = [estimate_seconds(one, measured[0], splits, own, at_once) for one in _each(experiment, sizes)]
        total = sum(each.total for each in found)
        time = duration(_rounded(total))
        st.markdown(say(":material/schedule: At most about **{time}** on this machine", time=time))
        if any(found.get("strained") for found in measured):
            st.caption(say("Other programs were busy when its speed was measured; on an idle machine it takes less."))
        if len(of_kind) > 1:
            st.caption(say("A run takes at most about {times}.", times=_by_arm(experiment, found)))
        stops = say("Less where an arm stops early.") if experiment.patience else None
        if less := joined([stops, None if info.ready else say("The pictures are downloaded first.")]):
            st.caption(less)
    if waiting and len(measured) == len(of_kind):
        st.rerun()  # without the polling


def _each(experiment: Experiment, sizes: tuple[int, ...]) -> list[Experiment]:
    return [replace(experiment, samples=size) for size in sizes] or [experiment]


def _by_arm(experiment: Experiment, found: list[TimeEstimate]) -> str:
    """What a run of each arm takes and needs: "20 s and 1.4 GB of memory (from scratch), ..."; of a sweep, at its largest."""
    parts = []
    for arm, alone in zip(experiment.arms, each_alone(experiment), strict=True):
        time = duration(_rounded(max(each.arms[arm.name] for each in found)))
        need, title = memory(estimated_bytes(alone)), escape(arm_title(arm.name))
        parts.append(say("{time} and {memory} of memory ({arm})", time=time, memory=need, arm=title))
    return listed(parts)


def _kind(training: Training) -> tuple[str, int]:
    """What a speed is measured of: a network at a resolution."""
    return training.backbone, training.resolution


def _kinds(experiment: Experiment) -> list[tuple[str, int]]:
    """Those of its arms."""
    return list(dict.fromkeys(map(_kind, each_of(experiment))))


def _rounded(seconds: float) -> float:
    """Two digits are more than an estimate knows."""
    unit = 5 if seconds < 300 else 60
    return max(unit, round(seconds / unit) * unit)
