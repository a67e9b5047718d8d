"""The heatmaps of what is taken for what, and the reliability diagram: rows, colours, what a click gives."""

import numpy as np
import pytest

from tl.charts.confusion import CELL, CHOSEN, NUMBERS, WRITTEN, Side, confusion_chart, difference_chart
from tl.charts.drawing import ROWS
from tl.charts.reliability import reliability_chart
from tl.charts.svg import as_svg

NAMES = ["rose", "tulip", "daisy"]
ARM = Side(title="A", colour="#DC7430", counts=np.array([[8, 2, 0], [1, 4, 0], [0, 0, 0]]))
OTHER = Side(title="B", colour="#2F7DD1", counts=np.array([[6, 4, 0], [0, 5, 0], [0, 0, 0]]))


def squares(chart):
    return chart.tables[ROWS].set_index(["label", "answer"])


def test_a_square_is_as_strong_as_its_share_of_the_labels_pictures():
    found = squares(confusion_chart(ARM, NAMES, [0, 1, 2]))
    assert found.loc[(0, 1), ["shown", "strength", "side"]].tolist() == ["2", 0.2, "A"]
    assert found.loc[(1, 1), "strength"] == 0.8 and found.loc[(2, 2), ["shown", "strength"]].tolist() == ["", 0.0]
    assert found.loc[(0, 1), "about"] == "rose answered as tulip, A: 2"


def test_shares_are_of_all_answers_where_only_some_classes_are_drawn():
    found = squares(confusion_chart(ARM, NAMES, [0]))
    assert len(found) == 1 and found.loc[(0, 0), "strength"] == 0.8


def test_the_difference_is_coloured_for_whom_it_speaks():
    found = squares(difference_chart(ARM, OTHER, NAMES, [0, 1]))
    assert found["shown"].tolist() == ["+2", "−2", "+1", "−1"]
    assert found["side"].tolist() == ["A", "A", "B", "B"]  # fewer roses taken for tulips speak for A
    assert found.loc[(0, 0), "strength"] == 1.0 and found.loc[(1, 0), "strength"] == 0.5
    assert found.loc[(0, 1), "about"] == "rose answered as tulip, A: 2, B: 4"


def test_arms_that_answer_alike_have_an_empty_difference():
    found = squares(difference_chart(ARM, Side(title="B", colour="#000000", counts=ARM.counts), NAMES, [0, 1]))
    assert set(found["shown"]) == {""} and set(found["side"]) == {""} and not found["strength"].any()


def test_a_click_gives_the_numbers_of_the_classes_and_the_chosen_square_has_a_frame():
    chart = confusion_chart(ARM, NAMES, [0, 1], (1, 0))
    (selection,) = chart.spec["params"]
    assert selection["name"] == CELL and selection["select"]["fields"] == ["label", "answer"]
    assert chart.tables[CHOSEN][["label", "answer"]].values.tolist() == [[1, 0]]
    assert confusion_chart(ARM, NAMES, [0, 1]).tables[CHOSEN].empty


def test_two_classes_of_one_name_each_have_their_row():
    found = confusion_chart(ARM, ["rose", "rose", "daisy"], [0, 1]).tables[ROWS]
    assert found["labelled"].unique().tolist() == ["rose", "rose (2)"]


@pytest.mark.parametrize(("classes", "written"), [(WRITTEN, True), (WRITTEN + 1, False)])
def test_numbers_are_written_where_there_is_room(classes, written):
    many = Side(title="A", colour="#DC7430", counts=np.eye(classes, dtype=int))
    chart = confusion_chart(many, [f"class {number}" for number in range(classes)], range(classes))
    assert (NUMBERS in [layer.get("name") for layer in chart.spec["layer"]]) is written
    assert "class 3" in as_svg(chart)


def test_the_reliability_diagram_has_a_point_a_bin_and_the_diagonal():
    chart = reliability_chart([("B", "#2F7DD1", [(0.9, 0.7, 0.6, 0.8, 20)] * 2)], after=True)
    assert (
        chart.tables[ROWS][["arm", "kind", "sure", "right"]].values.tolist()
        == [["B", "with temperature", 0.9, 0.7]] * 2
    )
    scales = {str(layer["encoding"]["color"]["scale"]) for layer in chart.spec["layer"] if "color" in layer["encoding"]}
    assert scales == {str({"domain": ["B"], "range": ["#2F7DD1"]})}
    assert as_svg(chart).startswith("<svg")
