"""Minimum class confusion: the target's predictions are pushed apart where they mix two classes (Jin et al. 2020, arXiv
1912.03699). No discriminator, nothing that has to be kept in balance."""

import torch

from tl.train.methods.adapting import Adapting

TEMPERATURE = 2.5  # as the authors set it for all pictures of things


class Mcc(Adapting):
    """Cross-entropy on the source, and class confusion on the target."""

    def adaptation(self, scores: torch.Tensor, pictures: int) -> torch.Tensor:
        """Of the target's predictions."""
        return class_confusion(scores[pictures:], TEMPERATURE)


def class_confusion(scores: torch.Tensor, temperature: float) -> torch.Tensor:
    """The loss, (), of (M, C) scores: how much of the pair-wise class correlation lies off the diagonal, mean over classes.

    Pictures count the more the surer their answer is (equations 2 to 6 of the paper).
    """
    shares = (scores / temperature).softmax(1)
    entropies = -(shares * shares.clamp_min(torch.finfo(shares.dtype).tiny).log()).sum(1)
    weights = 1 + (-entropies).exp()
    weights = (len(weights) * weights / weights.sum()).detach()
    correlations = (shares * weights[:, None]).T @ shares  # (C, C), symmetric
    rows = correlations.sum(1, keepdim=True).clamp_min(torch.finfo(shares.dtype).tiny)
    confusions = correlations / rows
    return (confusions.sum() - confusions.trace()) / scores.shape[1]
