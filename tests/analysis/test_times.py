"""Times, costs and convergence that verdicts tell, on runs whose numbers were worked out by hand."""

from dataclasses import replace

import pytest

from tests.verdict_lab import FULL, SCRATCH, experiment, judge, run, three
from tl.analysis.guessing import Pictures
from tl.analysis.records import RunRecord
from tl.report import findings, size_findings


def test_an_arm_that_never_gets_to_the_target_is_censored_not_blank():
    spec = experiment(SCRATCH, FULL)
    runs = [run(SCRATCH, [0.2, 0.3, 0.4], 0.4), run(FULL, [0.5, 0.7, 0.8], 0.8)]
    found = judge(spec, runs, target=0.6)
    time = found.comparisons[FULL].time_to_target
    assert time.baseline.seconds is None
    assert time.baseline.not_reached_in == 30.0
    assert time.speedup is None
    assert time.arm.seconds == 20.0
    assert time.speedup_at_least == pytest.approx(1.5)
    assert "it reached 60 % after 20 s, but from scratch did not in 30 s" in found.text
    lost = judge(spec, [run(SCRATCH, [0.7], 0.7), run(FULL, [0.5, 0.5], 0.5)], target=0.6)
    assert "it did not reach 60 % in 20 s, but from scratch did after 10 s" in lost.text
    neither = judge(spec, runs, target=0.99)
    assert neither.comparisons[FULL].time_to_target.arm.not_reached_in == 30.0
    assert "not every run reached 99 %" in neither.text


def test_one_seed_that_falls_short_makes_the_arms_time_unknown():
    spec = experiment(SCRATCH, FULL, seeds=(0, 1))
    runs = [
        run(SCRATCH, [0.5, 0.5], 0.5, seed=0),
        run(SCRATCH, [0.1, 0.1], 0.1, seed=1),
        run(FULL, [0.6], 0.6, seed=0),
        run(FULL, [0.6], 0.6, seed=1),
    ]
    time = judge(spec, runs, target=0.4).comparisons[FULL].time_to_target
    assert time.baseline.seconds is None
    assert (time.baseline.reached, time.arm.reached, time.runs) == (1, 2, 2)


def partly(late: str, quick: str) -> list[RunRecord]:
    """Runs of which all of one arm reach 50 % in 5 s; of the other two do, in 10 s and 12 s, and one not in 30 s."""
    ways = [([0.5] * 3, 10.0), ([0.5] * 3, 12.0), ([0.1] * 3, 10.0)]
    runs = [run(late, rise, rise[-1], seed=seed, seconds=seconds) for seed, (rise, seconds) in enumerate(ways)]
    return runs + [run(quick, [0.6] * 3, 0.6, seed=seed, seconds=5.0) for seed in range(3)]


def test_an_arm_that_got_there_in_some_runs_is_not_said_to_have_failed():
    spec = experiment(SCRATCH, FULL, seeds=range(3))
    found = judge(spec, partly(late=SCRATCH, quick=FULL), target=0.4)
    time = found.comparisons[FULL].time_to_target
    assert time.baseline.seconds is None
    assert time.baseline.seconds_at_least == pytest.approx((10 + 12 + 30) / 3)
    assert time.speedup_at_least == pytest.approx((10 + 12 + 30) / 3 / 5)
    assert "it reached 40 % after 5.0 s; from scratch did in 2 of 3 runs, but not within 30 s in the rest" in found.text
    measure = findings.measures(found, FULL)[1]
    assert (measure.value, measure.note) == (">3.5× sooner", "5.0 s vs 2 of 3 runs")
    assert size_findings.saved(time) == "at least 71 %"
    found = judge(spec, partly(late=FULL, quick=SCRATCH), target=0.4)
    assert found.comparisons[FULL].time_to_target.speedup_at_most == pytest.approx(5 / ((10 + 12 + 30) / 3))
    assert "it reached 40 % in 2 of 3 runs, but not within 30 s in the rest; from scratch did after 5.0 s" in found.text


def test_speed_has_an_interval_too():
    spec, runs = three([0.12, 0.14, 0.16])
    slow = [run(SCRATCH, [0.5] * 3, 0.5, seed=seed, seconds=20.0 + seed) for seed in range(3)]
    time = judge(spec, slow + [each for each in runs if each.arm == FULL]).comparisons[FULL].time_to_target
    assert time.speedup.value == pytest.approx(2.1) == pytest.approx(time.baseline.seconds / time.arm.seconds)
    assert time.speedup.low < 2.1 < time.speedup.high
    assert time.saved == pytest.approx(1 - 1 / 2.1)


# 3 standard errors above chance: 13 %; 15 % of the way from chance to all: 23.5 %
TEN = {"validation": Pictures((90,) * 10), "test": Pictures((90,) * 10)}


