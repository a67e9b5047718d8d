"""The time to the target accuracy as a number of the verdict card."""

from tl.analysis.cost_results import SideTime, TimeToTarget
from tl.analysis.time_wording import about_equal
from tl.languages import joined, later, say
from tl.report.measure import Measure, pictures, span
from tl.words import duration, mean_count, not_available, number_of, percent

FACTORS = {  # what bounds the factor of a time, whether it is sooner -> in words
    ("", True): later("{factor:.1f}× sooner"),
    ("", False): later("{factor:.1f}× later"),
    (">", True): later(">{factor:.1f}× sooner"),
    (">", False): later("<{factor:.1f}× later"),
    ("<", True): later("<{factor:.1f}× sooner"),
    ("<", False): later(">{factor:.1f}× later"),
}


def time_measure(time: TimeToTarget) -> Measure | None:
    """How much sooner the arm got to the target; None where there is none."""
    target, speedup = time.target_accuracy, time.speedup
    if target is None:
        return None
    label, about = say("Time to {accuracy}", accuracy=percent(target, 0)), _time_help(time)
    if not time.comparable:
        why = say("different devices") if time.devices else say("the machine was busy")
        return Measure(label, say("not comparable"), why, joined([about, _reached(time)]))
    note: str = say("{arm} vs {baseline}", arm=_side(time.arm, time.runs), baseline=_side(time.baseline, time.runs))
    value: str
    if speedup and about_equal(speedup.value):
        value = say("about equal")
    elif speedup:
        value = _times(speedup.value)
        if time.saved is not None and time.saved > 0:
            note = say("saves {share} of {time}", share=percent(time.saved, 0), time=duration(time.baseline.seconds))
    elif time.speedup_at_least:
        value = _times(time.speedup_at_least, ">")
    elif time.speedup_at_most:
        value = _times(time.speedup_at_most, "<")
    elif min(time.arm.reached, time.baseline.reached) < time.runs:
        value = say("not reached")
    else:
        value = not_available()
    return Measure(label, value, note, about)


def _time_help(time: TimeToTarget) -> str:
    target, arm, baseline = percent(time.target_accuracy), time.arm, time.baseline
    told = [
        say("Computing time until the first evaluation with a validation accuracy of {target} or more.", target=target)
    ]
    if arm.seconds and baseline.seconds:
        own, other = duration(arm.seconds), duration(baseline.seconds)
        told.append(say("On average: {arm} against {baseline}.", arm=own, baseline=other))
    if time.speedup and time.speedup.low is not None and time.speedup.high is not None:
        between = span(time.speedup.low, time.speedup.high, lambda value: f"{value:.1f}")
        told.append(say("95 % interval of the factor: {interval}.", interval=between))
    if arm.epochs and baseline.epochs:
        own, other = mean_count(arm.epochs), mean_count(baseline.epochs)
        told.append(say("Epochs: {arm} against {baseline}.", arm=own, baseline=other))
    if arm.images and baseline.images:
        own, other = pictures(arm.images), pictures(baseline.images)
        told.append(say("Pictures seen: {arm} against {baseline}.", arm=own, baseline=other))
    return joined(told)


def _reached(time: TimeToTarget) -> str:
    return say(
        "{arm} of {runs} reached it, against {baseline}; other programs kept the machine busy.",
        arm=time.arm.reached,
        runs=number_of(time.runs, "run"),
        baseline=time.baseline.reached,
    )


def _side(side: SideTime, runs: int) -> str:
    if side.seconds is not None:
        return duration(side.seconds)
    if side.reached:
        return say("{number} of {runs}", number=side.reached, runs=number_of(runs, "run"))
    if side.not_reached_in is None:
        return say("not reached")
    return say("not in {time}", time=duration(side.not_reached_in))


def _times(ratio: float, bound: str = "") -> str:
    """How much sooner or later, `bound`: ">" where the factor may be larger ("so many times later" may then be fewer), "<"
    where it may be smaller."""
    sooner = ratio >= 1
    return say(FACTORS[bound, sooner], factor=ratio if sooner else 1 / ratio)
