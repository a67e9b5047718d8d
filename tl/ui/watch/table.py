"""The arms in numbers: one row per measure, one column per arm, every value in words. No streamlit."""

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from tl.analysis.results import Interval, Verdict
from tl.analysis.statistics import interval
from tl.config import BALANCED_ACCURACY
from tl.differences import transferred_words
from tl.jobs.listing import RunEntry
from tl.store.documents import Result, read_result
from tl.ui.parts.text import NOT_AVAILABLE, cell, count, duration, energy, memory, millions, percent
from tl.ui.parts.view import Arm, ExperimentView

if TYPE_CHECKING:
    import pandas as pd

MEASURE = "Measure"  # head of the column that says what each row is


def arm_table(now: ExperimentView, metrics: "pd.DataFrame", found: Verdict | None = None) -> dict[str, list[str]]:
    """Columns of the table: the measures' names, then one column per arm.

    Where there are several seeds: the mean and over how many runs; of what was spent its 95 % interval (from 3 seeds
    on). The share that is judged by has the interval of the verdict, once that is `found`: over seeds alone one would
    look surer than it is.
    """
    columns: dict[str, list[str]] = {MEASURE: []}  # first: an arm may be called that, too
    for arm in now.arms:
        measures = _measures(now, arm, metrics[metrics["arm"] == arm.title])
        if found is not None and (reached := found.summary[arm.name].test_accuracy) is not None:
            row = "Balanced accuracy" if found.judge_by == BALANCED_ACCURACY else "Test accuracy"
            measures[row] = _reached(reached, len(arm.runs))
        title = cell(arm.title)  # of two names that look alike each has a column
        columns[f"{title} ({arm.position + 1})" if title in columns else title] = list(measures.values())
        columns[MEASURE] = list(measures)
    return columns


def _measures(now: ExperimentView, arm: Arm, metrics: "pd.DataFrame") -> dict[str, str]:
    results = [read_result(now.home.run(run.run_id)) or Result() for run in arm.runs]

    def over_runs(
        field: str,
        show: Callable[[float], str],
        documents: Sequence[RunEntry | Result] = arm.runs,
        spent: bool = True,
    ) -> str:
        values = [getattr(document, field) for document in documents]
        known = [value for value in values if value is not None and math.isfinite(value)]
        if not (found := interval(known)):
            return NOT_AVAILABLE
        if len(arm.runs) == 1:
            return show(found.mean)
        between = ""
        if spent and found.low is not None and found.high is not None:
            between = f"95 % interval {show(max(found.low, 0))} to {show(found.high)}, "
        return f"{show(found.mean)} ({between}n = {len(known)})"

    def over_epochs(column: str, show: Callable[[float], str]) -> str:
        known = metrics[column].dropna()
        return NOT_AVAILABLE if known.empty else show(float(known.mean()))

    own, arms = now.experiment.of(now.experiment.arms[arm.position]), now.experiment.arms
    pretrained = arms[arm.position].pretrained
    network = vars(own) | ({} if pretrained else {"weights": None})
    device = next((run.device for run in arm.runs if run.device), NOT_AVAILABLE)
    return {
        **({"Network": transferred_words(network)} if any(one.transfers_its_own for one in arms) else {}),
        "Test accuracy": over_runs("test_accuracy", percent, spent=False),
        "Balanced accuracy": over_runs("test_balanced_accuracy", percent, results, spent=False),
        "Macro F1": over_runs("test_macro_f1", percent, results, spent=False),
        "Best validation accuracy": over_runs("best_val_accuracy", percent, spent=False),
        "Epochs": _epochs(arm.runs),
        "Computing time": over_runs("elapsed_seconds", duration) + _reused(results),
        "Seconds per epoch": over_epochs("train_seconds", lambda mean: f"{mean:.1f} s for training") + _busy(metrics),
        "Threads": over_epochs("threads", lambda mean: f"{mean:.3g}"),
        "Batch": _batch(arm.runs, results),
        "Pictures per second": over_epochs("images_per_second", lambda mean: count(round(mean))),
        "Operations per training picture": _gflops(metrics),
        "Precision": next((result.precision for result in results if result.precision), NOT_AVAILABLE),
        "Peak memory": over_runs("memory_peak_bytes", memory),
        "Energy": over_runs("energy_joules", energy, results),
        "Parameters trained": _parameters(metrics),
        "Trained on": device,
    }


