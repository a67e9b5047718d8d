"""The trainer itself, in this process: strategies, best epoch, early stopping, failures, resuming."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from tl.store.files import read_json, read_parquet, write_json
from tl.store.metrics import METRICS, read_metrics
from tl.train import learner as learner_module
from tl.train.__main__ import Stopped, explain
from tl.train.network import build_network
from tl.train.run import Diverged, Trainer
from tl.train.turn import Turn

MEASURED = ["flops", "train_seconds", "eval_seconds", "elapsed_seconds", "images_per_second", "memory_peak_bytes"]


def train(run, config, stop=lambda: None):
    turn = Turn(run.home.locks_dir)
    turn.take()
    try:
        return Trainer(run, config, turn, stop).train()
    finally:
        turn.give()


@pytest.fixture
def pretrained(stripes_home):
    """A model of the library: random weights with BatchNorm statistics that are no one's default."""
    torch.manual_seed(5)
    network = build_network("mobilenet_v2", 4, 32)
    for _ in range(3):
        network.train()(torch.randn(8, 3, 32, 32))
    folder = stripes_home.library_dir / "own"
    folder.mkdir(parents=True, exist_ok=True)
    state = {name: value.contiguous() for name, value in network.state_dict().items()}
    save_file(state, folder / "weights.safetensors")
    write_json(folder / "card.json", {"name": "own", "backbone": "mobilenet_v2", "source_data": "noise"})
    return state


def test_a_run_leaves_metrics_result_and_the_best_network(make_run):
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
    assert list(run.tensorboard.iterdir())
    assert not [path for path in run.folder.rglob(".*")], "temporary files are left"


def test_a_linear_probe_leaves_the_backbone_as_it_was(make_run, pretrained):
    run, config = make_run("linear_probe", weights="own")
    train(run, config)
    best = load_file(run.checkpoints / "best.safetensors")
    for name, value in pretrained.items():
        if name.endswith("num_batches_tracked"):  # not used with a fixed momentum, so not transferred
            continue
        same = best[name].shape == value.shape and torch.equal(best[name], value)
        assert same != name.startswith("classifier."), name
    metrics = read_metrics(run.metrics)
    assert metrics["trainable_parameters"].tolist() == [1280 * 2 + 2] * 2
    assert metrics["stage"].tolist() == ["head", "head"]


def test_freeze_then_unfreeze_unfreezes_and_lowers_the_rate(make_run, pretrained):
    run, config = make_run("freeze_then_unfreeze", weights="own", epochs=3, patience=1)
    train(run, config)
    metrics = read_metrics(run.metrics)
    assert metrics["stage"].tolist()[:3] == ["head", "head", "everything"]  # patience can't prevent the unfreezing
    assert metrics["learning_rate"].tolist()[:3] == pytest.approx([1e-3, 1e-3, 1e-4])
    assert metrics["trainable_parameters"].iloc[2] == metrics["total_parameters"].iloc[2]


def test_gradual_unfreezing_trains_one_more_stage_at_a_time(make_run, pretrained):
    run, config = make_run("gradual_unfreezing", weights="own", epochs=7)
    train(run, config)
    metrics = read_metrics(run.metrics)
    assert metrics["trainable_parameters"].is_monotonic_increasing
    assert metrics["trainable_parameters"].nunique() == 6  # the head, then five stages
    assert metrics["stage"].iloc[0] == "head"
    assert metrics["stage"].iloc[-1] == "everything"


def test_lp_ft_begins_to_fine_tune_once_the_probe_stops_improving(make_run, pretrained, monkeypatch):
    losses = iter([(0.5, 0.5), (0.6, 0.5), (0.7, 0.5)] + [(0.4, 0.5)] * 20)
    monkeypatch.setattr(learner_module, "evaluate", lambda *args: next(losses))
    run, config = make_run("lp_ft", weights="own", epochs=12, arm={"probe_patience": 2})
    result = train(run, config)
    assert read_metrics(run.metrics)["stage"].tolist()[:5] == ["head", "head", "head", "everything", "everything"]
    assert result["phase_starts"] == [1, 4]


def test_mean_var_init_keeps_nothing_but_the_scale(make_run, pretrained):
    run, config = make_run("mean_var_init", weights="own")
    trainer = Trainer(run, config, Turn(run.home.locks_dir), lambda: None)
    trainer._prepare()
    for name, value in trainer.learner.network.state_dict().items():
        own = pretrained[name]
        if name.endswith("conv.0.0.weight"):
            assert not torch.equal(value, own)
            assert value.std().item() == pytest.approx(own.std().item(), rel=0.2)
        if name.endswith("running_mean"):
            assert not value.any()


