"""The arms in numbers: one row per measure, one column per arm, every value in words. No streamlit."""

import functools
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from tl.analysis.results import Interval, Verdict
from tl.analysis.statistics import interval
from tl.config import BALANCED_ACCURACY
from tl.differences import transferred_words
from tl.jobs.listing import RunEntry
from tl.languages import later, say
from tl.store.documents import Result, read_result
from tl.ui.parts.view import Arm, ExperimentView
from tl.words import cell, count, duration, energy, memory, millions, not_available, percent

if TYPE_CHECKING:
    import pandas as pd

MEASURE = later("Measure")  # head of the column that says what each row is
TESTED, BALANCED = later("Test accuracy"), later("Balanced accuracy")


def arm_table(now: ExperimentView, metrics: "pd.DataFrame", found: Verdict | None = None) -> dict[str, list[str]]:
    """Columns of the table: the measures, marked for `with_measures_in_words`, then one column per arm.

    Where there are several seeds: the mean and over how many runs; of what was spent its 95 % interval (from 3 seeds
    on). The share that is judged by has the interval of the verdict, once that is `found`: over seeds alone one would
    look surer than it is.
    """
    columns: dict[str, list[str]] = {MEASURE: []}  # first: an arm may be called that, too
    for arm in now.arms:
        measures = _measures(now, arm, metrics[metrics["run_id"].isin([run.run_id for run in arm.runs])])
        if found is not None and (reached := found.summary[arm.name].test_accuracy) is not None:
            row = BALANCED if found.judge_by == BALANCED_ACCURACY else TESTED
            measures[row] = _reached(reached, len(arm.runs))
        title = cell(arm.title)  # of two names that look alike each has a column
        columns[f"{title} ({arm.position + 1})" if title in (*columns, say(MEASURE)) else title] = list(
            measures.values()
        )
        columns[MEASURE] = list(measures)
    return columns


def with_measures_in_words(table: dict[str, list[str]]) -> dict[str, list[str]]:
    """The table as it is shown: its measures in words."""
    arms = {arm: values for arm, values in table.items() if arm != MEASURE}
    return {say(MEASURE): [say(measure) for measure in table[MEASURE]], **arms}


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
            return not_available()
        if len(arm.runs) == 1:
            return show(found.mean)
        if spent and found.low is not None and found.high is not None:
            return say(
                "{mean} (95 % interval {low} to {high}, n = {number})",
                mean=show(found.mean),
                low=show(max(found.low, 0)),
                high=show(found.high),
                number=len(known),
            )
        return say("{mean} (n = {number})", mean=show(found.mean), number=len(known))

    def over_epochs(column: str, show: Callable[[float], str]) -> str:
        known = metrics[column].dropna()
        return not_available() if known.empty else show(float(known.mean()))

    own, arms = now.experiment.of(now.experiment.arms[arm.position]), now.experiment.arms
    pretrained = arms[arm.position].pretrained
    network = vars(own) | ({} if pretrained else {"weights": None})
    device = next((run.device for run in arm.runs if run.device), not_available())
    return {
        **({later("Network"): transferred_words(network)} if any(one.transfers_its_own for one in arms) else {}),
        TESTED: over_runs("test_accuracy", percent, spent=False),
        BALANCED: over_runs("test_balanced_accuracy", percent, results, spent=False),
        later("Macro F1"): over_runs("test_macro_f1", percent, results, spent=False),
        later("Best validation accuracy"): over_runs("best_val_accuracy", percent, spent=False),
        later("Epochs"): _epochs(arm.runs),
        later("Computing time"): _reused(over_runs("elapsed_seconds", duration), results),
        later("Seconds per epoch"): _busy(
            over_epochs("train_seconds", lambda mean: say("{seconds} s for training", seconds=f"{mean:.1f}")), metrics
        ),
        later("Threads"): over_epochs("threads", lambda mean: f"{mean:.3g}"),
        later("Batch"): _batch(arm.runs, results),
        later("Pictures per second"): over_epochs("images_per_second", lambda mean: count(round(mean))),
        later("Operations per training picture"): _gflops(metrics),
        later("Precision"): next((result.precision for result in results if result.precision), not_available()),
        later("Peak memory"): over_runs("memory_peak_bytes", memory),
        later("Energy"): over_runs("energy_joules", energy, results),
        later("Parameters trained"): _parameters(metrics),
        later("Trained on"): device,
    }


