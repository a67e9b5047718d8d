"""What strategies do in a real run: what moves, when, from where, and what is spared by keeping features."""

import numpy as np
import pytest
import torch
from quick import evaluated
from safetensors.torch import load_file

from tl.backbones import BACKBONES
from tl.phases import HEAD
from tl.store.device_lock import DeviceLock
from tl.store.metrics import read_metrics
from tl.train import learner as learner_module
from tl.train.frozen import VALIDATION, kept_features
from tl.train.frozen.kept_features import FeatureStore
from tl.train.methods import method_of
from tl.train.network import Stages, build_network
from tl.train.optimizer import set_rates
from tl.train.run import Trainer

EVERY = (*BACKBONES["mobilenet_v2"].stage_names, HEAD)


def test_a_linear_probe_leaves_the_backbone_as_it_was(make_run, pretrained, train):
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


def test_freeze_then_unfreeze_unfreezes_and_lowers_the_rate(make_run, pretrained, train):
    run, config = make_run("freeze_then_unfreeze", weights="own", epochs=3, patience=1)
    train(run, config)
    metrics = read_metrics(run.metrics)
    assert metrics["stage"].tolist()[:3] == ["head", "head", "everything"]  # patience can't prevent the unfreezing
    assert metrics["learning_rate"].tolist()[:3] == pytest.approx([1e-3, 1e-3, 1e-4])
    assert metrics["trainable_parameters"].iloc[2] == metrics["total_parameters"].iloc[2]


def test_gradual_unfreezing_trains_one_more_stage_at_a_time(make_run, pretrained, train):
    run, config = make_run("gradual_unfreezing", weights="own", epochs=7)
    train(run, config)
    metrics = read_metrics(run.metrics)
    assert metrics["trainable_parameters"].is_monotonic_increasing
    assert metrics["trainable_parameters"].nunique() == 6  # the head, then five stages
    assert metrics["stage"].iloc[0] == "head"
    assert metrics["stage"].iloc[-1] == "everything"


def test_lp_ft_begins_to_fine_tune_once_the_probe_stops_improving(make_run, pretrained, monkeypatch, train):
    losses = iter([(0.5, 0.5), (0.6, 0.5), (0.7, 0.5)] + [(0.4, 0.5)] * 20)
    monkeypatch.setattr(learner_module, "evaluate_together", lambda *args: evaluated(*next(losses)))
    run, config = make_run("lp_ft", weights="own", epochs=12, arm={"probe_patience": 2})
    result = train(run, config)
    assert read_metrics(run.metrics)["stage"].tolist()[:5] == ["head", "head", "head", "everything", "everything"]
    assert result["phase_starts"] == [1, 4]


def test_mean_var_init_keeps_nothing_but_the_scale(make_run, pretrained):
    run, config = make_run("mean_var_init", weights="own")
    trainer = Trainer(run, config, DeviceLock(run.home.locks_dir), lambda: None)
    trainer._prepare()
    for name, value in trainer.learner.network.state_dict().items():
        own = pretrained[name]
        if name.endswith("conv.0.0.weight"):
            assert not torch.equal(value, own)
            assert value.std().item() == pytest.approx(own.std().item(), rel=0.2)
        if name.endswith("running_mean"):
            assert not value.any()


def test_l2_sp_adds_the_gradient_of_its_penalty_to_what_trains(make_run):
    stages = Stages(build_network("mobilenet_v2", 2, 32), "mobilenet_v2")
    _, config = make_run("l2_sp", arm={"anchor": 0.5})
    method = method_of(config)
    method.start(stages)
    for name, weights in stages.parameters.items():
        for weight in weights:
            weight.data += 2.0
            weight.grad = torch.full_like(weight, 3.0) if name != "stem" else None  # the stem is frozen
    method.after_backward()
    for weight in stages.parameters["stage1"]:
        torch.testing.assert_close(weight.grad, torch.full_like(weight, 3.0 + 0.5 * 2.0))
    for weight in stages.parameters[HEAD]:
        torch.testing.assert_close(weight.grad, 3.0 + 0.5 * weight.detach())
    assert all(weight.grad is None for weight in stages.parameters["stem"])


def test_l2_sp_without_a_pull_is_full_fine_tuning(make_run, pretrained, train):
    found = []
    for strategy, anchor in (("full_finetuning", 0.01), ("l2_sp", 0.0), ("l2_sp", 10.0)):
        run, config = make_run(strategy, weights="own", arm={"anchor": anchor})
        train(run, config)
        found.append(rows_of(run))
    np.testing.assert_allclose(found[0], found[1], rtol=1e-5)
    assert not np.allclose(found[0], found[2], rtol=1e-5)


