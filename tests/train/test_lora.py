"""Low-rank updates: what moves, and that what is merged is gradient descent on the factors."""

import copy

import pytest
import torch
from methods_lab import SIDE, Learning, bundled, configured
from torch import nn

from tl.phases import HEAD
from tl.train.methods import lora, method_of


def test_lora_moves_the_adapted_weights_their_factors_and_the_head_only():
    learning = Learning(configured("lora", lora_rank=4), bundled())
    modules = dict(learning.network.named_modules())
    dense = {
        f"{path}.weight"
        for path, module in modules.items()
        if isinstance(module, nn.Conv2d) and module.kernel_size == (1, 1)
    }
    factors = {f"lora.{name.replace('.', '/')}.{own}" for name in dense for own in "ab"}
    assert learning.moved() == dense | factors | {"classifier.1.weight", "classifier.1.bias"}, "BatchNorm stays"
    weights = [modules[name.removesuffix(".weight")].weight for name in dense]
    expected = sum(4 * (weight.shape[0] + weight.shape[1]) for weight in weights) + 3 * 1280 + 3
    assert learning.stages.trainable_parameters == expected


class Attentive(nn.Module):
    """torch's own attention, whose projection is a bare parameter, and a linear layer."""

    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(12, 3, batch_first=True)
        self.mlp = nn.Linear(12, 12)
        self.head = nn.Linear(12, 3)

    def forward(self, tokens):
        mixed, _ = self.attention(tokens, tokens, tokens, need_weights=False)
        return self.head(self.mlp(mixed).mean(1))


def attentive():
    return Attentive(), torch.randn(4, 5, 12, dtype=torch.float64)


def timm_vit():
    import timm

    network = timm.create_model("test_vit", num_classes=3, img_size=SIDE, patch_size=8)
    return network, torch.randn(4, 3, SIDE, SIDE, dtype=torch.float64)


def mobilenet():
    return bundled().eval(), torch.randn(4, 3, SIDE, SIDE, dtype=torch.float64)


@pytest.mark.parametrize("made", [attentive, timm_vit, mobilenet])
def test_merged_low_rank_updates_are_those_of_gradient_descent_on_the_factors(made, monkeypatch):
    """Against autograd through W0 + s B A itself, in float64: the weights the network has, after three steps."""
    monkeypatch.setattr(lora, "BACKBONES", {"mobilenet_v2": OneStage()})
    torch.manual_seed(1)
    network, batch = made()
    network = network.double()
    plain = copy.deepcopy(network)
    method = method_of(configured("lora", lora_rank=2, lora_scale=0.7))
    method.prepare(network)
    names = [name for name, _ in lora.adapted(plain, "mobilenet_v2")]
    assert names
    start = dict(plain.named_parameters())
    factors = {
        name: [getattr(network.lora[name.replace(".", "/")], own).detach().clone().requires_grad_() for own in "ba"]
        for name in names
    }
    optimizer = torch.optim.SGD(network.lora.parameters(), lr=0.1)
    method.begin()
    for _ in range(3):
        network.zero_grad(set_to_none=True)
        network(batch).square().mean().backward()
        method.after_backward()
        assert all(dict(network.named_parameters())[name].grad is None for name in names)
        optimizer.step()
        method.after_step()
        merged = {name: start[name] + (0.7 * b @ a).view_as(start[name]) for name, (b, a) in factors.items()}
        loss = torch.func.functional_call(plain, merged, (batch,)).square().mean()
        every = [factor for pair in factors.values() for factor in pair]
        with torch.no_grad():
            for factor, gradient in zip(every, torch.autograd.grad(loss, every), strict=True):
                factor -= 0.1 * gradient
    merged = {name: start[name] + (0.7 * b @ a).view_as(start[name]) for name, (b, a) in factors.items()}
    assert any(not torch.equal(merged[name], start[name]) for name in names)
    method.finish(network)
    assert network.state_dict().keys() == plain.state_dict().keys()
    for name, value in network.state_dict().items():
        torch.testing.assert_close(value, merged.get(name, plain.state_dict()[name]), rtol=1e-9, atol=1e-12)
    with torch.no_grad():
        unmerged = torch.func.functional_call(plain, merged, (batch,))
    torch.testing.assert_close(network(batch), unmerged, rtol=1e-9, atol=1e-12)


class OneStage:
    """A table's entry for networks that it does not have."""

    def stage_of(self, name):
        return HEAD if name.startswith(("head", "classifier")) else "stage"
