"""Adversarial ways to adapt: against numerical derivatives and closed forms, and what is left of them in the end."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from tl.config import ArmConfig, Experiment
from tl.datasets import prepare
from tl.store.device_lock import DeviceLock
from tl.store.metrics import read_metrics
from tl.train.batches import to_input
from tl.train.checkpoints.moving import moving_part
from tl.train.methods import method_of
from tl.train.methods.cdan import MOST_PRODUCTS, PROJECTED
from tl.train.methods.dann import DISCRIMINATOR, discriminator, ramp, reversed_gradient
from tl.train.network import build_network
from tl.train.run import Trainer

SIDE = 32


def configured(strategy, **own):
    arm = ArmConfig(name="arm", strategy=strategy, **own)
    return Experiment(dataset="a", target_dataset="b", resolution=SIDE, arms=(arm,)).runs("e" * 26)[0]


def numerical(function, values, step=1e-6):
    """Central differences of a function, () of values, in float64."""
    found = torch.zeros_like(values)
    for place in range(values.numel()):
        ahead, behind = values.clone(), values.clone()
        ahead.view(-1)[place] += step
        behind.view(-1)[place] -= step
        found.view(-1)[place] = (function(ahead) - function(behind)) / (2 * step)
    return found


def test_a_reversed_gradient_is_minus_the_numerical_one_times_its_strength():
    torch.manual_seed(0)
    values, weights = torch.randn(4, 3, dtype=torch.float64), torch.randn(4, 3, dtype=torch.float64)
    function = lambda given: (weights * given.sin()).sum()  # noqa: E731
    given = values.clone().requires_grad_()
    assert torch.equal(reversed_gradient(given, 0.37), values), "forward nothing is changed"
    function(reversed_gradient(given, 0.37)).backward()
    torch.testing.assert_close(given.grad, -0.37 * numerical(function, values), rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("strategy", ["dann", "cdan"])
def test_the_network_gets_the_discriminators_gradient_reversed_and_the_discriminator_its_own(strategy):
    """Against central differences of the domain cross-entropy, in float64: of the features and of a layer's weights."""
    torch.manual_seed(1)
    method = method_of(configured(strategy))
    head = nn.Linear(5, 3).double()
    method._discriminator = discriminator(method.inputs(head)).double()
    method.begin()
    method.done = 0.2
    features, scores = torch.randn(6, 5, dtype=torch.float64), torch.randn(6, 3, dtype=torch.float64)
    domains = torch.tensor([1.0, 1, 1, 1, 0, 0], dtype=torch.float64)

    def domain_loss(seen):
        told = method._discriminator(method.seen(seen, scores))[:, 0]
        return nn.functional.binary_cross_entropy_with_logits(told, domains)

    given = features.clone().requires_grad_()
    method._features = given
    found = method.adaptation(scores, 4)
    found.backward()
    expected = -math.tanh(1.0) * numerical(domain_loss, features)
    torch.testing.assert_close(given.grad, expected, rtol=1e-6, atol=1e-9)
    last = method._discriminator[-1].bias
    own = numerical(lambda bias: _with(last, bias, lambda: domain_loss(features)), last.detach())
    torch.testing.assert_close(last.grad, own, rtol=1e-6, atol=1e-9)
    right = (method._discriminator(method.seen(features, scores))[:, 0] > 0) == domains.bool()
    method._sums, method._predicted = [found.detach()], torch.tensor([True, False, True])
    assert method.noted() == {
        "adaptation_loss": pytest.approx(domain_loss(features).item()),
        "domain_accuracy": pytest.approx(right.double().mean().item()),
        "predicted_classes": 2,
    }


def _with(parameter, values, function):
    before = parameter.detach().clone()
    with torch.no_grad():
        parameter.copy_(values)
        found = function()
        parameter.copy_(before)
    return found


def test_the_ramp_goes_from_nought_towards_one_as_published():
    for done in (0.0, 0.05, 0.3, 1.0):
        assert ramp(done) == pytest.approx(math.tanh(5 * done), abs=1e-15), "2 / (1 + exp(-10 p)) - 1 is tanh(5 p)"


