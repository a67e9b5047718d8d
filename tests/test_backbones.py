"""Contract of the backbone table: every entry is checked against its library's own network."""

import pytest
import torch
import torchvision
from torch.utils.flop_counter import FlopCounterMode

from tl.backbones import BACKBONES, ImageNetWeights
from tl.train.network import Stages, build_network

FAMILIES = {"ResNet", "MobileNet", "EfficientNet", "VGG", "DenseNet", "ConvNeXt", "RegNet", "ViT"}


@pytest.fixture(autouse=True, scope="module")
def without_random_weights():
    """Initialising 130 million weights takes seconds and nothing here looks at them."""
    initialisers = ("kaiming_normal_", "kaiming_uniform_", "normal_", "trunc_normal_", "uniform_", "xavier_uniform_")
    with pytest.MonkeyPatch.context() as patch:
        for initialiser in initialisers:
            patch.setattr(torch.nn.init, initialiser, lambda tensor, *args, **kwargs: tensor.data.zero_())
        yield


def test_the_table_covers_the_families():
    assert {backbone.family for backbone in BACKBONES.values()} >= FAMILIES
    assert len(BACKBONES) >= 12


@pytest.mark.parametrize("name", BACKBONES)
def test_stages_partition_everything_outside_the_head(name):
    backbone = BACKBONES[name]
    network = build_network(name, 7, 32)
    stages = Stages(network, name)  # raises KeyError for a parameter that belongs to no stage
    counted = sum(parameter.numel() for group in stages.parameters.values() for parameter in group)
    assert counted == sum(parameter.numel() for parameter in network.parameters())
    assert all(stages.parameters[stage] for stage in backbone.stage_names), "a stage without parameters"
    head = [parameter for path, parameter in network.named_parameters() if path.startswith(backbone.head + ".")]
    assert [id(parameter) for parameter in stages.parameters["head"]] == [id(parameter) for parameter in head]
    assert [parameter.shape[0] for parameter in head] == [7, 7]
    for path, _ in network.named_parameters():
        owners = [
            stage
            for stage, prefixes in (*backbone.stages.items(), ("head", (backbone.head,)))
            if any(path == prefix or path.startswith(prefix + ".") for prefix in prefixes)
        ]
        assert len(owners) == 1, f"{path} belongs to {owners}"


@pytest.mark.parametrize("name", BACKBONES)
def test_the_smallest_resolution_works(name):
    backbone = BACKBONES[name]
    network = build_network(name, 7, backbone.min_resolution).eval()
    with torch.inference_mode():
        scores = network(torch.zeros(1, 3, backbone.min_resolution, backbone.min_resolution))
    assert scores.shape == (1, 7)


@pytest.mark.parametrize(
    "name", [name for name, backbone in BACKBONES.items() if isinstance(backbone.imagenet, ImageNetWeights)]
)
def test_facts_are_torchvisions(name):
    backbone = BACKBONES[name]
    published = {weights.url: weights for weights in torchvision.models.get_model_weights(name)}
    weights = published[backbone.imagenet.url]
    assert backbone.parameters == weights.meta["num_params"]
    assert backbone.gflops == pytest.approx(weights.meta["_ops"], rel=1e-3)
    assert backbone.imagenet.accuracy == pytest.approx(weights.meta["_metrics"]["ImageNet-1K"]["acc@1"] / 100)
    assert backbone.imagenet.size_mb == pytest.approx(weights.meta["_file_size"], rel=1e-3)
    assert len(backbone.imagenet.sha256) >= 8
    assert int(backbone.imagenet.sha256, 16) >= 0
    assert backbone.imagenet.licence


@pytest.mark.parametrize("name", [name for name, backbone in BACKBONES.items() if not backbone.imagenet])
def test_facts_of_a_network_that_nobody_publishes_are_counted(name):
    with torch.device("meta"):
        network = build_network(name, 1000, 224)
    assert BACKBONES[name].parameters == sum(parameter.numel() for parameter in network.parameters())
    assert BACKBONES[name].gflops == pytest.approx(flops_of(network, "meta") / 2e9, rel=1e-3)


def test_a_network_for_32_px_keeps_every_pixel_until_its_first_stage():
    network = build_network("resnet18_cifar", 7, 32).eval()
    sides = []
    network.layer1.register_forward_hook(lambda module, given, found: sides.append(found.shape[2]))
    with torch.inference_mode():
        network(torch.zeros(1, 3, 32, 32))
    assert sides == [32]


@pytest.mark.parametrize("name", [name for name, backbone in BACKBONES.items() if backbone.timm])
def test_facts_are_timms(name):
    backbone, network = BACKBONES[name], build_network(name, 1000, 224)
    wanted, expects = network.pretrained_cfg, backbone.imagenet.input
    assert backbone.parameters == sum(parameter.numel() for parameter in network.parameters())
    assert backbone.gflops == pytest.approx(flops_of(network) / 2e9, rel=1e-2)
    assert (wanted["mean"], wanted["std"], wanted["interpolation"]) == (
        expects.mean,
        expects.std,
        expects.interpolation,
    )
    assert (wanted["input_size"][1], wanted["classifier"]) == (expects.size, backbone.head)


def flops_of(network: torch.nn.Module, device: str = "cpu") -> float:
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network.eval()(torch.zeros(1, 3, 224, 224, device=device))
    return counter.get_total_flops()
