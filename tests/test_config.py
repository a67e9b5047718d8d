"""The contract between page and trainer: what is accepted, what is refused, and that it survives JSON."""

import json
from dataclasses import asdict, replace

import pytest

from tl.config import ID_PATTERN, ArmConfig, Experiment, Newer, Refused, RunConfig, new_id
from tl.config.experiment import parse_seeds
from tl.schedules import OPTIMIZERS

SCRATCH = ArmConfig(name="scratch", strategy="scratch")
PROBE = ArmConfig(name="probe", strategy="linear_probe", epochs=3)


def test_an_experiment_and_its_runs_survive_json():
    experiment = Experiment(dataset="blossoms", arms=(SCRATCH, PROBE), seeds=(3, 5))
    assert Experiment.from_json(json.loads(json.dumps(experiment.to_json()))) == experiment
    for run in experiment.runs(new_id()):
        assert RunConfig.from_json(json.loads(json.dumps(run.to_json()))) == run


def test_runs_are_paired_seed_by_seed():
    runs = Experiment(dataset="blossoms", arms=(SCRATCH, PROBE), seeds=(3, 5)).runs(new_id())
    assert [(run.seed, run.arm.name) for run in runs] == [(3, "scratch"), (3, "probe"), (5, "scratch"), (5, "probe")]
    assert len({run.run_id for run in runs}) == 4
    assert [run.max_epochs for run in runs[:2]] == [10, 3]


def test_ids_sort_by_age_and_are_safe_in_paths():
    first, second = new_id(), new_id()
    assert first[:9] <= second[:9]
    assert first != second
    assert ID_PATTERN.fullmatch(first)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"dataset": "../etc"}, "dataset is '../etc'"),
        ({"samples": 1}, "samples is 1"),
        ({"samples": 10**10}, "samples is 10000000000"),
        ({"weights": ""}, "weights is ''; it must be a source's name of 1 to 100 characters"),
        ({"weights": "a" * 101}, "weights is 'aaa"),
        ({"weights": "a\nb"}, r"weights is 'a\nb'"),
        ({"backbone": "alexnet"}, "backbone is 'alexnet'; it must be one of mobilenet_v2"),
        ({"resolution": 65}, "resolution is 65; it must be a multiple of 16 from 32 to 224"),
        ({"resolution": 256}, "resolution is 256"),
        ({"epochs": 0}, "epochs is 0"),
        ({"batch_size": 1}, "batch size is 1"),
        ({"optimizer": "lion"}, "optimizer is 'lion'"),
        ({"schedule": "zigzag"}, "schedule is 'zigzag'"),
        ({"patience": -1}, "patience is -1"),
        ({"precision": "fp8"}, "precision is 'fp8'; it must be one of auto, fp32, bf16"),
        ({"views": -1}, "views is -1"),
        ({"arms": ()}, "number of arms is 0"),
        ({"arms": (SCRATCH, SCRATCH)}, "different from each other"),
        ({"arms": (SCRATCH, replace(SCRATCH, name="From scratch"))}, "different from each other"),
        ({"seeds": (1, 1)}, "seeds is (1, 1)"),
    ],
)
def test_a_refusal_names_field_value_and_what_is_allowed(changes, words):
    with pytest.raises(Refused) as refusal:
        Experiment(**{"dataset": "blossoms", "arms": (SCRATCH, PROBE)} | changes)
    assert words in str(refusal.value)


def test_a_refused_value_is_not_repeated_at_length():
    with pytest.raises(Refused) as refusal:
        Experiment(dataset="blossoms", arms=(SCRATCH,), weights="a" * 1_000_000)
    assert len(str(refusal.value)) < 400


def test_what_the_queue_keeps_of_an_experiment_is_small():
    """Its settings are a text in the queue, joined to every row of its runs, and kept in memory."""
    digits = 0.123456789012345678e-30
    arms = tuple(
        replace(SCRATCH, name="\U0001f33a" * 59 + str(place), learning_rate=digits, epochs=1000) for place in range(8)
    )
    most = {"weights": "\U0001f33a" * 100, "samples": 10**9, "weight_decay": digits, "step_factor": digits}
    experiment = Experiment(dataset="a" * 40, arms=arms, seeds=tuple(range(2**31 - 100, 2**31)), **most)
    assert len(json.dumps(experiment.to_json())) < 15_000


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"strategy": "magic"}, "strategy is 'magic'"),
        ({"learning_rate": -1}, "learning rate is -1"),
        ({"name": ""}, "arm name"),
        ({"unfreeze_factor": 0}, "unfreeze factor is 0; it must be 0.0001 to 1"),
        ({"unfrozen_stages": 0}, "unfrozen stages is 0; it must be 1 to 20"),
        ({"anchor": -1.0}, "anchor is -1.0"),
    ],
)
def test_an_arm_is_checked_too(changes, words):
    with pytest.raises(Refused) as refusal:
        ArmConfig(**{"name": "arm", "strategy": "scratch"} | changes)
    assert words in str(refusal.value)


