"""Contract of the strategy table: each strategy does what its sentence says, with real parameters and optimizers."""

import pytest
import torch

from tl.arm_names import arm_title
from tl.arms import parse_arms
from tl.backbones import BACKBONES
from tl.config import ArmConfig, Experiment, Refused
from tl.config.arm import usual_rate
from tl.parameters import PARAMETERS
from tl.phases import HEAD, phase_at
from tl.strategies import LAYER_DECAY, LORA, NORM_AND_BIAS, STRATEGIES, offered
from tl.train.network import Stages, build_network
from tl.train.optimizer import make_optimizer, set_rates

STAGES = BACKBONES["mobilenet_v2"].stage_names
EVERYTHING = (*STAGES, HEAD)

# strategy, its settings -> epoch -> what trains at which factor of the rate
EXPECTED = {
    "scratch": ({}, {1: dict.fromkeys(EVERYTHING, 1.0), 9: dict.fromkeys(EVERYTHING, 1.0)}),
    "linear_probe": ({}, {1: {HEAD: 1.0}, 9: {HEAD: 1.0}}),
    "freeze_then_unfreeze": (
        {"frozen_epochs": 3, "unfreeze_factor": 0.2},
        {1: {HEAD: 1.0}, 3: {HEAD: 1.0}, 4: dict.fromkeys(EVERYTHING, 0.2), 9: dict.fromkeys(EVERYTHING, 0.2)},
    ),
    "full_finetuning": ({}, {1: dict.fromkeys(EVERYTHING, 1.0), 9: dict.fromkeys(EVERYTHING, 1.0)}),
    "mean_var_init": ({}, {1: dict.fromkeys(EVERYTHING, 1.0), 9: dict.fromkeys(EVERYTHING, 1.0)}),
    "l2_sp": ({}, {1: dict.fromkeys(EVERYTHING, 1.0), 9: dict.fromkeys(EVERYTHING, 1.0)}),
    "last_stages": (
        {"unfrozen_stages": 2},
        {1: dict.fromkeys(("stage3", "stage4", HEAD), 1.0), 9: dict.fromkeys(("stage3", "stage4", HEAD), 1.0)},
    ),
    "gradual_unfreezing": (
        {"unfreeze_every": 2, "unfreeze_factor": 0.5},
        {
            1: {HEAD: 1.0},
            2: {HEAD: 1.0},
            3: dict.fromkeys(("stage4", HEAD), 0.5),
            4: dict.fromkeys(("stage4", HEAD), 0.5),
            5: dict.fromkeys(("stage3", "stage4", HEAD), 0.5),
            10: dict.fromkeys(("stage1", "stage2", "stage3", "stage4", HEAD), 0.5),
            11: dict.fromkeys(EVERYTHING, 0.5),
            12: dict.fromkeys(EVERYTHING, 0.5),
        },
    ),
    "discriminative": (
        {"stage_divisor": 2.0},
        {1: dict(zip(EVERYTHING, (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0), strict=True))},
    ),
    **dict.fromkeys(
        (
            "norm_and_bias",
            "lora",
            "layer_decay",
            "source_only",
            "adabn",
            "dann",
            "cdan",
            "mcc",
            "target_few",
            "target_full",
        ),
        ({}, {1: dict.fromkeys(EVERYTHING, 1.0), 9: dict.fromkeys(EVERYTHING, 1.0)}),
    ),
    "nearest_mean": ({}, {1: {HEAD: 1.0}}),
    "lp_ft": (
        {"unfreeze_factor": 0.2},
        {1: {HEAD: 1.0}, 6: {HEAD: 1.0}, 7: dict.fromkeys(EVERYTHING, 0.2), 12: dict.fromkeys(EVERYTHING, 0.2)},
    ),
}
EPOCHS = 12
RATE = 1e-2


def test_every_strategy_has_its_expectation():
    assert set(EXPECTED) == set(STRATEGIES), "in EXPECTED of this file: which stages train in which epoch"


