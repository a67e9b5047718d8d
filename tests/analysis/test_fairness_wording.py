"""What a verdict says of whether both arms had a fair chance."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fairness_lab import FLAT, RISING, experiment, exploding, run
from tl.analysis import fairness_wording
from tl.analysis.guessing import Pictures
from tl.analysis.records import RunRecord
from tl.analysis.verdict import verdict

TEST = {"validation": Pictures((100,) * 10), "test": Pictures((100,) * 10)}


def told(scratch: RunRecord, full: RunRecord, **pictures) -> str:
    """What the verdict says last: of whether both had a fair chance."""
    found = verdict(experiment(), [scratch, full], **TEST | pictures)
    return fairness_wording.fairness_sentences(found, "full_finetuning", found.comparisons["full_finetuning"].gain.mean)


GOOD = run("full_finetuning", [0.8] * 20, test_accuracy=0.8)


@pytest.mark.parametrize(
    ("scratch", "words"),
    [
        (run("scratch", FLAT), "From scratch had converged."),
        (run("scratch", RISING), "From scratch had not converged: more epochs may narrow the gap."),
        (
            run("scratch", [0.5]),
            "From scratch took only 16 steps, with random weights at least 300 are needed: more epochs may narrow the gap.",
        ),
        (
            run("scratch", [0.1], test_accuracy=0.1),
            "From scratch did no better than chance in 1 epoch: more epochs or another learning rate may narrow the gap.",
        ),
        (
            run("scratch", [0.1] * 2, test_accuracy=0.1, learning_rate=1e-7),
            "From scratch did no better than chance in 2 epochs: a rate nearer to the usual 1e-3 than 1e-7 may narrow the "
            "gap.",
        ),
        (exploding(90.0, 90.0), "From scratch diverged: a lower learning rate may narrow the gap."),
        (
            run("scratch", FLAT[:6], status="stopped"),
            "From scratch was cut short after 6 of 20 epochs and may have gone on learning.",
        ),
    ],
)
def test_the_side_that_lost_is_told_by_its_state(scratch, words):
    assert told(scratch, GOOD) == words


def test_few_validation_pictures_are_said_to_be_few():
    words = "From scratch may still have been improving: 36 validation pictures are too few to tell."
    assert told(run("scratch", FLAT), GOOD, validation=Pictures((4,) * 9)) == words


def test_the_side_that_won_is_told_where_it_had_no_fair_chance():
    rising = run("full_finetuning", [0.6] * 7 + [0.8], test_accuracy=0.8)
    assert told(run("scratch", RISING), rising) == "Neither arm had converged: more epochs may change the gap."
    assert told(run("scratch", FLAT), rising) == (
        "From scratch had converged. Full fine-tuning had not converged: more epochs may widen the gap."
    )
    nothing = [
        run(arm, [0.1] * 20, test_accuracy=0.1 + gain) for arm, gain in (("scratch", 0), ("full_finetuning", 0.02))
    ]
    chance = "Neither arm did better than chance: more epochs or another learning rate may change that."
    assert told(*nothing) == chance
    assert told(nothing[0], replace(nothing[1], result=nothing[0].result)) == chance, "equal, and both worthless"
    assert told(run("scratch", RISING), run("full_finetuning", RISING)) == "", "no loser"
    seen = [nothing[0], run("full_finetuning", [0.1] * 20, test_accuracy=0.15)]
    few = told(*seen, test=Pictures((2,) * 10))
    assert few == "Neither arm was clearly better than chance: more epochs or another learning rate may change that."
    both = [exploding(90.0, 90.0), replace(exploding(90.0, 90.0, test_accuracy=0.2), arm="full_finetuning")]
    assert told(*both) == "Both arms diverged: a lower learning rate may change the gap."


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_converged_is_never_said_of_an_arm_that_had_no_chance(data):
    accuracies = st.lists(st.sampled_from([0.1, 0.3, 0.31, 0.5]), min_size=1, max_size=4)
    scratch = run(
        "scratch",
        data.draw(accuracies) * data.draw(st.integers(1, 10)),
        data.draw(st.sampled_from(["finished", "finished", "finished", "stopped", "failed", "interrupted", "running"])),
        test_accuracy=data.draw(st.sampled_from([0.1, 0.34, 0.5, 0.7])),
    )
    pictures = {split: Pictures((data.draw(st.integers(1, 200)),) * 3) for split in ("validation", "test")}
    text = verdict(experiment(), [scratch, GOOD], **pictures).text
    fair = (
        scratch.status == "finished"
        and scratch.epochs >= 19
        and scratch.test_accuracy > pictures["test"].limit
        and scratch.late_rise() <= 0.01
        and pictures["validation"].error(scratch.best_val_accuracy) <= 0.03
    )
    assert ("From scratch had converged." in text) == fair