def test_l2_sp_stays_nearer_to_its_start(make_run, pretrained):
    distances = []
    for anchor in (0.0, 10.0):
        run, config = make_run("l2_sp", weights="own", optimizer="sgd", arm={"anchor": anchor})
        train(run, config)
        last = load_file(run.checkpoints / "last.safetensors")
        name = "features.1.conv.0.0.weight"
        distances.append((last[f"network.{name}"] - pretrained[name]).norm().item())
    assert distances[1] < distances[0]


def rows_of(run):
    return read_metrics(run.metrics)[["train_loss", "val_loss", "val_accuracy"]].to_numpy(float)


@pytest.mark.parametrize("strategy", ["linear_probe", "last_stages", "gradual_unfreezing", "freeze_then_unfreeze"])
def test_with_as_many_views_as_epochs_kept_features_change_nothing(make_run, pretrained, strategy):
    found = []
    for views in (0, 6):
        run, config = make_run(strategy, weights="own", epochs=6, views=views, arm={"frozen_epochs": 4})
        train(run, config)
        found.append(rows_of(run))
    np.testing.assert_allclose(found[0], found[1], rtol=1e-5)


def test_kept_features_spare_the_passes_through_the_frozen_part(make_run, pretrained):
    computed = {}
    for views in (0, 2):
        run, config = make_run("linear_probe", weights="own", epochs=6, views=views)
        train(run, config)
        computed[views] = read_metrics(run.metrics)["flops"]
    assert computed[0].nunique() == 1
    assert (computed[2].iloc[2:] < 0.01 * computed[0].iloc[0]).all()
    assert computed[2].sum() == pytest.approx(computed[0].sum() / 3, rel=0.01)


def test_a_found_rate_is_this_arms_rate_and_its_time_counts(make_run):
    run, config = make_run(find_rate=True, epochs=1)
    result = train(run, config)
    row = read_metrics(run.metrics).iloc[0]
    assert result["rate_found"]
    assert row["learning_rate"] == result["learning_rate"] != 1e-3
    assert row["elapsed_seconds"] > row["train_seconds"] + row["eval_seconds"]
    assert result["rate_test_seconds"] > 0
    curve = read_parquet(run.rate_test)
    assert curve["learning_rate"].is_monotonic_increasing


def test_the_chosen_precision_becomes_part_of_the_configuration(make_run):
    run, config = make_run(epochs=1)
    assert config.precision == "auto"
    result = train(run, config)
    assert result["precision"] in ("fp32", "bf16")
    assert read_json(run.config)["precision"] == result["precision"]


