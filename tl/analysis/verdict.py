"""Which arm of an experiment is better, by how much, how sure that is, how much sooner and at what cost.

Definitions: paired differences per seed (arXiv 2103.03098), intervals as gains.py decides; times as in time_to_target.py.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tl.analysis import certainty, fairness, gains, paired, statistics, wording
from tl.analysis.baselines import baseline_of, held_against, trained_alike
from tl.analysis.claims import claim_of
from tl.analysis.cost_results import Sides
from tl.analysis.gains import Judging
from tl.analysis.guessing import Pictures, counted
from tl.analysis.names import differing
from tl.analysis.paired import Pair, costs, pairs_of, sides
from tl.analysis.records import RunRecord, mean
from tl.analysis.results import ArmSummary, Claim, Comparison, Interval, Verdict, both_guess
from tl.analysis.statistics import HURTS, UNDECIDED
from tl.analysis.time_to_target import time_to_target
from tl.analysis.undisturbed import UndisturbedRuns, timeless, two_devices, undisturbed, usual_threads
from tl.config import ACCURACY, BALANCED_ACCURACY, ArmConfig, Experiment, refusal
from tl.languages import later

MARGIN = 0.01  # accuracy: a smaller difference doesn't matter
# Of ArmSummary: means over its runs.
MEANS = ("epochs", "best_epoch", "elapsed_seconds", "images_seen", "memory_peak_bytes", "energy_joules", "flops")


def verdict(
    experiment: Experiment,
    runs: Sequence[RunRecord],
    *,
    baseline: str | None = None,
    margin: float = MARGIN,
    target: float | None = None,
    judge_by: str | None = None,
    train_pictures: int | None = None,
    validation: Pictures | None = None,
    test: Pictures | None = None,
    uneven: bool = False,
    works_on: str | None = None,
) -> Verdict:
    """The verdict on whatever has been measured so far.

    `baseline` is an arm's name (default: the one from scratch, else the first), `margin` the difference in accuracy
    that matters, `target` a validation accuracy (0..1), `judge_by` "accuracy" or "balanced_accuracy" (default: as the
    experiment has it). What is known of the data set: the number of its training pictures, the `validation` and `test`
    pictures that accuracies are counted on, whether its classes are `uneven`, and what the second data set is called that
    it `works_on`, where there is one.
    Raises Refused for a margin or target that is no accuracy, and for a baseline that is no arm.
    """
    check(margin=margin, target=target, judge_by=judge_by)
    held, baseline = held_against(experiment, baseline), baseline_of(experiment, baseline)
    runs_of = {arm.name: [run for run in runs if run.arm == arm.name] for arm in experiment.arms}
    wanted = judge_by or (BALANCED_ACCURACY if experiment.judge_by == BALANCED_ACCURACY else ACCURACY)
    how = gains.judging_of(experiment, _judge_of(wanted, runs), train_pictures, test.total if test else None)
    on = [known and replace(known, balanced=how.balanced) for known in (validation, test)]
    summary = {arm.name: _summary(experiment, arm, runs_of[arm.name], how, margin, *on) for arm in experiment.arms}
    least = validation.least_target if validation else 0.0  # times are to an accuracy, however it is judged
    threads = usual_threads(runs)
    alone = {name: undisturbed(own, threads) for name, own in runs_of.items()}

    def compared(base: str, name: str) -> Comparison:
        return _comparison(alone[base], alone[name], how, summary, (base, name), margin, target, least)

    def of_best(entries: Mapping[str, Comparison], base: str, name: str) -> Claim:
        """What may be said of the best arm: the more arms it was picked from, the surer it has to be."""
        picked_from = max(1, sum(entry.tested for entry in entries.values()))
        pairs = pairs_of(runs_of[base], runs_of[name], "test_accuracy")
        return _claim(how, pairs, margin, picked_from, both_guess(summary, base, name))

    comparisons = {name: compared(base, name) for name, base in held.items()}
    between: dict[str, Comparison] = {}
    for base, *others in trained_alike(experiment, baseline):
        own = {name: compared(base, name) for name in others}
        if best_of := _headline(own):
            claim = of_best(own, base, best_of)
            between[best_of] = replace(own[best_of], claim=claim, test_accuracy_gain=claim.interval)
    contenders = wording.contenders(comparisons, summary)
    headline = _headline(contenders)
    best = of_best(contenders, held[headline], headline) if headline else None
    hurting = [name for name, entry in contenders.items() if name != headline and entry.claim.outcome == HURTS]
    found = Verdict(
        baseline=baseline,
        margin=margin,
        target_accuracy=comparisons[headline].time_to_target.target_accuracy if headline else target,
        chance=summary[headline or baseline].ledger.chance,
        judge_by=how.judge_by,
        judge_by_wanted=wanted,
        headline=headline,
        headline_claim=best,
        hurting=tuple(hurting),
        comparisons=comparisons,
        between=between,
        summary=summary,
        works_on=works_on,
    )
    told = {name: replace(entry, text=wording.comparison(found, name)) for name, entry in comparisons.items()}
    aside = {name: replace(entry, text=wording.between(found, name)) for name, entry in between.items()}
    return replace(found, comparisons=told, between=aside, text=wording.verdict_text(found, uneven))


def check(*, margin: float = MARGIN, target: float | None = None, judge_by: str | None = None) -> None:
    """Raise Refused for a margin, a target or a measure that can't be one."""
    if judge_by not in (None, ACCURACY, BALANCED_ACCURACY):
        words = later("judge_by is {value!r}; it must be {accuracy} or {balanced}.")
        raise refusal(words, value=judge_by, accuracy=ACCURACY, balanced=BALANCED_ACCURACY)
    if not 0 < margin < 1:
        words = later("margin is {value:g}; it must be between 0 and 1, for example 0.01 for one point of accuracy.")
        raise refusal(words, value=margin)
    if target is not None and not 0 < target <= 1:
        words = later("target is {value:g}; it must be above 0 and at most 1, for example 0.85 for 85 %.")
        raise refusal(words, value=target)


