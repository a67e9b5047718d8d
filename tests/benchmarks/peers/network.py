"""The network of all peers: torchvision's MobileNetV2 with the weights that come with TL Lab and a fresh head."""

import torchvision
from safetensors.torch import load_file
from torch import nn


def mobilenet_v2(classes: int, weights: str | None) -> nn.Module:
    """Contiguous fp32; `weights` is a safetensors file, None: random."""
    network = torchvision.models.mobilenet_v2(num_classes=classes)
    if weights:
        state = {name: value for name, value in load_file(weights).items() if not name.startswith("classifier.")}
        network.load_state_dict(state, strict=False)
    return network
