"""Networks times test pictures: how far a mean would move with other networks and other pictures.

Values are (..., S, K): S networks (seeds), K pictures or clusters of pictures; leading axes are repeats of a simulation.
The model is value = mean + network + picture + rest (crossed random effects); the mean squares are those of a two-way
layout. Sources: arXiv 2411.00640 (Miller), arXiv 2103.03098 (Bouthillier et al.). Plain numbers in and out.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from tl.analysis.statistics import MIN_PAIRS

Array = NDArray[np.float64]
FLOOR = 1.0  # squares that disagreements add up to at least: half a picture won and half a picture lost


@dataclass(frozen=True)
class Spread:
    """Mean and mean squares of values (..., S, K); `mean`, `networks`, `pictures`, `rest` are (...).

    The components of the variance of one value are (networks - rest) / K, (pictures - rest) / S and rest.
    """

    mean: Array
    networks: Array
    pictures: Array
    rest: Array
    seeds: int
    units: int
    least: float = 0.0  # variance that the pictures add at least

    def variance(self) -> Array:
        """Variance of the mean over new networks and new pictures, (...); of one network: over new pictures."""
        return np.asarray(self.of_pictures() + self.of_seeds())

    def of_pictures(self) -> Array:
        """What of it the pictures add: any number of networks leaves it."""
        return np.asarray(np.maximum((self.pictures - self.rest) / (self.seeds * self.units), self.least))

    def of_seeds(self) -> Array:
        """What of it other networks would move, with what is neither the network's nor the picture's."""
        return np.asarray(self.networks / (self.seeds * self.units))

    def half_width(self, confidence: float, for_pictures: float | None = None) -> Array:
        """Half the width of the mean's interval for new networks and new pictures, (...).

        Each part has Student's quantile with its own degrees of freedom, K - 1 and S - 1, and the squares of their half
        widths are added (Howe 1974). `for_pictures`: the confidence of the pictures' part, where it is another one.
        """
        pictures = stdtrit(max(1, self.units - 1), 0.5 + (for_pictures or confidence) / 2)
        seeds = 0.0 if self.seeds == 1 else stdtrit(self.seeds - 1, 0.5 + confidence / 2)
        return np.asarray(np.sqrt(pictures**2 * self.of_pictures() + seeds**2 * self.of_seeds()))

    def of_networks(self) -> float:
        """Variance of a mean of one network that other pictures would not take away."""
        return 0.0 if self.seeds == 1 else max(float(self.networks - self.rest), 0.0) / self.units

    def of_rest(self) -> float:
        """Variance of one network's mean from what is neither the network's nor the picture's."""
        return 0.0 if self.seeds == 1 else float(self.rest) / self.units


def gain_spread(
    right_arm: ArrayLike, right_baseline: ArrayLike, clusters: ArrayLike | None = None, classes: ArrayLike | None = None
) -> Spread:
    """Mean squares of paired differences; arguments as in `certainty.gain_interval`. Fewer than 3 seeds: their mean."""
    arm, baseline = (np.asarray(side, dtype=float) for side in (right_arm, right_baseline))
    if arm.shape != baseline.shape or arm.ndim != 2:
        raise ValueError(
            f"right answers are {arm.shape} and {baseline.shape}; they must be of the same (S, N)."  # not shown
        )
    return spread_of(arm - baseline, clusters, classes, FLOOR * unevenness(classes))


def spread_of(values: Array, clusters: ArrayLike | None, classes: ArrayLike | None, floor: float) -> Spread:
    """Mean squares of (S, N) values, clustered and balanced as `linearised` does; below 3 seeds of their mean."""
    if len(values) < MIN_PAIRS:  # nothing is known of other networks: these alone, as one
        values = values.mean(0, keepdims=True)
    return spread(linearised(values, clusters, classes), floor)


