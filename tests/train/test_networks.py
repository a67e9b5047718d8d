"""Networks as they are built here: what evaluation sees after the few hundred steps that a run has."""

import pytest
import torch

from tl.train.network import build_network


@pytest.mark.parametrize("backbone", ["mobilenet_v3_small", "mobilenet_v2", "timm:test_resnet"])
def test_a_network_is_evaluated_with_the_statistics_of_the_pictures_it_trains_on_after_tens_of_steps(backbone):
    """MobileNetV3 as published moves its statistics by a hundredth a step: from scratch it would answer at chance."""
    torch.manual_seed(0)
    network = build_network(backbone, 3, 32)
    batch = torch.randn(64, 3, 32, 32) * 3 + 2
    (first,) = [module for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d)][:1]
    seen = []
    hook = first.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].detach()))
    with torch.no_grad():
        for _ in range(50):
            network.train()(batch)
    hook.remove()
    mean = seen[-1].mean((0, 2, 3))
    torch.testing.assert_close(first.running_mean, mean, rtol=0.02, atol=0.01)
