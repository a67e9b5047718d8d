"""Arms with a network, weights or a resolution of their own: queued with all spelled out, and counted with what they need."""

from dataclasses import replace

import pytest

from tl import jobs, machine
from tl.analysis.forecasts import hints
from tl.analysis.time_estimate import estimate_seconds
from tl.backbones import BACKBONES
from tl.charts.plan import stage_names
from tl.config import ArmConfig, Experiment, Refused
from tl.jobs import memory
from tl.jobs.queue import resolved
from tl.jobs.shortage import fitted, shortage
from tl.store.files import read_json, write_json
from tl.ui.compose.best_networks import probes
from tl.ui.compose.presets import PRESETS

SCRATCH = ArmConfig(name="scratch", strategy="scratch")
LITE = ArmConfig(name="lite", strategy="linear_probe", backbone="efficientnet_lite0", resolution=128)
TINY = ArmConfig(name="tiny", strategy="full_finetuning", weights="auto")
SPEC = Experiment(dataset="blossoms", samples=20, weights="imagenet", arms=(SCRATCH, LITE, TINY))


def test_weights_of_single_arms_are_spelled_out(home):
    found = resolved(home, SPEC)
    assert [arm.weights for arm in found.arms] == [None, "imagenet", "mobilenet_v2-tiny-imagenet-64"]
    assert found.weights == "imagenet"
    assert resolved(home, found) == found


def test_what_cannot_be_had_is_refused_with_the_arms_name(home):
    lone = replace(LITE, backbone="resnet18_cifar")
    with pytest.raises(Refused, match=r"^Arm 'lite': Nobody publishes pretrained weights for ResNet-18"):
        resolved(home, replace(SPEC, arms=(SCRATCH, replace(lone, resolution=None), TINY)))
    with pytest.raises(
        Refused, match=r"^Arm 'tiny': There are no pretrained weights 'none' for mobilenet_v2; available:"
    ):
        resolved(home, replace(SPEC, arms=(SCRATCH, replace(TINY, weights="none"))))


def test_a_run_is_listed_with_its_own_network(home):
    experiment_id = jobs.submit(home, SPEC)
    listed = {run.arm: (run.backbone, run.weights, run.resolution) for run in jobs.list_runs(home, experiment_id)}
    assert listed["lite"] == ("efficientnet_lite0", "imagenet", 128)
    assert listed["tiny"] == ("mobilenet_v2", "mobilenet_v2-tiny-imagenet-64", 64)
    configs = [read_json(home.run(run.run_id).config) for run in jobs.list_runs(home, experiment_id)]
    assert [(one["backbone"], one["resolution"]) for one in configs] == [entry[::2] for entry in listed.values()]


def test_memory_is_that_of_the_arm_that_needs_the_most(home):
    large = replace(LITE, backbone="vgg16", resolution=None)
    spec = replace(SPEC, arms=(SCRATCH, large))
    need, alone = memory.trainer_bytes(home, spec, []), replace(SPEC, arms=(SCRATCH,))
    assert need > memory.trainer_bytes(home, alone, []) + 1e9
    config = spec.runs("e" * 26)[0]
    write_json(home.run(config.run_id).config, config.to_json())
    write_json(home.run(config.run_id).result, {"memory_peak_bytes": 1e9})
    assert memory.trainer_bytes(home, spec, [config.run_id]) == need, "what was measured is of the small network"


def test_a_shortage_names_the_arm_it_is_about(monkeypatch):
    monkeypatch.setattr(machine, "total_memory", lambda: 1.074e9)
    monkeypatch.setattr("shutil.which", lambda name: None)
    words = shortage(replace(SPEC, arms=(SCRATCH, replace(LITE, resolution=224))))
    assert words and words.startswith("A run of lite needs about ")
    lower = fitted(replace(SPEC, resolution=128, arms=(replace(LITE, resolution=224),)))
    assert lower.arms[0].resolution == lower.resolution < 128 and shortage(lower) is None


def test_a_run_is_estimated_from_the_speed_of_its_own_network():
    probe = {
        "train_images_per_second": 100.0,
        "head_only_images_per_second": 400.0,
        "eval_images_per_second": 500.0,
        "startup_seconds": 0.0,
    }
    slow = {name: value / 10 for name, value in probe.items()}
    sizes = {"train": 20, "validation": 50, "test": 50}
    alike, found = (estimate_seconds(SPEC, probe, sizes, own).arms for own in ({}, {"lite": slow}))
    assert found["lite"] == pytest.approx(10 * alike["lite"]) and found["tiny"] == alike["tiny"]


def test_the_plan_shows_the_stages_of_its_own_network():
    assert stage_names(SPEC, LITE)[:-1] == BACKBONES["efficientnet_lite0"].stage_names
    assert stage_names(SPEC, SCRATCH)[:-1] == BACKBONES["mobilenet_v2"].stage_names


def test_the_networks_that_are_here_are_tried_as_probes(home):
    arms = probes(home, "blossoms", 128)
    assert [(arm.backbone, arm.weights, arm.resolution) for arm in arms][:1] == [
        ("efficientnet_lite2", "imagenet", 128)
    ], "its published accuracy is the highest"
    assert ("mobilenet_v2", "mobilenet_v2-tiny-imagenet-64", 64) in {
        (arm.backbone, arm.weights, arm.resolution) for arm in arms
    }
    asked = hints.question(home, "blossoms", None, 128)
    for key in hints.candidates(home, asked):
        hints.remember(home, key, {"logme": 1.0 if key.backbone == "mobilenet_v2" else 0.5, "h_score": 1.0})
    assert probes(home, "blossoms", 128)[0].backbone == "mobilenet_v2", "the hint knows these pictures"
    arms = probes(home, "blossoms", 128)
    spec = PRESETS["which_network"].here(home, "blossoms")
    assert spec.arms == arms and len({arm.name for arm in arms}) == len(arms) and len(spec.seeds) == 3