def test_both_arms_start_from_the_same_head_and_see_the_same_pictures(make_run, pretrained, monkeypatch):
    seen = []
    original = learner_module.training_batches

    def spy(*args, **options):
        for batch, target in original(*args, **options):
            seen.append(batch.sum().item())
            yield batch, target

    monkeypatch.setattr(learner_module, "training_batches", spy)
    heads = []
    for strategy in ("scratch", "full_finetuning"):
        run, config = make_run(strategy, weights="own", epochs=1)
        trainer = Trainer(run, config, Turn(run.home.locks_dir), lambda: None)
        trainer._prepare()
        heads.append(trainer.learner.network.classifier[1].weight.clone())
        trainer._train_epoch(1, config.phases[0])
    assert torch.equal(*heads)
    assert seen[: len(seen) // 2] == seen[len(seen) // 2 :]


def test_early_stopping_keeps_the_best_epoch(make_run, monkeypatch):
    losses = iter([(0.9, 0.5), (0.7, 0.6), (0.8, 0.7), (0.9, 0.6), (0.1, 0.55)])
    monkeypatch.setattr(learner_module, "evaluate", lambda *args: next(losses))
    run, config = make_run(epochs=9, patience=2, patience_start=0)
    result = train(run, config)
    assert (result["epochs"], result["stopped_early"]) == (4, True)
    assert (result["best_epoch"], result["best_val_accuracy"]) == (3, 0.7)
    assert result["test_accuracy"] == 0.55


def test_patience_ignores_the_start(make_run, monkeypatch):
    losses = iter([(0.1, 0.2)] + [(0.9, 0.2)] * 3 + [(0.8, 0.3)] + [(0.8, 0.3)] * 9)
    monkeypatch.setattr(learner_module, "evaluate", lambda *args: next(losses))
    run, config = make_run(epochs=9, patience=2, patience_start=3)
    assert train(run, config)["epochs"] == 7  # epoch 5 is lower than epoch 4; then 2 that are not


def test_patience_0_never_stops(make_run, monkeypatch):
    monkeypatch.setattr(learner_module, "evaluate", lambda *args: (1.0, 0.5))
    run, config = make_run(epochs=4, patience=0)
    assert train(run, config)["epochs"] == 4


RESUMED = {
    "scratch": {},
    "scratch with one cycle, patience and a rate it finds": {
        "schedule": "one_cycle",
        "optimizer": "sgd",
        "patience": 3,
        "find_rate": True,
    },
    "gradual_unfreezing": {"epochs": 8, "views": 2},
    "freeze_then_unfreeze": {"views": 1},
    "lp_ft": {"epochs": 5, "arm": {"probe_patience": 1}},
    "l2_sp": {"arm": {"anchor": 0.1}},
    "mean_var_init": {},
    "discriminative": {"schedule": "step", "step_epochs": 1, "precision": "bf16"},
}


@pytest.mark.parametrize("case", RESUMED)
def test_a_run_stopped_after_every_epoch_ends_bit_identical(make_run, pretrained, case):
    settings = {"epochs": 3, "weights": "own"} | RESUMED[case]
    strategy, last = case.split()[0], settings["epochs"]
    whole, config = make_run(strategy, **settings)
    train(whole, config)
    pieces, config = make_run(strategy, **settings)
    for epochs in range(1, last):

        def stop_after(limit=epochs):
            if len(read_metrics(pieces.metrics)) >= limit:
                raise Stopped

        with pytest.raises(Stopped):
            train(pieces, config, stop_after)
    assert train(pieces, config)["epochs"] == last
    first, second = (read_metrics(run.metrics).drop(columns=["run_id", *MEASURED]) for run in (whole, pieces))
    assert first.to_dict() == second.to_dict()
    for name in ("best", "last"):
        states = [load_file(run.checkpoints / f"{name}.safetensors") for run in (whole, pieces)]
        assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])


def test_a_stopped_run_keeps_its_best_and_never_sees_the_test_set(make_run):
    run, config = make_run(epochs=5)

    def stop():
        if len(read_metrics(run.metrics)) == 2:
            raise Stopped

    turn = Turn(run.home.locks_dir)
    trainer = Trainer(run, config, turn, stop)
    with pytest.raises(Stopped):
        trainer.train()
    result = trainer.stopped()
    assert (result["status"], result["epochs"], result["test_accuracy"]) == ("stopped", 2, None)
    assert (run.checkpoints / "best.safetensors").exists()
    turn.give()


def test_a_loss_that_is_not_finite_stops_at_that_step(make_run, monkeypatch):
    original = learner_module.training_batches

    def poisoned(*args, **options):
        for batch, target in original(*args, **options):
            yield batch * float("nan"), target

    monkeypatch.setattr(learner_module, "training_batches", poisoned)
    run, config = make_run()
    with pytest.raises(Diverged, match="epoch 1, step 1"):
        train(run, config)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Diverged("the training loss became nan in epoch 1, step 1"), "diverged"),
        (MemoryError(), "out_of_memory"),
        (OSError(28, "No space left on device", "x"), "disk_full"),
        (KeyError("x"), "internal_error"),
    ],
)
def test_a_failure_has_a_name_and_one_sentence(error, reason):
    name, message = explain(error)
    assert name == reason
    assert message.endswith((".", "more."))
    assert "\n" not in message


def test_weights_of_another_network_are_refused(make_run, stripes_home):
    folder = stripes_home.library_dir / "wrong"
    folder.mkdir(parents=True, exist_ok=True)
    save_file({"conv.weight": torch.zeros(3)}, folder / "weights.safetensors")
    write_json(folder / "card.json", {"name": "wrong", "backbone": "mobilenet_v2"})
    run, config = make_run("full_finetuning", weights="wrong")
    with pytest.raises(ValueError, match="holds no weights for mobilenet_v2"):
        train(run, config)


def test_result_is_json_without_nan(make_run):
    run, config = make_run(epochs=1)
    train(run, config)
    json.loads(run.result.read_text(), parse_constant=lambda name: pytest.fail(f"{name} in result.json"))
    assert np.isfinite(read_json(run.result)["elapsed_seconds"])
