"""Ways to learn: what each of them trains, at which rate, and what it keeps, beside what plain training would."""

import pytest
import torch
from methods_lab import RATE, SIDE, Learning, configured
from torch import nn

from tl.backbones import BACKBONES
from tl.phases import HEAD
from tl.strategies import STRATEGIES
from tl.train.methods import METHODS, layer_decay, method_of
from tl.train.network import build_network
from tl.train.optimizer import set_rates


def test_every_strategy_names_a_method_and_every_method_is_named():
    assert {strategy.method for strategy in STRATEGIES.values()} == set(METHODS)


def test_norm_and_bias_trains_norms_biases_and_the_head():
    learning = Learning(configured("norm_and_bias"))
    norms = {
        f"{path}.{own}"
        for path, module in learning.network.named_modules()
        if isinstance(module, nn.BatchNorm2d)
        for own in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    }
    assert learning.moved() == norms | {"classifier.1.weight", "classifier.1.bias"}
    trainable = 2 * sum(
        module.num_features for module in learning.network.modules() if isinstance(module, nn.BatchNorm2d)
    )
    assert learning.stages.trainable_parameters == trainable + 3 * 1280 + 3


def test_norm_and_bias_trains_every_bias_of_a_transformer():
    with torch.device("meta"):
        network = build_network("vit_b_16", 3, SIDE)
    method = method_of(configured("norm_and_bias", "vit_b_16"))
    method.prepare(network)
    trains = {name for name, _ in network.named_parameters() if method.trains(name)}
    layer = "encoder.layers.encoder_layer_0."
    own = {name.removeprefix(layer) for name in trains if name.startswith(layer)}
    norms = {f"ln_{number}.{part}" for number in (1, 2) for part in ("weight", "bias")}
    assert own == norms | {"self_attention.in_proj_bias", "self_attention.out_proj.bias", "mlp.0.bias", "mlp.3.bias"}
    assert {"conv_proj.bias", "encoder.ln.weight", "heads.head.weight"} <= trains
    assert not trains & {"class_token", "encoder.pos_embedding", "conv_proj.weight"}


def test_layer_decay_slows_each_block_by_the_same_factor():
    learning = Learning(configured("layer_decay", layer_decay=0.5))
    set_rates(learning.optimizer, learning.phase, RATE)
    rates = {
        learning.stages.names[weight]: group["lr"]
        for group in learning.optimizer.param_groups
        for weight in group["params"]
    }
    assert rates.keys() == {name for name, _ in learning.network.named_parameters()}
    assert rates["classifier.1.weight"] == RATE
    for block in range(19):  # features.0 to features.18
        of_block = {rate for name, rate in rates.items() if name.startswith(f"features.{block}.")}
        (rate,) = of_block
        assert rate == pytest.approx(RATE * 0.5 ** (19 - block))


@pytest.mark.parametrize(
    ("backbone", "count", "together"),
    [
        ("resnet50", 17, ["conv1.weight", "bn1.weight"]),
        ("efficientnet_lite0", 17, ["conv_head.weight", "bn2.weight"]),
        ("densenet121", 62, ["features.transition1.norm.weight", "features.transition1.conv.weight"]),
        ("convnext_tiny", 22, ["features.7.2.layer_scale", "classifier.0.weight"]),
        ("regnet_y_400mf", 17, ["stem.0.weight", "stem.1.weight"]),
        ("vgg11_bn", 10, ["features.0.weight", "features.1.weight"]),
        ("vit_b_16", 13, ["class_token", "conv_proj.weight", "encoder.pos_embedding"]),
    ],
)
def test_blocks_follow_the_network_from_the_input_on(backbone, count, together):
    with torch.device("cpu" if backbone == "regnet_y_400mf" else "meta"):  # which cannot be built without values
        network = build_network(backbone, 3, SIDE)
    table, numbers = BACKBONES[backbone], layer_decay.blocks(network, backbone)
    assert set(numbers.values()) == set(range(count))
    assert len({numbers[name] for name in together}) == 1
    outside = {name for name, _ in network.named_parameters() if table.stage_of(name) == HEAD}
    assert numbers.keys() | outside == {name for name, _ in network.named_parameters()}
    last = [max(numbers[name] for name in numbers if table.stage_of(name) == stage) for stage in table.stage_names]
    assert last == sorted(last), "stages come one after the other"
