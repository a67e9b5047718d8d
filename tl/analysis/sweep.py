"""A sweep with its learning curves, read from disk: the document that `sweep --json` prints.

Whatever has finished counts, so a sweep that is under way or was stopped has a document too.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tl.analysis import data_size, learning_curves, names, sweep_runs, sweep_wording
from tl.analysis.records import mean
from tl.analysis.sweep_results import SizeResult, SweepComparison, SweepFinding, Worth
from tl.analysis.sweep_runs import SizeRuns, SweepRuns
from tl.analysis.verdict import check
from tl.store.home import Home


def sweep_result(home: Home, sweep_id: str, **judged: Any) -> SweepFinding:
    """What the sweep found. Raises Refused for an unknown id, arm or margin.

    `judged`: baseline, margin, target and judge_by as tl.analysis.experiment.experiment_result takes them.
    """
    check(**{name: value for name, value in judged.items() if name != "baseline"})
    return finding(sweep_id, sweep_runs.read_sweep_runs(home, sweep_id, **judged))


def finding(sweep_id: str, runs: SweepRuns) -> SweepFinding:
    """What came of the runs of a sweep."""
    first, results = runs.first.result, {size: own.result for size, own in runs.sizes.items()}
    baseline, margin = first.verdict.baseline, first.verdict.margin
    arms = {arm: {size: _reached(runs, own, arm) for size, own in runs.sizes.items()} for arm in first.arms}
    comparisons = {
        arm: _comparison(runs, arm, runs.pairs(base, arm), margin, arms[base], arms[arm])
        for arm, base in ((arm, entry.against) for arm, entry in first.verdict.comparisons.items())
    }
    found = SweepFinding(
        sweep_id=sweep_id,
        setting=first.setting,
        experiments={size: result.experiment_id for size, result in results.items()},
        statuses=dict(
            Counter(run.status for result in results.values() for own in result.arms.values() for run in own.runs)
        ),
        baseline=baseline,
        margin=margin,
        chance=first.verdict.chance,
        judge_by=runs.judge_by,
        arms=arms,
        curves={arm: learning_curves.fit(runs.errors(arm)) for arm in first.arms},
        headline=_headline(comparisons, arms),
        comparisons=comparisons,
        works_on=first.verdict.works_on,
    )
    return replace(found, text=sweep_wording.text(found))


def _reached(runs: SweepRuns, own: SizeRuns, arm: str) -> SizeResult:
    tested, summary = own.tested(arm), own.result.verdict.summary[arm]
    return SizeResult(
        accuracy=summary.test_accuracy,
        seconds=mean(run.elapsed_seconds for run in tested),
        seeds=len(tested),
        test_accuracies=runs.reached(tested),
        learning=summary.ledger.learning,
        above_guessing=summary.above_guessing,
        reached=summary.ledger.reached,
        budget=summary.ledger.budget,
    )


def _comparison(
    runs: SweepRuns,
    arm: str,
    pairs: data_size.Pairs,
    margin: float,
    baseline: Mapping[int, SizeResult],
    own: Mapping[int, SizeResult],
) -> SweepComparison:
    compared = {size: each.result.verdict.comparisons[arm] for size, each in runs.sizes.items()}
    verdict = runs.first.result.verdict
    return SweepComparison(
        against=verdict.against(arm),
        caveat=names.caveat(verdict, arm),
        gain={size: entry.test_accuracy_gain for size, entry in compared.items()},
        seeds={size: entry.seeds for size, entry in compared.items()},
        break_even=data_size.break_even(pairs, margin),
        worth_in_pictures=_worth(data_size.worth_in_pictures(pairs), baseline, own),
        basis=pairs.basis,
        time_to_target={size: entry.time_to_target for size, entry in compared.items()},
    )


def _worth(
    found: Mapping[int, Worth], baseline: Mapping[int, SizeResult], arm: Mapping[int, SizeResult]
) -> dict[int, Worth]:
    """Without sizes at which the arm guessed, and without all where the baseline guesses with the most pictures:
    no number of pictures says how well something does as what guesses.
    """
    largest = max((size for size, entry in baseline.items() if entry.seeds), default=None)
    if largest is None or baseline[largest].above_guessing is False:
        return {}
    return {size: worth for size, worth in found.items() if arm[size].above_guessing is not False}


def _headline(comparisons: Mapping[str, SweepComparison], arms: Mapping[str, Mapping[int, SizeResult]]) -> str | None:
    """The arm with the largest mean gain over the sizes; where not all are held against the same one, that which reached
    most. None before a size has a finished pair."""
    if len({entry.against for entry in comparisons.values()}) > 1:
        paired = {arm for arm, entry in comparisons.items() if any(entry.gain.values())}
        means = {arm: mean(own.accuracy.mean for own in arms[arm].values() if own.accuracy) for arm in paired}
        return max(paired, key=lambda arm: means[arm] or 0.0, default=None)
    gains = {arm: mean(gain.mean for gain in entry.gain.values() if gain) for arm, entry in comparisons.items()}
    known = {arm: gain for arm, gain in gains.items() if gain is not None}
    return max(known, key=lambda arm: known[arm]) if known else None
