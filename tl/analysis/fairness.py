"""Was every arm given a fair chance? Steps, learning rate, how training ended, whether it was still learning then."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tl import effects
from tl.analysis.guessing import Counted, Pictures, validated
from tl.analysis.records import RunRecord, mean
from tl.analysis.results import Learning, Ledger
from tl.config import ArmConfig, Experiment
from tl.config.arm import usual_rate
from tl.strategies import PRETRAINED, STRATEGIES, TARGET

MAX_EPOCHS = 1000  # what an arm's budget may be
MORE = 2  # times the epochs for an arm that had not converged
LESS = 0.1  # of the rate for an arm that diverged
LOWEST_RATE = 1e-7  # that the form takes
FAR_BELOW = 0.1  # of the usual rate: one that is lower is pointed at
NOISE = 0.03  # standard error of the validation accuracy above which a plateau may be chance
DEFAULT, GIVEN, FOUND = "default", "given", "found"  # how a learning rate was chosen
NO_RATE = "none"  # nothing trains by gradient
PARTLY_FOUND, NOT_FOUND = "partly_found", "not_found"  # a range test showed one in some runs, in none: the usual one
CUT_SHORT = ("stopped", "failed", "interrupted")


def ledger(
    experiment: Experiment,
    arm: ArmConfig,
    runs: Sequence[RunRecord],
    margin: float,
    counted: Counted,
    validation: Pictures | None,
) -> Ledger:
    """What one arm was given and what it made of it; `counted`: what it reached, and on which pictures.

    How its curves ended is judged by finished runs where there are any: the others don't count in the comparison.
    """
    epochs, per_epoch = mean(run.epochs for run in runs), steps_per_epoch(experiment.samples, experiment.batch_size)
    done = [run for run in runs if run.status == "finished"]
    rate, chosen = _rate(experiment, arm, runs)
    random = arm.initialisation != PRETRAINED
    found = Ledger(
        budget=experiment.epochs_of(arm),
        reached=effects.reached(experiment, arm),
        thawed_from=effects.thawed_from(experiment, arm),
        steps=_steps(arm, epochs, per_epoch),
        patience=experiment.patience,
        patience_start=experiment.patience_start,
        patience_steps=experiment.patience_steps if random else 0,
        patience_errors=experiment.patience_errors,
        learning_rate=rate,
        lowest_rate=min((run.learning_rate for run in runs if run.learning_rate is not None), default=rate),
        usual_rate=usual_rate(arm.strategy, experiment.optimizer, arm.weights),
        rate_chosen=chosen,
        stopped_early=sum(run.stopped_early for run in runs),
        out_of_budget=sum(not run.stopped_early for run in done),
        cut_short=sum(run.status in CUT_SHORT for run in runs),
        late_rise=mean(run.late_rise() for run in done or runs),
        late_slope=mean(run.late_slope() for run in done or runs),
        counted_accuracy=counted.accuracy,
        chance=counted.pictures.chance if counted.pictures else None,
        validation_pictures=validation.total if validation else None,
        learning=Learning.UNKNOWN,
    )
    elsewhere = experiment.target_dataset is not None and STRATEGIES[arm.strategy].learns_from != TARGET
    return replace(found, learning=_learning(found, runs, per_epoch, margin, counted, validation, elsewhere))


def _learning(
    found: Ledger,
    runs: Sequence[RunRecord],
    per_epoch: int | None,
    margin: float,
    counted: Counted,
    validation: Pictures | None,
    elsewhere: bool,
) -> Learning:
    """How far it had got: the first state that holds, what says most about the comparison first. `elsewhere`: whether it was
    tested on another data set than the one its `validation` pictures are of."""
    if not any(run.epochs for run in runs) or any(run.status in ("queued", "running") for run in runs):
        return Learning.UNKNOWN  # one that is still learning rises of course
    done = [run for run in runs if run.status == "finished"]
    if _diverged(done or runs, validation):
        return Learning.DIVERGED
    if not done:
        return Learning.STOPPED
    if counted.above_guessing is False:
        own = Counted(validated(done, validation), validation)
        return Learning.ONLY_ITS_OWN if elsewhere and own.above_guessing else Learning.LEARNED_NOTHING
    taken = mean(run.epochs for run in done) or 0.0
    if per_epoch is not None and taken * per_epoch < found.patience_steps:
        return Learning.TOO_FEW_STEPS
    if found.late_rise is None and found.rate_chosen != NO_RATE:  # whose answer is whole at once
        return Learning.UNKNOWN
    if found.late_rise is not None and found.late_rise > margin:
        return Learning.STILL_IMPROVING
    reached = validated(done, validation)
    if validation and reached is not None and validation.error(reached) / math.sqrt(len(done)) > NOISE:
        return Learning.TOO_NOISY
    return Learning.CONVERGED


def _diverged(runs: Sequence[RunRecord], validation: Pictures | None) -> bool:
    """Whether half of the runs or more did."""
    classes = max(2, len(validation.of_class)) if validation else None
    gone = [run.reason == "diverged" or (classes is not None and run.exploded(classes)) for run in runs]
    return 2 * sum(gone) >= len(gone)


def _steps(arm: ArmConfig, epochs: float | None, per_epoch: int | None) -> float | None:
    """Optimizer steps of a run, None where that is not known."""
    if epochs is None or per_epoch is None:
        return None
    return 0.0 if STRATEGIES[arm.strategy].fits else epochs * per_epoch


def steps_per_epoch(samples: int | None, batch_size: int) -> int | None:
    """Optimizer steps in one epoch; a last batch of a single picture is joined to the one before."""
    if samples is None:
        return None
    full, rest = divmod(samples, batch_size)
    return max(1, full + (rest > 1))


def _rate(experiment: Experiment, arm: ArmConfig, runs: Sequence[RunRecord]) -> tuple[float | None, str]:
    """The head's learning rate at the start, and how it was chosen."""
    if STRATEGIES[arm.strategy].fits:
        return None, NO_RATE
    chosen = GIVEN if arm.learning_rate is not None else FOUND if experiment.find_rate else DEFAULT
    used = mean(run.learning_rate for run in runs)
    planned = None if chosen == FOUND else experiment.rate_of(arm)
    shown = [run.result.rate_found for run in runs if run.result.rate_found is not None]
    if chosen == FOUND and shown and not all(shown):
        chosen = PARTLY_FOUND if any(shown) else NOT_FOUND
    return planned if used is None else used, chosen


