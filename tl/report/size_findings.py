"""What a sweep found at each size, in words and as rows for its charts. The page and reports show both."""

from typing import TYPE_CHECKING

from tl.analysis.break_even_wording import begins, between, though_not
from tl.analysis.cost_results import TimeToTarget
from tl.analysis.learning_curves import MIN_SIZES
from tl.analysis.names import title
from tl.analysis.results import Interval
from tl.analysis.sweep_results import SweepComparison, SweepFinding, Worth
from tl.analysis.sweep_wording import COVERS
from tl.languages import later, say
from tl.report.measure import span
from tl.words import about, count, duration, not_available, number_of, percent, points, signed

if TYPE_CHECKING:
    from tl.charts.sizes import SizeRows

WORTH: dict[str | None, str] = {  # bound -> what is said
    "at_least": later("at least {ratio:.1f} times ({pictures})"),
    "at_most": later("at most {ratio:.1f} times ({pictures})"),
    None: later("{ratio:.1f} times ({pictures})"),
}
PICTURES = later("Pictures")


def gain(found: Interval | None) -> str:
    """ "+20.0 points (18.1 to 21.9)": a paired difference on the test set."""
    if found is None:
        return not_available()
    if found.low is None or found.high is None:
        return points(found.mean)
    return say("{mean} ({interval})", mean=points(found.mean), interval=span(found.low, found.high, signed))


def interval(found: Interval | None) -> str:
    """ "70.1 to 73.7 % for new pictures": an accuracy's 95 % interval and what it is for."""
    if found is None or found.low is None or found.high is None:
        return not_available()
    return say("{interval} {covers}", interval=span(found.low, found.high, percent), covers=say(COVERS[found.basis]))


def worth(entry: Worth | None) -> str:
    """ "3.8 times (380; 3.1 to 4.6)": the ratio, what it is in pictures, its interval."""
    if entry is None:
        return not_available()
    ratio, number = entry.ratio, count(entry.pictures)
    if entry.low is None or entry.bound is not None:
        return say(WORTH[entry.bound], ratio=ratio, pictures=number)
    if entry.high is None:
        told = later("{ratio:.1f} times ({pictures}; {low:.1f} or more)")
        return say(told, ratio=ratio, pictures=number, low=entry.low)
    told = later("{ratio:.1f} times ({pictures}; {low:.1f} to {high:.1f})")
    return say(told, ratio=ratio, pictures=number, low=entry.low, high=entry.high)


def saved(time: TimeToTarget) -> str:
    """Share of the baseline's time to the target; a bound where one side never gets there."""
    if time.saved is not None:
        own, other = duration(time.arm.seconds), duration(time.baseline.seconds)
        return say("{share}, {arm} against {baseline}", share=percent(time.saved, 0), arm=own, baseline=other)
    if time.speedup_at_least and time.speedup_at_least > 1:
        return say("at least {share}", share=percent(1 - 1 / time.speedup_at_least, 0))
    return not_available()


def break_even_rows(found: SweepFinding) -> list[dict[str, str]]:
    """Every arm against the baseline: title (to be said) -> value."""
    return [
        {later("Arm"): title(arm), later("Worth it up to"): reach, later("95 % interval"): interval}
        for arm, compared in found.comparisons.items()
        for reach, interval in [_break_even(compared, found.margin)]
    ]


def _break_even(compared: SweepComparison, margin: float) -> tuple[str, str]:
    """Up to how many pictures an arm is worth it, and the interval of that."""
    even = compared.break_even
    if even is None:
        return say("not available: it needs at least {number} finished sizes", number=MIN_SIZES), ""
    exceptions = though_not(compared, margin)
    if even.n is None:
        number = say("beyond {number} pictures{exceptions}", number=count(even.beyond), exceptions=exceptions)
        return number, _for(say("from {number}", number=begins(even)), compared) if even.low else ""
    if even.at_most:
        number = say("at most {number} pictures{exceptions}", number=count(even.n), exceptions=exceptions)
    else:
        number = say("about {number} pictures{exceptions}", number=about(even.n), exceptions=exceptions)
    return number, _for(between(even), compared) if even.low else ""


def _for(interval: str, compared: SweepComparison) -> str:
    """ "340 to 520 for new pictures; 3 seeds"."""
    seeds = number_of(max(compared.seeds.values()), "seed")
    if compared.basis not in COVERS:
        return say("{interval}; {seeds}", interval=interval, seeds=seeds)
    covers = say(COVERS[compared.basis])
    return say("{interval} {covers}; {seeds}", interval=interval, covers=covers, seeds=seeds)


def size_rows(found: SweepFinding) -> list[dict[str, object]]:
    """Every size and arm, title (to be said) -> value; what is measured against the baseline stays empty for the baseline."""
    return [_size_row(found, size, arm) for size in found.sizes for arm in found.arms]


def _size_row(found: SweepFinding, size: int, arm: str) -> dict[str, object]:
    entry, compared = found.arms[arm][size], found.comparisons.get(arm)
    reached = entry.accuracy
    between = time = ""
    if reached and reached.low is not None and reached.high is not None:
        between = span(reached.low, reached.high, percent)
    if compared:  # times on the source's pictures are not what counts
        time = not_available() if found.works_on else saved(compared.time_to_target[size])
    return {
        PICTURES: count(size),
        later("Arm"): title(arm),
        later("Test accuracy"): percent(reached.mean if reached else None),
        later("95 % interval"): between,
        later("n"): entry.seeds,
        later("Gain"): gain(compared.gain[size]) if compared else "",
        later("Worth in pictures"): worth(compared.worth_in_pictures.get(size)) if compared else "",
        later("Time saved"): time,
        later("Computing time of a run"): duration(entry.seconds),
    }


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
