"""The plan says for every strategy which stage trains when and how fast, before a run and of what really happened."""

import pandas as pd
import pytest

from tl.backbones import BACKBONES
from tl.charts.plan import (
    AT_ONCE,
    HIGHEST_RATE,
    LOWEST_RATE,
    MAX_COLUMNS,
    found_rate,
    legend_chart,
    plan_chart,
    plan_rows,
    plan_words,
)
from tl.config import ArmConfig, Training
from tl.phases import HEAD, phase_at
from tl.store.metrics import METRICS, typed_frame
from tl.strategies import STRATEGIES

TRAINING = Training(dataset="blossoms", epochs=10)
STAGES = (*BACKBONES["mobilenet_v2"].stage_names, HEAD)


def arm(strategy: str, **settings) -> ArmConfig:
    return ArmConfig(name="an arm", strategy=strategy, **settings)


def trained(*phases: tuple[str, float], images: int = 500) -> pd.DataFrame:
    """Metrics of a run that trained so: (phase, the head's rate) epoch by epoch."""
    rows = [
        {"epoch": epoch, "stage": name, "learning_rate": rate, "images_seen": images * epoch}
        for epoch, (name, rate) in enumerate(phases, 1)
    ]
    return typed_frame(rows, METRICS)


def cell(rows: pd.DataFrame, stage: str, epoch: int) -> pd.Series:
    """The one row that covers a stage in an epoch."""
    (found,) = rows[(rows["stage"] == stage) & (rows["start"] < epoch) & (rows["end"] > epoch)].index
    return rows.loc[found]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_is_drawn_as_its_phases_say(strategy):
    config = arm(strategy)
    phases, rows = TRAINING.phases_of(config), plan_rows(TRAINING, config)
    for epoch in range(1, TRAINING.epochs_of(config) + 1):
        rates = phase_at(phases, epoch).rates
        for stage in STAGES:
            here = cell(rows, stage, epoch)
            if stage in rates and STRATEGIES[strategy].fits:
                assert pd.isna(here["rate"]) and here["shown"] == AT_ONCE
            elif stage in rates:
                assert here["rate"] == pytest.approx(TRAINING.rate_of(config) * rates[stage])
            else:
                assert pd.isna(here["rate"]) and here["shown"] == "frozen"
    assert set(rows["when"]) == {"planned"} and set(rows["opacity"]) == {1.0}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_only_the_rows_change_while_an_arm_learns(strategy):
    config = arm(strategy)
    first, rate = TRAINING.phases_of(config)[0], TRAINING.rate_of(config)
    done = trained(
        *[(first.name, None if rate is None else rate * first.rates[HEAD])] * min(4, TRAINING.epochs_of(config))
    )
    drawn = [
        plan_chart(rows, TRAINING, config) for rows in (plan_rows(TRAINING, config), plan_rows(TRAINING, config, done))
    ]
    before, after = (chart.view for chart in drawn)
    assert before == after


def test_a_phase_that_began_early_is_drawn_where_it_began_and_goes_on():
    config = arm("lp_ft")
    rows = plan_rows(TRAINING, config, trained(("head", 1e-3), ("head", 1e-3), ("everything", 1e-4)))
    assert cell(rows, "stem", 2)["shown"] == "frozen" and cell(rows, "stem", 3)["rate"] == pytest.approx(1e-4)
    assert cell(rows, "stem", 4)["rate"] == pytest.approx(1e-4)
    assert cell(plan_rows(TRAINING, config), "stem", 5)["shown"] == "frozen"


def test_what_has_yet_to_come_is_pale_until_the_run_ends_and_then_left_out():
    config, done = arm("full_finetuning"), trained(("everything", 1e-4), ("everything", 1e-4))
    rows = plan_rows(TRAINING, config, done)
    assert cell(rows, HEAD, 2)["opacity"] == 1.0 and cell(rows, HEAD, 2)["when"] == "trained"
    assert cell(rows, HEAD, 3)["opacity"] < 0.6 and cell(rows, HEAD, 3)["when"] == "planned"
    assert plan_rows(TRAINING, config, done, ended=True)["end"].max() == 2.5


