"""The charts of an experiment, for page and report: a new one is an entry of CHARTS and what draws it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from tl.charts.curves import HIGH, LOW, MARKED, line_chart, marked
from tl.charts.drawing import Drawing
from tl.charts.frames import DISTURBED, Line, disturbed
from tl.charts.rate_test import rate_test_chart
from tl.charts.references import with_references
from tl.charts.resources import resource_chart
from tl.config import BALANCED_ACCURACY, Experiment
from tl.languages import later


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What there is to draw, and how whoever looks wants it."""

    experiment: Experiment
    metrics: pd.DataFrame  # the epochs of all runs, with `run_id` and `arm`, its title
    arms: list[str]  # titles, in the order of their colours
    axis: str = "epochs"  # of large charts, see tl.charts.frames.AXES
    training: bool = False  # whether large charts have training curves
    single: bool = True  # whether large charts have a line for each run
    legend: bool = True  # whether large charts name their lines
    low: int = LOW  # height of all others, in pixels
    published: Sequence[tuple[float, str]] = ()  # accuracies to compare with, each with its label
    # Where adapting goes wrong: run_id, epoch, kind (tl.analysis.adaptation.collapse).
    marks: pd.DataFrame | None = None
    rate_tests: pd.DataFrame | None = None  # as rate_test_chart draws them; None where no run looked for its rate
    resources: pd.DataFrame | None = None  # samples of the hardware, with `run_id` and `arm`


@dataclass(frozen=True)
class Figure:
    """A chart as drawn; its words are still to be said."""

    drawing: Drawing | None  # None where nothing has been measured yet
    title: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Chart:
    """What a chart is."""

    title: str
    draw: Callable[["Chart", Shown], Figure | None]  # None where there is nothing to show
    alt: str = later("{measure} of every arm")  # for those who can't see it; {measure}: the title
    line: Line | None = None  # of a chart over the epochs
    large: bool = False  # at the top of the page, over the axis that was chosen
    note: str = ""  # below it
    kinds: tuple[str, ...] = ()  # of the marks on it
    samples: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # column, the best first -> its title and note
    in_report: Mapping[str, str] = field(default_factory=dict)  # axis -> caption there


def _lines(chart: Chart, shown: Shown) -> Drawing:
    """A line for every arm."""
    assert chart.line
    epochs = max(shown.experiment.epochs_of(arm) for arm in shown.experiment.arms)
    if not chart.large:
        return line_chart(chart.line, shown.metrics, shown.arms, epochs, height=shown.low)
    how = (shown.axis, shown.training, shown.single, shown.legend)
    return line_chart(chart.line, shown.metrics, shown.arms, epochs, *how, height=HIGH)


def _by_epoch(chart: Chart, shown: Shown) -> Figure:
    return Figure(_lines(chart, shown), chart.title)


def _accuracy(chart: Chart, shown: Shown) -> Figure:
    return Figure(with_references(_lines(chart, shown), shown.published), chart.title)


def _balanced_accuracy(chart: Chart, shown: Shown) -> Figure | None:
    return _by_epoch(chart, shown) if shown.experiment.judge_by == BALANCED_ACCURACY else None


def _seconds(chart: Chart, shown: Shown) -> Figure:
    return Figure(marked(_lines(chart, shown), shown.arms, DISTURBED, disturbed(shown.metrics)), chart.title)


def _adapting(chart: Chart, shown: Shown) -> Figure | None:
    assert chart.line
    column = chart.line.columns[0][0]
    known = shown.metrics[["run_id", "arm", "epoch", column]].dropna()
    if shown.marks is None or known.empty:
        return None
    wrong = shown.marks[shown.marks["kind"].isin(chart.kinds)].merge(known, on=["run_id", "epoch"])
    marks = wrong.rename(columns={"epoch": "x", column: "y"})[["arm", "x", "y"]].astype({"x": int, "y": float})
    return Figure(marked(_lines(chart, shown), shown.arms, MARKED, marks), chart.title, chart.note)


def _rate_test(chart: Chart, shown: Shown) -> Figure | None:
    if shown.rate_tests is None:
        return None
    return Figure(rate_test_chart(shown.rate_tests, shown.arms), chart.title, chart.note)


