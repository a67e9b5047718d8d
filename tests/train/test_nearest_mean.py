"""The nearest class mean: what numpy finds, in one epoch without a rate."""

import numpy as np
import pytest
import torch
from methods_lab import SIDE
from safetensors.torch import load_file

from tl.store.device_lock import DeviceLock
from tl.store.documents import read_result
from tl.store.metrics import read_metrics
from tl.store.predictions import read_predictions
from tl.train.evaluate import plain_inputs
from tl.train.methods.nearest_mean import NEVER, ClassMoments
from tl.train.run import Trainer


def test_the_nearest_mean_is_what_numpy_finds():
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.repeat([0, 1, 3], [10, 6, 20]))  # class 2 has no pictures
    features = rng.normal(size=(36, 8)) + labels[:, None]
    moments = ClassMoments(8)
    for rows in np.split(np.arange(36), 4):
        moments.add(torch.from_numpy(features[rows]), torch.from_numpy(labels[rows]))
    weight, bias = moments.classifier(4)
    new = rng.normal(size=(50, 8)) * 3
    scores = new @ weight.numpy().T + bias.numpy()
    there = [0, 1, 3]
    means = np.stack([features[labels == number].mean(0) for number in there])
    distances = ((new[:, None] - means) ** 2).sum(2)
    assert (np.array(there)[distances.argmin(1)] == scores.argmax(1)).all()
    assert bias[2] == NEVER
    # Log-odds of normal classes: differences of squared distances over twice the variance in the span of the means.
    _, _, span = np.linalg.svd(means - means.mean(0), full_matrices=False)
    residuals = (features - means[np.searchsorted(there, labels)]) @ span[:2].T
    variance = (residuals**2).sum() / (2 * (36 - 3))
    expected = -distances / (2 * variance)
    odds = scores[:, there]
    np.testing.assert_allclose(odds - odds[:, :1], expected - expected[:, :1], rtol=1e-6, atol=1e-8)


def test_the_nearest_mean_of_one_picture_each_is_finite():
    moments = ClassMoments(5)
    moments.add(torch.eye(5, dtype=torch.float64)[:2], torch.tensor([0, 1]))
    weight, bias = moments.classifier(2)
    assert weight.isfinite().all() and bias.isfinite().all()
    assert (torch.eye(5, dtype=torch.float64)[:2] @ weight.T + bias).argmax(1).tolist() == [0, 1]


@pytest.mark.parametrize("views_by", ["seed", "dataset"])
def test_a_run_of_the_nearest_mean_is_one_epoch_without_a_rate(make_run, pretrained, train, views_by):
    run, config = make_run("nearest_mean", weights="own", epochs=7, views_by=views_by)
    result = train(run, config)
    assert (result["status"], result["epochs"], result["best_epoch"]) == ("finished", 1, 1)
    (row,) = read_metrics(run.metrics).to_dict("records")
    assert row["learning_rate"] is None or np.isnan(row["learning_rate"])
    assert result["learning_rate"] is None and result["rate_found"] is False
    assert row["train_accuracy"] > 0.5 and np.isfinite(row["val_loss"])
    assert read_predictions(run.predictions, "test") is not None
    assert read_result(run).test_accuracy == result["test_accuracy"]
    forward, head = 2 * 0.301e9 * (SIDE / 224) ** 2, 10_000
    pictures = row["images_seen"]
    assert row["flops"] == pytest.approx(pictures * forward, rel=0.1, abs=pictures * head), (
        "each picture goes through once"
    )


def test_its_head_is_the_nearest_mean_of_what_reaches_it(make_run, train):
    run, config = make_run("nearest_mean", precision="fp32")
    train(run, config)
    trainer = Trainer(run, config, DeviceLock(run.home.locks_dir), lambda: None)
    trainer._prepare()
    network = trainer.learner.network.eval()
    network.load_state_dict(load_file(run.best))
    store, caught = trainer.store, []
    network.classifier[1].register_forward_pre_hook(lambda _, inputs: caught.append(inputs[0]))
    pixels, labels = store.pixels("train", None), np.array(store.labels_of("train", None))
    with torch.inference_mode():
        scores = network(plain_inputs(pixels, SIDE, torch.device("cpu"), trainer.learner.inputs._expects)(slice(None)))
    features = caught[0].double().numpy()
    means = np.stack([features[labels == number].mean(0) for number in (0, 1)])
    nearest = ((features[:, None] - means) ** 2).sum(2)
    np.testing.assert_array_equal(scores.argmax(1).numpy(), nearest.argmin(1))
