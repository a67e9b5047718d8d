"""Time on axes and in tooltips: minutes and seconds as people write them, whatever a chart shows."""

import json
import re

import pandas as pd
import pytest

from tests.charts.test_charts import ARMS, drawn, hardware, metrics
from tl.charts import resources
from tl.charts.references import with_references
from tl.charts.svg import as_svg


def lasting(seconds: float, epochs: int = 10):
    """Epochs of which each took so long."""
    frame = metrics(epochs)
    frame["train_seconds"], frame["eval_seconds"] = seconds, 0.0
    return frame.assign(elapsed_seconds=seconds * frame["epoch"].astype(float))


def texts(drawing) -> list[str]:
    return re.findall(r">([^<>]+)</text>", as_svg(drawing))


def before(texts_of_chart: list[str], title: str) -> list[str]:
    """The labels of the axis with this title: they come before it, after the other axis's title."""
    labels = []
    for text in texts_of_chart[: texts_of_chart.index(title)][::-1]:
        if not re.search(r"\d", text):
            break
        labels.insert(0, text)
    return labels


@pytest.mark.parametrize(
    ("seconds", "labels"),
    [
        (0.09, ["0 s", "0.2 s", "0.4 s", "0.6 s", "0.8 s"]),
        (4.5, ["0 s", "10 s", "20 s", "30 s", "40 s"]),
        (8, ["0 s", "15 s", "30 s", "45 s", "1:00", "1:15"]),
        (53, ["0 s", "2:00", "4:00", "6:00", "8:00"]),
        (400, ["0 s", "15:00", "30:00", "45:00", "1 h"]),
        (500, ["0 s", "15:00", "30:00", "45:00", "1 h", "1 h 15 min"]),
        (9_000, ["0 s", "6 h", "12 h", "18 h", "24 h"]),
        (90_000, ["0 s", "48 h", "96 h", "144 h", "192 h", "240 h"]),
    ],
)
def test_computing_time_has_the_steps_of_a_clock(seconds, labels):
    chart = drawn("accuracy", lasting(seconds), axis="seconds")
    assert before(texts(chart), "computing time") == labels
    assert before(texts(with_references(chart, [(0.9, "published")])), "computing time") == labels


@pytest.mark.parametrize(
    ("seconds", "labels"),
    [(0.3, "0.1 s"), (50, "15 s"), (80, "30 s"), (200, "1:00"), (5_000, "30:00"), (20_000, "2 h")],
)
def test_the_time_per_epoch_is_no_power_of_ten(seconds, labels):
    found = before(texts(drawn("epoch_seconds", lasting(seconds))), "time")
    assert found[:1] == ["0 s"] and found[1] == labels and len(found) <= 6
    assert not [label for label in found if "e" in label or "k" in label]


def test_time_since_the_start_is_no_thousand_seconds():
    for column in ("memory_bytes", "cpu_percent"):
        found = texts(resources.resource_chart(hardware(250), ARMS, column))
        assert before(found, "time since the run started") == ["0 s", "1:00", "2:00", "3:00", "4:00"]


def test_a_chart_without_anything_in_it_has_no_labels_of_time():
    assert (
        before(texts(resources.resource_chart(hardware(0), ARMS, "memory_bytes")), "time since the run started") == []
    )


def test_tooltips_say_times_in_words():
    chart = drawn("epoch_seconds", lasting(80.4))
    fields = {entry["field"] for entry in chart.spec["layer"][1]["encoding"]["tooltip"]}
    assert {"y_words", "low_words", "high_words"} <= fields and not {"y", "low", "high"} & fields
    rows = chart.to_dict()["datasets"]["rows"]
    assert {(row["y_words"], row["low_words"]) for row in rows} == {("1 min 20 s", None)}
    chart = resources.resource_chart(hardware(100), ARMS, "memory_bytes")
    assert '"field": "time"' in json.dumps(chart.spec["encoding"]["tooltip"])
    assert "1 min 20 s" in {row["time"] for row in chart.to_dict()["datasets"]["rows"]}


def test_epochs_that_others_disturbed_are_marked():
    metrics = lasting(10.0)
    assert drawn("epoch_seconds", metrics).tables["disturbed"].empty
    load = pd.array([0.5] + [pd.NA] + [0.1] * (len(metrics) - 2), dtype="Float64")
    chart = drawn("epoch_seconds", metrics.assign(others_load=load))
    marked = chart.tables["disturbed"]
    assert marked[["x", "others"]].to_numpy().tolist() == [[metrics["epoch"].iloc[0], 0.5]]
    assert texts(chart), "it can be drawn"
