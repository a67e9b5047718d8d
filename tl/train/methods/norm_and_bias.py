"""Only normalisation layers, biases and the head train.

BitFit (Ben Zaken et al. 2021, arXiv 2106.10199) trains the biases of transformers. Convolutions before a BatchNorm have
none: there its weights, biases and running statistics play that part.
"""

from torch import nn

from tl.backbones import BACKBONES
from tl.phases import HEAD
from tl.train.methods.method import Method


class NormAndBias(Method):
    """Plain training of those parameters."""

    def prepare(self, network: nn.Module) -> None:
        """Find them; nothing is changed."""
        stage_of, self._trains = BACKBONES[self.backbone].stage_of, set[str]()
        for name, _ in network.named_parameters():
            path, _, own = name.rpartition(".")
            if stage_of(name) == HEAD or is_bias(own) or is_norm(network.get_submodule(path)):
                self._trains.add(name)

    def trains(self, name: str) -> bool:
        """Whether it is one of them."""
        return name in self._trains


def is_norm(module: nn.Module) -> bool:
    """Whether a layer normalises: each library has some of its own, all of which are called so."""
    return "norm" in type(module).__name__.lower()


def is_bias(own_name: str) -> bool:
    """Whether a layer's parameter is a bias: "bias", "in_proj_bias"."""
    return own_name == "bias" or own_name.endswith("_bias")
