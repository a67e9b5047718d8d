"""Networks times test pictures: how far a mean would move with other networks and other pictures.

Values are (..., S, K): S networks (seeds), K pictures or clusters of pictures; leading axes are repeats of a simulation.
The model is value = mean + network + picture + rest (crossed random effects); the mean squares are those of a two-way
layout. Sources: arXiv 2411.00640 (Miller), arXiv 2103.03098 (Bouthillier et al.). Plain numbers in and out.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

Array = NDArray[np.float64]
FLOOR = 1.0  # squares that disagreements add up to at least: half a picture won and half a picture lost
SHARE = 0.5  # how far the variance is moved from its estimate to the largest of its parts


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

    def variance(self) -> Array:
        """Variance of the mean over new networks and new pictures, (...).

        Halfway between its unbiased estimate MS_A + MS_B - MS_E and the largest of that, MS_A and MS_B: with few seeds
        the estimate is often far too small, the largest often too large. One network: pictures alone.
        """
        if self.seeds == 1:
            return np.asarray(self.pictures / self.units)
        estimate = np.maximum(self.networks + self.pictures - self.rest, 0.0)
        largest = np.maximum(estimate, np.maximum(self.networks, self.pictures))
        return np.asarray(((1 - SHARE) * estimate + SHARE * largest) / (self.seeds * self.units))

    def freedom(self) -> Array:
        """Degrees of freedom of that variance (Satterthwaite), (...); at least those of the networks."""
        pictures = np.asarray(float(max(1, self.units - 1)))
        if self.seeds == 1:
            return np.broadcast_to(pictures, np.shape(self.mean))
        networks = self.seeds - 1.0
        squares = self.networks**2 / networks + self.pictures**2 / pictures + self.rest**2 / (networks * pictures)
        total = self.variance() * self.seeds * self.units
        known = squares > 0
        return np.where(known, np.maximum(total**2 / np.where(known, squares, 1.0), networks), pictures)

    def half_width(self, confidence: float) -> Array:
        """Half the width of Student's t interval of the mean for new networks and new pictures, (...)."""
        return np.asarray(stdtrit(self.freedom(), 0.5 + confidence / 2) * np.sqrt(self.variance()))

    def of_pictures(self) -> float:
        """Variance of the mean from the pictures alone, were there any number of networks; above 0."""
        if self.seeds == 1:
            return float(self.pictures) / self.units
        least = FLOOR / (self.units + 2) ** 2
        return max(float(self.pictures - self.rest) / (self.seeds * self.units), least)

    def of_networks(self) -> float:
        """Variance of a mean of one network that other pictures would not take away."""
        return 0.0 if self.seeds == 1 else max(float(self.networks - self.rest), 0.0) / self.units

    def of_rest(self) -> float:
        """Variance of one network's mean from what is neither the network's nor the picture's."""
        return 0.0 if self.seeds == 1 else float(self.rest) / self.units


def spread(values: ArrayLike, floor: float = FLOOR) -> Spread:
    """Mean squares of values (..., S, K), K at least 2.

    Where hardly anything differs the mean square of the pictures is held up as if half a picture more had been won and
    half a picture lost (Agresti and Min 2005 for matched pairs): no disagreement in 45 pictures is no proof of none.
    `floor` is that picture's square, more where some pictures count for more (`unevenness`).
    """
    array = np.asarray(values, dtype=float)
    seeds, units = array.shape[-2:]
    by_network, by_picture = array.mean(-1), array.mean(-2)
    mean = by_network.mean(-1)
    of_pictures = seeds * ((by_picture - mean[..., None]) ** 2).sum(-1)
    least = floor * seeds * units * (units - 1) / (units + 2) ** 2  # variance of the mean: floor / (K + 2)^2
    freedom = max(1, units - 1)
    pictures = np.maximum(of_pictures, least) / freedom
    if seeds == 1:
        return Spread(mean, np.zeros_like(mean), pictures, np.zeros_like(mean), 1, units)
    of_networks = units * ((by_network - mean[..., None]) ** 2).sum(-1)
    total = (array**2).sum((-1, -2)) - seeds * units * mean**2
    rest = np.maximum(total - of_networks - of_pictures, 0.0) / ((seeds - 1) * freedom)
    return Spread(mean, of_networks / (seeds - 1), pictures, rest, seeds, units)


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


def unevenness(classes: ArrayLike | None) -> float:
    """Mean square of the pictures' weights in balanced accuracy: 1 where all classes are of one size, else more."""
    if classes is None:
        return 1.0
    sizes = np.unique(np.asarray(classes), return_counts=True)[1]
    return float(sizes.sum() * (1 / sizes).sum() / len(sizes) ** 2)