def spread(values: ArrayLike, floor: float = FLOOR) -> Spread:
    """Mean squares of values (..., S, K), K at least 2.

    Where hardly anything differs the variance that the pictures add is held up as if half a picture more had been won and
    half a picture lost (Agresti and Min 2005 for matched pairs): no disagreement in 45 pictures is no proof of none.
    `floor` is that picture's square, more where some pictures count for more (`unevenness`).
    """
    array = np.asarray(values, dtype=float)
    seeds, units = array.shape[-2:]
    least = floor / (units + 2) ** 2
    by_network, by_picture = array.mean(-1), array.mean(-2)
    mean = by_network.mean(-1)
    freedom = max(1, units - 1)
    of_pictures = seeds * ((by_picture - mean[..., None]) ** 2).sum(-1)
    if seeds == 1:
        return Spread(mean, np.zeros_like(mean), of_pictures / freedom, np.zeros_like(mean), 1, units, least)
    of_networks = units * ((by_network - mean[..., None]) ** 2).sum(-1)
    total = (array**2).sum((-1, -2)) - seeds * units * mean**2
    rest = np.maximum(total - of_networks - of_pictures, 0.0) / ((seeds - 1) * freedom)
    return Spread(mean, of_networks / (seeds - 1), of_pictures / freedom, rest, seeds, units, least)


def linearised(values: ArrayLike, clusters: ArrayLike | None = None, classes: ArrayLike | None = None) -> Array:
    """(S, N) values -> (S, K) whose means over K are each network's figure and whose scatter is that figure's.

    Without `classes` (N,) the figure is the mean over pictures, with them the mean over classes of each class's mean
    (balanced accuracy). With `clusters` (N,) pictures of the same number are one unit (a ratio estimator: a mean over
    pictures whose clusters were drawn); -1 is a picture alone.
    """
    array = np.asarray(values, dtype=float)
    count = array.shape[-1]
    if classes is not None:
        array = _balanced(array, np.asarray(classes))
    if clusters is None:
        return array
    unit = units_of(clusters)
    order = np.argsort(unit, kind="stable")
    starts = np.flatnonzero(np.diff(unit[order], prepend=-1))  # (K,) where each unit begins
    figure = array.mean(-1, keepdims=True)
    sums = np.add.reduceat((array - figure)[..., order], starts, axis=-1)
    return np.asarray(figure + len(starts) / count * sums)


def _balanced(values: Array, classes: NDArray[np.int64]) -> Array:
    _, place, sizes = np.unique(classes, return_inverse=True, return_counts=True)
    member = np.eye(len(sizes))[place] / sizes[place][:, None]  # (N, C): a mean of each class
    means = values @ member  # (S, C)
    figure = means.mean(-1, keepdims=True)
    weight = len(place) / (len(sizes) * sizes)
    small = np.sqrt(sizes / np.maximum(sizes - 1, 1))  # a mean of few pictures lies too close to them
    return np.asarray(figure + (weight * small)[place] * (values - means[..., place]))


def units_of(clusters: ArrayLike) -> NDArray[np.int64]:
    """(N,) cluster numbers, -1 alone -> (N,) numbers from 0, each picture alone with one of its own."""
    numbers = np.array(clusters, dtype=np.int64)
    alone = numbers < 0
    numbers[alone] = numbers.max(initial=0) + 1 + np.arange(int(alone.sum()))
    return np.unique(numbers, return_inverse=True)[1].astype(np.int64)


def draws(clusters: ArrayLike) -> int:
    """How many pictures were drawn independently, of those in these clusters (N,): one cluster is one draw."""
    return int(units_of(clusters).max(initial=-1)) + 1


def unevenness(classes: ArrayLike | None) -> float:
    """Mean square of the pictures' weights in balanced accuracy: 1 where all classes are of one size, else more."""
    if classes is None:
        return 1.0
    sizes = np.unique(np.asarray(classes), return_counts=True)[1]
    return float(sizes.sum() * (1 / sizes).sum() / len(sizes) ** 2)
