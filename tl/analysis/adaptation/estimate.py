"""Accuracy on pictures without labels, estimated from how sure the networks are: an estimate with a range, never a test.

ATC (average thresholded confidence, Garg et al., arXiv 2201.04234): the threshold that as many of the labelled source's
answers fall below as are wrong; on the target, the share above it. The figure is ATC's with negative entropy. The upper end
of the range is what three estimators say at most, with other pictures of both kinds: ATC with negative entropy, ATC with the
highest probability, and DoC (difference of confidences, Guillory et al., arXiv 2107.03315).

The lower end is the least they say, less the share of target pictures that the answers tell from the source's. Without an
assumption on how the two differ no estimate is possible at all (same paper, section 3). What all three assume is that
sureness means there what it means here, and only pictures that could be of either set bear that out: of the others, the
labelled pictures say nothing, and all of them may be wrong. Networks are surer than they should be of what they have not
met (Ovadia et al., arXiv 1906.02530), so the range is not opened upwards. The share is half the proxy A-distance of the
answers, an estimate of their total variation distance: 0 where both sets are answered alike, so that the range is that of
the estimators; 1 where they hardly overlap, so that it begins at 0. Arms that adapt are trained to answer both alike, which
hides how different they are: the share is the largest of any arm of the comparison, source only where it is among them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tl.analysis.adaptation.distance import distance
from tl.analysis.crossed import units_of
from tl.measures import FEWEST_TO_ESTIMATE, above_threshold, negative_entropy

Reals = NDArray[np.float64]
DRAWS = 200  # bootstrap samples of the pictures
ENDS = (2.5, 97.5)  # percentiles of the range
LEAST = 1e-4  # probability, below which the stored ones are too coarse to tell pictures apart
RULE = 3  # goes up whenever what is estimated of the same answers changes
FEWEST = FEWEST_TO_ESTIMATE


@dataclass(frozen=True, kw_only=True)
class Sure:
    """What one network answered: on n labelled pictures of the source that did not train it, and on m of the target."""

    source: Reals  # (n, C) probabilities
    source_right: NDArray[np.bool_]  # (n,)
    target: Reals  # (m, C)
    guesses: bool = False  # whether it answered the source no better than by chance: then its sureness means nothing


@dataclass(frozen=True, kw_only=True)
class AccuracyEstimate:
    """An accuracy that nobody has measured, 0..1."""

    accuracy: float
    low: float
    high: float
    apart: float  # share of the target's pictures whose answers are unlike the source's: taken off the lower end
    pictures: int  # of the target
    networks: int


def estimate(
    networks: Sequence[Sure],
    source_groups: NDArray[np.int64] | None = None,
    target_groups: NDArray[np.int64] | None = None,
    apart: float = 0.0,
) -> AccuracyEstimate | None:
    """The mean accuracy of these networks on the target; all were asked about the same pictures, in the same order.

    `apart`: as `answers_apart` of other arms found it; the larger of that and their own counts.
    `*_groups` (n,), (m,): pictures with the same number belong together, -1: alone. None for no network, for too few
    pictures, and where one of them guesses. Always the same for the same answers.
    """
    if not networks or min(len(networks[0].source), len(networks[0].target)) < FEWEST:
        return None
    if any(own.guesses for own in networks):
        return None
    random = np.random.default_rng(0)
    source = _weights(random, len(networks[0].source), source_groups)
    target = _weights(random, len(networks[0].target), target_groups)
    drawn = np.mean([_estimators(own, source, target) for own in networks], axis=0)  # (3, 1 + DRAWS)
    low, high = np.percentile(drawn[:, 1:], ENDS, axis=1)
    apart = max(apart, answers_apart(networks))
    return AccuracyEstimate(
        accuracy=float(drawn[0, 0]),
        low=max(0.0, float(min(low.min(), drawn[:, 0].min())) - apart),
        high=float(max(high.max(), drawn[:, 0].max())),
        apart=apart,
        pictures=len(networks[0].target),
        networks=len(networks),
    )


def answers_apart(networks: Sequence[Sure]) -> float:
    """0..1: the share of the target's pictures that a linear classifier tells from the source's by what these networks answer
    (logarithms of their probabilities), on average; 0 for too few pictures."""
    found = [distance(_logarithms(own.source), _logarithms(own.target)) for own in networks]
    return float(np.mean([own.value / 2 if own else 0.0 for own in found])) if found else 0.0


def _logarithms(probabilities: Reals) -> Reals:
    return np.asarray(np.log(np.clip(probabilities, LEAST, 1.0)))


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
