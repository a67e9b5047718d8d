"""Was every arm given a fair chance? Steps, learning rate, how training ended, whether it was still learning then."""

from collections.abc import Sequence
from dataclasses import replace

from tl.analysis.records import RunRecord, mean
from tl.analysis.results import Learning, Ledger
from tl.config import ArmConfig, Experiment

MAX_EPOCHS = 1000  # what an arm's budget may be
MORE = 2  # times the epochs for an arm that had not converged
DEFAULT, GIVEN, FOUND = "default", "given", "found"  # how a learning rate was chosen


def ledger(experiment: Experiment, arm: ArmConfig, runs: Sequence[RunRecord], margin: float) -> Ledger:
    """What one arm was given and what it made of it.

    How its curves ended is judged by finished runs where there are any: the others don't count in the comparison.
    """
    going_on = any(run.status in ("queued", "running") for run in runs)
    epochs, per_epoch = mean(run.epochs for run in runs), steps_per_epoch(experiment.samples, experiment.batch_size)
    done = [run for run in runs if run.status == "finished"]
    rise = mean(run.late_rise() for run in done or runs)
    rate, chosen = _rate(experiment, arm, runs)
    return Ledger(
        budget=arm.epochs or experiment.epochs,
        steps=None if epochs is None or per_epoch is None else epochs * per_epoch,
        learning_rate=rate,
        rate_chosen=chosen,
        stopped_early=sum(run.stopped_early for run in runs),
        out_of_budget=sum(not run.stopped_early for run in done),
        cut_short=sum(run.status in ("stopped", "failed", "interrupted") for run in runs),
        late_rise=rise,
        late_slope=mean(run.late_slope() for run in done or runs),
        # Judged on runs that have ended, as planned or by a click: one that is still learning rises of course.
        learning=Learning.of(None if rise is None or going_on else rise <= margin),
    )


def steps_per_epoch(samples: int | None, batch_size: int) -> int | None:
    """Optimizer steps in one epoch; a last batch of a single picture is joined to the one before."""
    if samples is None:
        return None
    full, rest = divmod(samples, batch_size)
    return max(1, full + (rest > 1))


def _rate(experiment: Experiment, arm: ArmConfig, runs: Sequence[RunRecord]) -> tuple[float | None, str]:
    """The head's learning rate at the start, and how it was chosen."""
    chosen = FOUND if experiment.find_rate else DEFAULT
    if arm.learning_rate is not None:
        chosen = GIVEN
    used = mean(run.learning_rate for run in runs)
    planned = None if chosen == FOUND else experiment.rate_of(arm)
    return planned if used is None else used, chosen


def with_more_epochs(experiment: Experiment, name: str, stopped_early: bool) -> Experiment | None:
    """The same experiment with MORE times the epochs for the arm `name`; None where its budget can't grow.

    Where early stopping ended the arm, more epochs alone would change nothing: patience grows with them, for all arms.
    A new experiment and not a longer run: schedules depend on the budget, and the test set has been used.
    """
    budgets = {arm.name: arm.epochs or experiment.epochs for arm in experiment.arms}
    budget = min(MAX_EPOCHS, MORE * budgets[name])
    if budget == budgets[name]:
        return None
    arms = tuple(replace(arm, epochs=budget) if arm.name == name else arm for arm in experiment.arms)
    patience = experiment.patience * (MORE if stopped_early else 1)
    return replace(experiment, arms=arms, patience=min(patience, MAX_EPOCHS))
