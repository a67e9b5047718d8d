"""The time to the target accuracy: a clause of a sentence, and sentences of its own."""

from tl.analysis import fairness_wording
from tl.analysis.cost_results import TimeToTarget
from tl.analysis.guessing import LEAST_LEARNED
from tl.analysis.names import beginning, inside
from tl.analysis.results import ArmSummary, Learning, Verdict
from tl.languages import later, listed, plural, say
from tl.words import duration, percent

ABOUT_EQUAL = 1.05  # times that differ by a smaller factor are called about equal
ONE_SIDE = {  # whether it was the arm whose runs all got to the target, whether some of the other side did -> words
    (True, False): later("it reached {target} after {time}, but {baseline} did not in {limit}"),
    (True, True): later(
        "it reached {target} after {time}; {baseline} did in {reached} of {runs} runs, but not within {limit} in the "
        "rest"
    ),
    (False, False): later("it did not reach {target} in {limit}, but {baseline} did after {time}"),
    (False, True): later(
        "it reached {target} in {reached} of {runs} runs, but not within {limit} in the rest; {baseline} did after "
        "{time}"
    ),
}


def about_equal(factor: float) -> bool:
    """Whether two times that differ by this factor are called about equal."""
    return 1 / ABOUT_EQUAL < factor < ABOUT_EQUAL


def clause(found: Verdict, name: str) -> str:
    """How much sooner or later the arm got to the target; "" where there is no target, nothing was timed or nothing learned."""
    time = found.comparisons[name].time_to_target
    if time.near_chance or time.target_accuracy is None:
        return ""
    if time.devices:
        return say(
            "they trained on different devices ({devices}), so times can't be compared", devices=listed(time.devices)
        )
    if not time.comparable:
        return say("the machine was busy with other programs, so times can't be compared")
    return _told(found, name, time)


def sentences(found: Verdict, name: str) -> list[str]:
    """What stands after that clause: why nothing was timed, or what the times count."""
    time = found.comparisons[name].time_to_target
    if time.near_chance:
        return [_nothing_to_time(found, name)]
    if time.target_accuracy is None or time.devices or not time.comparable or not _told(found, name, time):
        return []
    disturbed = plural(
        "In {number:,} epoch other programs kept the machine busy; it counts with the time it would have taken undisturbed.",
        "In {number:,} epochs other programs kept the machine busy; they count with the time they would have taken undisturbed.",
        time.disturbed_epochs,
    )
    reused = later("Work that runs shared counts in full for each of them ({time} of it was reused).")
    return [
        disturbed if time.disturbed_epochs else "",
        say(reused, time=duration(time.reused_seconds)) if time.reused_seconds else "",
    ]


def _told(found: Verdict, name: str, time: TimeToTarget) -> str:
    target, arm, base = percent(time.target_accuracy or 0.0, 0), time.arm, time.baseline
    if arm.seconds and base.seconds:
        return _both(target, base.seconds, arm.seconds)
    for there, late in ((arm, base), (base, arm)):
        if there.seconds and late.not_reached_in:
            values = {"baseline": inside(found.against(name)), "reached": late.reached, "runs": time.runs}
            times = {"target": target, "time": duration(there.seconds), "limit": duration(late.not_reached_in)}
            return say(ONE_SIDE[there is arm, late.reached > 0], **times, **values)
    if base.not_reached_in and arm.not_reached_in:
        return say("not every run reached {target}, on either side", target=target)
    return ""


def _both(target: str, slow: float, quick: float) -> str:
    factor, times = slow / quick, {"target": target, "time": duration(quick), "other": duration(slow)}
    if about_equal(factor):
        return say("both reached {target} after about the same time ({time} against {other})", **times)
    if factor > 1:
        return say("it reached {target} {factor:.1f} times sooner ({time} against {other})", factor=factor, **times)
    return say(
        "it took {factor:.1f} times as long to reach {target} ({time} against {other})", factor=1 / factor, **times
    )


def _nothing_to_time(found: Verdict, name: str) -> str:
    """Why no time is compared: an accuracy close to what guessing reaches says too little of what was learned.

    Empty where it is told anyhow that one side did no better than guessing.
    """
    gain = found.comparisons[name].gain
    guessed = any(
        found.summary[side].ledger.learning == Learning.LEARNED_NOTHING for side in (found.against(name), name)
    )
    if guessed and gain and fairness_wording.fairness_sentences(found, name, gain.mean):
        return ""
    chance = percent(found.chance, 0)
    little = [side for side in (found.against(name), name) if _learned_little(found.summary[side])]
    if not little:
        return say("The target is too close to chance ({chance}), so times can't be compared.", chance=chance)
    reached = [percent(found.summary[side].ledger.counted_accuracy, 0) for side in little]
    if len(little) > 1:
        return say(
            "Neither arm learned much ({one} and {other}, chance is {chance}), so times can't be compared.",
            one=reached[0],
            other=reached[1],
            chance=chance,
        )
    return say(
        "{arm} learned next to nothing ({accuracy}, chance is {chance}), so times can't be compared.",
        arm=beginning(little[0]),
        accuracy=reached[0],
        chance=chance,
    )


def _learned_little(own: ArmSummary) -> bool:
    accuracy, chance = own.ledger.counted_accuracy, own.ledger.chance
    if accuracy is None or chance is None:
        return False
    return own.above_guessing is False or accuracy < chance + LEAST_LEARNED * (1 - chance)
