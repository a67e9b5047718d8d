"""The chart of recalls class by class: which classes, in which order, with which ends."""

import re

import pytest

from tl.charts.classes import MOST_CLASSES, ClassRow, class_chart, drawn
from tl.charts.drawing import ROWS
from tl.charts.palette import ARM_COLOURS
from tl.charts.svg import as_svg

ARMS = ("From scratch", "<b>bold</b> & [x](y)")


def row(name: str, *means: float | None) -> ClassRow:
    """A class with an interval of 10 points on either side."""
    ends = [None if mean is None else (mean, max(0.0, mean - 0.1), min(1.0, mean + 0.1)) for mean in means]
    return ClassRow(name=name, pictures=20, recalls=tuple(ends))


def test_every_class_has_a_row_for_each_arm_with_its_interval():
    found = class_chart([row("daisy", 0.5, 0.95), row("tulip", 0.5, 0.6)], ARMS).tables[ROWS]
    assert found["class"].tolist() == ["daisy", "daisy", "tulip", "tulip"] and found["arm"].tolist() == [*ARMS, *ARMS]
    assert found.iloc[1][["recall", "low", "high"]].tolist() == pytest.approx([0.95, 0.85, 1.0])


def test_the_largest_difference_comes_first_and_of_equal_ones_the_hardest():
    classes = [row("a", 0.7, 0.75), row("b", 0.6, 0.2), row("c", 0.3, 0.35), row("d", None, 0.1)]
    assert [each.name for each in drawn(classes)] == ["b", "c", "a", "d"]


def test_of_many_classes_those_that_differ_most_are_drawn():
    classes = [row(str(number), 0.5, 0.5 + number / 100) for number in range(30)]
    names = class_chart(classes, ARMS).tables[ROWS]["class"].unique().tolist()
    assert names == [str(number) for number in range(29, 29 - MOST_CLASSES, -1)]


def test_what_is_not_known_is_left_out():
    found = class_chart([row("daisy", None, 0.5), row("tulip", None, None)], ARMS).tables[ROWS]
    assert found[["class", "arm"]].values.tolist() == [["daisy", ARMS[1]]]


def test_two_classes_that_look_alike_each_keep_a_row():
    found = class_chart([row("daisy", 0.1, 0.5), row("daisy", 0.2, 0.5)], ARMS)
    assert found.tables[ROWS]["class"].unique().tolist() == ["daisy", "daisy (2)"]


def test_arms_keep_their_colours_and_the_picture_names_the_classes():
    chart = class_chart([row("daisy", 0.5, 0.9)], ARMS)
    (colour,) = {str(layer["encoding"]["color"]["scale"]) for layer in chart.spec["layer"]}
    assert colour == str({"domain": list(ARMS), "range": list(ARM_COLOURS[:2])})
    svg = as_svg(chart)
    assert svg.startswith("<svg") and "daisy" in svg and "<b>" not in svg


def test_every_row_has_its_height_however_many_there_are():
    heights = []
    for number in (1, 6):
        drawn_at = as_svg(class_chart([row(str(each), 0.5, 0.9) for each in range(number)], ARMS))
        heights.append(float(re.search(r'height="([\d.]+)"', drawn_at)[1]))
    assert 5 * 2 * 14 < heights[1] - heights[0] < 5 * 2 * 28


def test_only_the_rows_change_with_other_recalls():
    assert class_chart([row("a", 0.1, 0.2)], ARMS).view == class_chart([row("a", 0.3, None)], ARMS).view
