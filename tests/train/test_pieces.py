"""Cutting a network behind its frozen part, keeping what that makes, and counting what is computed."""

import numpy as np
import pytest
import torch

from tl.backbones import BACKBONES
from tl.config import ArmConfig, Training
from tl.train import flops
from tl.train.frozen.kept_features import FeatureStore, FrozenOutputs
from tl.train.frozen.pieces import WHOLE, Chain, run_pieces
from tl.train.network import Stages, build_network

SIDE = 64


def phases(backbone, strategy, **settings):
    arm = ArmConfig(name="arm", strategy=strategy, **settings)
    return Training(dataset="blossoms", backbone=backbone).phases_of(arm)


@pytest.mark.parametrize("backbone", BACKBONES)
def test_a_network_in_pieces_computes_what_it_computes_whole(backbone):
    torch.manual_seed(0)
    network = build_network(backbone, 3, SIDE).eval()
    chain = Chain(network, backbone)
    cuts = [chain.cut(set(phase.rates)) for phase in phases(backbone, "gradual_unfreezing")]
    assert cuts == sorted(set(cuts), reverse=True), "each phase unfreezes more"
    assert cuts[-1] == WHOLE
    batch = torch.randn(2, 3, SIDE, SIDE)
    with torch.no_grad():
        assert torch.equal(run_pieces(chain.pieces(sorted(cuts[:-1])), batch), network(batch))


@pytest.mark.parametrize("backbone", BACKBONES)
def test_the_part_before_the_cut_holds_only_frozen_parameters(backbone):
    network = build_network(backbone, 3, SIDE)
    stages = Stages(network, backbone)
    for phase in phases(backbone, "gradual_unfreezing")[:-1]:
        stages.apply(phase)
        chain = Chain(network, backbone)
        before, after = chain.pieces([chain.cut(set(phase.rates))])
        assert not any(parameter.requires_grad for parameter in before.parameters())
        trainable = {id(parameter) for parameter in network.parameters() if parameter.requires_grad}
        assert trainable <= {id(parameter) for parameter in after.parameters()}


def test_a_dropout_before_the_head_comes_after_the_cut():
    network = build_network("mobilenet_v2", 3, SIDE)
    chain = Chain(network, "mobilenet_v2")
    _, after = chain.pieces([chain.cut({"head"})])
    assert any(isinstance(module, torch.nn.Dropout) for module in after.modules())


def test_features_come_back_as_they_were_kept(tmp_path):
    maps = torch.randn(5, 3, 4, 4).to(memory_format=torch.channels_last)
    for sample in (maps, torch.randn(5, 7), torch.randn(5, 6, 7)):
        features = FrozenOutputs(tmp_path, 5, sample[:2])
        rows = np.array([3, 0, 4])
        features.write(rows, sample[rows])
        features.write(slice(1, 3), sample[1:3])
        again = features.read(np.arange(5), torch.device("cpu"))
        assert torch.equal(again, sample)
        assert again.is_contiguous() or again.is_contiguous(memory_format=torch.channels_last)
    assert list(tmp_path.iterdir()) == [], "nothing is left in the folder"


def test_a_store_keeps_to_its_budget_and_gives_back_what_is_dropped(tmp_path):
    store = FeatureStore(tmp_path, budget_bytes=100)
    sample = torch.zeros(1, 2)
    first = store.make(10, sample)  # 80 bytes
    store.keep(1, "validation", first)
    assert store.make(10, sample) is None
    assert store.get(1, "validation") is first
    store.drop_all_but({2})
    assert store.get(1, "validation") is None
    assert store.make(10, sample) is not None


def counted(strategy, backbone="resnet18"):
    network = build_network(backbone, 10, SIDE)
    (phase, *_) = phases(backbone, strategy)
    Stages(network, backbone).apply(phase)
    return flops.count(network, backbone, SIDE, Chain(network, backbone).cut(set(phase.rates)))


def test_training_everything_takes_three_forward_passes():
    forward, head = counted("linear_probe")
    assert forward == pytest.approx(2 * 1.814e9 * (SIDE / 224) ** 2, rel=0.03)  # torchvision counts multiply-adds
    nothing_frozen, whole = counted("scratch")
    assert nothing_frozen == 0
    assert whole == pytest.approx(3 * forward, rel=0.06)  # the pictures themselves need no gradient
    assert head < 0.001 * whole


def test_depthwise_convolutions_are_not_counted_as_dense_ones():
    forward, _ = counted("linear_probe", "mobilenet_v2")
    _, whole = counted("scratch", "mobilenet_v2")
    assert whole == pytest.approx(3 * forward, rel=0.1)


def test_the_rest_of_a_partly_frozen_network_costs_less():
    frozen, rest = counted("last_stages")
    _, whole = counted("scratch")
    assert 0 < frozen < rest < whole


@pytest.mark.parametrize(("hosted", "fits"), [("0", True), ("1", False)])
def test_hosted_a_run_keeps_no_more_than_a_share_of_what_its_visitor_may_store(tmp_path, monkeypatch, hosted, fits):
    monkeypatch.setenv("TL_HOSTED", hosted)
    monkeypatch.setenv("TL_LIMIT_DISK_MEGABYTES", "100")
    sample = torch.zeros(1, 250_000)  # 1 MB
    store = FeatureStore(tmp_path)
    assert store.make(25, sample)
    assert bool(store.make(1, sample)) is fits
