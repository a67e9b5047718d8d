"""Accuracy on pictures without labels, estimated from how sure the networks are: an estimate with a range, never a test.

ATC (average thresholded confidence, Garg et al., arXiv 2201.04234): the threshold that as many of the labelled source's
answers fall below as are wrong; on the target, the share above it. The figure is ATC's with negative entropy. The range
spans what three estimators say with other pictures of both kinds: ATC with negative entropy, ATC with the highest
probability, and DoC (difference of confidences, Guillory et al., arXiv 2107.03315). Networks are often surer than they
should be of what looks different, so the truth may lie below all three: the loss against the source may be three times what
is estimated (as measured from photographs to cartoons), and the range reaches down to that. No estimate without labels can
promise more.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tl.analysis.crossed import units_of
from tl.measures import FEWEST_TO_ESTIMATE, above_threshold, negative_entropy

Reals = NDArray[np.float64]
DRAWS = 200  # bootstrap samples of the pictures
ENDS = (2.5, 97.5)  # percentiles of the range
MORE_LOST = 2  # times the estimated loss that may be lost besides
FEWEST = FEWEST_TO_ESTIMATE


@dataclass(frozen=True, kw_only=True)
class Sure:
    """What one network answered: on n labelled pictures of the source that did not train it, and on m of the target."""

    source: Reals  # (n, C) probabilities
    source_right: NDArray[np.bool_]  # (n,)
    target: Reals  # (m, C)


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """An accuracy that nobody has measured, 0..1."""

    accuracy: float
    low: float
    high: float
    pictures: int  # of the target
    networks: int


def estimate(
    networks: Sequence[Sure],
    source_groups: NDArray[np.int64] | None = None,
    target_groups: NDArray[np.int64] | None = None,
) -> Estimate | None:
    """The mean accuracy of these networks on the target; all were asked about the same pictures, in the same order.

    `*_groups` (n,), (m,): pictures with the same number belong together, -1: alone. None for no network, and for too few
    pictures. Always the same for the same answers.
    """
    if not networks or min(len(networks[0].source), len(networks[0].target)) < FEWEST:
        return None
    random = np.random.default_rng(0)
    source = _weights(random, len(networks[0].source), source_groups)
    target = _weights(random, len(networks[0].target), target_groups)
    drawn = np.mean([_estimators(own, source, target) for own in networks], axis=0)  # (3, 1 + DRAWS)
    low, high = np.percentile(drawn[:, 1:], ENDS, axis=1)
    loss = max(0.0, float(np.mean([own.source_right.mean() for own in networks])) - float(drawn[0, 0]))
    return Estimate(
        accuracy=float(drawn[0, 0]),
        low=max(0.0, float(min(low.min(), drawn[:, 0].min())) - MORE_LOST * loss),
        high=float(max(high.max(), drawn[:, 0].max())),
        pictures=len(networks[0].target),
        networks=len(networks),
    )


def _weights(random: np.random.Generator, pictures: int, groups: NDArray[np.int64] | None) -> Reals:
    """(1 + DRAWS, pictures): how often each counts, all once first, then drawn with replacement, groups whole."""
    units = np.arange(pictures) if groups is None else units_of(groups)
    number = int(units.max()) + 1
    drawn = random.multinomial(number, np.full(number, 1 / number), DRAWS)[:, units]
    return np.concatenate([np.ones((1, pictures)), drawn])


def _estimators(own: Sure, source: Reals, target: Reals) -> Reals:
    """(3, draws) accuracies: ATC by negative entropy, ATC by the highest probability, DoC."""
    entropies = negative_entropy(own.source), negative_entropy(own.target)
    highest = own.source.max(1), own.target.max(1)
    right = own.source_right.astype(float)
    accuracy = source @ right / source.sum(1)
    confidence = [weights @ scores / weights.sum(1) for weights, scores in zip((source, target), highest, strict=True)]
    doc = np.clip(accuracy + confidence[1] - confidence[0], 0.0, 1.0)
    by_entropy = above_threshold(entropies[0], entropies[1], right, source, target)
    return np.stack([by_entropy, above_threshold(highest[0], highest[1], right, source, target), doc])
