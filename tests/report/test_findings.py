"""The numbers of the verdict card, from verdicts worked out by hand."""

from dataclasses import replace

import pytest
from msgspec import structs

from tests.verdict_lab import FULL, SCRATCH, experiment, judge, run
from tl.report import findings


def measured(*runs, **judged) -> dict[str, tuple[str, str]]:
    """Label -> (value, note) of full fine-tuning against from scratch."""
    found = judge(experiment(SCRATCH, FULL, seeds={run.seed for run in runs}), runs, **judged)
    return {measure.label: (measure.value, measure.note) for measure in findings.measures(found, FULL)}


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (5.0, ("6.0× sooner", "saves 83 % of 30 s")),
        (29.0, ("about equal", "29 s vs 30 s")),
        (31.0, ("about equal", "31 s vs 30 s")),
        (60.0, ("2.0× later", "1 min vs 30 s")),
    ],
)
def test_the_time_says_what_it_saves_or_that_it_is_about_the_same(seconds, said):
    runs = (run(SCRATCH, [0.5], 0.5, seconds=30.0), run(FULL, [0.6], 0.6, seconds=seconds))
    assert measured(*runs, target=0.5)["Time to 50 %"] == said


def test_where_one_side_missed_the_target_no_saved_share_is_known():
    runs = (run(SCRATCH, [0.5], 0.5, seconds=30.0), run(FULL, [0.6], 0.6))
    assert measured(*runs, target=0.6)["Time to 60 %"] == (">3.0× sooner", "10 s vs not in 30 s")


def test_epochs_are_counted_with_the_runs_that_stopped_early():
    runs = [run(SCRATCH, [0.5] * 10, 0.5, seed=seed) for seed in (0, 1)]
    runs += [run(FULL, [0.6] * epochs, 0.6, seed=seed) for seed, epochs in enumerate((6, 9))]
    assert measured(*runs)["Epochs"] == ("7.5", "vs 10")
    early = [replace(each, result=structs.replace(each.result, stopped_early=each.arm == FULL)) for each in runs]
    assert measured(*early)["Epochs"] == ("7.5", "vs 10, early 2 vs 0")
