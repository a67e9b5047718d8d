"""Adapting without a discriminator: AdaBN against statistics computed by hand, class confusion against its equations."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors import safe_open
from torch import nn

from tl.config import ArmConfig, Experiment
from tl.datasets import prepare_for
from tl.store.metrics import read_metrics
from tl.store.predictions import read_predictions
from tl.strategies import RANDOM
from tl.train import run as run_module
from tl.train.features import before_the_head
from tl.train.looking.both_sets import reached, started
from tl.train.looking.finished import finished
from tl.train.methods import adabn, method_of
from tl.train.methods.mcc import class_confusion
from tl.train.network import new_network

SIDE = 32


def configured(strategy, **own):
    arm = ArmConfig(name="arm", strategy=strategy, **own)
    return Experiment(dataset="a", target_dataset="b", resolution=SIDE, arms=(arm,)).runs("e" * 26)[0]


def test_class_confusion_is_what_the_equations_say():
    rng = np.random.default_rng(2)
    scores, temperature = rng.normal(size=(7, 4)) * 3, 2.5
    shares = np.exp(scores / temperature)
    shares /= shares.sum(1, keepdims=True)
    certainty = np.array([1 + math.exp(sum(share * math.log(share) for share in row)) for row in shares])
    weights = 7 * certainty / certainty.sum()
    confusion = np.zeros((4, 4))
    for row, weight in zip(shares, weights, strict=True):
        for one in range(4):
            for other in range(4):
                confusion[one, other] += row[one] * weight * row[other]
    normalised = confusion / confusion.sum(1, keepdims=True)
    expected = sum(normalised[one, other] for one in range(4) for other in range(4) if one != other) / 4
    assert class_confusion(torch.from_numpy(scores), temperature).item() == pytest.approx(expected, rel=1e-12)
    sure = torch.eye(4, dtype=torch.float64) * 1e4
    assert class_confusion(sure, 1.0).item() == 0, (
        "nothing is mixed, and a class that never comes is no division by zero"
    )


def small():
    torch.manual_seed(4)
    layers = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 5, 3), nn.BatchNorm2d(5), nn.Flatten()
    return nn.Sequential(*layers).double()


def test_adabn_equals_statistics_computed_by_hand():
    network, pictures = small(), torch.randn(6, 3, 8, 8, dtype=torch.float64) * 3 + 1
    assert method_of(configured("adabn")).adapt(network, [pictures]) is None
    with torch.no_grad():
        values = network[0](pictures)
        for norm, after in ((network[1], network[3]), (network[4], None)):
            flat = values.transpose(0, 1).flatten(1).numpy()  # (channels, all values of it)
            mean = np.array([sum(channel) / len(channel) for channel in flat])
            variance = [
                sum((channel - middle) ** 2) / (len(channel) - 1) for channel, middle in zip(flat, mean, strict=True)
            ]
            torch.testing.assert_close(norm.running_mean, torch.tensor(mean), rtol=1e-12, atol=1e-12)
            torch.testing.assert_close(norm.running_var, torch.tensor(variance), rtol=1e-12, atol=1e-12)
            spread = np.sqrt((flat - mean[:, None]).var(1) + norm.eps)
            by_hand = torch.from_numpy((flat - mean[:, None]) / spread[:, None]).view(values.transpose(0, 1).shape)
            values = after(by_hand.transpose(0, 1).relu()) if after else None
    assert not network.training and not any(module.training for module in network.modules())


def test_adabn_counts_every_picture_alike_whatever_batch_it_is_in():
    pictures = torch.randn(11, 3, 8, 8, dtype=torch.float64) * torch.arange(1, 12).view(-1, 1, 1, 1)
    whole, pieces = small(), small()
    method_of(configured("adabn")).adapt(whole, [pictures])
    method_of(configured("adabn")).adapt(pieces, pictures.split([7, 1, 3]))
    for name in ("running_mean", "running_var"):
        torch.testing.assert_close(getattr(pieces[1], name), getattr(whole[1], name), rtol=1e-12, atol=1e-12)


def test_adabn_says_where_there_is_nothing_to_adapt():
    said = method_of(configured("adabn")).adapt(nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2)), [])
    assert said == adabn.NONE and "no BatchNorm" in said


def seen_as_it_answered(plain, adapted):
    """What reaches the heads of both networks for pictures of both sets: all start alike, and end as they have answered."""
    own, other = (reached(run, torch.device("cpu")) for run in (plain, adapted))
    assert (own.before == other.before).all() and (own.picture == other.picture).all() and not own.random
    assert not np.allclose(own.before, own.after)
    first = slice(0, own.of_source), slice(own.of_source, None)
    for found, run, splits in ((own, plain, ("validation", "test")), (other, adapted, ("", "test"))):
        with safe_open(run.best, "pt") as file:
            weight, bias = (file.get_tensor(f"classifier.1.{name}") for name in ("weight", "bias"))
        shares = (torch.from_numpy(found.after) @ weight.T + bias).softmax(1).numpy()
        for split, rows in zip(splits, first, strict=True):
            kept = read_predictions(run.predictions, split) if split else None
            if kept is not None:
                assert (found.picture[rows] == kept.picture).all() and (found.label[rows] == kept.label).all()
                assert np.abs(shares[rows] - kept.probabilities).max() < 2e-3
    # The adapted network has the target's statistics: the source's pictures go through statistics of their own.
    which = finished(adapted, torch.device("cpu"))
    store = prepare_for(adapted.home, which.config)
    through = before_the_head(which.network, "mobilenet_v2", [which.inputs(np.array(store.pixels("validation")))])[0]
    assert not np.allclose(other.after[first[0]], through, atol=0.01)


def test_random_weights_are_those_that_the_run_began_with(stripes_home, negatives, pretrained):
    cpu = torch.device("cpu")
    state = {}
    for strategy in ("scratch", "mean_var_init", "full_finetuning"):
        network = started(stripes_home, replace(configured(strategy), weights="own"), 2, cpu).state_dict()
        state[strategy] = network["features.0.0.weight"]
    alone = replace(configured("dann"), weights="own")
    alone = replace(alone, arm=replace(alone.arm, weights=RANDOM))
    adapts = started(stripes_home, alone, 2, cpu).state_dict()["features.0.0.weight"]
    assert torch.equal(adapts, state["scratch"]), "an arm that adapts may begin so, too"
    torch.manual_seed(0)
    assert torch.equal(state["scratch"], new_network("mobilenet_v2", 2, SIDE, cpu).state_dict()["features.0.0.weight"])
    assert torch.equal(state["full_finetuning"], pretrained["features.0.0.weight"])
    assert not torch.equal(state["mean_var_init"], state["full_finetuning"])
    assert state["mean_var_init"].std().item() == pytest.approx(state["full_finetuning"].std().item(), rel=0.2)


def test_adabn_answers_the_source_before_it_adapts_and_keeps_what_it_became(make_run, negatives, train, monkeypatch):
    monkeypatch.setattr(run_module, "keep_best_network", lambda run: None)
    ways = {}
    for strategy in ("source_only", "adabn"):
        run, config = make_run(
            strategy, weights="bundled", target_dataset=negatives, epochs=1, precision="fp32", threads=1
        )
        result = train(run, config)
        ways[strategy] = run, result
    (plain, _), (adapted, result) = ways["source_only"], ways["adabn"]
    for split, same in (("validation", True), ("test", False)):
        one, other = (read_predictions(run.predictions, split).probabilities for run in (plain, adapted))
        assert (one == other).all() == same
    assert read_metrics(adapted.metrics)["target_val_accuracy"].isna().all(), "it would be asked about another network"
    assert result["oracle_epoch"] is None and result["chosen_by"] == "source"
    with safe_open(plain.best, "pt") as one, safe_open(adapted.best, "pt") as other:
        assert one.keys() == other.keys() and "rest" not in other.metadata()
        changed = {name for name in one.keys() if not torch.equal(one.get_tensor(name), other.get_tensor(name))}
    assert changed and all(
        name.rpartition(".")[2] in ("running_mean", "running_var", "num_batches_tracked") for name in changed
    )
    seen_as_it_answered(plain, adapted)
    answers = adapted.predictions.read_bytes()
    adapted.result.unlink()  # as if it had been killed once it had adapted: it says the same of the source again
    assert train(adapted, config)["test_accuracy"] == result["test_accuracy"]
    assert adapted.predictions.read_bytes() == answers