def test_at_chance_there_is_nothing_to_time():
    spec = experiment(SCRATCH, FULL)
    both = judge(spec, [run(SCRATCH, [0.1, 0.11], 0.1), run(FULL, [0.12, 0.1], 0.11)], **TEN)
    time = both.comparisons[FULL].time_to_target
    assert time.near_chance is True
    assert (time.target_accuracy, time.speedup, time.arm.seconds) == (None, None, None)
    assert both.text == (
        "Neither arm did better than chance in 2 epochs (from scratch 10.0 %, full fine-tuning 11.0 %; chance is 10.0 "
        "%), so it can't be said whether transfer helps: more epochs or another learning rate may change that."
    )
    claim = both.headline_claim
    assert (claim.outcome, claim.more_seeds, claim.seeds_can_settle) == ("undecided", None, False)
    one = judge(spec, [run(SCRATCH, [0.1, 0.11], 0.1), run(FULL, [0.5, 0.6], 0.6)], **TEN)
    assert "learned next to nothing" not in one.text, "that is told once"
    assert "From scratch did no better than chance in 2 epochs" in one.text and one.text.count("chance") == 1
    assert one.summary[FULL].above_guessing is True
    asked = judge(spec, [run(SCRATCH, [0.5], 0.5), run(FULL, [0.6], 0.6)], target=0.12, **TEN)
    assert ". The target is too close to chance (10 %), so times can't be compared." in asked.text


def test_an_accuracy_that_is_hardly_above_chance_is_not_timed_either():
    spec = experiment(SCRATCH, FULL)
    little = judge(spec, [run(SCRATCH, [0.22], 0.22), run(FULL, [0.6], 0.6)], **TEN)  # target 20.9 %
    assert little.summary[SCRATCH].above_guessing is True, "22 % is far more than guessing reaches on 900 pictures"
    assert little.comparisons[FULL].time_to_target.near_chance is True
    assert ". From scratch learned next to nothing (22 %, chance is 10 %), so times can't be compared." in little.text
    assert "sooner" not in little.text and "Time to" not in [each.label for each in findings.measures(little, FULL)]
    enough = judge(spec, [run(SCRATCH, [0.26], 0.26), run(FULL, [0.6], 0.6)], **TEN)  # target 24.7 %
    assert enough.comparisons[FULL].time_to_target.near_chance is False
    assert "both reached 25 %" in enough.text


def counted(record: RunRecord, **columns) -> RunRecord:
    """The same run with columns of metrics as another trainer may have written them."""
    return replace(record, metrics=record.metrics.assign(**columns))


def test_energy_and_operations_with_a_gap_are_not_known():
    whole = run(SCRATCH, [0.5, 0.5], 0.5, energy_joules=10.0)
    assert whole.energy_joules == 20.0
    assert run(SCRATCH, [0.5, 0.5], 0.5, energy_joules=None).energy_joules is None
    without = replace(whole, metrics=whole.metrics.drop(columns="flops", errors="ignore"))
    assert without.flops is None
    assert counted(whole, flops=[1e9, 2e9]).flops == 3e9
    assert counted(whole, flops=[1e9, None]).flops is None


def test_what_an_arm_costs_is_a_ratio_with_an_interval():
    spec, runs = three([0.12, 0.14, 0.16])
    runs = [counted(each, flops=[1e9 * (1 if each.arm == SCRATCH else 2 + each.seed)] * 3) for each in runs]
    cost = judge(spec, runs).comparisons[FULL].cost.flops
    assert (cost.baseline, cost.arm, cost.ratio.value) == (3e9, 9e9, pytest.approx(3.0))
    assert cost.ratio.low < 3.0 < cost.ratio.high


@pytest.mark.parametrize(
    ("accuracies", "learning"),
    [
        ([0.1, 0.2, 0.3, 0.5], "still_improving"),  # the last fifth is the fourth epoch: it rose by 0.2
        (
            [0.165, 0.209, 0.21, 0.262, 0.258],
            "still_improving",
        ),  # of five epochs two count: the last one dipped by chance
        ([0.1, 0.3, 0.5, 0.505, 0.509], "converged"),  # by 0.004
        ([0.1, 0.3, 0.5, 0.4, 0.45], "converged"),  # fell
        ([0.5] * 7 + [0.5, 0.52, 0.52], "still_improving"),  # ten epochs: the last two, by 0.02
        ([0.5], "unknown"),
    ],
)
def test_converged_means_no_rise_in_the_last_fifth(accuracies, learning):
    found = judge(experiment(SCRATCH, FULL), [run(SCRATCH, [0.1, 0.1], 0.1), run(FULL, accuracies, 0.5)])
    assert found.comparisons[FULL].learning == learning


def test_a_loser_that_was_still_improving_is_named():
    runs = [run(SCRATCH, [0.1, 0.2, 0.3], 0.3), run(FULL, [0.6, 0.6, 0.6], 0.6)]
    text = judge(experiment(SCRATCH, FULL), runs).text
    assert text.endswith("From scratch had not converged: more epochs may narrow the gap.")
    runs = [run(SCRATCH, [0.6, 0.6, 0.6], 0.6), run(FULL, [0.1, 0.2, 0.6], 0.595)]
    assert "converged" not in judge(experiment(SCRATCH, FULL), runs).text, "hardly a difference: no loser"
