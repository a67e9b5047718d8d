"""CDAN: as DANN, but the discriminator sees features together with the predictions (Long et al. 2018, arXiv 1705.10667)."""

import torch
from torch import nn

from tl.train.methods.dann import Dann

MOST_PRODUCTS = 4096  # of a feature and a class, section 3.2 of the paper; with more, their random projections
PROJECTED = 1024


class Cdan(Dann):
    """It sees every product of a feature and a class's probability, or random projections of both, multiplied."""

    def inputs(self, head: nn.Linear) -> int:
        """Products, or projections, which are drawn once for all runs: no checkpoint has to keep them."""
        features, classes = head.in_features, head.out_features
        self._projections: tuple[torch.Tensor, ...] = ()
        if features * classes <= MOST_PRODUCTS:
            return features * classes
        rng = torch.Generator().manual_seed(0)
        drawn = (torch.randn(size, PROJECTED, generator=rng) for size in (features, classes))
        self._projections = tuple(each.to(head.weight.device) for each in drawn)
        return PROJECTED

    def seen(self, features: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """(N, inputs); predictions pass no gradient on, as in the authors' code."""
        shares = scores.detach().softmax(1)
        if not self._projections:
            return (shares[:, :, None] * features[:, None, :]).flatten(1)
        first, second = self._projections
        seen: torch.Tensor = (features @ first) * (shares @ second) / PROJECTED**0.5
        return seen
