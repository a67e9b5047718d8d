"""The trainer itself, in this process: best epoch, early stopping, failures."""

import json
import shutil

import numpy as np
import pytest
import torch
from quick import evaluated
from safetensors.torch import load_file, save_file

from tl.store.device_lock import DeviceLock
from tl.store.files import read_json, read_parquet, write_json
from tl.store.metrics import METRICS, read_metrics
from tl.train import inputs as inputs_module
from tl.train import learner as learner_module
from tl.train import rate_test
from tl.train.__main__ import Stopped
from tl.train.epochs import Diverged
from tl.train.network import build_network
from tl.train.run import Trainer


def test_a_run_leaves_metrics_result_and_the_best_network(make_run, train):
    run, config = make_run(epochs=2)
    result = train(run, config)
    metrics = read_metrics(run.metrics)
    assert list(metrics.columns[: len(METRICS)]) == list(METRICS)
    assert metrics["epoch"].tolist() == [1, 2]
    assert metrics["images_seen"].tolist() == [32, 64]  # 16 of 24 in each class
    assert metrics["val_accuracy"].between(0, 1).all()
    assert (metrics["elapsed_seconds"].diff().dropna() > 0).all()
    assert metrics["gpu_utilisation"].isna().all()  # unknown is null, never 0
    assert metrics["learning_rate"].tolist() == [1e-3, 1e-3]
    assert result == read_json(run.result)
    assert result["status"] == "finished"
    assert result["best_val_accuracy"] == metrics["val_accuracy"].max()
    assert 0 <= result["test_accuracy"] <= 1
    assert read_json(run.progress)["phase"] == "done"
    assert (
        load_file(run.checkpoints / "best.safetensors").keys()
        == build_network("mobilenet_v2", 2, 32).state_dict().keys()
    )
    assert [path.name for path in run.checkpoints.iterdir()] == ["best.safetensors"], "it can't be resumed"
    assert list(run.tensorboard.iterdir())
    assert not [path for path in run.folder.rglob(".*")], "temporary files are left"


def test_a_found_rate_is_this_arms_rate_and_its_time_counts(make_run, monkeypatch, train):
    monkeypatch.setattr(rate_test, "STEPS", 30)  # of a hundred
    run, config = make_run(find_rate=True, epochs=1)
    result = train(run, config)
    row = read_metrics(run.metrics).iloc[0]
    assert result["rate_found"] == (not result["notes"])
    assert row["learning_rate"] == result["learning_rate"]
    assert row["elapsed_seconds"] > row["train_seconds"] + row["eval_seconds"]
    assert result["rate_test_seconds"] > 0
    curve = read_parquet(run.rate_test)
    assert curve["learning_rate"].is_monotonic_increasing
    given, config = make_run(epochs=1)
    train(given, config)
    pictures = row["images_seen"]
    assert row["flops"] == pytest.approx(
        read_metrics(given.metrics)["flops"].iloc[0] * (1 + 4 * 8 * len(curve) / pictures), rel=0.02
    ), "as much for each picture of the test, in 4 batches of 8 a step, as for one of the epoch"


def test_what_thaws_later_has_a_say_in_the_rate(make_run, pretrained, monkeypatch, train):
    tested = []

    def find(learner, phase):
        tested.append(phase.name)
        return {"head": 2e-2, "everything": 5e-4}[phase.name], [{"learning_rate": 1e-3, "loss": 1.0}], 10

    monkeypatch.setattr("tl.train.learner.Learner.find_rate", find)
    run, config = make_run("freeze_then_unfreeze", weights="own", find_rate=True, epochs=3)
    assert train(run, config)["learning_rate"] == 5e-4
    assert tested == ["head", "everything"]
    run, config = make_run("freeze_then_unfreeze", weights="own", find_rate=True, epochs=2)
    assert train(run, config)["learning_rate"] == 2e-2, "two epochs are over before anything thaws"


def test_where_a_range_test_shows_no_rate_the_usual_one_is_taken_and_that_is_noted(
    make_run, pretrained, monkeypatch, train
):
    shown = {"head": None, "everything": None}

    def find(learner, phase):
        return shown[phase.name], [{"learning_rate": 1e-3, "loss": 1.0}], 10

    monkeypatch.setattr("tl.train.learner.Learner.find_rate", find)
    run, config = make_run("freeze_then_unfreeze", weights="own", find_rate=True, epochs=3)
    result = train(run, config)
    assert (result["learning_rate"], result["rate_found"]) == (config.rate_of(config.arm), False)
    assert result["notes"] == [
        "The range test found no learning rate: at none did the loss fall by more than it varies from batch to batch. "
        "The usual rate of 1e-3 was used."
    ]
    shown["head"] = 5e-4  # lower than the usual one that the other phase falls back to
    run, config = make_run("freeze_then_unfreeze", weights="own", find_rate=True, epochs=3)
    result = train(run, config)
    assert (result["learning_rate"], result["rate_found"], result["notes"]) == (5e-4, True, [])


