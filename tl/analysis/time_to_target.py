"""How long two arms took to an accuracy, as MLPerf counts it: first evaluation at or above, never extrapolated.

An arm that never gets there is censored, not blank; nothing is timed at an accuracy close to what guessing reaches.
"""

from collections.abc import Iterable, Sequence

from tl.analysis import statistics
from tl.analysis.cost_results import Ratio, SideTime, TimeToTarget
from tl.analysis.paired import Pair
from tl.analysis.records import RunRecord, mean

TARGET_SHARE = 0.95  # default target: this share of the weaker arm's best mean validation accuracy


def time_to_target(pairs: Sequence[Pair], target: float | None, least: float) -> TimeToTarget:
    """Both sides' times as means over seeds; `target` None: found from the runs.

    Where the target is not above `least`, as tl.analysis.guessing has it, there is nothing to time.
    """
    target = _usual_target(pairs) if target is None else target
    near_chance = target is not None and target <= least
    target = None if near_chance else target
    baseline, arm = (_time_of_side([pair[side] for pair in pairs], target) for side in (0, 1))
    return TimeToTarget(
        target_accuracy=target,
        near_chance=near_chance,
        runs=len(pairs),
        baseline=baseline,
        arm=arm,
        speedup=_speedup(pairs, target) if target is not None and baseline.seconds and arm.seconds else None,
    )


def _usual_target(pairs: Sequence[Pair]) -> float | None:
    """A share of the weaker side's best; None where nothing was measured or learned: a target of 0 says nothing."""
    best = [mean(pair[side].best_val_accuracy for pair in pairs) for side in (0, 1)]
    known = [accuracy for accuracy in best if accuracy is not None]
    return TARGET_SHARE * min(known) or None if len(known) == 2 else None


def _speedup(pairs: Sequence[Pair], target: float) -> Ratio | None:
    """The baseline's time as a multiple of the arm's, where every run of both got to the target."""
    slow, quick = ([place.seconds for pair in pairs if (place := pair[side].first_at(target))] for side in (0, 1))
    return statistics.ratio([time for time in slow if time is not None], [time for time in quick if time is not None])


def _time_of_side(runs: Sequence[RunRecord], target: float | None) -> SideTime:
    reached = [] if target is None else [(run, run.first_at(target)) for run in runs]
    places = [place for _, place in reached if place is not None]
    late = [run.elapsed_seconds for run, place in reached if place is None]
    spent = [run.elapsed_seconds if place is None else place.seconds for run, place in reached]
    complete = places if not late else []
    return SideTime(
        seconds=_complete_mean(place.seconds for place in complete),
        epochs=_complete_mean(place.epochs for place in complete),
        images=_complete_mean(place.images for place in complete),
        reached=len(places),
        not_reached_in=min((seconds for seconds in late if seconds is not None), default=None),
        seconds_at_least=_complete_mean(spent) if late else None,
    )


def _complete_mean(values: Iterable[float | None]) -> float | None:
    """The mean, None if one of the values is missing."""
    values = list(values)
    return None if None in values else mean(values)
