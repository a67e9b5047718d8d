"""The chart of a forecast: what was measured, what is expected and from where on, the target and what it takes."""

from tl.charts.forecast import PARTS, forecast_chart

BAND = [(100, 0.6, 0.55, 0.65), (400, 0.7, 0.66, 0.74), (800, 0.75, 0.7, 0.8), (4000, 0.85, 0.75, 0.9)]
ARMS = [("Linear probe", [(100, 0.61), (800, 0.74)], BAND), ("From scratch", [(100, 0.3)], [])]


def test_what_is_expected_goes_on_dashed_beyond_what_was_measured():
    rows = forecast_chart(ARMS, 0.9, []).tables["expected"]
    assert rows[rows["part"] == PARTS[0]]["pictures"].tolist() == [100, 400, 800]
    assert rows[rows["part"] == PARTS[1]]["pictures"].tolist() == [800, 4000]
    assert rows.iloc[0][["accuracy", "low", "high"]].tolist() == [0.6, 0.55, 0.65]


def test_the_target_has_its_name_and_the_interval_lies_on_it():
    tables = forecast_chart(ARMS, 0.905, [("Linear probe", 900, 3000)]).tables
    assert tables["target"].to_dict("records") == [{"accuracy": 0.905, "name": "target, 90.5 %"}]
    assert tables["between"].to_dict("records") == [
        {"arm": "Linear probe", "low": 900, "high": 3000, "accuracy": 0.905}
    ]


def test_only_the_rows_change_with_the_target():
    assert forecast_chart(ARMS, 0.9, []).view == forecast_chart(ARMS, 0.8, [("Linear probe", 1, 2)]).view
    drawn = forecast_chart(ARMS, 0.9, []).to_dict()
    assert len(drawn["datasets"]["measured"]) == 3
