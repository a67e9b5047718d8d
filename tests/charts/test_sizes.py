"""The charts of a sweep: their rows are what was found, drawn no further than it is believed."""

import pytest

from tl.charts import sizes
from tl.charts.drawing import ROWS
from tl.charts.palette import ARM_COLOURS
from tl.charts.sizes import FittedCurve, SizeRows

TITLES = ("From scratch", "<b>bold</b> & [x](y)")
SIZES = (100, 300, 1000, 3000)
MEANS = (0.6, 0.7, 0.8, 0.85)


def rows_of(fitted: bool = True, seeds: int = 3, break_even: int | None = None) -> SizeRows:
    """Two arms; the last size of the second is not finished."""
    reached = [(TITLES[0], *each) for each in zip(SIZES, MEANS)] + [
        (TITLES[1], *each) for each in zip(SIZES[:3], MEANS)
    ]
    wide = 0.01 if seeds > 2 else None
    curve = FittedCurve(a=3.0, b=0.5, c=0.1, smallest=100, largest=3000)
    return SizeRows(
        sizes=SIZES,
        arms=TITLES,
        points=[
            (arm, size, mean, wide and mean - wide, wide and mean + wide, seeds, "59.0 to 61.0 % for new pictures")
            for arm, size, mean in reached
        ],
        runs=[(arm, size, mean, seed) for arm, size, mean in reached for seed in range(seeds) if seeds > 1],
        curves={TITLES[0]: curve if fitted else None, TITLES[1]: None},
        residuals=[(TITLES[0], size, value) for size, value in zip(SIZES, (-1.0, 2.0, 0.0, 0.0)) if fitted],
        break_even=break_even,
    )


def test_points_and_bands_are_those_of_finished_runs():
    rows = sizes.points(rows_of())
    assert len(rows) == 7 and set(rows["arm"]) == set(TITLES)
    assert rows.iloc[0][["accuracy", "low", "high"]].tolist() == pytest.approx([0.6, 0.59, 0.61])
    assert sizes.points(rows_of(seeds=2))["low"].isna().all()


def test_a_point_says_what_its_interval_is_for():
    drawn = sizes.size_chart(rows_of())
    assert set(drawn.tables["points"]["interval"]) == {"59.0 to 61.0 % for new pictures"}
    dots = next(layer for layer in drawn.spec["layer"] if layer["mark"].get("size") == 70)
    assert {"field": "interval", "title": "95 % interval", "type": "nominal"} in dots["encoding"]["tooltip"]


def test_single_runs_are_drawn_where_they_are_asked_for():
    assert len(sizes.size_chart(rows_of(), single=True).tables["runs"]) == 21
    assert sizes.size_chart(rows_of()).tables["runs"].empty


def test_a_fitted_curve_reaches_twice_the_largest_size_and_says_from_where_on_it_guesses():
    rows = sizes.lines(rows_of()).query("arm == 'From scratch'")
    assert rows["pictures"].agg(["min", "max"]).tolist() == pytest.approx([100, 6000])
    assert rows.query("part == 'fitted'")["pictures"].max() == pytest.approx(3000)
    assert rows["accuracy"].iloc[0] == pytest.approx(1 - 3.0 * 100**-0.5 - 0.1)


def test_an_arm_without_a_curve_is_joined_by_lines_between_what_was_measured():
    rows = sizes.lines(rows_of()).query("arm != 'From scratch'")
    assert rows["pictures"].tolist() == [100, 300, 1000] and set(rows["part"]) == {"measured"}


def test_residuals_are_drawn_where_a_curve_was_fitted():
    assert sizes.residual_chart(rows_of()).tables[ROWS]["residual"].tolist() == [-1.0, 2.0, 0.0, 0.0]
    assert sizes.residual_chart(rows_of(fitted=False)).tables[ROWS].empty


@pytest.mark.parametrize(("even", "names"), [(None, []), (1203, ["break-even, about 1,200"])])
def test_the_break_even_is_marked_where_there_is_one(even, names):
    drawn = sizes.size_chart(rows_of(break_even=even)).to_dict()
    marked = [row["name"] for rows in drawn["datasets"].values() for row in rows if "name" in row]
    assert marked == names


@pytest.mark.parametrize("draw", [sizes.size_chart, sizes.residual_chart])
def test_only_the_rows_change_while_a_sweep_goes_on(draw):
    for fitted in (False, True):  # a fitted curve goes on beyond the sizes, and with it the axis
        early, late = rows_of(fitted=fitted, seeds=1), rows_of(fitted=fitted, break_even=1203)
        assert draw(early).view == draw(late).view
    colour = draw(late).spec["layer"][-1 if draw is sizes.residual_chart else 0]["encoding"]["color"]
    assert colour["scale"] == {"domain": list(TITLES), "range": list(ARM_COLOURS[:2])}
