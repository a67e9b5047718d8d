"""What follows from a look at an experiment that is run until it is settled: more seeds, or the end and why. Pure."""

from dataclasses import dataclass

from tl.analysis.experiment_results import ExperimentResult
from tl.analysis.time_estimate import seconds_per_seed
from tl.config import PLANNED_LOOKS
from tl.store.queue.settle_plan import SettlePlan

UNDECIDED = "undecided"  # tl.analysis.statistics, which needs numpy
OVERRUN = 1.1  # of the minutes that are left: an estimate is not that exact, and a look that has begun is not cut


@dataclass(frozen=True)
class Standing:
    """How a comparison stands at a look."""

    seeds: int  # it has
    outcome: str  # of the best arm, with what its having been picked and looked at before takes off: see statistics
    seeds_can_settle: bool | None = None  # False: however many, since the test pictures are too few; None: not known
    seconds_per_seed: float | None = None  # computing, all arms


@dataclass(frozen=True)
class Decision:
    """One of both is None."""

    up_to: int | None  # seeds at the next look
    ended: str | None  # why there is none: one of tl.store.queue.settle_plan.ENDS


def standing_of(result: ExperimentResult) -> Standing:
    """From what tl.analysis.experiment.experiment_result gives."""
    claim = result.verdict.headline_claim
    return Standing(
        seeds=len(result.setting.seeds),
        outcome=claim.outcome if claim else UNDECIDED,
        seeds_can_settle=claim.seeds_can_settle if claim else None,
        seconds_per_seed=seconds_per_seed(
            (name, run.elapsed_seconds) for name, arm in result.arms.items() for run in arm.runs
        ),
    )


def next_look(seeds: int, at_most: int = PLANNED_LOOKS[-1]) -> int | None:
    """With how many seeds, more than `seeds`, it is judged next; None where it is not."""
    planned = [number for number in PLANNED_LOOKS if number > seeds]
    up_to = min(planned[0], at_most) if planned else seeds
    return up_to if up_to > seeds else None


def decide(standing: Standing, plan: SettlePlan, spent_seconds: float) -> Decision:
    """What to do after a look; `spent_seconds` since the first of its runs trained."""
    judged = standing.seeds >= PLANNED_LOOKS[0]
    if judged and standing.outcome != UNDECIDED:
        return Decision(None, "decided")
    if judged and standing.seeds_can_settle is False:
        return Decision(None, "pictures")
    up_to = next_look(standing.seeds, plan.at_most_seeds)
    if up_to is None:
        return Decision(None, "seeds")
    budget = 60.0 * plan.at_most_minutes
    coming = (up_to - standing.seeds) * (standing.seconds_per_seed or 0.0)
    if spent_seconds >= budget or spent_seconds + coming > OVERRUN * budget:
        return Decision(None, "minutes")
    return Decision(up_to, None)
