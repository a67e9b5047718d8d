"""Arms that transfer something of their own: what they are trained with, called, refused for, and how they are written."""

import json
import shlex
from dataclasses import replace

import pytest

from tl.__main__ import parser
from tl.arms import parse_arms
from tl.cli.experiment_options import experiment_of
from tl.config import TRANSFERRED, ArmConfig, Experiment, Newer, Refused, RunConfig, new_id
from tl.differences import networks, sides, source_title, usual_name_of
from tl.report.command import command
from tl.sources import input_of

SCRATCH = ArmConfig(name="scratch", strategy="scratch")
LITE = ArmConfig(name="lite", strategy="linear_probe", backbone="efficientnet_lite0", resolution=128)
TINY = ArmConfig(name="tiny", strategy="full_finetuning", weights="mobilenet_v2-tiny-imagenet-64")
SPEC = Experiment(dataset="blossoms", weights="imagenet", arms=(SCRATCH, LITE, TINY))
ASKED = (  # as it is asked for
    "scratch,full_finetuning,full_finetuning:weights=mobilenet_v2-tiny-imagenet-64,"
    "linear_probe:backbone=timm:vit_small_patch14_dinov2"
)


def test_a_run_is_trained_with_what_its_arm_has_of_its_own():
    runs = SPEC.runs(new_id())
    assert [tuple(getattr(run, name) for name in TRANSFERRED) for run in runs] == [
        ("mobilenet_v2", "imagenet", 64),
        ("efficientnet_lite0", "imagenet", 128),
        ("mobilenet_v2", "mobilenet_v2-tiny-imagenet-64", 64),
    ]
    assert all(RunConfig.from_json(json.loads(json.dumps(run.to_json()))) == run for run in runs)
    assert {len(run.phases[0].rates) for run in runs[:1]} == {1 + len(set(SPEC.phases_of(SCRATCH)[0].rates) - {"head"})}


def test_every_arm_is_fed_what_its_own_weights_expect(home):
    means = [input_of(home, run.backbone, run.weights).mean for run in SPEC.runs(new_id())]
    assert means == [(0.485, 0.456, 0.406), (0.5, 0.5, 0.5), (0.485, 0.456, 0.406)]


def test_weights_that_only_one_network_may_have_are_no_others():
    mixed = replace(SPEC, weights="mobilenet_v2-tiny-imagenet-64")
    assert [mixed.of(arm).weights for arm in mixed.arms] == [mixed.weights, "auto", mixed.weights]


def test_an_experiment_without_differences_is_written_as_ever():
    document = replace(SPEC, arms=(SCRATCH,)).to_json()
    assert not set(TRANSFERRED) & set(document["arms"][0])
    assert Experiment.from_json(json.loads(json.dumps(document))).arms == (SCRATCH,)
    assert Experiment.from_json(json.loads(json.dumps(SPEC.to_json()))) == SPEC
    document["arms"][0]["colour"] = "red"
    with pytest.raises(Newer, match="setting colour"):
        Experiment.from_json(document)


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ({"backbone": "alexnet"}, "Arm 'Odd': backbone is 'alexnet'; it must be one of "),
        ({"resolution": 72}, "Arm 'Odd': resolution is 72; it must be a multiple of 16 from 32 to 224."),
        ({"resolution": 16}, "Arm 'Odd': resolution is 16; "),
        ({"backbone": "vgg11_bn", "resolution": 32, "weights": "a\nb"}, "Arm 'Odd': weights is 'a\\nb'; "),
    ],
)
def test_a_refusal_names_the_arm(own, words):
    with pytest.raises(Refused) as refused:
        replace(SPEC, arms=(SCRATCH, ArmConfig(name="Odd", strategy="linear_probe", **own)))
    assert str(refused.value).startswith(words)


def test_arms_are_written_with_their_own_network_and_weights():
    arms = parse_arms(ASKED)
    assert [(arm.backbone, arm.weights) for arm in arms] == [
        (None, None),
        (None, None),
        (None, "mobilenet_v2-tiny-imagenet-64"),
        ("timm:vit_small_patch14_dinov2", None),
    ]
    assert [arm.name for arm in arms[:3]] == ["scratch", "full_finetuning", "Full fine-tuning, Tiny ImageNet"]
    (arm,) = parse_arms("linear_probe:backbone=timm:vit_tiny:resolution=112:name=mine")
    assert (arm.backbone, arm.resolution, arm.name) == ("timm:vit_tiny", 112, "mine")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("scratch:weights=imagenet", "arms sets weights for scratch, where it has no effect"),
        ("linear_probe:resolution=big", "resolution is 'big'; it must be a whole number."),
        ("linear_probe:epochs:3", "arms sets 'epochs' for linear_probe"),
    ],
)
def test_what_an_arm_cannot_have_is_refused(text, words):
    with pytest.raises(Refused) as refused:
        parse_arms(text)
    assert str(refused.value).startswith(words)


def test_arms_are_called_after_what_differs():
    names = "linear_probe:backbone=efficientnet_lite0:resolution=128", "scratch:backbone=resnet18"
    assert [arm.name for arm in parse_arms(",".join(names))] == [
        "Linear probe, EfficientNet-Lite0, 128 px",
        "From scratch, ResNet-18",
    ]
    twice = parse_arms("linear_probe:weights=imagenet,linear_probe:weights=imagenet:epochs=3,linear_probe")
    assert [arm.name for arm in twice] == ["Linear probe, ImageNet", "Linear probe, ImageNet epochs=3", "linear_probe"]


def test_the_command_that_repeats_it_says_what_is_an_arms_own():
    arms = tuple(replace(arm, name=usual_name_of(arm)) for arm in SPEC.arms)
    for spec in (SPEC, replace(SPEC, arms=arms)):
        again = experiment_of(parser().parse_args(shlex.split(command(spec))[3:]))
        assert again == spec
    assert "name=" not in command(replace(SPEC, arms=arms))


def test_titles_name_every_network_and_resolution():
    assert (networks(SPEC), sides(SPEC)) == ("MobileNetV2 and EfficientNet-Lite0", "64 and 128 px")
    assert (networks(replace(SPEC, arms=(SCRATCH,))), sides(replace(SPEC, arms=(SCRATCH,)))) == ("MobileNetV2", "64 px")
    keys = ("imagenet", "mobilenet_v2-tiny-imagenet-64", "resnet18-my-flowers-96", "my-own-model-2")
    assert list(map(source_title, keys)) == ["ImageNet", "Tiny ImageNet", "my-flowers", "my-own-model-2"]