def _reached(share: Interval, runs: int) -> str:
    """ "71.9 % (95 % interval 68.1 to 75.4 %, n = 3)"."""
    number = f"n = {runs}" if runs > 1 else ""
    between = ""
    if share.low is not None and share.high is not None:
        between = f"95 % interval {100 * share.low:.1f} to {percent(share.high)}"
    about = ", ".join(filter(None, (between, number)))
    return percent(share.mean) + (f" ({about})" if about else "")


def _epochs(runs: Sequence[RunEntry]) -> str:
    """ "8 to 12 of 15, 2 of 3 stopped early, best 5 to 9"."""
    if not runs:
        return NOT_AVAILABLE
    parts = [f"{_span([run.epochs for run in runs])} of {_span([run.max_epochs for run in runs])}"]
    if early := sum(bool(run.stopped_early) for run in runs):
        parts.append("stopped early" if early == len(runs) else f"{early} of {len(runs)} stopped early")
    if best := [run.best_epoch for run in runs if run.best_epoch]:
        parts.append(f"best {_span(best)}")
    return ", ".join(parts)


def _batch(runs: Sequence[RunEntry], results: Sequence[Result]) -> str:
    """ "32", "32, in 2 parts for lack of memory", "32, in 2 parts for lack of memory in 1 of 3 runs"."""
    if not runs:
        return NOT_AVAILABLE
    parts = [result.batch_parts for result in results if (result.batch_parts or 1) > 1]
    where = f" in {len(parts)} of {len(runs)} runs" if 0 < len(parts) < len(runs) else ""
    told = f", in {_span([part for part in parts if part])} parts for lack of memory{where}" if parts else ""
    return f"{count(runs[0].batch_size)}{told}"


def _span(numbers: Sequence[int]) -> str:
    low, high = min(numbers), max(numbers)
    return f"{low}" if low == high else f"{low} to {high}"


def _reused(results: Sequence[Result]) -> str:
    """What of the computing time other runs had spent, on average; "" where nothing."""
    seconds = sum(result.reused_seconds or 0.0 for result in results)
    return f", {duration(seconds / len(results))} of it reused" if seconds else ""


def _busy(metrics: "pd.DataFrame") -> str:
    """In how many epochs other programs kept the machine busy; "" where in none, or the machine didn't tell."""
    from tl.analysis.quiet import disturbed_epochs  # pandas

    disturbed = int(disturbed_epochs(metrics).sum())
    return f"; {count(disturbed)} of {count(len(metrics))} epochs beside other programs" if disturbed else ""


def _gflops(metrics: "pd.DataFrame") -> str:
    """Floating-point operations that were executed (what was kept is not computed again), per picture trained on."""
    pictures = metrics.groupby("run_id")["images_seen"].diff().fillna(metrics["images_seen"])
    known = metrics["flops"].notna() & pictures.notna()
    if not known.any():
        return NOT_AVAILABLE
    return f"{metrics['flops'][known].sum() / pictures[known].sum() / 1e9:.3g} GFLOP"


def _parameters(metrics: "pd.DataFrame") -> str:
    known = metrics[["trainable_parameters", "total_parameters"]].dropna()
    if known.empty:
        return NOT_AVAILABLE
    fewest, most = int(known["trainable_parameters"].min()), int(known["trainable_parameters"].max())
    total = millions(int(known["total_parameters"].iloc[-1]))
    return f"{millions(most)} of {total}" + (f", at first {millions(fewest)}" if fewest < most else "")