def _headline(comparisons: Mapping[str, Comparison]) -> str | None:
    """The arm with the largest gain on the test set, else on validation, else the first; where not all are held against
    the same one, the arm that reached most."""
    one_baseline = len({entry.against for entry in comparisons.values()}) == 1

    def rank(name: str) -> tuple[bool, float]:
        entry = comparisons[name]
        sides = entry.test_accuracy if entry.tested else entry.validation_accuracy
        reached = (entry.gain.mean if entry.gain else None) if one_baseline else sides.arm
        return entry.tested, float("-inf") if reached is None else reached

    return max(comparisons, key=rank) if comparisons else None


def _judge_of(wanted: str, runs: Sequence[RunRecord]) -> str:
    """What these runs can be judged by: balanced accuracy needs to know what each picture was taken for."""
    return ACCURACY if any(run.test_accuracy is not None and run.answers is None for run in runs) else wanted


def _claim(how: Judging, pairs: Sequence[Pair], margin: float, picked_from: int, both_guess: bool) -> Claim:
    """What may be said of an arm; of two that guess nothing, and with more seeds they guess as well."""
    claim = claim_of(how, pairs, margin, picked_from)
    if not both_guess:
        return claim
    return replace(claim, outcome=UNDECIDED, more_seeds=None, seeds_can_settle=False, more_pictures=None)


def _summary(
    experiment: Experiment,
    arm: ArmConfig,
    runs: Sequence[RunRecord],
    how: Judging,
    margin: float,
    validation: Pictures | None,
    test: Pictures | None,
) -> ArmSummary:
    reached = counted(runs, validation, test)
    best, own = mean(run.best_val_accuracy for run in runs), experiment.of(arm)
    means: dict[str, Any] = {name: mean(getattr(run, name) for run in runs) for name in MEANS}
    return ArmSummary(
        strategy=arm.strategy,
        backbone=own.backbone,
        weights=own.weights if arm.pretrained else None,
        resolution=own.resolution,
        runs=len(runs),
        statuses=dict(Counter(run.status for run in runs)),
        reasons=tuple(sorted({run.reason for run in runs if run.status == "failed" and run.reason})),
        test_accuracy=gains.accuracy_of(how, runs),
        best_val_accuracy=best,
        above_guessing=reached.above_guessing,
        **means,
        ledger=fairness.ledger(experiment, arm, runs, margin, reached, validation),
    )


def _comparison(
    baseline: UndisturbedRuns,
    arm: UndisturbedRuns,
    how: Judging,
    summary: Mapping[str, ArmSummary],
    names: tuple[str, str],
    margin: float,
    target: float | None,
    least: float,
) -> Comparison:
    tested, validated = (pairs_of(baseline.runs, arm.runs, name) for name in ("test_accuracy", "best_val_accuracy"))
    claim = _claim(how, tested, margin, 1, both_guess(summary, *names))
    pairs = tested or validated
    if devices := two_devices(pairs):
        pairs = [(timeless(base), timeless(run)) for base, run in pairs]
    timed = replace(
        time_to_target(pairs, target, least),
        disturbed_epochs=baseline.disturbed + arm.disturbed,
        comparable=baseline.comparable and arm.comparable and not devices,
        devices=devices,
        reused_seconds=sum(run.reused_seconds or 0.0 for run in (*baseline.runs, *arm.runs)),
    )
    return Comparison(
        against=names[0],
        differs=differing(summary[names[0]], summary[names[1]]),
        seeds=len(tested),
        claim=claim,
        test_accuracy_gain=claim.interval,
        test_accuracy=_sides(tested, how),
        validation_accuracy_gain=_of_validation(validated),
        validation_accuracy=sides(validated, "best_val_accuracy"),
        probability_better=statistics.probability_better(gains.differences(tested, how.judge_by)),
        time_to_target=timed,
        cost=costs(pairs),
        learning=summary[names[1]].ledger.learning,
    )


def _sides(pairs: Sequence[Pair], how: Judging) -> Sides:
    known = gains.figures(pairs, how.judge_by)
    return Sides(baseline=mean(base for base, _ in known), arm=mean(arm for _, arm in known))


def _of_validation(pairs: Sequence[Pair]) -> Interval | None:
    """For these validation pictures: they chose the epochs, so nothing is said of new ones."""
    return certainty.of_seeds(paired.gains(pairs, "best_val_accuracy"), statistics.CONFIDENCE)
