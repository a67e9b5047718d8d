"""Many features in a plane: the two first principal components (Pearson 1901; PCA by singular values), numbers in and out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Plane:
    """Where n pictures lie, along the directions in which they differ most."""

    places: Reals  # (n, 2)
    explained: tuple[float, float]  # share of the variance that either direction explains, 0..1


def plane(features: NDArray[np.floating]) -> Plane:
    """Of features (n, D), centred; of each direction that way round in which its largest weight is positive, so that the same
    features always give the same picture. All alike: all in one place."""
    centred = features.astype(np.float64) - features.mean(0, dtype=np.float64)
    scale = np.abs(centred).max(initial=0.0)  # a network without training may give tiny or huge numbers
    if not scale > 0:
        return Plane(places=np.zeros((len(centred), 2)), explained=(0.0, 0.0))
    left, sizes, right = np.linalg.svd(centred / scale, full_matrices=False)
    towards = np.sign(right[np.arange(len(right)), np.abs(right).argmax(1)])
    shares = sizes**2 / (sizes**2).sum()
    places, first = np.zeros((len(centred), 2)), slice(0, min(2, len(sizes)))
    places[:, first] = (left * sizes * towards)[:, first] * scale
    second = float(shares[1]) if len(shares) > 1 else 0.0
    return Plane(places=places, explained=(float(shares[0]), second))
