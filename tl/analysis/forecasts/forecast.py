"""How many more pictures an accuracy takes: read off a measured learning curve, with an interval, or refused with the reason.

Codes and values only; tl.analysis.forecasts.wording says them.
"""

from dataclasses import dataclass, replace

import numpy as np

from tl.analysis import learning_curves
from tl.analysis.forecasts.curve import FAR, Fits, MeasuredCurve, fits
from tl.config import refusal
from tl.store.documents import Count, Finite, Share

CONFIDENCE = 0.8  # of the intervals: eight in ten curves that could have given what was measured lie within
TAIL = (1 - CONFIDENCE) / 2
DEVIATIONS = 1.2816  # of a normal distribution, to either side, that hold CONFIDENCE of it
SURE = 2.0  # standard errors by which the curve must fall from its first size to its last
BAND_POINTS = 40  # at which the band is kept
FEW_SIZES, NOT_FALLING, SCATTER, REACHED, LEVELS_OFF = "few_sizes", "not_falling", "scatter", "reached", "levels_off"
REASONS = {  # why there is no number of pictures -> names of the values that come with the reason
    FEW_SIZES: ("sizes", "needed"),
    NOT_FALLING: ("first", "last"),
    SCATTER: ("fall", "scatter"),
    REACHED: ("accuracy", "pictures"),
    LEVELS_OFF: ("level",),
}


@dataclass(frozen=True, kw_only=True)
class AccuracyInterval:
    """An accuracy and its interval, 0..1."""

    mean: Share
    low: Share
    high: Share


@dataclass(frozen=True, kw_only=True)
class BandPoint:
    """What accuracy is expected of a training with `pictures` pictures."""

    pictures: Count
    mean: Share
    low: Share
    high: Share

    def holds(self, accuracy: float, test_pictures: int) -> bool:
        """Whether a later training came out as expected: what so many other test pictures may show by chance is allowed."""
        chance = DEVIATIONS * float(np.sqrt(self.mean * (1 - self.mean) / test_pictures))
        low, high = (float(np.hypot(self.mean - end, chance)) for end in (self.low, self.high))
        return self.mean - low <= accuracy <= self.mean + high


@dataclass(frozen=True)
class Refusal:
    """Why there is no number of pictures."""

    reason: str  # key of REASONS
    values: dict[str, Finite]  # those that REASONS names

    def __post_init__(self) -> None:
        """Raises ValueError for a reason that is not known, or other values than it has."""
        if {*self.values} != {*REASONS.get(self.reason, ("unknown",))}:
            raise ValueError("its reason is not known")  # not shown


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """How many more training pictures one arm takes to reach an accuracy on the test set."""

    arm: str
    target: Share  # accuracy
    there: Count  # training pictures that are there
    largest: Count  # training pictures of the largest size that was measured
    now: AccuracyInterval | None = None  # accuracy at that size; None: nothing was measured
    more: Count | None = (
        None  # to label beyond those that are there, 0: none; None: no such number, or only `low` is known
    )
    low: Count | None = None  # interval of `more`; None where refused
    high: Count | None = None  # None: the interval has no upper end within `reach`
    bound: bool = False  # only that it takes `low` or more is known
    reach: Count  # training pictures up to which anything is said
    refused: Refusal | None = None
    band: tuple[BandPoint, ...] = ()  # the curve with its interval, up to `reach`; () where there is none


def check_target(target: float) -> None:
    """Refuse a target that no accuracy is."""
    if not 0 < target < 1:
        raise refusal(
            "target is {target:g}; it must be an accuracy between 0 and 1, such as 0.9 for 90 %.", target=target
        )


def forecast(curve: MeasuredCurve | None, arm: str, target: float, there: int) -> Forecast:
    """The forecast for `arm`, of which `curve` was measured (None: no size is finished), with `there` training pictures.

    Raises Refused for a target that is no accuracy; a curve that allows no forecast gives one with `refused`.
    """
    check_target(target)
    largest = curve.largest if curve else 0
    said = Forecast(arm=arm, target=target, there=there, largest=largest, reach=round(FAR * largest))
    if curve is None or len(curve.sizes) < learning_curves.MIN_SIZES:
        sizes, now = (len(curve.sizes), _as_measured(curve)) if curve else (0, None)
        return replace(said, now=now, refused=Refusal(FEW_SIZES, {"sizes": sizes, "needed": learning_curves.MIN_SIZES}))
    found = fits(curve)
    said = replace(said, now=_reading(1 - curve.means[-1], 1 - found.now))
    if curve.means[-1] <= 1 - target:
        size = int(next(n for n, error in zip(curve.sizes, curve.means, strict=True) if error <= 1 - target))
        reached = Refusal(REACHED, {"accuracy": 1 - float(curve.means[-1]), "pictures": size})
        return replace(said, refused=reached, band=band_of(found, curve))
    if reason := _ill_behaved(curve, found):
        return replace(said, refused=reason)
    return _read(curve, found, replace(said, band=band_of(found, curve)))


