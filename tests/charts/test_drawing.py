"""A chart in two parts: the specification that is kept, the rows that change."""

import altair as alt
import pandas as pd

from tl.charts.drawing import ROWS, WORDS, Drawing, base_chart, kept
from tl.charts.svg import FONT, as_svg
from tl.languages import ENGLISH, LANGUAGES, language, speaking


def view(make=None) -> str:
    return kept(make or (lambda: base_chart().mark_point().encode(x="a:Q", y="b:Q")))()


def test_a_specification_is_made_once_and_nobody_can_change_it_for_others():
    made = []

    @kept
    def chart(height: int) -> alt.Chart:
        made.append(height)
        return base_chart().mark_point().properties(height=height)

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
    lower = Drawing(view(lambda: alt.layer(base_chart().mark_line())), {ROWS: pd.DataFrame({"a": [1]})})
    top = Drawing(view(lambda: base_chart("marks").mark_rule()), {"marks": pd.DataFrame({"a": [2]})})
    document = lower.under(top).to_dict()
    assert [layer["mark"]["type"] for layer in document["layer"]] == ["line", "rule"]
    assert document["layer"][-1]["data"] == {"name": "marks"} and set(document["datasets"]) == {ROWS, "marks"}
    assert len(lower.to_dict()["layer"]) == 1


def test_a_specification_is_kept_for_each_language_with_how_that_writes_numbers_and_times():
    made = []

    @kept
    def chart(height: int) -> alt.Chart:
        made.append(language())
        return base_chart().mark_point().properties(height=height, title=language())

    english = chart(9)
    with speaking("zh"):
        chinese = Drawing(chart(9), {}).spec
        assert chart(9) == chart(9)
    assert chart(9) == english and made == ["en", "zh"]
    assert chinese["title"] == "zh" and chinese["config"]["locale"]["number"]["thousands"] == ","


def test_every_language_says_how_it_writes_numbers_and_times():
    assert {ENGLISH, *WORDS} == LANGUAGES.keys(), "in WORDS of tl/charts/drawing.py"


def test_chinese_has_fonts_and_numbers_of_its_own_on_paper_and_a_drawing_on_top_no_second_locale():
    rows = {ROWS: pd.DataFrame({"a": [1000.0], "b": [2]})}
    layers = lambda: alt.layer(base_chart().mark_point().encode(alt.X("a:Q", title="准确率")))  # noqa: E731
    with speaking("zh"):
        drawing = Drawing(view(layers), rows).under(Drawing(view(), {}))
        drawn = as_svg(drawing)
    assert "config" not in drawing.spec["layer"][-1] and "准确率" in drawn and "1,000" in drawn
    assert drawn.count("Noto Sans CJK SC") and "Noto Sans CJK SC" not in as_svg(drawing) and FONT in as_svg(drawing)