def _sampled(chart: Chart, shown: Shown) -> Figure | None:
    """Of the first of its columns that was measured at all."""
    if shown.resources is None:
        return None
    for column, (title, note) in chart.samples.items():
        if shown.resources[column].notna().any():
            return Figure(resource_chart(shown.resources, shown.arms, column), title, note)
    return Figure(None, chart.title, later("Not available yet: nothing has been measured."))


VALIDATION, TRAINING = later("validation"), later("training")
CHARTS = {  # in the order in which they are shown
    "balanced_accuracy": Chart(
        title=later("Balanced validation accuracy"),
        draw=_balanced_accuracy,
        line=Line((("val_balanced_accuracy", VALIDATION),), later("balanced accuracy"), "share", 6),
        large=True,
        in_report={"epochs": later("Balanced validation accuracy by epoch")},
    ),
    "accuracy": Chart(
        title=later("Validation accuracy"),
        draw=_accuracy,
        line=Line((("val_accuracy", VALIDATION), ("train_accuracy", TRAINING)), later("accuracy"), "share", 6),
        large=True,
        in_report={
            "epochs": later("Validation accuracy by epoch"),
            "seconds": later("Validation accuracy by computing time"),
        },
    ),
    "loss": Chart(
        title=later("Validation loss"),
        draw=_by_epoch,
        line=Line((("val_loss", VALIDATION), ("train_loss", TRAINING)), later("loss"), "number", 6),
        large=True,
        in_report={"epochs": later("Validation loss by epoch")},
    ),
    "epoch_seconds": Chart(
        title=later("Time per epoch"),
        alt=later("Time that every epoch took, for every arm"),
        draw=_seconds,
        line=Line((("epoch_seconds", later("seconds")),), later("time"), "time"),
        in_report={"epochs": later("Time per epoch")},
    ),
    "learning_rate": Chart(
        title=later("Learning rate"),
        alt=later("Learning rate of the head at every epoch, for every arm"),
        draw=_by_epoch,
        line=Line((("learning_rate", later("rate")),), later("learning rate"), "rate", 3),
    ),
    "estimated": Chart(
        title=later("Estimated accuracy on the target"),
        alt=later("{measure} at every epoch, for every arm"),
        draw=_adapting,
        line=Line((("estimated_accuracy", later("estimate")),), later("estimated accuracy"), "share"),
        note=later(
            "An estimate without labels, from how sure the answers are; not a test. A cross marks where it has fallen "
            "by ten points or more."
        ),
        kinds=("estimated_accuracy_falls",),
    ),
    "domain": Chart(
        title=later("Pictures the discriminator tells apart"),
        alt=later("{measure} at every epoch, for every arm"),
        draw=_adapting,
        line=Line((("domain_accuracy", later("discriminator")),), later("told apart"), "share"),
        note=later(
            "50 % is chance: it should end there, not start there. A cross: it never learned, or could always tell the "
            "two sets apart."
        ),
        kinds=("discriminator_at_chance", "discriminator_certain"),
    ),
    "classes": Chart(
        title=later("Classes predicted on the target"),
        alt=later("{measure} at every epoch, for every arm"),
        draw=_adapting,
        line=Line((("predicted_classes", later("classes")),), later("classes"), "number"),
        note=later(
            "On its training pictures, over the epoch. A cross marks where some classes stopped being predicted."
        ),
        kinds=("class_vanished",),
    ),
    "rate_test": Chart(
        title=later("Range test of the learning rate"),
        alt=later("Training loss over the learning rate, for every arm"),
        draw=_rate_test,
        note=later("The large point is the rate that was chosen."),
    ),
    "memory": Chart(
        title=later("Memory"),
        alt=later("Memory of every trainer over time"),
        draw=_sampled,
        samples={
            "gpu_memory_bytes": (later("GPU memory of the trainer"), ""),
            "memory_bytes": (later("Memory of the trainer (resident, page cache aside)"), ""),
        },
    ),
    "utilisation": Chart(
        title=later("Utilisation"),
        alt=later("Utilisation by every trainer over time"),
        draw=_sampled,
        samples={
            "gpu_utilisation": (later("GPU utilisation"), ""),
            "cpu_percent": (
                later("CPU load of the trainer (100 % is one core)"),
                later("GPU utilisation is not available on this machine."),
            ),
        },
    ),
}