def test_settings_of_a_newer_version_are_refused():
    document = Experiment(dataset="blossoms", arms=(SCRATCH,)).to_json()
    with pytest.raises(Newer, match="newer TL Lab, which has the setting warp; update this one"):
        Experiment.from_json(document | {"warp": 9})
    arm = asdict(SCRATCH) | {"speed": 1, "warp": 9}
    with pytest.raises(Newer, match="which has the settings speed, warp; update"):
        Experiment.from_json(document | {"arms": [arm]})


def test_a_setting_under_a_damaged_name_is_no_newer_version():
    document = Experiment(dataset="blossoms", arms=(SCRATCH,)).to_json()
    with pytest.raises(Refused, match="settings is 'epochz, step_epochz'") as refused:
        Experiment.from_json({name.replace("epochs", "epochz"): value for name, value in document.items()})
    assert not isinstance(refused.value, Newer)


def test_seeds_are_a_number_or_a_list():
    assert parse_seeds("3") == (0, 1, 2)
    assert parse_seeds("4,8") == (4, 8)
    for wrong in ("0", "a", "1,b", "101"):
        with pytest.raises(Refused):
            parse_seeds(wrong)


@pytest.mark.parametrize(
    ("settings", "arm", "views"),
    [
        ({"epochs": 10}, {"strategy": "linear_probe"}, 4),
        ({"epochs": 5}, {"strategy": "linear_probe"}, 2),
        ({"epochs": 1}, {"strategy": "linear_probe"}, 1),
        ({"epochs": 10, "views": 0}, {"strategy": "linear_probe"}, 0),
        ({"epochs": 10, "augmentation": False}, {"strategy": "linear_probe"}, 1),
        ({"epochs": 10}, {"strategy": "freeze_then_unfreeze", "frozen_epochs": 2}, 1),
        ({"epochs": 10}, {"strategy": "linear_probe", "epochs": 4}, 2),
    ],
)
def test_no_more_views_are_kept_than_are_used_twice(settings, arm, views):
    arm = ArmConfig(name="arm", **arm)
    assert Experiment(dataset="blossoms", arms=(arm,), **settings).views_of(arm) == views


def test_the_usual_rate_is_the_optimizers_too():
    arms = tuple(ArmConfig(name=name, strategy=name) for name in ("scratch", "full_finetuning"))
    given = ArmConfig(name="given", strategy="scratch", learning_rate=0.5)
    rates = {}
    for optimizer in OPTIMIZERS:
        experiment = Experiment(dataset="blossoms", arms=arms, optimizer=optimizer)
        rates[optimizer] = [experiment.rate_of(arm) for arm in (*arms, given)]
    assert rates["adam"] == rates["adamw"] == [1e-3, 1e-4, 0.5]
    assert rates["sgd"] == [1e-2, 1e-3, 0.5]


def test_a_document_of_an_earlier_version_means_what_it_meant():
    """Settings it lacks take the values that do what that version did, not the defaults of this one."""
    new = ("resplit", "judge_by", "balance", "patience_steps", "patience_errors")
    document = Experiment(dataset="blossoms", arms=(SCRATCH,)).to_json()
    read = Experiment.from_json({name: value for name, value in document.items() if name not in (*new, "looks")})
    assert [getattr(read, name) for name in new] == [False, "accuracy", "none", 0, 0.0]
    assert read.looks == ()


@pytest.mark.parametrize("looks", [(3, 3), (5, 3), (2, 4), (0, 3)])
def test_looks_are_numbers_of_seeds_up_to_all_of_them(looks):
    with pytest.raises(Refused, match="looks is"):
        Experiment(dataset="blossoms", arms=(SCRATCH,), seeds=(0, 1, 2), looks=looks)
