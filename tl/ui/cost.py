"""What a comparison will cost on this machine, and the command that does the same."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import streamlit as st

from tl.analysis import power
from tl.analysis.estimate import estimate_seconds
from tl.config import Experiment, Refused
from tl.datasets import resplits_by_itself
from tl.jobs import background
from tl.jobs import probe as probing
from tl.jobs.listing import RunEntry
from tl.jobs.queue import check_size
from tl.jobs.shortage import shortage
from tl.report.command import NOTHING, command, pinned
from tl.store.documents import read_result
from tl.store.home import Home
from tl.store.settling import Settling
from tl.ui.refresh import fragment
from tl.ui.text import duration, escape

POLL_SECONDS = 1.0  # while this machine is being measured


def show_command(
    label: str,
    experiment: Experiment,
    sizes: tuple[int, ...] = (),
    judged: Mapping = NOTHING,
    settle: Settling | None = None,
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


def estimate_line(home: Home, experiment: Experiment, info, sizes: tuple[int, ...] = ()) -> None:
    """One line: "At most about 1 min 20 s on this machine", from a probe that runs in the background.

    `sizes`: of a sweep, in all. Where it is more than may be started that is said instead, and nothing is measured.
    """
    try:
        for one in _each(experiment, sizes):
            check_size(home, one, info.train)
    except Refused as refusal:
        st.caption(f":material/block: {escape(refusal)}")
        return
    if words := shortage(experiment):
        st.warning(escape(words), icon=":material/memory:")
    waiting = _measured(home, experiment) is None and not _busy(home)
    fragment(_estimate, POLL_SECONDS if waiting else None)(home, experiment, info, sizes, waiting)


def power_line(info) -> None:
    """One line: what the test pictures can show at all."""
    st.caption(f":material/query_stats: {escape(power.sentence(info.test))}")


def _estimate(home: Home, experiment: Experiment, info, sizes: tuple[int, ...], waiting: bool) -> None:
    measured = probing.probe(home, experiment.backbone, experiment.resolution, experiment.batch_size)
    if measured is None and _busy(home):
        st.caption(":material/schedule: How long this takes is measured when nothing else trains.")
    elif measured is None:
        st.caption(":material/speed: Measuring this machine …")
    elif "error" in measured:
        st.caption(":material/speed: How long this takes could not be measured on this machine.")
    else:
        if experiment.resplit is None:
            experiment = replace(experiment, resplit=resplits_by_itself(home, info))
        splits = {"train": info.train, "validation": info.validation, "test": info.test}
        total = sum(estimate_seconds(one, measured, splits).total for one in _each(experiment, sizes))
        st.markdown(f":material/schedule: At most about **{duration(_rounded(total))}** on this machine")
        later = "" if info.ready else " The pictures are downloaded first."
        if experiment.patience:
            st.caption(f"Less where an arm stops early.{later}")
        elif later:
            st.caption(later)
    if waiting and measured is not None:
        st.rerun()  # without the polling


def _each(experiment: Experiment, sizes: tuple[int, ...]) -> list[Experiment]:
    return [replace(experiment, samples=size) for size in sizes] or [experiment]


def _measured(home: Home, experiment: Experiment) -> dict | None:
    return probing.cached(home, experiment.backbone, experiment.resolution, experiment.batch_size)


def _busy(home: Home) -> bool:
    return background.busy(home)


def _rounded(seconds: float) -> float:
    """Two digits are more than an estimate knows."""
    unit = 5 if seconds < 300 else 60
    return max(unit, round(seconds / unit) * unit)
