"""Which arm of an experiment is better, by how much, how sure that is, how much sooner and at what cost.

Definitions: paired differences per seed (arXiv 2103.03098); times as in time_to_target.py.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from tl.analysis import fairness, statistics, wording
from tl.analysis.guessing import Counted, Pictures, counted
from tl.analysis.paired import costs, gains, pairs_of, sides
from tl.analysis.records import RunRecord, mean
from tl.analysis.results import ArmSummary, Claim, Comparison, Ledger, Verdict
from tl.analysis.time_to_target import time_to_target
from tl.config import ArmConfig, Experiment, Refused

MARGIN = 0.01  # accuracy: a smaller difference doesn't matter


def verdict(
    experiment: Experiment,
    runs: Sequence[RunRecord],
    *,
    baseline: str | None = None,
    margin: float = MARGIN,
    target: float | None = None,
    validation: Pictures | None = None,
    test: Pictures | None = None,
) -> Verdict:
    """The verdict on whatever has been measured so far.

    `baseline` is an arm's name (default: the one from scratch, else the first), `margin` the difference in accuracy
    that matters, `target` a validation accuracy (0..1); `validation` and `test` the pictures that accuracies are counted
    on, where they are known.
    Raises Refused for a margin or target that is no accuracy, and for a baseline that is no arm.
    """
    check(margin=margin, target=target)
    baseline = baseline_of(experiment, baseline)
    runs_of = {arm.name: [run for run in runs if run.arm == arm.name] for arm in experiment.arms}
    reached = {name: counted(own, validation, test) for name, own in runs_of.items()}
    summary = {
        arm.name: _summary(
            arm,
            runs_of[arm.name],
            reached[arm.name],
            fairness.ledger(experiment, arm, runs_of[arm.name], margin, reached[arm.name], validation),
        )
        for arm in experiment.arms
    }
    least = replace(validation, balanced=False).least_target if validation else 0.0
    comparisons = {
        name: _comparison(runs_of[baseline], own, summary[name], margin, target, least)
        for name, own in runs_of.items()
        if name != baseline
    }
    headline = _headline(comparisons)
    found = Verdict(
        baseline=baseline,
        margin=margin,
        target_accuracy=comparisons[headline].time_to_target.target_accuracy if headline else target,
        chance=summary[headline or baseline].ledger.chance,
        headline=headline,
        headline_claim=_claim_of_best(comparisons, runs_of[baseline], runs_of[headline], margin) if headline else None,
        comparisons=comparisons,
        summary=summary,
    )
    told = {name: replace(entry, text=wording.comparison(found, name)) for name, entry in comparisons.items()}
    return replace(found, comparisons=told, text=wording.whole(found))


def check(*, margin: float = MARGIN, target: float | None = None) -> None:
    """Raise Refused for a margin or a target that can't be one."""
    if not 0 < margin < 1:
        raise Refused(f"margin is {margin:g}; it must be between 0 and 1, for example 0.01 for one point of accuracy.")
    if target is not None and not 0 < target <= 1:
        raise Refused(f"target is {target:g}; it must be above 0 and at most 1, for example 0.85 for 85 %.")


def baseline_of(experiment: Experiment, wanted: str | None = None) -> str:
    """The arm the others are held against: the one `wanted`, else the one from scratch, else the first.

    Raises Refused where there is no arm with that name.
    """
    names = [arm.name for arm in experiment.arms]
    if wanted is not None:
        if wanted not in names:
            raise Refused(f"baseline is {wanted!r}; it must be one of the arms: {', '.join(names)}.")
        return wanted
    from_scratch = [arm.name for arm in experiment.arms if arm.strategy == "scratch"]
    return [*(name for name in names if name == "scratch"), *from_scratch, names[0]][0]


def _headline(comparisons: Mapping[str, Comparison]) -> str | None:
    """The arm with the largest gain on the test set, else on validation, else the first."""

    def rank(name: str) -> tuple[bool, float]:
        entry = comparisons[name]
        return entry.tested, entry.gain.mean if entry.gain else float("-inf")

    return max(comparisons, key=rank) if comparisons else None


def _claim_of_best(
    comparisons: Mapping[str, Comparison], baseline: Sequence[RunRecord], best: Sequence[RunRecord], margin: float
) -> Claim:
    """What may be said of the best arm: the more arms it was picked from, the surer it has to be."""
    picked_from = sum(entry.tested for entry in comparisons.values())
    gained = gains(pairs_of(baseline, best, "test_accuracy"), "test_accuracy")
    return _claim(gained, margin, picked_from, statistics.confidence_of_best(picked_from))


def _claim(gained: list[float], margin: float, of: int = 1, confidence: float = statistics.CONFIDENCE) -> Claim:
    """The outcome, and how many more seeds would probably settle an open one."""
    interval = statistics.interval(gained, confidence)
    outcome, more = statistics.outcome(interval, margin), None
    if outcome != statistics.UNDECIDED:
        more = 0
    elif gained and (needed := statistics.pairs_to_settle(gained, margin, confidence)):
        more = needed - len(gained)
    return Claim(of=of, confidence=confidence, interval=interval, outcome=outcome, more_seeds=more)


def _summary(arm: ArmConfig, runs: Sequence[RunRecord], reached: Counted, ledger: Ledger) -> ArmSummary:
    best = mean(run.best_val_accuracy for run in runs)
    tested = [run.test_accuracy for run in runs]
    return ArmSummary(
        strategy=arm.strategy,
        runs=len(runs),
        statuses=dict(Counter(run.status for run in runs)),
        reasons=tuple(sorted({run.reason for run in runs if run.status == "failed" and run.reason})),
        test_accuracy=statistics.interval([accuracy for accuracy in tested if accuracy is not None]),
        best_val_accuracy=best,
        above_guessing=reached.above_guessing,
        epochs=mean(run.epochs for run in runs),
        best_epoch=mean(run.best_epoch for run in runs),
        elapsed_seconds=mean(run.elapsed_seconds for run in runs),
        images_seen=mean(run.images_seen for run in runs),
        memory_peak_bytes=mean(run.memory_peak_bytes for run in runs),
        energy_joules=mean(run.energy_joules for run in runs),
        flops=mean(run.flops for run in runs),
        ledger=ledger,
    )


def _comparison(
    baseline: Sequence[RunRecord],
    arm: Sequence[RunRecord],
    summary: ArmSummary,
    margin: float,
    target: float | None,
    least: float,
) -> Comparison:
    tested, validated = (pairs_of(baseline, arm, name) for name in ("test_accuracy", "best_val_accuracy"))
    gained = gains(tested, "test_accuracy")
    return Comparison(
        seeds=len(tested),
        claim=_claim(gained, margin),
        test_accuracy_gain=statistics.interval(gained),
        test_accuracy=sides(tested, "test_accuracy"),
        validation_accuracy_gain=statistics.interval(gains(validated, "best_val_accuracy")),
        validation_accuracy=sides(validated, "best_val_accuracy"),
        probability_better=statistics.probability_better(gained),
        time_to_target=time_to_target(tested or validated, target, least),
        cost=costs(tested or validated),
        learning=summary.ledger.learning,
    )
