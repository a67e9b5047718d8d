"""The form holds an experiment and gives it back; presets keep their promises; the command says the same."""

import shlex
from dataclasses import replace

import pytest
from hypothesis import given, settings, strategies

from tl.__main__ import parser
from tl.arm_names import arm_title
from tl.cli.experiment_options import experiment_of
from tl.config import ArmConfig, Experiment, Refused
from tl.config.training import AUGMENTS, BALANCES, JUDGES, PRECISIONS, VIEWS_BY
from tl.datasets import BUILT_IN
from tl.differences import usual_name_of
from tl.effects import USUAL, has_effect, of_another_strategy
from tl.parameters import PARAMETERS
from tl.report.command import command
from tl.schedules import OPTIMIZERS, SCHEDULES
from tl.sources.cards import bundled
from tl.strategies import STRATEGIES
from tl.ui.compose import cost, form_state
from tl.ui.compose.presets import PRESETS


@pytest.fixture
def state():
    """The form as the first preset fills it."""
    state = {}
    form_state.fill(state, PRESETS["quick_look"].experiment)
    return state


@pytest.mark.parametrize("name", PRESETS)
def test_what_a_preset_fills_in_comes_out_again(name):
    state = {}
    form_state.fill(state, PRESETS[name].experiment)
    assert form_state.compose(state) == PRESETS[name].experiment


@pytest.mark.parametrize("name", [name for name, preset in PRESETS.items() if not preset.probes])
def test_a_preset_compares_scratch_with_something_pretrained_on_a_known_set(name):
    preset = PRESETS[name]
    assert preset.experiment.arms[0].strategy == "scratch" and len(preset.experiment.arms) >= 2
    assert preset.experiment.dataset in BUILT_IN
    assert preset.title and preset.sentence.endswith(".")