@pytest.mark.parametrize("name", STRATEGIES)
def test_what_trains_when(name):
    settings, epochs = EXPECTED[name]
    phases = STRATEGIES[name].phases(STAGES, ArmConfig(name="arm", strategy=name, **settings), EPOCHS)
    for epoch, rates in epochs.items():
        assert phase_at(phases, epoch).rates == rates


@pytest.mark.parametrize("name", STRATEGIES)
def test_an_entry_is_whole(name):
    strategy = STRATEGIES[name]
    assert strategy.title
    assert strategy.sentence_for().endswith(".")
    assert (strategy.initialisation == "random") == strategy.sentence_for().startswith("Random weights;")
    assert set(strategy.parameters) <= set(PARAMETERS)
    assert set(PARAMETERS) <= set(ArmConfig.__dataclass_fields__)


def test_a_strategy_of_two_sets_begins_either_way_and_says_so():
    for key, strategy in STRATEGIES.items():
        if not strategy.either_start:
            with pytest.raises(
                Refused, match="weights is 'random'; it must be a pretrained source for|it has no effect"
            ):
                parse_arms(f"{key}:weights=random")
            continue
        (arm,) = parse_arms(f"{key}:weights=random")
        assert arm.initialisation == "random" and not arm.pretrained and ArmConfig(name=key, strategy=key).pretrained
        assert arm_title(arm.name) == f"{strategy.title}, from scratch"
        assert strategy.sentence_for(arm.weights).startswith("Random weights; ")
        assert (
            "retrained" not in strategy.sentence_for(arm.weights)
            and strategy.sentence_for("own") == strategy.sentence_for()
        )
        assert usual_rate(key, "adam", arm.weights) == STRATEGIES["scratch"].learning_rate


def test_freezing_for_no_epochs_is_full_finetuning_at_the_lower_rate():
    arm = ArmConfig(name="arm", strategy="freeze_then_unfreeze", frozen_epochs=0, unfreeze_factor=0.5)
    (phase,) = STRATEGIES[arm.strategy].phases(STAGES, arm, EPOCHS)
    assert phase.rates == dict.fromkeys(EVERYTHING, 0.5)


@pytest.mark.parametrize(
    "name",
    [name for name in offered(two_sets=False) if STRATEGIES[name].method not in (NORM_AND_BIAS, LORA, LAYER_DECAY)],
)  # those train a part of each stage, or at several rates: tests/train/test_methods.py
def test_only_what_the_phase_names_moves(name):
    torch.manual_seed(0)
    network = build_network("mobilenet_v2", 3, 32)
    stages = Stages(network, "mobilenet_v2")
    arm = ArmConfig(name="arm", strategy=name, frozen_epochs=1)
    optimizer = make_optimizer(stages, Experiment(dataset="blossoms", arms=(arm,)).runs("e" * 26)[0])
    every = [weight for group in optimizer.param_groups for weight in group["params"]]
    assert set(map(id, every)) == set(map(id, network.parameters())), "what becomes trainable is in the optimizer"
    for phase in STRATEGIES[name].phases(STAGES, arm, EPOCHS):
        stages.apply(phase)
        stages.train_mode()
        set_rates(optimizer, phase, RATE)
        for group in optimizer.param_groups:
            assert group["lr"] == RATE * phase.rates.get(group["stage"], 0.0)
            assert group["params"] == stages.parameters[group["stage"]]
        before = {key: value.clone() for key, value in network.state_dict().items()}
        loss = network(torch.randn(4, 3, 32, 32)).square().mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        moved = {
            BACKBONES["mobilenet_v2"].stage_of(key)
            for key, value in network.state_dict().items()
            if not torch.equal(value, before[key])  # weights, and BatchNorm's statistics
        }
        assert moved == set(phase.rates)
        trainable = sum(parameter.numel() for part in phase.rates for parameter in stages.parameters[part])
        assert stages.trainable_parameters == trainable
