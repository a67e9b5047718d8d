"""What ways to adapt while training have in common: a second loss, on pictures of the target without their labels.

Source and target go through the network as one batch, so BatchNorm normalises both by what they have in common, as in the
authors' own code; its running statistics, by which the network answers afterwards, are those of both, half and half.
"""

import torch
from torch import nn

from tl.train.methods.method import CrossEntropy, Method


class Adapting(Method):
    """Cross-entropy on the source's pictures and, with a weight, what `adaptation` makes of the batch."""

    adds = True

    def begin(self) -> None:
        """Start counting again."""
        self._sums: list[torch.Tensor] = []
        self._predicted: torch.Tensor | None = None  # (C,) whether a class was predicted at all

    def adaptation(self, scores: torch.Tensor, pictures: int) -> torch.Tensor:
        """What is to become small, (), of the (N + M, C) scores of a batch whose first N `pictures` are the source's."""
        raise NotImplementedError

    def loss(self, scores: torch.Tensor, classes: torch.Tensor, cross_entropy: CrossEntropy) -> torch.Tensor:
        """Both together."""
        number = len(classes)
        added = self.adaptation(scores, number)
        with torch.no_grad():
            self._sums.append(added.detach())
            found = nn.functional.one_hot(scores[number:].argmax(1), scores.shape[1]).any(0)
            self._predicted = found if self._predicted is None else self._predicted | found
        total: torch.Tensor = cross_entropy(scores[:number], classes) + self.arm.adaptation * added
        return total

    def noted(self) -> dict[str, float | int | None]:
        """Mean of what was added to the loss, and how many classes the target's pictures were taken for."""
        if self._predicted is None:
            return {}
        return {
            "adaptation_loss": float(torch.stack(self._sums).cpu().double().mean()),
            "predicted_classes": int(self._predicted.sum()),
        }