def test_the_first_preset_needs_no_download_and_is_small():
    quick = next(iter(PRESETS.values())).experiment
    assert (quick.dataset, quick.samples, quick.resolution, quick.epochs) == ("blossoms", 500, 32, 8)
    assert bundled(quick.backbone) and quick.weights == "auto" and len(quick.seeds) == 3
    steps = quick.epochs * -(-quick.samples // quick.batch_size)
    assert steps >= quick.patience_steps, "else its verdict says that from scratch had no fair chance"


def test_the_textbook_preset_is_the_textbook_recipe():
    recipe = PRESETS["cifar10_mobilenet"].experiment
    assert (recipe.optimizer, recipe.schedule, recipe.step_epochs, recipe.step_factor) == ("adam", "step", 3, 0.1)
    assert (recipe.epochs, recipe.resolution) == (5, 224)
    assert recipe.arms[1].strategy == "freeze_then_unfreeze" and recipe.arms[1].frozen_epochs == 2
    assert {arm.learning_rate for arm in recipe.arms} == {1e-3}


def test_the_patience_preset_gives_80_epochs_to_scratch_and_30_to_transfer():
    experiment = PRESETS["resnet50_30_80"].experiment
    assert [(arm.strategy, arm.epochs) for arm in experiment.arms] == [("scratch", 80), ("full_finetuning", 30)]
    assert (experiment.backbone, experiment.samples) == ("resnet50", 5000)


def test_another_preset_replaces_the_arms(state):
    form_state.fill(state, PRESETS["cifar10_mobilenet"].experiment)
    assert form_state.arm_names(state) == ["scratch", "freeze_then_unfreeze"]


def test_the_same_strategy_twice_gets_two_names(state):
    form_state.add_arm(state, ArmConfig(name="scratch", strategy="scratch"))
    assert form_state.arm_names(state) == ["scratch", "full_finetuning", "From scratch 2"]


def test_removing_an_arm_leaves_the_settings_of_the_others(state):
    state[form_state.arm_key(1, "learning_rate")] = 5e-4
    form_state.remove_arm(state, 0)
    (arm,) = form_state.compose(state).arms
    assert (arm.strategy, arm.learning_rate) == ("full_finetuning", 5e-4)


def test_a_name_of_ones_own_is_kept(state):
    state[form_state.arm_key(0, "name")] = "  Baseline "
    assert form_state.compose(state).arms[0].name == "Baseline"


def test_a_setting_that_cannot_be_is_refused_with_a_sentence(state):
    state[form_state.shared_key("batch_size")] = 1
    with pytest.raises(Refused, match=r"^batch size is 1; it must be 2 to 4096\.$"):
        form_state.compose(state)


def test_seeds_count_from_zero(state):
    state[form_state.SEEDS] = 3
    assert form_state.compose(state).seeds == (0, 1, 2)


def test_arms_that_would_be_shown_alike_are_numbered(state):
    first, second = state[form_state.ARMS][:2]
    state[form_state.arm_key(first, "strategy")] = "scratch"
    state[form_state.arm_key(second, "name")] = "From scratch"
    assert form_state.arm_names(state)[:2] == ["scratch", "From scratch 2"]


EXPERIMENTS = {name: preset.experiment for name, preset in PRESETS.items()} | {
    "everything changed": Experiment(
        dataset="blossoms",
        samples=123,
        backbone="resnet18",
        weights="imagenet",
        resolution=96,
        epochs=7,
        batch_size=16,
        optimizer="sgd",
        weight_decay=1e-4,
        schedule="cosine",
        patience=0,
        augmentation=False,
        seeds=(0, 1, 2),
        arms=(
            ArmConfig(name="my own", strategy="scratch", learning_rate=0.05, epochs=9),
            ArmConfig(name="full_finetuning", strategy="full_finetuning"),
        ),
    ),
    "arms of their own": Experiment(
        dataset="blossoms",
        arms=(
            ArmConfig(name="scratch", strategy="scratch"),
            ArmConfig(
                name="Linear probe, ResNet-18, 96 px", strategy="linear_probe", backbone="resnet18", resolution=96
            ),
            ArmConfig(name="mine", strategy="linear_probe", weights="imagenet"),
        ),
    ),
}


def test_what_is_an_arms_own_comes_out_again_and_its_name_follows():
    state = {}
    form_state.fill(state, EXPERIMENTS["arms of their own"])
    assert form_state.compose(state) == EXPERIMENTS["arms of their own"]
    state[form_state.arm_key(1, "resolution")] = None
    assert form_state.compose(state).arms[1].name == "Linear probe, ResNet-18"
    state[form_state.arm_key(0, "weights")] = "imagenet"  # of an earlier strategy: from scratch has none
    assert form_state.compose(state).arms[0].weights is None


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_command_shown_runs_the_same_experiment(name):
    words = shlex.split(cost.command(EXPERIMENTS[name]))
    assert words[:3] == ["python", "-m", "tl"]
    assert experiment_of(parser().parse_args(words[3:])) == EXPERIMENTS[name]


def test_until_settled_begins_with_three_seeds_and_is_in_the_command(state):
    assert form_state.experiment_and_plan(state) == (form_state.compose(state), None)
    state[form_state.SETTLE] = True
    experiment, plan = form_state.experiment_and_plan(state)
    assert experiment.seeds == (0, 1, 2) and plan.open
    words = shlex.split(command(experiment, settle=replace(plan, at_most_seeds=8)))
    arguments = parser().parse_args(words[3:])
    assert (arguments.until_settled, arguments.at_most_seeds, arguments.at_most_minutes) == (True, 8, None)
    assert experiment_of(arguments) == experiment


def _arm(place: int) -> strategies.SearchStrategy[ArmConfig]:
    """An arm with settings of its own, those that mean something to its strategy."""

    def built(strategy: str, own: dict, name: str) -> ArmConfig:
        without = of_another_strategy(strategy)
        known = {key: value for key, value in own.items() if key not in without}
        arm = ArmConfig(name=f"{name} {place}" if name else "x", strategy=strategy, **known)
        return arm if name else replace(arm, name=usual_name_of(arm))

    own = {
        "learning_rate": strategies.none() | strategies.floats(1e-6, 1),
        "epochs": strategies.none() | strategies.integers(1, 1000),
        "backbone": strategies.none() | strategies.sampled_from(["resnet18", "mobilenet_v2"]),
        "weights": strategies.none() | strategies.sampled_from(["imagenet", "mine"]),
        "resolution": strategies.none() | strategies.sampled_from([64, 80, 224]),
    } | {
        name: strategies.integers(int(bounds.low), int(min(bounds.high, 1000)))
        if isinstance(bounds.default, int)
        else strategies.floats(bounds.low, min(bounds.high, 1000))
        for name, bounds in PARAMETERS.items()
    }
    named = strategies.sampled_from(["", "Mine", "**Odd** :name:", "名前"])
    return strategies.builds(
        built, strategies.sampled_from(sorted(STRATEGIES)), strategies.fixed_dictionaries(own), named
    )


@strategies.composite
def experiments(draw) -> Experiment:
    """What may have been trained: any settings that have an effect, any seeds, judged once or at several looks."""
    shared = {
        "samples": draw(strategies.integers(2, 10**6)),
        "backbone": draw(strategies.sampled_from(["resnet18", "mobilenet_v2", "timm:resnet10t"])),
        "weights": draw(strategies.sampled_from(["auto", "imagenet", "mine"])),
        "epochs": draw(strategies.integers(1, 1000)),
        "batch_size": draw(strategies.integers(2, 4096)),
        "optimizer": draw(strategies.sampled_from(sorted(OPTIMIZERS))),
        "weight_decay": draw(strategies.floats(0, 1)),
        "schedule": draw(strategies.sampled_from(sorted(SCHEDULES))),
        "step_epochs": draw(strategies.integers(1, 1000)),
        "step_factor": draw(strategies.floats(1e-6, 1)),
        "patience": draw(strategies.integers(0, 1000)),
        "patience_start": draw(strategies.integers(0, 1000)),
        "patience_steps": draw(strategies.integers(0, 10**6)),
        "patience_errors": draw(strategies.floats(0, 10)),
        "resplit": draw(strategies.sampled_from([None, True, False])),
        "judge_by": draw(strategies.sampled_from(JUDGES)),
        "balance": draw(strategies.sampled_from(BALANCES)),
        "augmentation": draw(strategies.booleans()),
        "augment": draw(strategies.sampled_from(AUGMENTS)),
        "find_rate": draw(strategies.booleans()),
        "precision": draw(strategies.sampled_from(PRECISIONS)),
        "threads": draw(strategies.none() | strategies.integers(1, 1024)),
        "views": draw(strategies.integers(0, 100)),
        "views_by": draw(strategies.sampled_from(VIEWS_BY)),
    }
    resolution = draw(strategies.sampled_from([64, 80, 224]))
    shared = {name: value if has_effect(name, shared.__getitem__) else USUAL[name] for name, value in shared.items()}
    drawn = [draw(_arm(place)) for place in range(draw(strategies.integers(1, 3)))]
    arms = tuple({arm_title(arm.name): arm for arm in drawn}.values())
    seeds = tuple(draw(strategies.lists(strategies.integers(0, 2**31 - 1), min_size=1, max_size=30, unique=True)))
    looks = (1, len(seeds)) if len(seeds) > 1 and draw(strategies.booleans()) else ()
    target = "theirs" if any(STRATEGIES[arm.strategy].needs_target for arm in arms) else None
    sets = {"dataset": "mine", "target_dataset": target}
    return Experiment(**sets, resolution=resolution, arms=arms, seeds=seeds, looks=looks, **shared)


@settings(max_examples=40, deadline=None)
@given(experiment=experiments())
def test_any_experiment_that_fills_the_form_comes_out_again(experiment):
    state = {}
    form_state.fill(state, experiment)
    assert form_state.compose(state) == replace(experiment, looks=()), (
        "what is started again has been looked at by nobody"
    )


def test_a_changed_number_of_seeds_keeps_those_that_filled_the_form():
    state = {}
    form_state.fill(state, Experiment(dataset="mine", seeds=(4, 8), arms=PRESETS["quick_look"].experiment.arms))
    for number, seeds in ((1, (4,)), (2, (4, 8)), (4, (4, 8, 0, 1))):
        state[form_state.SEEDS] = number
        assert form_state.compose(state).seeds == seeds
