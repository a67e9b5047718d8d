"""L2-SP: fine-tuning whose weights are pulled towards those they start from (Li et al. 2018, arXiv 1802.01483)."""

import torch

from tl.phases import HEAD
from tl.train.methods.method import Method
from tl.train.network import Stages


class Anchored(Method):
    """The penalty anchor / 2 * |w - start|^2 on the backbone; it takes the place of weight decay, towards zero.

    The head, which starts at random, is pulled towards zero by the same strength.
    """

    decays = False

    def start(self, stages: Stages) -> None:
        """Keep a copy of the backbone's weights."""
        self._pairs = [
            (weight, torch.zeros_like(weight) if name == HEAD else weight.detach().clone())
            for name, weights in stages.parameters.items()
            for weight in weights
        ]

    @torch.no_grad()
    def after_backward(self) -> None:
        """Add the penalty's gradient to the gradients of what trains."""
        known = [(weight.grad, weight, start) for weight, start in self._pairs if weight.grad is not None]
        gradients = [gradient for gradient, _, _ in known]
        torch._foreach_add_(gradients, [weight for _, weight, _ in known], alpha=self.arm.anchor)
        torch._foreach_add_(gradients, [start for _, _, start in known], alpha=-self.arm.anchor)