def _read(curve: MeasuredCurve, found: Fits, said: Forecast) -> Forecast:
    """Where the curves that could be it come down to the target."""
    beyond = found.grid >= curve.largest
    crossings = learning_curves.first_below(found.grid[beyond], found.draws[:, beyond], 1 - said.target)
    low, middle, high = np.quantile(crossings, (TAIL, 0.5, 1 - TAIL), method="nearest")
    level = 1 - float(np.quantile(found.levels, TAIL))  # what all but the most hopeful curves come to at most
    if level < said.target and np.isinf(low):
        return replace(said, refused=Refusal(LEVELS_OFF, {"level": 1 - float(np.median(found.levels))}))

    def more(pictures: float) -> int:
        return max(0, round(pictures) - said.there)

    bound = bool(np.isinf(middle))
    return replace(
        said,
        more=None if bound else more(float(middle)),
        low=more(said.reach if np.isinf(low) else np.floor(low)),
        high=None if np.isinf(high) else more(np.ceil(high)),
        bound=bound,
    )


def band_of(found: Fits, curve: MeasuredCurve) -> tuple[BandPoint, ...]:
    """The accuracies expected of one training at sizes up to FAR times the largest; it holds CONFIDENCE of them."""
    sizes = np.unique(np.round(np.geomspace(curve.sizes[0], FAR * curve.largest, BAND_POINTS)).astype(int))
    places = [int(np.abs(np.log(found.grid / size)).argmin()) for size in sizes]
    middles, lows, highs = expected(found, curve, np.array(places))
    return tuple(
        BandPoint(pictures=int(size), mean=1 - float(middle), low=1 - float(high), high=1 - float(low))
        for size, middle, low, high in zip(sizes, middles, lows, highs, strict=True)
    )


def expected(found: Fits, curve: MeasuredCurve, places: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Median and interval of the error of one training at `found.grid[places]`, its own noise included."""
    noise = np.random.default_rng(1).standard_normal((len(found.draws), 1))
    single = found.single[-1] * np.sqrt(curve.largest / found.grid[places])
    drawn = np.clip(found.draws[:, places] + noise * single, 0, 1)
    low, middle, high = np.quantile(drawn, (TAIL, 0.5, 1 - TAIL), axis=0)
    return middle, low, high


def _ill_behaved(curve: MeasuredCurve, found: Fits) -> Refusal | None:
    """Why nothing can be read off the curve; None where something can."""
    means = curve.means
    fall = float(means[0] - means[-1])
    if fall <= 0:
        return Refusal(NOT_FALLING, {"first": 1 - float(means[0]), "last": 1 - float(means[-1])})
    covariance = np.array(curve.covariance)
    ends = [0, -1]
    together = covariance[0, 0] + covariance[-1, -1] - 2 * covariance[0, -1]
    error = float(np.sqrt(max(0.0, together) + (found.single[ends] ** 2).sum()))
    blur = max(SURE * error, 2 * found.scatter)
    return Refusal(SCATTER, {"fall": fall, "scatter": blur}) if blur > fall else None


def _as_measured(curve: MeasuredCurve) -> AccuracyInterval:
    """The accuracy at the largest size; its interval from the test pictures alone."""
    mean = 1 - float(curve.means[-1])
    half = DEVIATIONS * float(np.sqrt(max(0.0, curve.covariance[-1][-1])))
    return AccuracyInterval(mean=mean, low=max(0.0, mean - half), high=min(1.0, mean + half))


def _reading(mean: float, draws: np.ndarray) -> AccuracyInterval:
    low, high = np.quantile(draws, (TAIL, 1 - TAIL))
    return AccuracyInterval(mean=float(mean), low=min(float(low), float(mean)), high=max(float(high), float(mean)))
