"""The numbers of the verdict card, from verdicts worked out by hand."""

from dataclasses import replace

import pytest
from msgspec import structs

from tests.verdict_lab import FULL, SCRATCH, experiment, judge, run
from tl.analysis.guessing import Pictures
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


def fairness(*runs, validation=(250, 250), test=(500, 500), **shared) -> tuple[dict[str, str], dict[str, str]]:
    """(row of from scratch in the fairness table, arm -> its mark) of an experiment with these settings."""
    spec = replace(experiment(SCRATCH, FULL, seeds={run.seed for run in runs}), samples=500, **shared)
    found = judge(spec, runs, validation=Pictures(validation), test=Pictures(test))
    return findings.fairness_rows(found)[0], dict(findings.marks(found))


GOOD = run(FULL, [0.9] * 20, 0.9)
FLAT = [0.7] * 20
WORDS = {
    "converged": (run(SCRATCH, FLAT, 0.7), None),
    "still improving": (run(SCRATCH, [*FLAT, 0.8], 0.8), "had not converged: more epochs may help."),
    "too few steps": (
        run(SCRATCH, [0.7] * 5, 0.7),
        "took only 80 steps, with random weights at least 300 are needed: more epochs may help.",
    ),
    "no better than chance": (
        run(SCRATCH, [0.5, 0.5], 0.51),
        "did no better than chance in 2 epochs (51.0 %, chance is 50.0 %): more epochs or another learning rate may help.",
    ),
    "diverged": (
        run(SCRATCH, [0.5] * 5, 0.5, train_loss=900.0, val_loss=8255.0),
        "diverged: a lower learning rate may help.",
    ),
    "cut short": (
        run(SCRATCH, [0.7] * 6, status="stopped"),
        "was cut short after 6 of 10 epochs and may have gone on learning.",
    ),
}


@pytest.mark.parametrize("state", WORDS)
def test_every_state_of_learning_has_its_words_and_only_the_unfair_a_mark(state):
    scratch, mark = WORDS[state]
    row, marks = fairness(scratch, GOOD)
    assert row["Learning"] == state
    assert marks == ({SCRATCH: mark} if mark else {})


def test_few_validation_pictures_mark_both_arms():
    row, marks = fairness(run(SCRATCH, FLAT, 0.7), run(FULL, [0.8] * 20, 0.8), validation=(18, 18))
    assert row["Learning"] == "too few validation pictures to tell"
    said = "may still have been improving: 36 validation pictures are too few to tell."
    assert marks == {SCRATCH: said, FULL: said}


def test_the_table_says_when_patience_begins_and_what_counts_towards_it():
    row, _ = fairness(run(SCRATCH, FLAT, 0.7), GOOD)
    assert row["Steps"] == "320"
    assert row["Early stopping"] == ("after 3 epochs beyond 1 standard error, from epoch 6 and step 300 on")
    row, _ = fairness(run(SCRATCH, FLAT, 0.7), GOOD, patience=1, patience_errors=0.0, patience_steps=0)
    assert row["Early stopping"] == "after 1 epoch, from epoch 6 on"
    row, _ = fairness(run(SCRATCH, FLAT, 0.7), GOOD, patience=0)
    assert row["Early stopping"] == "off"


def test_a_rate_far_below_the_usual_one_is_pointed_at():
    row, _ = fairness(run(SCRATCH, FLAT, 0.7, result={"learning_rate": 1e-7}), GOOD, find_rate=True)
    assert row["Learning rate"] == "1e-7, found by a range test, far below the usual 1e-3"
    row, _ = fairness(run(SCRATCH, FLAT, 0.7, result={"learning_rate": 1e-4}), GOOD, find_rate=True)
    assert row["Learning rate"] == "1e-4, found by a range test"
    two = [run(SCRATCH, FLAT, 0.7, seed=seed, result={"learning_rate": rate}) for seed, rate in ((0, 2e-3), (1, 1e-6))]
    row, _ = fairness(*two, GOOD, find_rate=True)
    assert row["Learning rate"] == (
        "1e-3 on average, 1e-6 at the lowest, found by a range test, the lowest far below the usual 1e-3"
    ), "the mean does not hide one"


def test_the_table_says_where_a_range_test_showed_no_rate():
    def rate(*found: bool) -> str:
        runs = [
            run(SCRATCH, FLAT, 0.7, seed=seed, result={"learning_rate": 1e-3, "rate_found": one})
            for seed, one in enumerate(found)
        ]
        return fairness(*runs, GOOD, find_rate=True)[0]["Learning rate"]

    assert rate(False, False) == "1e-3, the usual one, as a range test showed none"
    assert rate(True, False) == "1e-3, found by a range test, the usual one where that showed none"
    assert rate(True, True) == "1e-3, found by a range test"
