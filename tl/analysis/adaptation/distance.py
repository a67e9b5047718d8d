"""How different two sets of pictures look to a network: the proxy A-distance of its features, before anything is trained.

A linear classifier learns to tell the two sets apart on one half of their features and is tried on the other: with the
error e the distance is 2 (1 - 2 e), 0 where it can only guess and 2 where it is always right (Ben-David et al. 2007,
"Analysis of Representations for Domain Adaptation"; as a proxy: Glorot et al. 2011). Numbers in and out.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tl.analysis.certainty import wilson

Reals = NDArray[np.float64]
FEWEST = 20  # pictures of each set
RIDGE = 1e-2  # of the mean variance of a feature: keeps the classifier from learning pictures by heart


@dataclass(frozen=True, kw_only=True)
class Distance:
    """How well two sets are told apart, with its 95 % interval for other pictures of the two kinds."""

    value: float  # 0..2
    low: float
    high: float
    told_apart: float  # share of the pictures of both sets, each counting half: 0.5 is guessing
    pictures: tuple[int, int]  # of each set


def distance(source: NDArray[np.floating], target: NDArray[np.floating]) -> Distance | None:
    """Of features (n, D) and (m, D) of one network; None for fewer than FEWEST of either. The same for the same features."""
    if min(len(source), len(target)) < FEWEST:
        return None
    features = np.concatenate([source, target]).astype(np.float64)
    sides = np.repeat([1.0, -1.0], [len(source), len(target)])
    random = np.random.default_rng(0)
    halves = np.empty(len(sides), bool)
    for side in (1.0, -1.0):  # half of each set in either half
        rows = random.permutation(np.flatnonzero(sides == side))
        halves[rows] = np.arange(len(rows)) % 2 == 0
    right = np.empty(len(sides), bool)
    for learned in (True, False):
        right[halves != learned] = _right(features, sides, halves == learned)
    shares = [float(right[sides == side].mean()) for side in (1.0, -1.0)]
    told_apart, drawn = float(np.mean(shares)), 2 * min(len(source), len(target))
    found = wilson(told_apart * drawn, drawn)
    assert found is not None and found.low is not None and found.high is not None
    return Distance(
        value=_distance(told_apart),
        low=_distance(found.low),
        high=_distance(found.high),
        told_apart=told_apart,
        pictures=(len(source), len(target)),
    )


def _distance(told_apart: float) -> float:
    return max(0.0, 2 * (2 * told_apart - 1))


def _right(features: Reals, sides: Reals, learned: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether a ridge regression on the `learned` rows tells the side of each other row; both sides weigh alike."""
    mean, scale = features[learned].mean(0), features[learned].std(0) + 1e-6
    inner, outer = (features[learned] - mean) / scale, (features[~learned] - mean) / scale
    weights = np.where(sides[learned] > 0, 0.5 / (sides[learned] > 0).sum(), 0.5 / (sides[learned] < 0).sum())
    wanted = sides[learned]
    centre = weights @ inner
    inner, outer = inner - centre, outer - centre
    scaled = inner * np.sqrt(weights)[:, None]
    target = wanted * np.sqrt(weights)
    penalty = RIDGE * float((scaled**2).sum()) / min(scaled.shape)
    if scaled.shape[0] < scaled.shape[1]:  # fewer pictures than features: the same solution by the smaller matrix
        direction = scaled.T @ np.linalg.solve(scaled @ scaled.T + penalty * np.eye(len(scaled)), target)
    else:
        direction = np.linalg.solve(scaled.T @ scaled + penalty * np.eye(scaled.shape[1]), scaled.T @ target)
    return np.asarray((outer @ direction > 0) == (sides[~learned] > 0))
