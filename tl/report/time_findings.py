"""The time to the target accuracy as a number of the verdict card."""

from tl.analysis.cost_results import SideTime, TimeToTarget
from tl.analysis.time_wording import about_equal
from tl.report.measure import Measure, pictures, span
from tl.words import NOT_AVAILABLE, duration, mean_count, number_of, percent


def time_measure(time: TimeToTarget) -> Measure | None:
    """How much sooner the arm got to the target; None where there is none."""
    target, speedup = time.target_accuracy, time.speedup
    if target is None:
        return None
    label, about = f"Time to {percent(target, 0)}", _time_help(time)
    if not time.comparable:
        why = "different devices" if time.devices else "the machine was busy"
        return Measure(label, "not comparable", why, f"{about} {_reached(time)}")
    note = f"{_side(time.arm, time.runs)} vs {_side(time.baseline, time.runs)}"
    if speedup and about_equal(speedup.value):
        value = "about equal"
    elif speedup:
        value = _times(speedup.value)
        if time.saved is not None and time.saved > 0:
            note = f"saves {percent(time.saved, 0)} of {duration(time.baseline.seconds)}"
    elif time.speedup_at_least:
        value = _bound(time.speedup_at_least, sooner=">", later="<")
    elif time.speedup_at_most:
        value = _bound(time.speedup_at_most, sooner="<", later=">")
    else:
        value = "not reached" if min(time.arm.reached, time.baseline.reached) < time.runs else NOT_AVAILABLE
    return Measure(label, value, note, about)


def _time_help(time: TimeToTarget) -> str:
    target, arm, baseline = percent(time.target_accuracy), time.arm, time.baseline
    text = f"Computing time until the first evaluation with a validation accuracy of {target} or more."
    if arm.seconds and baseline.seconds:
        text += f" On average: {duration(arm.seconds)} against {duration(baseline.seconds)}."
    if time.speedup and time.speedup.low is not None and time.speedup.high is not None:
        between = span(time.speedup.low, time.speedup.high, lambda value: f"{value:.1f}")
        text += f" 95 % interval of the factor: {between}."
    if arm.epochs and baseline.epochs:
        text += f" Epochs: {mean_count(arm.epochs)} against {mean_count(baseline.epochs)}."
    if arm.images and baseline.images:
        text += f" Pictures seen: {pictures(arm.images)} against {pictures(baseline.images)}."
    return text


def _reached(time: TimeToTarget) -> str:
    arm, baseline = time.arm.reached, time.baseline.reached
    return (
        f"{arm} of {number_of(time.runs, 'run')} reached it, against {baseline}; other programs kept the machine busy."
    )


def _side(side: SideTime, runs: int) -> str:
    if side.seconds is not None:
        return duration(side.seconds)
    if side.reached:
        return f"{side.reached} of {number_of(runs, 'run')}"
    return "not reached" if side.not_reached_in is None else f"not in {duration(side.not_reached_in)}"


def _times(ratio: float) -> str:
    return f"{ratio:.1f}× sooner" if ratio >= 1 else f"{1 / ratio:.1f}× later"


def _bound(ratio: float, *, sooner: str, later: str) -> str:
    """A bound of the factor: the sign for "so many times sooner" and, as that turns it round, for "later"."""
    return f"{sooner if ratio >= 1 else later}{_times(ratio)}"
