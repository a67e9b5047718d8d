"""The charts of a sweep: their rows are what was found, drawn no further than it is believed."""

import pytest

from tl.charts import sizes
from tl.charts.palette import ARM_COLOURS

TITLES = {"scratch": "From scratch", "evil": "<b>bold</b> & [x](y)"}


def entry(mean: float | None, seeds: int = 3) -> dict:
    if mean is None:
        return {"mean": None, "low": None, "high": None, "seconds": None, "seeds": 0, "test_accuracies": {}}
    wide = {"low": mean - 0.01, "high": mean + 0.01} if seeds > 2 else {"low": None, "high": None}
    return {
        "mean": mean,
        **wide,
        "seconds": 1.0,
        "seeds": seeds,
        "test_accuracies": {str(n): mean for n in range(seeds)},
    }


def document(fitted: bool = True, seeds: int = 3, even=None) -> dict:
    """What sweep_result makes, as far as the charts read it; the last size of the second arm is not finished."""
    curve = {"a": 3.0, "b": 0.5, "c": 0.1, "largest": 3000}
    residuals = {"100": 0.01, "300": -0.02, "1000": 0.0, "3000": 0.0}
    means = {"100": 0.6, "300": 0.7, "1000": 0.8, "3000": 0.85}
    return {
        "sizes": [100, 300, 1000, 3000],
        "arms": {
            "scratch": {size: entry(mean, seeds) for size, mean in means.items()},
            "evil": {size: entry(mean if size != "3000" else None, seeds) for size, mean in means.items()},
        },
        "curves": {"scratch": curve | {"residuals": residuals} if fitted else None, "evil": None},
        "break_even": even,
    }


def test_points_and_bands_are_those_of_finished_runs():
    rows = sizes.points(document(), TITLES)
    assert len(rows) == 7 and set(rows["arm"]) == set(TITLES.values())
    assert rows.iloc[0][["accuracy", "low", "high"]].tolist() == pytest.approx([0.6, 0.59, 0.61])
    assert sizes.points(document(seeds=2), TITLES)["low"].isna().all()


def test_single_runs_are_drawn_where_there_are_several():
    assert len(sizes.runs(document(), TITLES)) == 21
    assert sizes.runs(document(seeds=1), TITLES).empty


def test_a_fitted_curve_reaches_twice_the_largest_size_and_says_from_where_on_it_guesses():
    rows = sizes.lines(document(), TITLES).query("arm == 'From scratch'")
    assert rows["pictures"].agg(["min", "max"]).tolist() == pytest.approx([100, 6000])
    assert rows.query("part == 'fitted'")["pictures"].max() == pytest.approx(3000)
    assert rows["accuracy"].iloc[0] == pytest.approx(1 - 3.0 * 100**-0.5 - 0.1)


def test_an_arm_without_a_curve_is_joined_by_lines_between_what_was_measured():
    rows = sizes.lines(document(), TITLES).query("arm != 'From scratch'")
    assert rows["pictures"].tolist() == [100, 300, 1000] and set(rows["part"]) == {"measured"}


def test_residuals_are_measured_minus_fitted_accuracy_in_points():
    assert sizes.residuals(document(), TITLES)["residual"].tolist() == [-1.0, 2.0, 0.0, 0.0]
    assert sizes.residuals(document(fitted=False), TITLES).empty


@pytest.mark.parametrize(
    ("even", "names"),
    [
        (None, []),
        ({"beyond": 6000, "low": None}, []),
        ({"n": 100, "low": None, "high": None, "at_most": True}, []),
        ({"n": 1203, "low": 900, "high": 1500}, ["break-even, about 1,200"]),
    ],
)
def test_the_break_even_is_marked_where_there_is_one(even, names):
    drawn = sizes.size_chart(document(even=even), TITLES).to_dict()
    marked = [row["name"] for rows in drawn["datasets"].values() for row in rows if "name" in row]
    assert marked == names


@pytest.mark.parametrize("draw", [sizes.size_chart, sizes.residual_chart])
def test_only_the_rows_change_while_a_sweep_goes_on(draw):
    early, late = document(fitted=False, seeds=1), document(even={"n": 1203, "low": 900, "high": 1500})
    assert draw(early, TITLES).view == draw(late, TITLES).view
    colour = draw(late, TITLES).spec["layer"][-1 if draw is sizes.residual_chart else 0]["encoding"]["color"]
    assert colour["scale"] == {"domain": list(TITLES.values()), "range": list(ARM_COLOURS[:2])}
