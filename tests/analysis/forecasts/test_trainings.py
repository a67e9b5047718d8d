"""The curve of a sweep's arm: how its errors vary together with other test pictures, from the answers to each."""

import numpy as np
import pytest

from tests import page_lab
from tl.analysis.forecasts.answer import answer
from tl.analysis.forecasts.question import question
from tl.analysis.forecasts.trainings import FinishedTraining, from_trainings
from tl.config import Training
from tl.store.predictions import ALONE, Answers, Predictions, write_predictions
from tl.store.queue.database import read_runs, read_sweep

SIZES = (50, 100, 200)


def answers(wrong, picture=None, group=None) -> Answers:
    """To pictures of one class, by whether each is wrong."""
    count = len(wrong)
    return Answers(
        picture=np.arange(count) if picture is None else picture,
        label=np.zeros(count, np.int64),
        predicted=np.asarray(wrong).astype(np.int64),
        group=np.full(count, ALONE) if group is None else group,
    )


def trained(size: int, one: Answers) -> FinishedTraining:
    return FinishedTraining(size=size, error=1 - float(one.right.mean()), answers=one)


def test_without_answers_it_is_blurred_by_the_number_of_test_pictures():
    errors = [(100, 0.4), (100, 0.42), (200, 0.3), (50, 0.5)]
    found = from_trainings([FinishedTraining(size=size, error=error, answers=None) for size, error in errors], 100)
    assert found.sizes == SIZES and found.pool is None and found.errors[1] == (0.4, 0.42)
    assert found.covariance[0][0] == pytest.approx(0.5 * 0.5 / 100)
    assert found.covariance[0][1] == pytest.approx(0.7 * np.sqrt(0.25 * 0.41 * 0.59) / 100)


def test_with_one_test_set_it_is_the_covariance_over_its_pictures():
    random = np.random.default_rng(0)
    wrong = random.random((3, 2, 400)) < np.array([0.5, 0.4, 0.3])[:, None, None] + 0.2 * (random.random(400) - 0.5)
    found = from_trainings(
        [trained(size, answers(each)) for size, row in zip(SIZES, wrong, strict=True) for each in row], 400
    )
    np.testing.assert_allclose(found.covariance, np.cov(wrong.mean(1)) / 400)


@pytest.mark.parametrize("kept", [True, False])
def test_that_all_answers_were_right_is_no_certainty(kept):
    wrong = np.arange(96) < 0
    runs = [trained(50, answers(wrong)), trained(100, answers(np.arange(96) < 24))]
    if not kept:
        runs = [FinishedTraining(size=run.size, error=run.error, answers=None) for run in runs]
    found = from_trainings(runs, 96)
    # as if 2 of 100 pictures had been wrong
    assert found.covariance[0][0] == pytest.approx(0.02 * 0.98 / 100)
    assert found.covariance[1][1] == pytest.approx(0.25 * 0.75 / (95 if kept else 96)), (
        "where some are wrong nothing changes"
    )


def test_one_training_without_answers_and_nothing_is_made_of_the_others():
    wrong = np.arange(100) < 30
    some = [trained(50, answers(wrong)), FinishedTraining(size=100, error=0.2, answers=None)]
    assert from_trainings(some, 100).covariance[0][1] == pytest.approx(0.7 * np.sqrt(0.21 * 0.16) / 100)


def test_pictures_that_belong_together_count_as_one():
    wrong = np.repeat(np.arange(100) < 30, 4)
    alone, together = (
        from_trainings([trained(50, answers(wrong, group=group))], 400)
        for group in (None, np.repeat(np.arange(100), 4))
    )
    assert together.covariance[0][0] == pytest.approx(4 * alone.covariance[0][0], rel=0.02)


def test_with_new_test_pictures_for_every_seed_it_is_that_of_all_that_were_asked_about():
    """Against the variance of the mean error over many worlds, each with pictures of its own and five splits of them."""
    random = np.random.default_rng(1)
    means, expected = [], []
    for _ in range(300):
        hard = random.random(300) ** 3  # chance of a wrong answer
        runs = []
        for _ in range(5):
            chosen = random.permutation(300)[:60]
            runs.append(trained(100, answers(random.random(60) < hard[chosen], picture=chosen)))
        found = from_trainings(runs, 60, pool=300)
        means.append(found.means[0])
        expected.append(found.covariance[0][0])
        assert found.pool == 300
    assert np.mean(expected) == pytest.approx(np.var(means), rel=0.25)
    assert np.mean(expected) < 0.5 * 0.25 * 0.75 / 60, "five seeds asked about more pictures than one did"


def test_a_sweep_brings_its_answers(home):
    sweep_id = page_lab.swept(home)
    asked = question(home, Training(dataset="blossoms"))
    before = answer(home, asked, 0.9, sweep_id)
    wrong = np.arange(200) < 40
    for experiment_id in read_sweep(home, sweep_id)["experiments"]:
        for row in read_runs(home, experiment_id):
            given = answers(wrong)
            shares = np.eye(2, dtype=np.float16)[given.predicted]
            write_predictions(
                home.run(row.run_id).predictions, {"test": Predictions(**vars(given), probabilities=shares)}
            )
    after = answer(home, asked, 0.9, sweep_id)
    for arm in after.arms:
        np.testing.assert_allclose(arm.curve.covariance, 0.2 * 0.8 / 199)
    assert [arm.curve.errors for arm in before.arms] == [arm.curve.errors for arm in after.arms]
    assert before.arms[0].curve.covariance != after.arms[0].curve.covariance