def _reached(share: Interval, runs: int) -> str:
    """ "71.9 % (95 % interval 68.1 to 75.4 %, n = 3)"."""
    mean = percent(share.mean)
    if share.low is None or share.high is None:
        return say("{mean} (n = {number})", mean=mean, number=runs) if runs > 1 else mean
    low, high = f"{100 * share.low:.1f}", percent(share.high)
    if runs > 1:
        return say("{mean} (95 % interval {low} to {high}, n = {number})", mean=mean, low=low, high=high, number=runs)
    return say("{mean} (95 % interval {low} to {high})", mean=mean, low=low, high=high)


def _epochs(runs: Sequence[RunEntry]) -> str:
    """ "8 to 12 of 15, 2 of 3 stopped early, best 5 to 9"."""
    if not runs:
        return not_available()
    done, most = _span([run.epochs for run in runs]), _span([run.max_epochs for run in runs])
    parts: list[str] = [say("{done} of {most}", done=done, most=most)]
    if early := sum(bool(run.stopped_early) for run in runs):
        every = early == len(runs)
        parts.append(
            say("stopped early") if every else say("{early} of {runs} stopped early", early=early, runs=len(runs))
        )
    if best := [run.best_epoch for run in runs if run.best_epoch]:
        parts.append(say("best {epochs}", epochs=_span(best)))
    return functools.reduce(lambda so_far, more: say("{so_far}, {more}", so_far=so_far, more=more), parts)


def _batch(runs: Sequence[RunEntry], results: Sequence[Result]) -> str:
    """ "32", "32, in 2 parts for lack of memory", "32, in 2 parts for lack of memory in 1 of 3 runs"."""
    if not runs:
        return not_available()
    size, parts = count(runs[0].batch_size), [result.batch_parts for result in results if (result.batch_parts or 1) > 1]
    if not parts:
        return size
    number = _span([part for part in parts if part])
    if len(parts) == len(runs):
        return say("{size}, in {parts} parts for lack of memory", size=size, parts=number)
    return say(
        "{size}, in {parts} parts for lack of memory in {some} of {runs} runs",
        size=size,
        parts=number,
        some=len(parts),
        runs=len(runs),
    )


def _span(numbers: Sequence[int]) -> str:
    low, high = min(numbers), max(numbers)
    return f"{low}" if low == high else say("{low} to {high}", low=low, high=high)


def _reused(time: str, results: Sequence[Result]) -> str:
    """The computing time, with what of it other runs had spent, on average, where they had."""
    seconds = sum(result.reused_seconds or 0.0 for result in results)
    if not seconds:
        return time
    return say("{time}, {reused} of it reused", time=time, reused=duration(seconds / len(results)))


def _busy(time: str, metrics: "pd.DataFrame") -> str:
    """The time, with in how many epochs other programs kept the machine busy, where they did and the machine told."""
    from tl.analysis.undisturbed import disturbed_epochs  # pandas

    disturbed = int(disturbed_epochs(metrics).sum())
    if not disturbed:
        return time
    return say(
        "{time}; {some} of {number} epochs beside other programs",
        time=time,
        some=count(disturbed),
        number=count(len(metrics)),
    )


def _gflops(metrics: "pd.DataFrame") -> str:
    """Floating-point operations that were executed (what was kept is not computed again), per picture trained on."""
    pictures = metrics.groupby("run_id")["images_seen"].diff().fillna(metrics["images_seen"])
    known = metrics["flops"].notna() & pictures.notna()
    if not known.any():
        return not_available()
    return f"{metrics['flops'][known].sum() / pictures[known].sum() / 1e9:.3g} GFLOP"


def _parameters(metrics: "pd.DataFrame") -> str:
    known = metrics[["trainable_parameters", "total_parameters"]].dropna()
    if known.empty:
        return not_available()
    fewest, most = int(known["trainable_parameters"].min()), int(known["trainable_parameters"].max())
    total = millions(int(known["total_parameters"].iloc[-1]))
    if fewest < most:
        return say("{some} of {all}, at first {first}", some=millions(most), all=total, first=millions(fewest))
    return say("{some} of {all}", some=millions(most), all=total)