def test_a_run_that_has_not_begun_is_all_pale():
    assert plan_rows(TRAINING, arm("scratch"), trained())["opacity"].max() < 0.6


def test_the_rate_that_was_measured_is_drawn_not_the_planned_one():
    rows = plan_rows(TRAINING, arm("discriminative"), trained(("everything", 5e-4)))
    assert cell(rows, HEAD, 1)["rate"] == pytest.approx(5e-4)
    assert cell(rows, STAGES[-2], 1)["rate"] == pytest.approx(5e-4 / 2.6)


def test_a_schedule_moves_the_planned_rate():
    training = Training(dataset="blossoms", epochs=9, schedule="step", step_epochs=3, step_factor=0.1)
    rows = plan_rows(training, arm("scratch"))
    assert [cell(rows, HEAD, epoch)["shown"] for epoch in (3, 4, 7)] == ["1e-3", "1e-4", "1e-5"]


@pytest.mark.parametrize("schedule", ["constant", "cosine", "one_cycle"])
def test_a_found_rate_is_known_from_the_first_epoch_and_the_rest_is_planned_with_it(schedule):
    training = Training(dataset="blossoms", epochs=10, schedule=schedule, find_rate=True, batch_size=50)
    config = arm("scratch")
    at_end = 3e-3 * plan_factor(training, 1 - 1 / 10)
    done = trained(("everything", at_end))
    assert found_rate(training, config, done) == pytest.approx(3e-3)
    later = cell(plan_rows(training, config, done), "stem", 6)["rate"]
    assert later == pytest.approx(3e-3 * plan_factor(training, 5.5))
    assert found_rate(training, arm("scratch", learning_rate=1e-3), done) is None
    assert found_rate(training, config, trained()) is None


def plan_factor(training: Training, epochs_done: float) -> float:
    from tl.schedules import SCHEDULES

    return SCHEDULES[training.schedule].factor(epochs_done, 10, training.step_epochs, training.step_factor)


def test_a_long_budget_is_drawn_with_few_columns_that_hide_no_change():
    training = Training(dataset="blossoms", epochs=1000, schedule="cosine")
    rows = plan_rows(training, arm("freeze_then_unfreeze", frozen_epochs=333))
    assert len(rows) <= (MAX_COLUMNS + 1) * len(STAGES)
    assert cell(rows, "stem", 333)["shown"] == "frozen" and cell(rows, "stem", 334)["shown"] != "frozen"


def test_the_plan_in_words_says_what_may_begin_earlier_and_leaves_out_what_is_never_reached():
    assert (
        plan_words(TRAINING, arm("lp_ft")) == "head from epoch 1 at 1e-3; everything from epoch 6 at the latest at 1e-4"
    )
    assert plan_words(TRAINING, arm("freeze_then_unfreeze", frozen_epochs=50)) == "head from epoch 1 at 1e-3"


def test_what_is_computed_in_one_go_is_one_epoch_without_a_rate():
    config = arm("nearest_mean", epochs=9)
    assert plan_words(TRAINING, config) == "the head is computed in one go"
    rows = plan_rows(TRAINING, config, trained(("head", None)), ended=True)
    assert set(zip(rows["start"], rows["end"], rows["when"])) == {(0.5, 1.5, "trained")}
    assert plan_rows(TRAINING, config, trained(), ended=True).empty, "it was stopped before"


def test_the_legend_has_the_colours_of_the_plans():
    legend = legend_chart().spec["encoding"]
    plan = plan_chart(plan_rows(TRAINING, arm("scratch")), TRAINING, arm("scratch")).spec
    assert plan["layer"][0]["encoding"]["color"] == legend["color"]
    assert legend["x"]["scale"]["domain"] == [LOWEST_RATE, HIGHEST_RATE]
