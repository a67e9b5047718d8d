"""Which settings do something beside which others, and which arms never train all that they should."""

import shlex
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tl.__main__ import parser
from tl.arms import parse_arms, quoted, unquoted
from tl.cli.experiment_options import experiment_of
from tl.config import ArmConfig, Experiment, Refused
from tl.effects import before_training, idle, never_unfrozen, reached
from tl.parameters import PARAMETERS
from tl.report.command import command
from tl.strategies import STRATEGIES
from tl.words import plain

SPEC = Experiment(
    dataset="blossoms",
    samples=100,
    arms=(ArmConfig(name="scratch", strategy="scratch"), ArmConfig(name="lp_ft", strategy="lp_ft")),
)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("name", PARAMETERS)
def test_a_setting_is_taken_by_the_strategies_it_means_something_to_and_refused_by_the_others(strategy, name):
    text = f"{strategy}:{name}={PARAMETERS[name].default}"
    if name in STRATEGIES[strategy].parameters:
        assert parse_arms(text)
        return
    with pytest.raises(
        Refused, match=rf"arms sets {name} for {strategy}, where it has no effect; what can be set there: "
    ):
        parse_arms(text)


def test_settings_without_effect_are_named_with_what_would_give_them_one():
    assert idle(SPEC) == {}
    assert idle(replace(SPEC, schedule="step", step_epochs=5)) == {}
    assert idle(replace(SPEC, step_epochs=5, patience=0, patience_start=9)) == {
        "step_epochs": "with schedule step only",
        "patience_start": "with a patience above 0 only",
    }
    rates = tuple(replace(arm, learning_rate=1e-3) for arm in SPEC.arms)
    assert idle(replace(SPEC, find_rate=True)) == {}
    assert set(idle(replace(SPEC, find_rate=True, arms=rates))) == {"find_rate"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--step-epochs 5", "step epochs has no effect here, but with schedule step only; leave it out."),
        ("--patience 0 --patience-steps 9", "patience steps has no effect here, but with a patience above 0 only; leave it out."),
        ("--find-rate --learning-rate 0.1", "find rate has no effect here, but for arms without a learning rate of their own only"),
        ("--arms linear_probe:unfreeze_factor=0.5", "arms sets unfreeze_factor for linear_probe, where it has no effect"),
    ],
)  # fmt: skip
def test_the_command_line_refuses_what_would_have_no_effect(words, said):
    with pytest.raises(Refused) as refused:
        experiment_of(parser().parse_args(["compare", *words.split()]))
    assert str(refused.value).startswith(said)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ([], (True, "crop_flip")),
        (["--no-augmentation"], (False, "crop_flip")),
        (["--augment", "none"], (False, "crop_flip")),
        (["--augment", "crop_flip"], (True, "crop_flip")),
        (["--augment", "trivial"], (True, "trivial")),
    ],
)
def test_augmentation_is_said_by_either_option(words, found):
    spec = experiment_of(parser().parse_args(["compare", *words]))
    assert (spec.augmentation, spec.augment) == found
    assert experiment_of(parser().parse_args(shlex.split(command(spec))[3:])) == spec


def test_an_augmentation_that_there_is_not_or_that_has_no_effect_is_refused():
    with pytest.raises(Refused, match="augment is 'cutmix'; it must be one of"):
        experiment_of(parser().parse_args(["compare", "--augment", "cutmix"]))
    with pytest.raises(Refused, match="augment has no effect here, but with augmentation only"):
        experiment_of(parser().parse_args(["compare", "--augment", "trivial", "--no-augmentation"]))


def arm(strategy: str, **settings) -> ArmConfig:
    return ArmConfig(name=strategy, strategy=strategy, **settings)


@pytest.mark.parametrize(
    ("given_arm", "epochs", "words"),
    [
        (arm("freeze_then_unfreeze", frozen_epochs=5), 2, "Never unfrozen in 2 epochs: everything trains only from epoch 6 on."),
        (arm("freeze_then_unfreeze", frozen_epochs=5), 6, ""),
        (arm("gradual_unfreezing"), 1, "Never unfrozen in 1 epoch: everything trains only from epoch "),
        (arm("gradual_unfreezing"), 4, "Never fully unfrozen in 4 epochs (stage2 and above at most): "),
        (arm("lp_ft", epochs=1), 9, "Never unfrozen in 1 epoch: everything trains only from epoch 2 on."),
        (arm("linear_probe"), 1, ""),
        (arm("full_finetuning"), 1, ""),
    ],
)  # fmt: skip
def test_an_arm_whose_epochs_are_over_before_all_trains_is_told(given_arm, epochs, words):
    told = before_training(replace(SPEC, epochs=epochs, arms=(given_arm,)), given_arm)
    assert told.startswith(words) if words else told == ""


def test_what_never_trains_is_told_from_what_trains_in_part():
    spec = replace(SPEC, epochs=2)
    assert never_unfrozen(reached(spec, arm("freeze_then_unfreeze")), 2) == "never unfrozen in 2 epochs"
    assert reached(replace(SPEC, epochs=3), arm("freeze_then_unfreeze")) is None


@settings(deadline=None)
@given(st.text(min_size=1, max_size=40))
def test_any_text_comes_back_from_its_quotes(text):
    assert unquoted(quoted(text)) == text


NAMES = st.text(st.characters(exclude_categories=("Cc", "Cs")) | st.sampled_from(',:="\\ '), min_size=1, max_size=60)


@settings(deadline=None)
@given(st.lists(NAMES.map(plain).filter(bool), min_size=2, max_size=4, unique=True), st.integers(0, 3))
def test_whatever_arms_are_called_the_command_calls_them_so_again(names, place):
    keys = ("scratch", "full_finetuning", "scratch", "lp_ft")
    arms = tuple(ArmConfig(name=name, strategy=key, epochs=3) for name, key in zip(names, keys, strict=False))
    try:
        spec = replace(SPEC, arms=arms)
    except Refused:  # names that look alike, or too long
        return
    baseline = names[place % len(names)]
    words = shlex.split(command(spec, judged={"baseline": baseline}))
    arguments = parser().parse_args(words[3:])
    assert experiment_of(arguments) == spec and arguments.baseline == baseline


def test_arms_of_one_strategy_keep_their_names():
    arms = (arm("scratch", epochs=5), ArmConfig(name="From scratch 2", strategy="scratch", learning_rate=0.1))
    spec = replace(SPEC, arms=arms)
    assert experiment_of(parser().parse_args(shlex.split(command(spec))[3:])) == spec


def test_quotes_that_do_not_end_are_refused():
    with pytest.raises(Refused, match="a double quote in it is not closed"):
        parse_arms('scratch:name="a, b')
