"""Published results as dashed lines, and charts as still pictures."""

import re

import pandas as pd

from tests.charts.test_charts import drawn
from tl.charts.references import with_references
from tl.charts.svg import as_svg
from tl.store.metrics import METRICS, typed_frame


def chart(rows: int = 3, arm: str = "scratch"):
    """An accuracy chart of one run."""
    epochs = [
        {
            "run_id": "a",
            "arm": arm,
            "seed": 0,
            "epoch": n,
            "val_accuracy": n / 10,
            "train_seconds": 1.0,
            "stage": "head",
        }
        for n in range(1, rows + 1)
    ]
    return drawn("accuracy", pd.DataFrame(typed_frame(epochs, METRICS)), 5, arms=[arm])


LINES = [(0.957, "published: fine-tuned 95.7 %")]


def test_a_published_result_is_a_labelled_dashed_line():
    spec = with_references(chart(), LINES).to_dict()
    published = spec["layer"][-1]
    rule, label = published["layer"]
    assert rule["mark"]["type"] == "rule" and rule["mark"]["strokeDash"]
    assert spec["datasets"][published["data"]["name"]] == [{"accuracy": 0.957, "label": "published: fine-tuned 95.7 %"}]
    assert label["encoding"]["text"]["field"] == "label"
    assert spec["height"] == chart().to_dict()["height"]
    assert "published: fine-tuned 95.7 %" in as_svg(with_references(chart(), LINES))


def test_without_results_nothing_changes():
    assert with_references(chart(), []).to_dict() == chart().to_dict()


def test_only_rows_change_while_a_run_learns():
    before, after = (with_references(chart(rows), LINES) for rows in (2, 4))
    assert before.view == after.view


def test_a_still_picture_shows_the_curve_and_needs_nothing_else():
    drawn = as_svg(chart(arm='<script>alert("x")</script> & co'), 400)
    assert drawn.startswith("<svg") and "epoch" in drawn and "&amp; co" in drawn
    assert "<script" not in drawn
    assert set(re.findall(r'(?:https?:)?//[^"\s]+', drawn)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