def test_a_conditional_discriminator_sees_products_or_what_keeps_their_geometry():
    method = method_of(configured("cdan"))
    features, scores = torch.randn(3, 6), torch.randn(3, 4)
    assert method.inputs(nn.Linear(6, 4)) == 24
    products = torch.stack([torch.outer(share, own).flatten() for share, own in zip(scores.softmax(1), features)])
    torch.testing.assert_close(method.seen(features, scores), products)
    wide = nn.Linear(MOST_PRODUCTS, 2)
    assert method.inputs(wide) == PROJECTED
    torch.manual_seed(3)
    features, scores = torch.randn(2, MOST_PRODUCTS), torch.randn(2, 2) * 4
    seen, shares = method.seen(features, scores), scores.softmax(1)
    exact = (features[0] @ features[0]) * (shares[0] @ shares[0])
    assert (seen[0] @ seen[0] / exact).item() == pytest.approx(1, abs=0.25), "lengths, as random projections keep them"
    again = method_of(configured("cdan"))
    again.inputs(wide)
    assert torch.equal(again.seen(features, scores), seen), "the same in every process: no checkpoint keeps them"


def test_an_adversarial_step_is_one_pass_of_both_sets_and_leaves_a_plain_network(make_run, negatives, stripes_home):
    run, config = make_run("dann", weights="bundled", target_dataset=negatives, precision="fp32")
    trainer = Trainer(run, config, DeviceLock(run.home.locks_dir), lambda: None)
    trainer._prepare()
    learner = trainer.learner
    (phase,) = config.phases
    learner.begin(1, phase)
    batch, labels = next(learner.batches(1))
    assert (len(batch), len(labels)) == (16, 8), "as many of the target, and no label of them"
    target = prepare(stripes_home, negatives, 32)
    passes, plain = [], set(build_network(config.backbone, 2, SIDE).state_dict())
    learner.network.features.register_forward_pre_hook(lambda module, inputs: passes.append(len(inputs[0])))
    loss, scores = learner.step(batch, labels, phase, 1e-3, 0.5)
    assert passes == [16] and len(scores) == 8 and loss.isfinite()
    weights = dict(learner.network.named_parameters())
    assert all(weights[f"{DISCRIMINATOR}.0.{name}"].grad.abs().sum() > 0 for name in ("weight", "bias"))
    rates = {
        learner.stages.names[weight]: group["lr"]
        for group in learner.optimizer.param_groups
        for weight in group["params"]
    }
    assert rates[f"{DISCRIMINATOR}.0.weight"] == pytest.approx(1e-2) and rates["classifier.1.weight"] == 1e-3
    assert learner.method.noted().keys() == {"adaptation_loss", "domain_accuracy", "predicted_classes"}
    assert learner.inputs.per_epoch == 2 * len(learner.pixels)
    bright = [to_input(np.array(target.pixels("train")), SIDE, learner.device, trainer.learner.inputs._expects).mean()]
    assert batch[8:].mean() > batch[:8].mean() and abs(batch[8:].mean() - bright[0]) < 0.2, "those of the bright set"
    assert moving_part(learner.network, config.backbone, config.phases, learner.method).added == {
        name for name in learner.network.state_dict() if name.startswith(DISCRIMINATOR)
    }
    learner.method.finish(learner.network)
    assert set(learner.network.state_dict()) == plain


def test_a_run_that_adapts_notes_what_it_sees(make_run, negatives, train):
    run, config = make_run("cdan", weights="bundled", target_dataset=negatives, epochs=2)
    result = train(run, config)
    rows = read_metrics(run.metrics)
    assert result["status"] == "finished" and rows["domain_accuracy"].between(0, 1).all()
    assert rows["predicted_classes"].between(1, 2).all() and (rows["adaptation_loss"] > 0).all()
    assert rows["images_seen"].tolist() == [64, 128], "32 of each set"
