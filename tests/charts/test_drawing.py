"""A chart in two parts: the specification that is kept, the rows that change."""

import altair as alt
import pandas as pd

from tl.charts.drawing import ROWS, Drawing, kept, table


def view(make=None) -> str:
    return kept(make or (lambda: table().mark_point().encode(x="a:Q", y="b:Q")))()


def test_a_specification_is_made_once_and_nobody_can_change_it_for_others():
    made = []

    @kept
    def chart(height: int) -> alt.Chart:
        made.append(height)
        return table().mark_point().properties(height=height)

    first, second = (Drawing(chart(9), {}) for _ in range(2))
    first.spec["height"] = 1
    assert made == [9] and second.spec["height"] == first.spec["height"] == 9
    assert Drawing(chart(8), {}).spec["height"] == 8


def test_rows_go_by_the_name_that_the_specification_has_for_them_and_missing_is_null():
    drawing = Drawing(view(), {ROWS: pd.DataFrame({"a": [1.0, float("nan")], "b": [2, 3]})})
    document = drawing.to_dict()
    assert document["data"] == {"name": ROWS}
    assert document["datasets"] == {ROWS: [{"a": 1.0, "b": 2}, {"a": None, "b": 3}]}
    assert "datasets" not in drawing.spec and "config" not in drawing.spec


def test_a_drawing_on_top_brings_its_own_rows():
    lower = Drawing(view(lambda: alt.layer(table().mark_line())), {ROWS: pd.DataFrame({"a": [1]})})
    top = Drawing(view(lambda: table("marks").mark_rule()), {"marks": pd.DataFrame({"a": [2]})})
    document = lower.under(top).to_dict()
    assert [layer["mark"]["type"] for layer in document["layer"]] == ["line", "rule"]
    assert document["layer"][-1]["data"] == {"name": "marks"} and set(document["datasets"]) == {ROWS, "marks"}
    assert len(lower.to_dict()["layer"]) == 1
