"""BatchNorm folded into convolutions: the same function, for every network, as its weights change."""

import pytest
import torch
from torch import nn

from tl.backbones import BACKBONES
from tl.train.frozen.folded import Folded
from tl.train.hardware.precision import use_precision
from tl.train.network import new_network

SIDE = 64


def network_with_statistics(backbone: str) -> nn.Module:
    """In evaluation mode; its BatchNorms do something."""
    torch.manual_seed(0)
    network = new_network(backbone, 3, SIDE, torch.device("cpu"))
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            for values, low, high in (
                (module.running_mean, -0.5, 0.5),
                (module.running_var, 0.5, 2),
                (module.weight, 0.5, 1.5),
                (module.bias, -0.5, 0.5),
            ):
                nn.init.uniform_(values, low, high)
    return network.eval()


def norms_that_run(folded: Folded, batch: torch.Tensor) -> int:
    """How many BatchNorms a batch goes through."""
    met = []
    hook = nn.modules.module.register_module_forward_hook(lambda module, *_: met.append(module))
    try:
        folded(batch)
    finally:
        hook.remove()
    return sum(isinstance(module, nn.BatchNorm2d) for module in met)


@pytest.mark.parametrize("backbone", BACKBONES)
def test_folding_changes_nothing_but_the_speed(backbone):
    network = network_with_statistics(backbone)
    norms = sum(isinstance(module, nn.BatchNorm2d) for module in network.modules())
    batch = torch.randn(2, 3, SIDE, SIDE)
    folded = Folded(network)
    with torch.inference_mode():
        torch.testing.assert_close(folded(batch), network(batch), rtol=1e-3, atol=1e-3)
        assert norms == 0 or norms_that_run(folded, batch) < norms
    assert sum(isinstance(module, nn.BatchNorm2d) for module in network.modules()) == norms, "the network stays"


def test_it_follows_what_the_network_learns():
    network = network_with_statistics("mobilenet_v2")
    batch = torch.randn(4, 3, SIDE, SIDE)
    folded = Folded(network)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01)
    network.train()(batch).square().mean().backward()
    optimizer.step()
    network.eval()
    with torch.inference_mode():
        old, new = folded(batch), network(batch)
        folded.refresh()
        torch.testing.assert_close(folded(batch), new, rtol=1e-3, atol=1e-3)
    assert not torch.allclose(old, new, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("backbone", ["mobilenet_v2", "resnet18"])
def test_in_bf16_it_is_no_further_from_the_truth_than_the_network_itself(backbone):
    network = network_with_statistics(backbone)
    batch = torch.randn(8, 3, SIDE, SIDE)
    with torch.inference_mode():
        truth = network(batch)
        with use_precision("bf16", torch.device("cpu")):
            plain, folded = network(batch).float(), Folded(network)(batch).float()
    assert (folded - truth).square().mean() < 2 * (plain - truth).square().mean()


def test_depthwise_convolutions_stay_exact():
    found = {}
    folded = Folded(network_with_statistics("mobilenet_v2"))

    def look(module, inputs, output):
        if isinstance(module, nn.Conv2d):
            found.setdefault(module.groups > 1, set()).add(output.dtype)

    hook = nn.modules.module.register_module_forward_hook(look)
    try:
        with torch.inference_mode(), use_precision("bf16", torch.device("cpu")):
            folded(torch.randn(2, 3, SIDE, SIDE))
    finally:
        hook.remove()
    assert found == {True: {torch.float32}, False: {torch.bfloat16}}
