"""What a sweep found at each size, in words and as rows for its charts. The page and reports show both."""

from typing import TYPE_CHECKING

from tl.analysis.cost_results import TimeToTarget
from tl.analysis.curves import MIN_SIZES
from tl.analysis.names import title
from tl.analysis.results import Interval
from tl.analysis.sweep_results import SweepComparison, SweepFinding, Worth
from tl.analysis.sweep_wording import COVERS, begins, between, though_not
from tl.words import NOT_AVAILABLE, about, count, duration, number_of, percent, points

if TYPE_CHECKING:
    from tl.charts.sizes import SizeRows

BOUNDS: dict[str | None, str] = {"at_least": "at least ", "at_most": "at most ", None: ""}
SIZES_HEAD = (
    "Pictures",
    "Arm",
    "Test accuracy",
    "95 % interval",
    "n",
    "Gain",
    "Worth in pictures",
    "Time saved",
    "Computing time of a run",
)
BREAK_EVEN_HEAD = ("Arm", "Worth it up to", "95 % interval")


def gain(found: Interval | None) -> str:
    """ "+20.0 points (18.1 to 21.9)": a paired difference on the test set."""
    if found is None:
        return NOT_AVAILABLE
    if found.low is None or found.high is None:
        return points(found.mean)
    low, high = (points(end).removesuffix(" points") for end in (found.low, found.high))
    return f"{points(found.mean)} ({low} to {high})"


def interval(found: Interval | None) -> str:
    """ "70.1 to 73.7 % for new pictures": an accuracy's 95 % interval and what it is for."""
    if found is None or found.low is None or found.high is None:
        return NOT_AVAILABLE
    return f"{100 * found.low:.1f} to {percent(found.high)} {COVERS[found.basis]}"


def worth(entry: Worth | None) -> str:
    """ "3.8 times (380; 3.1 to 4.6)": the ratio, what it is in pictures, its interval."""
    if entry is None:
        return NOT_AVAILABLE
    between = ""
    if entry.low is not None and entry.bound is None:
        between = f"; {entry.low:.1f} " + ("or more" if entry.high is None else f"to {entry.high:.1f}")
    return f"{BOUNDS[entry.bound]}{entry.ratio:.1f} times ({count(entry.pictures)}{between})"


def saved(time: TimeToTarget) -> str:
    """Share of the baseline's time to the target; a bound where one side never gets there."""
    if time.saved is not None:
        return f"{percent(time.saved, 0)}, {duration(time.arm.seconds)} against {duration(time.baseline.seconds)}"
    if time.speedup_at_least and time.speedup_at_least > 1:
        return f"at least {percent(1 - 1 / time.speedup_at_least, 0)}"
    return NOT_AVAILABLE


def break_even_rows(found: SweepFinding) -> list[tuple[str, str, str]]:
    """Every arm against the baseline, columns BREAK_EVEN_HEAD."""
    return [(title(arm), *_break_even(compared, found.margin)) for arm, compared in found.comparisons.items()]


def _break_even(compared: SweepComparison, margin: float) -> tuple[str, str]:
    """Up to how many pictures an arm is worth it, and the interval of that."""
    even = compared.break_even
    if even is None:
        return f"{NOT_AVAILABLE}: it needs at least {MIN_SIZES} finished sizes", ""
    exceptions = though_not(compared, margin)
    if even.n is None:
        return (
            f"beyond {count(even.beyond)} pictures{exceptions}",
            f"from {begins(even)}{_for(compared)}" if even.low else "",
        )
    number = f"at most {count(even.n)}" if even.at_most else f"about {about(even.n)}"
    return f"{number} pictures{exceptions}", f"{between(even)}{_for(compared)}" if even.low else ""


def _for(compared: SweepComparison) -> str:
    """ " for new pictures; 3 seeds"."""
    seeds = max(compared.seeds.values())
    words = f" {COVERS[compared.basis]}" if compared.basis in COVERS else ""
    return f"{words}; {number_of(seeds, 'seed')}"


def size_rows(found: SweepFinding) -> list[tuple[str | int, ...]]:
    """Every size and arm, columns SIZES_HEAD; what is measured against the baseline stays empty for the baseline."""
    return [_size_row(found, size, arm) for size in found.sizes for arm in found.arms]


def _size_row(found: SweepFinding, size: int, arm: str) -> tuple[str | int, ...]:
    entry, compared = found.arms[arm][size], found.comparisons.get(arm)
    reached = entry.accuracy
    between = ""
    if reached and reached.low is not None and reached.high is not None:
        between = f"{100 * reached.low:.1f} to {percent(reached.high)}"
    against = ("", "", "")
    if compared:
        against = (
            gain(compared.gain[size]),
            worth(compared.worth_in_pictures.get(size)),
            NOT_AVAILABLE
            if found.works_on
            else saved(compared.time_to_target[size]),  # on the source's: not what counts
        )
    accuracy = percent(reached.mean if reached else None)
    return (count(size), title(arm), accuracy, between, entry.seeds, *against, duration(entry.seconds))


def chart_rows(found: SweepFinding, titles: dict[str, str]) -> "SizeRows":
    """The same for the charts; `titles`: arm -> its name as shown."""
    from tl.charts.sizes import FittedCurve, SizeRows  # altair

    reached = [(arm, size, entry) for arm, sizes in found.arms.items() for size, entry in sizes.items()]
    even = found.best.break_even if found.best else None
    return SizeRows(
        sizes=found.sizes,
        arms=tuple(titles.values()),
        points=[
            (
                titles[arm],
                size,
                entry.accuracy.mean,
                entry.accuracy.low,
                entry.accuracy.high,
                entry.seeds,
                interval(entry.accuracy),
            )
            for arm, size, entry in reached
            if entry.accuracy
        ],
        runs=[
            (titles[arm], size, accuracy, seed)
            for arm, size, entry in reached
            for seed, accuracy in entry.test_accuracies.items()
            if entry.seeds > 1
        ],
        curves={
            titles[arm]: None
            if curve is None
            else FittedCurve(a=curve.a, b=curve.b, c=curve.c, smallest=min(curve.residuals), largest=curve.largest)
            for arm, curve in found.curves.items()
        },
        residuals=[
            (titles[arm], size, -100 * value)
            for arm, curve in found.curves.items()
            if curve
            for size, value in curve.residuals.items()
        ],
        break_even=None if even is None or even.at_most else even.n,
    )
