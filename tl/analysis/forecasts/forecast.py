"""How many more pictures an accuracy takes: read off a measured learning curve, with an interval, or refused with the reason.

Codes and values only; tl.analysis.forecasts.wording says them.
"""

from dataclasses import dataclass

import numpy as np

from tl.analysis import curves
from tl.analysis.forecasts.curve import FAR, Fits, MeasuredCurve, fits
from tl.config import Refused
from tl.languages import say
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


@dataclass(frozen=True, kw_only=True)
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
    now: AccuracyInterval | None  # accuracy at that size; None: nothing was measured
    more: Count | None  # to label beyond those that are there, 0: none; None: no such number, or only `low` is known
    low: Count | None  # interval of `more`; None where refused
    high: Count | None  # None: the interval has no upper end within `reach`
    bound: bool  # only that it takes `low` or more is known
    reach: Count  # training pictures up to which anything is said
    refused: Refusal | None
    band: tuple[BandPoint, ...]  # the curve with its interval, up to `reach`; () where there is none


def check_target(target: float) -> None:
    """Refuse a target that no accuracy is."""
    if not 0 < target < 1:
        raise Refused(
            say("target is {target:g}; it must be an accuracy between 0 and 1, such as 0.9 for 90 %.", target=target)
        )


def forecast(curve: MeasuredCurve | None, arm: str, target: float, there: int) -> Forecast:
    """The forecast for `arm`, of which `curve` was measured (None: no size is finished), with `there` training pictures.

    Raises Refused for a target that is no accuracy; a curve that allows no forecast gives one with `refused`.
    """
    check_target(target)
    if curve is None or len(curve.sizes) < curves.MIN_SIZES:
        sizes = 0 if curve is None else len(curve.sizes)
        now = None if curve is None else _as_measured(curve)
        largest = 0 if curve is None else curve.largest
        values: dict[str, float] = {"sizes": sizes, "needed": curves.MIN_SIZES}
        return _refused(arm, target, there, largest, now, FEW_SIZES, values)
    found = fits(curve)
    now = _reading(1 - curve.means[-1], 1 - found.now)
    if curve.means[-1] <= 1 - target:
        size = int(next(n for n, error in zip(curve.sizes, curve.means, strict=True) if error <= 1 - target))
        values = {"accuracy": now.mean, "pictures": size}
        return _refused(arm, target, there, curve.largest, now, REACHED, values, band_of(found, curve))
    if reason := _ill_behaved(curve, found):
        return _refused(arm, target, there, curve.largest, now, *reason)
    return _read(curve, found, arm, target, there, now)


def _read(curve: MeasuredCurve, found: Fits, arm: str, target: float, there: int, now: AccuracyInterval) -> Forecast:
    """Where the curves that could be it come down to the target."""
    beyond = found.grid >= curve.largest
    crossings = curves.first_below(found.grid[beyond], found.draws[:, beyond], 1 - target)
    low, middle, high = np.quantile(crossings, (TAIL, 0.5, 1 - TAIL), method="nearest")
    band = band_of(found, curve)
    level = 1 - float(np.quantile(found.levels, TAIL))  # what all but the most hopeful curves come to at most
    if level < target and np.isinf(low):
        values = {"level": 1 - float(np.median(found.levels))}
        return _refused(arm, target, there, curve.largest, now, LEVELS_OFF, values, band)
    reach = round(float(found.grid[-1]))
    bound = bool(np.isinf(middle))
    first = reach if np.isinf(low) else int(np.floor(low))
    return Forecast(
        arm=arm,
        target=target,
        there=there,
        largest=curve.largest,
        now=now,
        more=None if bound else _beyond(round(float(middle)), there),
        low=_beyond(first, there),
        high=None if np.isinf(high) else _beyond(int(np.ceil(high)), there),
        bound=bound,
        reach=reach,
        refused=None,
        band=band,
    )


def _beyond(pictures: int, there: int) -> int:
    return max(0, pictures - there)


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


def _ill_behaved(curve: MeasuredCurve, found: Fits) -> tuple[str, dict[str, float]] | None:
    """Why nothing can be read off the curve; None where something can."""
    means = curve.means
    fall = float(means[0] - means[-1])
    if fall <= 0:
        return NOT_FALLING, {"first": 1 - float(means[0]), "last": 1 - float(means[-1])}
    covariance = np.array(curve.covariance)
    ends = [0, -1]
    together = covariance[0, 0] + covariance[-1, -1] - 2 * covariance[0, -1]
    error = float(np.sqrt(max(0.0, together) + (found.single[ends] ** 2).sum()))
    blur = max(SURE * error, 2 * found.scatter)
    return (SCATTER, {"fall": fall, "scatter": blur}) if blur > fall else None


def _as_measured(curve: MeasuredCurve) -> AccuracyInterval:
    """The accuracy at the largest size; its interval from the test pictures alone."""
    mean = 1 - float(curve.means[-1])
    half = DEVIATIONS * float(np.sqrt(max(0.0, curve.covariance[-1][-1])))
    return AccuracyInterval(mean=mean, low=max(0.0, mean - half), high=min(1.0, mean + half))


def _reading(mean: float, draws: np.ndarray) -> AccuracyInterval:
    low, high = np.quantile(draws, (TAIL, 1 - TAIL))
    return AccuracyInterval(mean=float(mean), low=min(float(low), float(mean)), high=max(float(high), float(mean)))


def _refused(
    arm: str,
    target: float,
    there: int,
    largest: int,
    now: AccuracyInterval | None,
    reason: str,
    values: dict[str, float],
    band: tuple[BandPoint, ...] = (),
) -> Forecast:
    return Forecast(
        arm=arm,
        target=target,
        there=there,
        largest=largest,
        now=now,
        more=None,
        low=None,
        high=None,
        bound=False,
        reach=round(FAR * largest),
        refused=Refusal(reason=reason, values=values),
        band=band,
    )