def test_a_phase_beyond_the_last_epoch_does_not_keep_patience_waiting(make_run, pretrained, monkeypatch, train):
    losses = iter([(0.5, 0.5)] + [(0.6, 0.5)] * 9)
    monkeypatch.setattr(learner_module, "evaluate_together", lambda *args: evaluated(*next(losses)))
    late = {"frozen_epochs": 50}
    run, config = make_run("freeze_then_unfreeze", weights="own", epochs=9, patience=2, patience_start=0, arm=late)
    result = train(run, config)
    assert (result["epochs"], result["stopped_early"]) == (3, True)


def test_the_chosen_precision_becomes_part_of_the_configuration(make_run, train):
    run, config = make_run(epochs=1)
    assert config.precision == "auto"
    result = train(run, config)
    assert result["precision"] in ("fp32", "bf16")
    assert read_json(run.config)["precision"] == result["precision"]


def test_both_arms_start_from_the_same_head_and_see_the_same_pictures(make_run, pretrained, monkeypatch):
    seen = []
    original = inputs_module.training_batches

    def spy(*args, **options):
        for batch, target in original(*args, **options):
            seen.append(batch.sum().item())
            yield batch, target

    monkeypatch.setattr(inputs_module, "training_batches", spy)
    heads = []
    for strategy in ("scratch", "full_finetuning"):
        run, config = make_run(strategy, weights="own", epochs=1)
        trainer = Trainer(run, config, DeviceLock(run.home.locks_dir), lambda: None)
        trainer._prepare()
        heads.append(trainer.learner.network.classifier[1].weight.clone())
        trainer.epochs.train(1, config.phases[0])
    assert torch.equal(*heads)
    assert seen[: len(seen) // 2] == seen[len(seen) // 2 :]


def test_early_stopping_keeps_the_best_epoch(make_run, monkeypatch, train):
    losses = iter([(0.9, 0.5), (0.7, 0.625), (0.8, 0.75), (0.9, 0.625), (0.8, 0.75), (0.1, 0.375)])
    monkeypatch.setattr(learner_module, "evaluate_together", lambda *args: evaluated(*next(losses)))
    run, config = make_run(epochs=9, patience=2, patience_start=0, patience_steps=0)
    result = train(run, config)
    assert (result["epochs"], result["stopped_early"]) == (4, True)
    assert (result["best_epoch"], result["best_val_accuracy"]) == (3, 0.75)
    assert result["test_accuracy"] == 0.375


def test_patience_ignores_the_start(make_run, monkeypatch, train):
    losses = iter([(0.1, 0.2)] + [(0.9, 0.2)] * 3 + [(0.8, 0.3)] + [(0.8, 0.3)] * 9)
    monkeypatch.setattr(learner_module, "evaluate_together", lambda *args: evaluated(*next(losses)))
    run, config = make_run(epochs=9, patience=2, patience_start=3, patience_steps=0)
    assert train(run, config)["epochs"] == 7  # epoch 5 is lower than epoch 4; then 2 that are not


def test_patience_0_never_stops(make_run, monkeypatch, train):
    monkeypatch.setattr(learner_module, "evaluate_together", lambda *args: evaluated(1.0, 0.5))
    run, config = make_run(epochs=4, patience=0)
    assert train(run, config)["epochs"] == 4


def test_a_stopped_run_keeps_its_best_and_never_sees_the_test_set(make_run, train):
    run, config = make_run(epochs=5)

    def stop():
        if len(read_metrics(run.metrics)) == 2:
            raise Stopped

    device_lock = DeviceLock(run.home.locks_dir)
    trainer = Trainer(run, config, device_lock, stop)
    with pytest.raises(Stopped):
        trainer.train()
    result = trainer.result("stopped")
    assert (result["status"], result["epochs"], result["test_accuracy"]) == ("stopped", 2, None)
    assert (run.checkpoints / "best.safetensors").exists()
    device_lock.give()


def test_a_loss_that_is_not_finite_stops_at_that_step(make_run, monkeypatch, train):
    original = inputs_module.training_batches

    def poisoned(*args, **options):
        for batch, target in original(*args, **options):
            yield batch * float("nan"), target

    monkeypatch.setattr(inputs_module, "training_batches", poisoned)
    run, config = make_run()
    with pytest.raises(Diverged, match="epoch 1, step 1"):
        train(run, config)


def test_weights_of_another_network_are_refused(make_run, stripes_home, train):
    folder = stripes_home.library_dir / "wrong"
    folder.mkdir(parents=True, exist_ok=True)
    save_file({"conv.weight": torch.zeros(3)}, folder / "weights.safetensors")
    write_json(folder / "card.json", {"name": "wrong", "backbone": "mobilenet_v2"})
    run, config = make_run("full_finetuning", weights="wrong")
    try:
        with pytest.raises(ValueError, match="holds no weights for mobilenet_v2"):
            train(run, config)
    finally:
        shutil.rmtree(folder)  # other tests share this home


def test_result_is_json_without_nan(make_run, train):
    run, config = make_run(epochs=1)
    train(run, config)
    json.loads(run.result.read_text(), parse_constant=lambda name: pytest.fail(f"{name} in result.json"))
    assert np.isfinite(read_json(run.result)["elapsed_seconds"])
