"""The curve of a learning-rate range test, with the chosen rate on it."""

import pandas as pd
import pytest

from tl.charts.palette import ARM_COLOURS
from tl.charts.rate_test import rate_test_chart, rate_test_rows
from tl.store.metrics import RATE_TEST, typed_frame

CURVE = typed_frame(
    [{"learning_rate": 10.0**power, "loss": loss} for power, loss in ((-4, 2.0), (-3, 1.5), (-2, 1.0))], RATE_TEST
)


@pytest.mark.parametrize(("chosen", "marked"), [(1e-3, [1e-3]), (9.6e-4, [1e-3]), (None, [])])
def test_the_chosen_rate_is_marked_where_it_is_known(chosen, marked):
    rows = rate_test_rows(CURVE, "a", "run", chosen)
    assert rows.loc[rows["chosen"], "learning_rate"].tolist() == pytest.approx(marked)
    assert len(rows) == 3


def test_a_run_without_a_curve_adds_nothing():
    assert rate_test_rows(typed_frame([], RATE_TEST), "a", "run", 1e-3).empty


def test_every_arm_has_a_line_in_its_colour_over_a_logarithmic_rate():
    rows = pd.concat([rate_test_rows(CURVE, name, name, 1e-3) for name in ("a", "b")])
    line, points = rate_test_chart(rows, ["a", "b"]).spec["layer"]
    assert line["encoding"]["color"]["scale"] == {"domain": ["a", "b"], "range": list(ARM_COLOURS[:2])}
    assert line["encoding"]["x"]["scale"]["type"] == "log" and "chosen" in points["transform"][0]["filter"]
