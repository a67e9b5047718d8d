"""A sweep with its learning curves, read from disk: the document that `sweep --json` prints.

Whatever has finished counts, so a sweep that is under way or was stopped has a document too.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from tl.analysis import curves, data_size, statistics, sweep_wording
from tl.analysis.experiment import experiment_result
from tl.analysis.experiment_results import ExperimentResult
from tl.analysis.records import mean
from tl.analysis.sweep_results import SizeResult, SweepComparison, SweepFinding
from tl.analysis.verdict import MARGIN, check
from tl.store.database import read_sweep
from tl.store.home import Home

Results = Mapping[int, ExperimentResult]  # size -> its experiment


def sweep_result(
    home: Home,
    sweep_id: str,
    *,
    baseline: str | None = None,
    margin: float = MARGIN,
    target: float | None = None,
) -> SweepFinding:
    """What the sweep found. Raises Refused for an unknown id, arm or margin.

    `baseline` is an arm's name, `margin` the difference in accuracy that matters, `target` a validation accuracy to
    time, both 0..1.
    """
    check(margin=margin, target=target)
    found = read_sweep(home, sweep_id)
    results: Results = {
        experiment.samples: experiment_result(home, experiment_id, baseline=baseline, margin=margin, target=target)
        for experiment_id, experiment in found["experiments"].items()
    }
    first = next(iter(results.values()))
    baseline = first.verdict.baseline
    errors = {arm: _errors(results, arm) for arm in first.arms}
    comparisons = {
        arm: _comparison(results, arm, data_size.pairs_of(errors[baseline], own), margin)
        for arm, own in errors.items()
        if arm != baseline
    }
    finding = SweepFinding(
        sweep_id=sweep_id,
        setting=first.setting,
        experiments={size: result.experiment_id for size, result in results.items()},
        statuses=dict(
            Counter(run.status for result in results.values() for own in result.arms.values() for run in own.runs)
        ),
        baseline=baseline,
        margin=margin,
        chance=first.verdict.chance,
        arms={arm: {size: _reached(result, arm) for size, result in results.items()} for arm in first.arms},
        curves={
            arm: curves.fit({size: list(seeds.values()) for size, seeds in own.items()}) for arm, own in errors.items()
        },
        headline=_headline(comparisons),
        comparisons=comparisons,
    )
    return replace(finding, text=sweep_wording.text(finding))


def _errors(results: Results, arm: str) -> dict[int, dict[int, float]]:
    """size -> seed -> share of test pictures that were wrong, of finished runs; sizes without one are left out."""
    found = {
        size: {seed: 1 - accuracy for seed, accuracy in _accuracies(result, arm).items()}
        for size, result in results.items()
    }
    return {size: seeds for size, seeds in found.items() if seeds}


def _accuracies(result: ExperimentResult, arm: str) -> dict[int, float]:
    """seed -> accuracy on the test set, of finished runs."""
    return {run.seed: run.test_accuracy for run in result.arms[arm].runs if run.test_accuracy is not None}


def _reached(result: ExperimentResult, arm: str) -> SizeResult:
    tested, summary = result.arms[arm].tested, result.verdict.summary[arm]
    accuracies = _accuracies(result, arm)
    return SizeResult(
        accuracy=statistics.interval(list(accuracies.values())),
        seconds=mean(run.elapsed_seconds for run in tested),
        seeds=len(tested),
        test_accuracies=accuracies,
        learning=summary.ledger.learning,
        above_guessing=summary.above_guessing,
    )


def _comparison(results: Results, arm: str, pairs: data_size.Pairs, margin: float) -> SweepComparison:
    compared = {size: result.verdict.comparisons[arm] for size, result in results.items()}
    return SweepComparison(
        gain={size: entry.test_accuracy_gain for size, entry in compared.items()},
        seeds={size: entry.seeds for size, entry in compared.items()},
        break_even=data_size.break_even(pairs, margin),
        worth_in_pictures=data_size.worth_in_pictures(pairs),
        time_to_target={size: entry.time_to_target for size, entry in compared.items()},
    )


def _headline(comparisons: Mapping[str, SweepComparison]) -> str | None:
    """The arm with the largest mean gain over the sizes; None before a size has a finished pair."""
    gains = {arm: mean(gain.mean for gain in entry.gain.values() if gain) for arm, entry in comparisons.items()}
    known = {arm: gain for arm, gain in gains.items() if gain is not None}
    return max(known, key=lambda arm: known[arm]) if known else None
