"""The contract of timm's networks: built at a comparison's resolution, frozen, cut, folded and resumed like the table's."""

import gzip
import json
from dataclasses import replace

import pytest
import torch
from torch import nn

from tl.backbones import BACKBONES
from tl.config import ArmConfig, Experiment, Training, new_id
from tl.phases import HEAD
from tl.timm_networks import FILE
from tl.train import flops
from tl.train.checkpoints.checkpoint import load_last, save_last
from tl.train.checkpoints.history import History
from tl.train.frozen.folded import Folded
from tl.train.frozen.pieces import WHOLE, Chain, run_pieces
from tl.train.network import Stages, build_network
from tl.train.optimizer import make_optimizer, set_rates

SIDE = 32
# Small ones of every kind: convolutions, transformers, both, and mixers.
NETWORKS = [
    "test_resnet",
    "test_byobnet",
    "test_convnext",
    "test_convnext2",
    "test_convnext3",
    "test_nfnet",
    "test_mambaout",
    "test_efficientnet",
    "test_efficientnet_gn",
    "test_efficientnet_ln",
    "test_efficientnet_evos",
    "test_vit",
    "test_vit2",
    "test_vit3",
    "test_vit4",
    "test_vit_relpos",
    "test_maxvit",
    "test_coatnet",
    "lcnet_035",
    "mobilenetv3_small_050",
    "mobilenetv4_conv_small_035",
    "mnasnet_050",
    "tinynet_e",
    "ghostnet_050",
    "repghostnet_050",
    "regnetx_002",
    "regnety_002",
    "resnet10t",
    "starnet_s050",
    "swiftformer_xs",
    "convnext_atto",
    "fasternet_t0",
    "inception_next_atto",
    "edgenext_xx_small",
    "mobilevit_xxs",
    "mobilevitv2_050",
    "efficientformerv2_s0",
    "efficientvit_b0",
    "efficientvit_m0",
    "vit_tiny_patch16_224",
    "deit_tiny_distilled_patch16_224",
    "pvt_v2_b0",
    "xcit_nano_12_p16_224",
    "eva02_tiny_patch14_224",
    "levit_128s",
    "convit_tiny",
    "densenet121",
    "repvit_m0_9",
    "shvit_s1",
    "hgnetv2_b0",
    "rexnet_100",
    "cspdarknet53",
]


def side_of(name: str) -> int:
    table = BACKBONES[f"timm:{name}"]
    return SIDE if table.takes(SIDE) else table.min_resolution


def with_statistics(network: nn.Module) -> nn.Module:
    """In evaluation mode; its BatchNorms do something."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.5, 0.5)
            nn.init.uniform_(module.running_var, 0.5, 2)
    return network.eval()


def test_many_kinds_are_looked_at() -> None:
    assert len(NETWORKS) == len(set(NETWORKS)) >= 40
    assert len({BACKBONES[f"timm:{name}"].family for name in NETWORKS}) >= 20


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_of_timms_trains_like_any_other(name: str, tmp_path) -> None:
    backbone, side = f"timm:{name}", side_of(name)
    table = BACKBONES[backbone]
    torch.manual_seed(0)
    network = with_statistics(build_network(backbone, 3, side))
    batch = torch.randn(2, 3, side, side)
    with torch.inference_mode():
        whole = network(batch)
        assert whole.shape == (2, 3)
        torch.testing.assert_close(Folded(network)(batch), whole, rtol=1e-3, atol=1e-3)

    stages = Stages(network, backbone)  # raises KeyError for a parameter that belongs to no stage
    assert all(stages.parameters.values()), "a stage without parameters"
    assert stages.total_parameters == sum(parameter.numel() for parameter in network.parameters())
    heads = {id(p) for head in table.heads for p in network.get_submodule(head).parameters()}
    assert {id(parameter) for parameter in stages.parameters[HEAD]} == heads

    arm = ArmConfig(name="arm", strategy="gradual_unfreezing")
    chain = Chain(network, backbone)
    phases = Training(dataset="blossoms", backbone=backbone, resolution=side).phases_of(arm)
    cuts = sorted({chain.cut(set(phase.rates)) for phase in phases} - {WHOLE})
    assert bool(cuts) is not table.whole
    with torch.inference_mode():
        assert torch.equal(run_pieces(chain.pieces(cuts), batch) if cuts else whole, whole)

    (config,) = Experiment(
        dataset="blossoms", backbone=backbone, resolution=side, arms=(replace(arm, strategy="linear_probe", name="p"),)
    ).runs(new_id())
    (phase,) = config.phases
    stages.apply(phase)
    assert stages.trainable_parameters == sum(p.numel() for p in stages.parameters[HEAD])
    if cuts:
        before, _ = chain.pieces([chain.cut(set(phase.rates))])
        assert not any(parameter.requires_grad for parameter in before.parameters())
    frozen, rest = flops.count(network, backbone, side, chain.cut(set(phase.rates)))
    assert rest > 0 and bool(frozen) is bool(cuts)
    optimizer = make_optimizer(stages, config)
    set_rates(optimizer, phase, 0.1)
    stages.train_mode()
    network(batch).square().mean().backward()
    optimizer.step()
    save_last(tmp_path, network, optimizer, History(), config)
    again = build_network(backbone, 3, side)
    other = make_optimizer(Stages(again, backbone), config)
    assert load_last(tmp_path, again, other, config)
    with torch.inference_mode():
        moved = network.eval()(batch)
        torch.testing.assert_close(again.eval()(batch), moved)
        assert not torch.allclose(moved, whole)


def test_only_the_scale_of_its_layers_can_be_kept() -> None:
    network = build_network("timm:test_vit", 3, SIDE)
    stages, old = Stages(network, "timm:test_vit"), network.state_dict()["blocks.0.attn.qkv.weight"].clone()
    stages.keep_only_scale()
    new = network.state_dict()["blocks.0.attn.qkv.weight"]
    assert not torch.equal(new, old)
    assert float(new.std()) == pytest.approx(float(old.std()), rel=0.05)


def test_the_table_is_what_its_generator_makes() -> None:
    from tl.train.timm_table import facts_of

    table, inputs = json.loads(gzip.decompress(FILE.read_bytes())), []
    for name in ("test_vit", "test_convnext", "resnet10t"):
        made, kept = facts_of(name, {}, inputs), table["networks"][name]
        assert {key: made[key] for key in made if key != "weights"} == {
            key: kept[key] for key in kept if key != "weights"
        }
        assert [entry[:5] for entry in made["weights"]] == [entry[:5] for entry in kept["weights"]]
