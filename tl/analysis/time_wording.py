"""The time to the target accuracy as a clause of a sentence."""

from tl.analysis import fairness_wording
from tl.analysis.cost_results import TimeToTarget
from tl.analysis.guessing import LEAST_LEARNED
from tl.analysis.names import inside
from tl.analysis.results import ArmSummary, Learning, Verdict
from tl.words import duration, number_of, percent

ABOUT_EQUAL = 1.05  # times that differ by a smaller factor are called about equal


def about_equal(factor: float) -> bool:
    """Whether two times that differ by this factor are called about equal."""
    return 1 / ABOUT_EQUAL < factor < ABOUT_EQUAL


def clause(found: Verdict, name: str) -> str:
    """How much sooner or later the arm got to the target; why no times are compared is a sentence of its own.

    Empty where there is no target or nothing was timed.
    """
    time = found.comparisons[name].time_to_target
    if time.near_chance:
        return _nothing_to_time(found, name)
    if time.target_accuracy is None:
        return ""
    if time.devices:
        return f"; they trained on different devices ({' and '.join(time.devices)}), so times can't be compared"
    if not time.comparable:
        return "; the machine was busy with other programs, so times can't be compared"
    told = _told(found, name, time)
    if not told:
        return ""
    disturbed = _disturbed(time.disturbed_epochs) if time.disturbed_epochs else ""
    return told + disturbed + (_reused(time.reused_seconds) if time.reused_seconds else "")


def _reused(seconds: float) -> str:
    return f". Work that runs shared counts in full for each of them ({duration(seconds)} of it was reused)"


def _disturbed(epochs: int) -> str:
    they = "it counts" if epochs == 1 else "they count"
    busy = f"In {number_of(epochs, 'epoch')} other programs kept the machine busy"
    return f". {busy}; {they} with the time of undisturbed ones"


def _told(found: Verdict, name: str, time: TimeToTarget) -> str:
    target, baseline = percent(time.target_accuracy or 0.0, 0), inside(found.against(name))
    slow, quick = time.baseline.seconds, time.arm.seconds
    in_vain, arm_in_vain = time.baseline.not_reached_in, time.arm.not_reached_in
    if quick and slow:
        return _both(target, slow, quick)
    if quick and in_vain:
        some = f"in {time.baseline.reached} of {time.runs} runs, in the rest not"
        where = some if time.baseline.reached else "not"
        return f"; it reached {target} after {duration(quick)}, {baseline} did {where} in {duration(in_vain)}"
    if slow and arm_in_vain:
        some = f"reached {target} in {time.arm.reached} of {time.runs} runs, in the rest not"
        where = some if time.arm.reached else f"did not reach {target}"
        return f"; it {where} in {duration(arm_in_vain)}, {baseline} did after {duration(slow)}"
    if in_vain and arm_in_vain:
        return f"; not every run reached {target}, on either side"
    return ""


def _both(target: str, slow: float, quick: float) -> str:
    factor, seconds = slow / quick, f"({duration(quick)} against {duration(slow)})"
    if about_equal(factor):
        return f"; both reached {target} after about the same time {seconds}"
    if factor > 1:
        return f"; it reached {target} {factor:.1f} times sooner {seconds}"
    return f"; it took {1 / factor:.1f} times as long to reach {target} {seconds}"


def _nothing_to_time(found: Verdict, name: str) -> str:
    """Why no time is compared: an accuracy close to what guessing reaches says too little of what was learned.

    Empty where it is told anyhow that one side did no better than guessing.
    """
    gain = found.comparisons[name].gain
    guessed = any(
        found.summary[side].ledger.learning == Learning.LEARNED_NOTHING for side in (found.against(name), name)
    )
    if guessed and gain and fairness_wording.told(found, name, gain.mean):
        return ""
    chance = percent(found.chance, 0)
    little = [side for side in (found.against(name), name) if _learned_little(found.summary[side])]
    if not little:
        return f". The target is too close to chance ({chance}), so times can't be compared"
    who = "neither arm learned much" if len(little) > 1 else f"{inside(little[0])} learned next to nothing"
    reached = " and ".join(percent(found.summary[side].ledger.counted_accuracy, 0) for side in little)
    return f". {who[0].upper()}{who[1:]} ({reached}, chance is {chance}), so times can't be compared"


def _learned_little(own: ArmSummary) -> bool:
    accuracy, chance = own.ledger.counted_accuracy, own.ledger.chance
    if accuracy is None or chance is None:
        return False
    return own.above_guessing is False or accuracy < chance + LEAST_LEARNED * (1 - chance)
