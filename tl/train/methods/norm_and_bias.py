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
            bias = own == "bias" or own.endswith("_bias")  # "in_proj_bias"
            # Each library has norms of its own, all of which are called so.
            norm = "norm" in type(network.get_submodule(path)).__name__.lower()
            if stage_of(name) == HEAD or bias or norm:
                self._trains.add(name)

    def trains(self, name: str) -> bool:
        """Whether it is one of them."""
        return name in self._trains