def rows_of(run):
    return read_metrics(run.metrics)[["train_loss", "val_loss", "val_accuracy"]].to_numpy(float)


@pytest.mark.parametrize(
    ("strategy", "exact"),  # epochs; where most of a network trains, in batches of 8, BatchNorm makes rounding grow
    [("linear_probe", 5), ("last_stages", 2), ("gradual_unfreezing", 1), ("freeze_then_unfreeze", 3)],
)
def test_kept_features_change_nothing_but_the_cost(make_run, pretrained, strategy, exact, train):
    found, operations = [], []
    for views in (0, 4):
        # Without augmentation views are alike; Adam would make differences of rounding large where gradients are small.
        # Larger batches than usual here: BatchNorm over few pictures makes rounding grow, on some processors to points.
        same = {"weights": "own", "epochs": 5, "augmentation": False, "precision": "fp32", "optimizer": "sgd"}
        same["batch_size"] = 24
        run, config = make_run(strategy, **same, views=views, arm={"frozen_epochs": 3})
        train(run, config)
        found.append(rows_of(run))
        operations.append(read_metrics(run.metrics)["flops"].sum())
    np.testing.assert_allclose(found[0][:exact], found[1][:exact], rtol=1e-3)
    np.testing.assert_allclose(found[0], found[1], atol=0.05)
    assert operations[1] < 0.95 * operations[0]


@pytest.mark.parametrize(
    ("strategy", "own", "expected"),
    [
        ("freeze_then_unfreeze", {"frozen_epochs": 2}, [{HEAD: 1}] * 2 + [dict.fromkeys(EVERY, 0.1)] * 2),
        ("last_stages", {"unfrozen_stages": 1}, [dict.fromkeys(("stage4", HEAD), 1)] * 4),
        (
            "gradual_unfreezing",
            {"unfreeze_every": 1},
            [{HEAD: 1}] + [dict.fromkeys((*EVERY[-1 - number : -1], HEAD), 0.1) for number in (1, 2, 3)],
        ),
        ("discriminative", {"stage_divisor": 2}, [dict(zip(EVERY, (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1)))] * 4),
    ],
)
def test_each_stage_has_its_rate_in_each_epoch_of_a_run(
    make_run, pretrained, train, monkeypatch, strategy, own, expected
):
    """The schedule cuts the rate tenfold every two epochs; what is frozen has none."""
    steps = []

    def note(optimizer, phase, rate):
        set_rates(optimizer, phase, rate)
        steps.append({group["stage"]: group["lr"] for group in optimizer.param_groups if group["lr"]})

    monkeypatch.setattr(learner_module, "set_rates", note)
    schedule = {"schedule": "step", "step_epochs": 2, "step_factor": 0.1}
    run, config = make_run(strategy, weights="own", epochs=4, **schedule, arm=own | {"learning_rate": 1e-2})
    train(run, config)
    per_epoch = len(steps) // 4
    for epoch, factors in enumerate(expected):
        rate = 1e-2 * (1, 1, 0.1, 0.1)[epoch]
        for step in steps[epoch * per_epoch : (epoch + 1) * per_epoch]:
            assert step == pytest.approx({stage: rate * factor for stage, factor in factors.items()})


def test_room_is_for_the_features_that_are_wanted_first(make_run, pretrained, train, monkeypatch):
    kept = []
    monkeypatch.setattr(FeatureStore, "keep", lambda store, cut, view, features: kept.append((view, cut)))
    run, config = make_run("gradual_unfreezing", weights="own", epochs=6)
    monkeypatch.setattr(kept_features, "BUDGET_BYTES", 24 * 1280 * 4 * 3)  # the head's, and little else
    train(run, config)
    deepest = max(cut for _, cut in kept)
    assert {view for view, cut in kept if cut == deepest} >= {1, VALIDATION}


def test_weight_decay_does_not_pull_what_an_anchor_holds(make_run, pretrained, train):
    found = []
    for decay in (0.0, 0.5):
        run, config = make_run("l2_sp", weights="own", weight_decay=decay)
        train(run, config)
        found.append(rows_of(run))
    np.testing.assert_array_equal(found[0], found[1])


def test_kept_features_spare_the_passes_through_the_frozen_part(make_run, pretrained, train):
    computed = {}
    for views in (0, 2):
        run, config = make_run("linear_probe", weights="own", epochs=6, views=views)
        train(run, config)
        computed[views] = read_metrics(run.metrics)["flops"]
    assert computed[0].nunique() == 1
    assert (computed[2].iloc[2:] < 0.01 * computed[0].iloc[0]).all()
    assert computed[2].sum() == pytest.approx(computed[0].sum() / 3, rel=0.01)
