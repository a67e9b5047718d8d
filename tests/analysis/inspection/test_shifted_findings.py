"""Which arm holds up better on shifted pictures; what a threshold gives and costs."""

import numpy as np
import pytest

from tests import page_lab
from tl.analysis.inspection.shifted import compare_under_shift, of_arm
from tl.analysis.inspection.shifted_record import shifted_record
from tl.analysis.inspection.thresholds import at_threshold
from tl.config import ArmConfig
from tl.store.predictions import Predictions
from tl.store.queue.database import read_experiment
from tl.store.shifted import AS_THEY_ARE, SHIFTS, Shifted, write_shifted

PICTURES = 200
ARMS = (ArmConfig(name="scratch", strategy="scratch"), ArmConfig(name="full_finetuning", strategy="full_finetuning"))


def network(clean: int, moved: int, seed: int = 0, places: int = 0) -> Shifted:
    """Right about so many of 200 pictures as they are, and about so many in every shift."""
    rng = np.random.default_rng(seed)
    luck = np.argsort(rng.random(PICTURES))
    right = {shift: luck < moved for shift in SHIFTS} | {(AS_THEY_ARE, 0): luck < clean}
    predicted = {shift: np.where(rights, 0, 1) for shift, rights in right.items()}
    nobody = np.full(PICTURES, -1)
    return Shifted(np.arange(PICTURES) + places, np.zeros(PICTURES, int), nobody, predicted)


def test_an_arms_accuracy_and_what_the_shifts_cost():
    found = of_arm([network(160, 120, 0), network(160, 120, 1), network(160, 120, 2)], None)
    assert (found.seeds, found.pictures) == (3, PICTURES)
    assert (found.clean.mean, found.shifted.mean) == pytest.approx((0.8, 0.6))
    assert found.loss == pytest.approx(0.2)
    assert found.shifted.low < 0.6 < found.shifted.high
    assert of_arm([], None) is None


def test_what_an_arm_keeps_is_told_apart_from_how_good_it_is():
    """It is better throughout, and loses more."""
    pairs = [(network(180, 150, seed), network(90, 80, seed + 9)) for seed in range(3)]
    found = compare_under_shift(pairs, None)
    assert found.gain.mean == pytest.approx(0.35) and found.gain.low > 0
    assert found.gain_clean.mean == pytest.approx(0.45)
    assert found.kept.mean == pytest.approx(-0.10) and found.kept.high < 0


def test_networks_asked_about_other_pictures_are_not_compared():
    assert compare_under_shift([(network(100, 90), network(100, 90, places=7))], None) is None
    assert compare_under_shift([], None) is None


def test_with_a_split_of_its_own_for_every_seed_the_interval_is_that_of_resampling():
    pairs = [(network(180, 150 + seed, seed, 3 * seed), network(90, 80, seed + 9, 3 * seed)) for seed in range(3)]
    assert compare_under_shift(pairs, 500).gain.basis == "new_training"
    assert compare_under_shift(pairs[:2], 500).gain.basis == "these_networks"
    assert compare_under_shift(pairs, None).gain.low is None
    assert of_arm([own for own, _ in pairs], 500).clean.basis == "new_training"


def told(home, own: tuple[int, int], scratch: tuple[int, int]) -> str:
    """What is said of an experiment whose arms are right about so many of 200 pictures as they are, and shifted."""
    experiment_id = page_lab.submit(home, seeds=3, arms=ARMS)
    for row in page_lab.rows(home, experiment_id):
        page_lab.end(home, row, "finished")
        right = scratch if row.arm == "scratch" else own
        write_shifted(home.run(row.run_id).shifted, network(*right, row.seed + 9 * (row.arm == "scratch")))
    experiment = read_experiment(home, experiment_id)["experiment"]
    found = shifted_record(home, experiment, page_lab.rows(home, experiment_id), None)
    (sentence,) = found.text
    assert found.to_json()["comparisons"]["full_finetuning"]["against"] == "scratch"
    return sentence


def test_the_sentence_names_the_better_one_and_the_one_that_holds_up(home):
    sentence = told(home, (180, 150), (90, 80))
    assert sentence.startswith(
        "Full fine-tuning is right on 75.0 % of the shifted pictures, from scratch on 40.0 %: +35.0 points (95 % "
        "interval "
    )
    assert (
        "it loses 15.0 points and from scratch loses 5.0 points: training from scratch loses less, by 10.0 points"
        in sentence
    )
    assert sentence.endswith("but it had less to lose.")


def test_an_arm_that_loses_less_and_is_no_worse_holds_up_better(home):
    sentence = told(home, (180, 170), (170, 120))
    assert (
        "it loses 5.0 points and from scratch loses 25.0 points: full fine-tuning holds up better, by 20.0 points"
        in sentence
    )


def test_without_a_clear_difference_none_is_claimed(home):
    sentence = told(home, (120, 110), (120, 110))
    assert "no clear difference" in sentence and "which one holds up better is not clear" in sentence


def test_a_threshold_gives_up_answers_right_and_wrong():
    shares = np.array([[0.9, 0.1], [0.6, 0.4], [0.45, 0.55], [0.2, 0.8]], np.float16)
    labels, predicted = np.array([0, 0, 0, 1]), shares.argmax(1)
    answers = Predictions(
        picture=np.arange(4), label=labels, predicted=predicted, group=np.full(4, -1), probabilities=shares
    )
    found = at_threshold(answers, 0.7)
    assert (found.coverage, found.accuracy) == (0.5, 1.0) and found.lost == pytest.approx(1 / 3)
    always = at_threshold(answers, 0.0)
    assert (always.coverage, always.accuracy, always.lost) == (1.0, 0.75, 0.0)
    assert at_threshold(answers, 1.0).accuracy is None
