"""Axes: no two ticks with the same words, however little a chart's values differ; no line on the frame."""

import re
from dataclasses import replace

import pytest

from tests.charts.test_charts import ARMS, drawn, hardware, metrics
from tests.charts.test_sizes import rows_of
from tests.charts.test_time_axes import before, texts
from tl.charts import resources, sizes
from tl.charts.axes import ROOM
from tl.charts.svg import as_svg


def reaching(low: float, high: float):
    """A sweep whose accuracies lie between these."""
    rows = rows_of(fitted=False)
    step = (high - low) / (len(rows.points) - 1)
    points = [
        (arm, size, low + step * n, None, None, *rest) for n, (arm, size, _, _, _, *rest) in enumerate(rows.points)
    ]
    return replace(rows, points=points, runs=[])


def highest(drawing, kind: str = "mark-line") -> float:
    """Pixels between the top of the chart and the highest point of its lines."""
    paths = re.findall(rf'class="{kind} role-mark[^"]*"[^>]*><path[^>]* d="([^"]+)"', as_svg(drawing))
    assert paths
    return min(float(y) for path in paths for y in re.findall(r"[ML][-\d.e]+,([-\d.e]+)", path))


@pytest.mark.parametrize(("low", "high"), [(0.083, 0.093), (0.0840, 0.0844), (0.1, 0.9), (0.5, 0.5)])
def test_shares_that_differ_little_have_labels_that_differ(low, high):
    labels = before(texts(sizes.size_chart(reaching(low, high))), "test accuracy")
    assert labels and len(set(labels)) == len(labels) and all(label.endswith(" %") for label in labels)


@pytest.mark.parametrize("factor", [1e-3, 1, 1e3, 1e30])
def test_losses_of_any_size_have_short_labels_that_differ(factor):
    frame = metrics(10)
    frame["val_loss"] = frame["val_loss"].astype(float) * factor
    labels = before(texts(drawn("loss", frame)), "loss")
    assert labels and len(set(labels)) == len(labels) and max(map(len, labels)) < 9


@pytest.mark.parametrize("rates", [(1e-3, 1e-3), (1e-3, 1.4e-3), (1e-4, 1e-3), (1e-6, 1e-1)])
def test_rates_have_labels_that_differ(rates):
    frame = metrics(10)
    frame["learning_rate"] = [rates[place % 2] for place in range(len(frame))]
    labels = before(texts(drawn("learning_rate", frame)), "learning rate")
    assert labels and len(set(labels)) == len(labels)


def test_no_size_is_named_that_nothing_is_drawn_at():
    assert before(texts(sizes.size_chart(rows_of(fitted=False))), "training pictures")[-1] == "3,000"
    assert before(texts(sizes.size_chart(rows_of())), "training pictures")[-1] == "6,000", "the curve's end"


@pytest.mark.parametrize("worst", [1.0, 2.0, 2.5])
def test_no_curve_touches_the_frame(worst):
    """Even where the highest value is the axis's own end."""
    frame = metrics(10)
    for column in ("val_loss", "val_accuracy"):
        frame[column] = frame[column].astype(float) / frame[column].astype(float).max()
    frame["val_loss"] *= worst
    for measure in ("loss", "accuracy"):
        assert highest(drawn(measure, frame)) >= ROOM
    assert highest(drawn("epoch_seconds", frame)) >= ROOM
    for column in ("memory_bytes", "cpu_percent"):
        assert highest(resources.resource_chart(hardware(250), ARMS, column)) >= ROOM
