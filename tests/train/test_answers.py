"""What a run keeps of its answers, what it says of them, and what it is judged by."""

import numpy as np
import pytest
import torch

from tl.measures import balanced_accuracy, macro_f1
from tl.store.device_lock import DeviceLock
from tl.store.documents import Result
from tl.store.files import read_json
from tl.store.metrics import METRICS, read_metrics
from tl.store.predictions import read_predictions
from tl.train import learner as learner_module
from tl.train import run as run_module
from tl.train.evaluate import Evaluation, evaluate
from tl.train.events import RESULTS, SCALARS
from tl.train.hardware.precision import use_precision
from tl.train.run import Trainer

MEASURES = ("val_accuracy", "val_balanced_accuracy", "val_macro_f1", "val_loss", "val_loss_error", "val_accuracy_error")


def test_a_finished_run_keeps_what_its_best_network_answered(make_run, train):
    run, config = make_run()
    result = train(run, config)
    test, validation = (read_predictions(run.predictions, split) for split in ("test", "validation"))
    assert test.picture.tolist() == list(range(8)) and validation.picture.tolist() == list(range(8, 16))
    assert set(test.label) == {0, 1} and set(test.group) == {-1}
    np.testing.assert_allclose(test.probabilities.sum(1), 1, atol=2e-3)
    assert test.probabilities.argmax(1).tolist() == test.predicted.tolist()
    assert result["test_accuracy"] == test.right.mean()
    assert result["test_balanced_accuracy"] == balanced_accuracy(test.label, test.predicted, 2)
    assert result["test_macro_f1"] == macro_f1(test.label, test.predicted, 2)
    chosen = -np.log(test.probabilities[np.arange(8), test.label].astype(float))
    assert result["test_loss"] == pytest.approx(chosen.mean(), rel=1e-2)
    best = read_metrics(run.metrics).iloc[result["best_epoch"] - 1]
    assert best["val_accuracy"] == validation.right.mean() == result["best_val_accuracy"]
    assert best["val_balanced_accuracy"] == result["best_val_balanced_accuracy"]


def test_every_epoch_says_how_sure_its_measures_are(make_run, train):
    run, config = make_run()
    train(run, config)
    metrics = read_metrics(run.metrics)
    assert metrics[list(MEASURES)].notna().all(axis=None)
    shares = metrics["val_accuracy"].to_numpy(float)
    np.testing.assert_allclose(metrics["val_accuracy_error"].to_numpy(float), np.sqrt(shares * (1 - shares) / 7))
    assert (metrics["val_loss_error"] > 0).all()


def test_every_measure_is_read_where_it_is_written():
    answered = Evaluation(np.array([0, 1]), np.zeros(2), np.array([0, 0]), np.full((2, 2), 0.5, np.float16))
    assert answered.row("val", errors=True).keys() <= METRICS.keys(), "a column in tl/store/metrics.py"
    assert answered.row("test").keys() <= set(Result.__struct_fields__), "a field of Result in tl/store/documents.py"
    assert answered.row("val").keys() <= set(SCALARS.values()), "a tag in SCALARS of tl/train/events.py"
    assert answered.row("test").keys() - {"test_loss"} <= set(RESULTS.values()), (
        "a tag in RESULTS of tl/train/events.py"
    )


@pytest.mark.parametrize("strategy", ["linear_probe", "freeze_then_unfreeze"])
def test_a_run_killed_between_answers_and_result_finds_the_same_again(
    make_run, pretrained, monkeypatch, train, strategy
):
    run, config = make_run(strategy, weights="own", epochs=4)

    def killed(*args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(run_module, "write_json", lambda path, *args: killed() if path == run.result else None)
        with pytest.raises(KeyboardInterrupt):
            train(run, config)
    assert not run.result.exists()
    before = run.predictions.read_bytes()
    run.predictions.unlink()
    assert train(run, config)["status"] == "finished"
    assert run.predictions.read_bytes() == before
    assert read_json(run.result)["test_accuracy"] == read_predictions(run.predictions, "test").right.mean()


def uneven(right_of_many: int, right_of_few: int, loss: float) -> Evaluation:
    """Answers on six pictures of one class and two of another."""
    labels = np.repeat([0, 1], [6, 2])
    right = np.concatenate([np.arange(6) < right_of_many, np.arange(2) < right_of_few])
    predicted = np.where(right, labels, 1 - labels)
    return Evaluation(labels, np.full(8, loss), predicted, np.eye(2, dtype=np.float16)[predicted])


@pytest.mark.parametrize(("judge_by", "best"), [("auto", 1), ("accuracy", 1), ("balanced_accuracy", 2)])
def test_the_best_epoch_is_that_of_what_it_is_judged_by(make_run, monkeypatch, train, judge_by, best):
    seen = [uneven(6, 0, 0.5), uneven(3, 2, 0.6)]
    answers = iter([*seen, seen[best - 1], uneven(1, 1, 0.7)])
    monkeypatch.setattr(learner_module, "evaluate_together", lambda *args: next(answers))
    run, config = make_run(judge_by=judge_by)
    result = train(run, config)
    assert result["best_epoch"] == best
    assert result["best_val_accuracy"] == (6 / 8, 5 / 8)[best - 1]
    assert result["best_val_balanced_accuracy"] == (1 / 2, 3 / 4)[best - 1]
    assert (result["test_accuracy"], result["test_balanced_accuracy"]) == (2 / 8, pytest.approx((1 / 6 + 1 / 2) / 2))


def test_early_stopping_watches_the_loss_with_every_class_alike():
    few_bad = Evaluation(np.repeat([0, 1], [6, 2]), np.repeat([0.0, 4.0], [6, 2]), np.zeros(8, int), np.eye(2)[[0] * 8])
    assert few_bad.judged(balanced=False)[0] == 1
    assert few_bad.judged(balanced=True)[0] == 2
    assert few_bad.judged(balanced=True)[2] == 1 / 2 < few_bad.judged(balanced=False)[2]


def targets(make_run, **settings) -> list[torch.Tensor]:
    """The classes of each batch of five epochs of a linear probe."""
    run, config = make_run("linear_probe", weights="own", epochs=6, samples=20, **settings)
    trainer = Trainer(run, config, DeviceLock(run.home.locks_dir), lambda: None)
    trainer._prepare()
    found = []
    for epoch in range(1, 6):
        trainer.learner.begin(epoch, config.phases[0])
        found += [target for _, target in trainer.learner.batches(epoch)]
    return found


def test_what_is_drawn_is_the_same_with_kept_features(make_run, pretrained):
    kept = targets(make_run, balance="sampling", views=3)
    fresh = targets(make_run, balance="sampling", views=0)
    plain = targets(make_run, views=0)
    assert all(map(torch.equal, kept, fresh))
    assert not all(map(torch.equal, fresh, plain))


def test_answers_in_steps_are_put_together_in_bf16_too():
    network = torch.nn.Linear(4, 3)
    pictures = torch.randn(10, 4)
    with torch.inference_mode(), use_precision("bf16", torch.device("cpu")):
        found = evaluate(network, lambda rows: pictures[rows], np.zeros(10, np.int64), 4)
    assert found.probabilities.shape == (10, 3) and found.probabilities.dtype == np.float16
    assert np.isfinite(found.loss)
