"""What a way to learn may do otherwise than plain training: the one loop asks it in these places."""

from collections.abc import Callable, Iterable

import torch
from torch import nn

from tl.config import RunConfig
from tl.train.network import Stages

CrossEntropy = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]  # (N, C) scores, (N,) classes -> (), as balanced


class Method:
    """Plain training by gradient. A way to learn is a subclass that overrides what it does otherwise.

    Called in this order: `prepare`, then the network is divided into stages, `start`; in each epoch `begin`; for each
    batch `loss`, `after_backward`, the optimizer's step, `after_step`; `restored` whenever weights were put back from a
    checkpoint; at the end `adapt`, where it `adapts`, and `finish` before the network of the best epoch is kept for others.
    All methods get the batches of the training pictures, but those that fit: they get each picture once, as it is. Where
    their strategy learns from a second data set, the target, as many of its pictures follow in each batch (`Strategy.beside`).
    """

    fits = False  # `see` and `fit` take the place of steps
    decays = True  # the optimizer's weight decay acts
    statistics = True  # BatchNorm's statistics move in stages that train
    adds = False  # its loss is more than the cross-entropy of what has labels
    adapts = False  # `adapt` changes the trained network before it is asked about the target
    done = 0.0  # share of the epochs it may take that is behind, 0..1; told before each batch

    def __init__(self, config: RunConfig):
        self.arm, self.backbone = config.arm, config.backbone

    def prepare(self, network: nn.Module) -> None:
        """Change the network, which has its pretrained weights and lies on its device."""

    def owner(self, name: str) -> str:
        """The parameter of the plain network that the parameter or buffer `name` belongs to; itself where that is one."""
        return name

    def trains(self, name: str) -> bool:
        """Whether the parameter `name` trains where its stage does."""
        return True

    def factor(self, name: str) -> float:
        """What multiplies the rate of its stage for the parameter `name`."""
        return 1.0

    def start(self, stages: Stages) -> None:
        """Note, or change, the weights that training starts from."""

    def begin(self) -> None:
        """An epoch begins; the stages have been told what trains in it."""

    def loss(self, scores: torch.Tensor, classes: torch.Tensor, cross_entropy: CrossEntropy) -> torch.Tensor:
        """What training goes down, (), for (N + M, C) scores of a batch, whose first N pictures are of these (N,) classes; the
        other M are the target's, and have no labels."""
        return cross_entropy(scores, classes)

    def after_backward(self) -> None:
        """The gradients of a batch are there; the optimizer's step comes next."""

    def after_step(self) -> None:
        """The optimizer has made its step."""

    def noted(self) -> dict[str, float | int | None]:
        """What it has to tell of the epoch that ends, by columns of the metrics."""
        return {}

    def adapt(self, network: nn.Module, batches: Iterable[torch.Tensor]) -> str | None:
        """Change the trained network by `batches` of the target's pictures, (M, 3, R, R) each, whose labels nobody sees; a
        sentence on what did not go as one would think."""
        raise NotImplementedError

    def restored(self) -> None:
        """What a checkpoint holds was put back."""

    def finish(self, network: nn.Module) -> None:
        """Make it a plain network that computes the same; it trains no more."""

    def see(self, features: torch.Tensor, classes: torch.Tensor) -> None:
        """(N, D) inputs of the head and (N,) classes of some training pictures; each comes once."""
        raise NotImplementedError

    def fit(self, head: nn.Linear) -> None:
        """Set the head by what was seen."""
        raise NotImplementedError