def remedy(experiment: Experiment, name: str, found: Ledger) -> Experiment | None:
    """The same experiment with what the arm `name` lacked; None where there is no saying what, or it can't have more.

    A new experiment and not a longer run: schedules depend on the budget, and the test set has been used.
    """
    learning, per_epoch = found.learning, steps_per_epoch(experiment.samples, experiment.batch_size)
    if found.usual_rate is None:  # neither epochs nor a rate change what is computed in one go
        return None
    if found.reached and learning not in (Learning.DIVERGED, Learning.STOPPED, Learning.UNKNOWN):
        return with_epochs(experiment, name, MORE * found.thawed_from)
    if learning == Learning.STILL_IMPROVING:
        # Where early stopping ended the arm, more epochs alone would change nothing: patience grows, for all arms.
        patience = experiment.patience * (MORE if found.stopped_early else 1)
        return with_epochs(replace(experiment, patience=min(patience, MAX_EPOCHS)), name, MORE * found.budget)
    if learning == Learning.LEARNED_NOTHING and rate_far_below(found):
        return with_rate(experiment, name, found.usual_rate)
    if learning in (Learning.TOO_FEW_STEPS, Learning.LEARNED_NOTHING) and per_epoch:
        return with_epochs(experiment, name, math.ceil(experiment.patience_steps / per_epoch))
    if learning == Learning.DIVERGED and found.learning_rate is not None:
        return with_rate(experiment, name, LESS * found.learning_rate)
    return None


def with_epochs(experiment: Experiment, name: str, epochs: int) -> Experiment | None:
    """The same experiment with so many epochs for the arm `name`, MAX_EPOCHS at most; None where it has as many."""
    epochs = min(MAX_EPOCHS, epochs)
    budgets = {arm.name: experiment.epochs_of(arm) for arm in experiment.arms}
    return _with(experiment, name, epochs=epochs) if epochs > budgets[name] else None


def with_rate(experiment: Experiment, name: str, rate: float) -> Experiment | None:
    """The same experiment with this learning rate for the arm `name`; None where it is lower than makes sense."""
    rate = float(f"{rate:.3g}")
    return _with(experiment, name, learning_rate=rate) if rate >= LOWEST_RATE else None


def _with(experiment: Experiment, name: str, **own: Any) -> Experiment:
    return replace(experiment, arms=tuple(replace(arm, **own) if arm.name == name else arm for arm in experiment.arms))


def rate_far_below(found: Ledger) -> bool:
    """Whether an arm's learning rate is far below the usual one, in one of its runs at least."""
    if found.lowest_rate is None or found.usual_rate is None:
        return False
    return found.lowest_rate < FAR_BELOW * found.usual_rate
