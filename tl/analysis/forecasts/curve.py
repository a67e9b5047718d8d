"""A measured learning curve, and the curves that could have given it: what is not known of it is in their spread.

Errors are shares of wrong answers, 0..1. Three things blur what was measured: which training pictures (and seeds), which
test pictures, and that nobody knows the law the curve follows. The first two are drawn anew, for the third several
families of curves are fitted to every draw and the spread is widened with the distance (see WIDENING).
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from msgspec import Meta

from tl.analysis import learning_curves
from tl.store.documents import Finite, Share

DRAWS = 1_000
FAR = 10.0  # nothing is said beyond this factor of the largest size that was measured
# Of the spread, at each doubling beyond the largest size. Fits are over-optimistic, which Mahmood et al. (arXiv
# 2207.01725) correct by a factor learned on other data; this one is a cautious choice, not learned. See the README for
# what other values hold: up to 2.5 times the pictures it hardly matters, further out nothing was tested.
WIDENING = 0.25
EARLY = 0.1  # of how much a size lies above the last: by so much the law may miss it, so that late sizes decide
SMALLEST = 1e-9  # variance
Size = Annotated[int, Meta(gt=0)]


@dataclass(frozen=True, kw_only=True)
class MeasuredCurve:
    """Errors on the test set at ascending numbers of training pictures."""

    sizes: tuple[Size, ...]  # training pictures
    errors: tuple[Annotated[tuple[Share, ...], Meta(min_length=1)], ...]  # of each size one per subset or seed
    # (sizes, sizes): how the mean errors would vary together with other test pictures of the same kind.
    covariance: tuple[tuple[Finite, ...], ...]
    pool: Size | None  # pictures that the subsets were drawn from; None: one sample of each size, several seeds

    @property
    def means(self) -> np.ndarray:
        """(sizes,) mean errors."""
        return np.array([np.mean(values) for values in self.errors])

    @property
    def largest(self) -> int:
        """The largest size."""
        return self.sizes[-1]

    def __post_init__(self) -> None:
        """Raises ValueError where the parts don't fit together."""
        rows = (len(self.errors), len(self.covariance), *map(len, self.covariance))
        if not self.sizes or self.sizes != tuple(sorted({*self.sizes})) or {*rows} != {len(self.sizes)}:
            raise ValueError("its sizes are not ascending, or a part has not one entry for each")  # not shown


@dataclass(frozen=True)
class Fits:
    """Curves that could have given what was measured, and one that fits it best."""

    grid: np.ndarray  # (G,) sizes from the smallest to FAR times the largest
    draws: np.ndarray  # (DRAWS, G) errors
    levels: np.ndarray  # (DRAWS,) errors that the curves come down to in the end
    now: np.ndarray  # (DRAWS,) errors at the largest size, as measured, with other test and training pictures
    single: np.ndarray  # (sizes,) standard deviation of one training's error, by its training pictures and seed
    scatter: float  # root mean square of measured minus fitted errors


def fits(curve: MeasuredCurve) -> Fits:
    """Fit every draw. The same curve gives the same draws. Needs tl.analysis.learning_curves.MIN_SIZES sizes."""
    sizes, means = np.array(curve.sizes, float), curve.means
    covariance = np.array(curve.covariance)
    single, variance = _training_noise(curve)
    early = EARLY * np.maximum(means - means[-1], 0)
    weights = 1 / (variance + early**2 + SMALLEST)
    laws = (learning_curves.fit_many, _without_floor)
    points = [law(sizes, means, weights) for law in laws]
    left = np.array([(weights * (means - learning_curves.errors_at(point, sizes)) ** 2).sum() for point in points])
    freedom = len(sizes) - 3
    # Where even the best law misses by more than the noise that is known of, there is more of it.
    more = max(1.0, left.min() / freedom)
    chances = np.exp(
        -0.5 * (left - left.min()) / more - np.array([1.0, 0.0])
    )  # Akaike's, a parameter less for the second
    random = np.random.default_rng(0)
    noise = np.diag(variance * more) + covariance
    drawn = np.clip(random.multivariate_normal(means, noise, DRAWS, method="eigh"), 0, 1)
    which = random.choice(len(laws), DRAWS, p=chances / chances.sum())
    grid = np.unique(np.concatenate([np.geomspace(sizes[0], FAR * sizes[-1], 400), sizes]))
    errors, levels = np.empty((DRAWS, len(grid))), np.empty(DRAWS)
    for number, law in enumerate(laws):
        rows = which == number
        parameters = law(sizes, drawn[rows], weights)
        errors[rows], levels[rows] = learning_curves.errors_at(parameters, grid), parameters[2]
    middle = np.median(errors, 0)
    wide = 1 + WIDENING * np.maximum(0, np.log2(grid / sizes[-1]))
    scatter = np.sqrt(np.mean((means - learning_curves.errors_at(points[int(left.argmin())], sizes)) ** 2))
    return Fits(
        grid=grid,
        draws=np.clip(middle + wide * (errors - middle), 0, 1),
        levels=levels,
        now=drawn[:, -1],
        single=single * np.sqrt(more),
        scatter=float(scatter),
    )


def _training_noise(curve: MeasuredCurve) -> tuple[np.ndarray, np.ndarray]:
    """(sizes,) standard deviation of one training's error, and variance of the mean of those that were made.

    It falls with 1 / n. Subsets of a share n / pool of the pictures overlap: that share of their noise is in all of them,
    and their spread shows the rest alone. Where each size is one sample, all of that noise is in every training.
    """
    sizes = np.array(curve.sizes, float)
    counts = np.array([len(values) for values in curve.errors], float)
    overlap = np.zeros(len(sizes)) if curve.pool is None else np.minimum(sizes / curve.pool, 1.0)
    squares = np.array([np.sum((np.array(values) - np.mean(values)) ** 2) for values in curve.errors])
    known = (counts > 1) & (overlap < 1)
    freedom = (counts - 1)[known].sum()
    rate = (squares * sizes / np.maximum(1 - overlap, SMALLEST))[known].sum() / freedom if freedom else 0.0
    single = rate / sizes
    common = np.ones(len(sizes)) if curve.pool is None else overlap
    return np.sqrt(single), single * ((1 - common) / counts + common) + SMALLEST


def _without_floor(sizes: np.ndarray, errors: np.ndarray, weights: np.ndarray) -> learning_curves.Parameters:
    """The power law a * n**-b, which comes down to no errors at all; arguments and result as of curves.fit_many."""
    middle = np.exp(np.log(sizes).mean())
    share = weights / weights.sum()
    exponents = np.broadcast_to(np.geomspace(0.01, 4.0, 80), (*errors.shape[:-1], 80))
    for _ in range(3):
        falling = (sizes / middle) ** -exponents[..., None]  # (..., G, sizes)
        a = (share * falling * errors[..., None, :]).sum(-1) / (share * falling**2).sum(-1)
        left = (share * (errors[..., None, :] - a[..., None] * falling) ** 2).sum(-1)
        best = left.argmin(-1)[..., None]
        low, high = (
            np.take_along_axis(exponents, np.clip(best + step, 0, exponents.shape[-1] - 1), -1) for step in (-1, 1)
        )
        found = tuple(np.take_along_axis(values, best, -1)[..., 0] for values in (a, exponents))
        exponents = low + (high - low) * np.linspace(0, 1, 13)
    a, b = found
    return a * middle**b, b, np.zeros_like(a)
