"""Which arm of an experiment is better, by how much, how sure that is, how much sooner and at what cost.

Definitions: paired differences per seed (arXiv 2103.03098); time to target as MLPerf counts it (first evaluation at
or above, evaluation included, never extrapolated); an arm that never gets there is censored, not blank; nothing is
timed at an accuracy that guessing may reach.
"""

import math
from collections import Counter
from collections.abc import Sequence

from tl.analysis import fairness, statistics, wording
from tl.analysis.records import RunRecord, mean
from tl.config import Experiment, Refused

MARGIN = 0.01  # accuracy: a smaller difference doesn't matter
TARGET_SHARE = 0.95  # default target: this share of the weaker arm's best mean validation accuracy
GUESSING_DEVIATIONS = 3  # standard errors above chance up to which an accuracy may be guessing
COSTS = {
    "seconds": "elapsed_seconds",
    "images": "images_seen",
    "epochs": "epochs",
    "memory_bytes": "memory_peak_bytes",
    "energy_joules": "energy_joules",
    "flops": "flops",
}
Pairs = list[tuple[RunRecord, RunRecord]]  # (baseline's run, arm's run) with the same seed


def verdict(
    experiment: Experiment,
    runs: Sequence[RunRecord],
    *,
    baseline: str | None = None,
    margin: float = MARGIN,
    target: float | None = None,
    chance: float | None = None,
    validation_pictures: int | None = None,
) -> dict:
    """The verdict on whatever has been measured so far; JSON-ready.

    `baseline` is an arm's name (default: the one from scratch, else the first), `margin` the difference in accuracy
    that matters, `target` a validation accuracy (0..1), `chance` the accuracy of always naming the commonest class.
    Keys: baseline, margin, target_accuracy (of the headline arm's comparison), chance, headline (the arm with the
    largest gain, None without one), headline_claim (its outcome where that allows for its having been picked: of, the
    number of arms, confidence, outcome, more_seeds), arms (each arm against the baseline, judged as the only one),
    summary (each arm by itself, the baseline too), text. Raises Refused for a margin or target that is no accuracy, and for a baseline that is no arm.
    """
    check(margin=margin, target=target)
    baseline = baseline_of(experiment, baseline)
    runs_of = {arm.name: [run for run in runs if run.arm == arm.name] for arm in experiment.arms}
    guessing = guessing_limit(chance, validation_pictures)
    summary = {
        arm.name: _summary(runs_of[arm.name], guessing) | fairness.ledger(experiment, arm, runs_of[arm.name], margin)
        for arm in experiment.arms
    }
    arms = {
        name: _comparison(runs_of[baseline], of_arm, margin, target, guessing)
        | {"converged": summary[name]["converged"]}
        for name, of_arm in runs_of.items()
        if name != baseline
    }
    headline = _headline(arms)
    found = {
        "baseline": baseline,
        "margin": margin,
        "target_accuracy": arms[headline]["time_to_target"]["target_accuracy"] if headline else target,
        "chance": chance,
        "headline": headline,
        "headline_claim": _claim(arms, runs_of[baseline], runs_of[headline], margin) if headline else None,
        "arms": arms,
        "summary": summary,
    }
    for name, entry in arms.items():
        entry["text"] = wording.comparison(experiment, found, name)
    return found | {"text": wording.whole(experiment, found)}


def check(*, margin: float = MARGIN, target: float | None = None) -> None:
    """Raise Refused for a margin or a target that can't be one."""
    if not 0 < margin < 1:
        raise Refused(f"margin is {margin:g}; it must be between 0 and 1, for example 0.01 for one point of accuracy.")
    if target is not None and not 0 < target <= 1:
        raise Refused(f"target is {target:g}; it must be above 0 and at most 1, for example 0.85 for 85 %.")


def guessing_limit(chance: float | None, pictures: int | None) -> float:
    """Accuracies up to this one say nothing: guessing may reach them on so many validation pictures. 0: unknown."""
    if not chance:
        return 0.0
    return chance + GUESSING_DEVIATIONS * math.sqrt(chance * (1 - chance) / pictures) if pictures else chance


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


def _headline(arms: dict) -> str | None:
    """The arm with the largest gain on the test set, else on validation, else the first."""

    def rank(name: str) -> tuple[bool, float]:
        tested, validated = arms[name]["test_accuracy_gain"], arms[name]["validation_accuracy_gain"]
        return tested is not None, (tested or validated or {"mean": float("-inf")})["mean"]

    return max(arms, key=rank) if arms else None


def _claim(arms: dict, baseline: list[RunRecord], headline: list[RunRecord], margin: float) -> dict:
    """What may be said of the best arm: the more arms it was picked from, the surer it has to be."""
    picked_from = sum(entry["test_accuracy_gain"] is not None for entry in arms.values())
    confidence = statistics.confidence_of_best(picked_from)
    gains = _gains(_pairs(baseline, headline, "test_accuracy"), "test_accuracy")
    return {"of": picked_from, "confidence": confidence} | _judged(gains, margin, confidence)


def _known(values) -> list:
    return [value for value in values if value is not None]


def _summary(runs: list[RunRecord], guessing: float) -> dict:
    """One arm by itself: means over its runs, None where nothing was measured."""
    best = mean(run.best_val_accuracy for run in runs)
    return {
        "runs": len(runs),
        "statuses": dict(Counter(run.status for run in runs)),
        "reasons": sorted({run.reason for run in runs if run.status == "failed" and run.reason}),
        "test_accuracy": statistics.interval(_known(run.test_accuracy for run in runs)),
        "best_val_accuracy": best,
        "above_guessing": best > guessing if best is not None and guessing else None,
        "epochs": mean(run.epochs for run in runs),
        "best_epoch": mean(run.best_epoch for run in runs),
        "elapsed_seconds": mean(run.elapsed_seconds for run in runs),
        "images_seen": mean(run.images_seen for run in runs),
        "memory_peak_bytes": mean(run.memory_peak_bytes for run in runs),
        "energy_joules": mean(run.energy_joules for run in runs),
        "flops": mean(run.flops for run in runs),
    }


def _comparison(
    baseline: list[RunRecord], arm: list[RunRecord], margin: float, target: float | None, guessing: float
) -> dict:
    tested, validated = (_pairs(baseline, arm, attribute) for attribute in ("test_accuracy", "best_val_accuracy"))
    test_gains = _gains(tested, "test_accuracy")
    return {
        **_judged(test_gains, margin),
        "seeds": len(tested),
        "test_accuracy_gain": statistics.interval(test_gains),
        "test_accuracy": _sides(tested, "test_accuracy"),
        "validation_accuracy_gain": statistics.interval(_gains(validated, "best_val_accuracy")),
        "validation_accuracy": _sides(validated, "best_val_accuracy"),
        "probability_better": statistics.probability_better(test_gains),
        "time_to_target": _time_to_target(tested or validated, target, guessing),
        "cost": {name: _cost(tested or validated, attribute) for name, attribute in COSTS.items()},
    }


def _pairs(baseline: list[RunRecord], arm: list[RunRecord], attribute: str) -> Pairs:
    """Runs with the same seed of which both know the attribute."""
    by_seed = {run.seed: run for run in baseline if getattr(run, attribute) is not None}
    return [(by_seed[run.seed], run) for run in arm if run.seed in by_seed and getattr(run, attribute) is not None]


def _gains(pairs: Pairs, attribute: str) -> list[float]:
    return [getattr(run, attribute) - getattr(base, attribute) for base, run in pairs]


def _judged(gains: list[float], margin: float, confidence: float = statistics.CONFIDENCE) -> dict:
    """The outcome and how many more seeds would probably settle an open one.

    None of them where nothing was tested or too many would be needed.
    """
    outcome = statistics.outcome(statistics.interval(gains, confidence), margin)
    if outcome != statistics.UNDECIDED:
        return {"outcome": outcome, "more_seeds": 0}
    needed = statistics.pairs_to_settle(gains, margin, confidence) if gains else None
    return {"outcome": outcome, "more_seeds": None if needed is None else needed - len(gains)}


def _sides(pairs: Pairs, attribute: str) -> dict:
    """Means over the pairs in which both sides know it."""
    known = [(getattr(base, attribute), getattr(run, attribute)) for base, run in pairs]
    known = [pair for pair in known if None not in pair]
    return {"baseline": mean(base for base, _ in known), "arm": mean(run for _, run in known)}


def _cost(pairs: Pairs, attribute: str) -> dict:
    known = [(getattr(base, attribute), getattr(run, attribute)) for base, run in pairs]
    known = [pair for pair in known if None not in pair]
    ratio = statistics.ratio([run for _, run in known], [base for base, _ in known])
    return _sides(pairs, attribute) | (ratio or {"ratio": None, "low": None, "high": None})


def _time_to_target(pairs: Pairs, target: float | None, guessing: float) -> dict:
    """How long both sides took to the target, as a mean over seeds; None for a side of which a run never got there.

    Where the target is not above what guessing may reach there is nothing to time: `near_chance`, and no target.
    """
    if target is None and pairs:
        best = [mean(run.best_val_accuracy for run in side) for side in zip(*pairs, strict=True)]
        target = TARGET_SHARE * min(best) if None not in best else None
        target = target or None  # nothing learnt: a target of 0 says nothing
    near_chance = target is not None and target <= guessing
    target = None if near_chance else target
    found = {"target_accuracy": target, "near_chance": near_chance, "runs": len(pairs)}
    for number, side in enumerate(("baseline", "arm")):
        found |= _time_of_side([pair[number] for pair in pairs], target, side)
    quick, slow = found["arm_seconds"], found["baseline_seconds"]
    slow_at_least, quick_at_least = found["baseline_seconds_at_least"], found["arm_seconds_at_least"]
    speedup = _speedup(pairs, target) if quick and slow else None
    return found | {
        "speedup": speedup and speedup["ratio"],
        "speedup_low": speedup and speedup["low"],
        "speedup_high": speedup and speedup["high"],
        "speedup_at_least": slow_at_least / quick if quick and slow_at_least else None,
        "speedup_at_most": slow / quick_at_least if slow and quick_at_least else None,
        "saved": 1 - 1 / speedup["ratio"] if speedup else None,  # share of the baseline's time
    }


def _speedup(pairs: Pairs, target: float) -> dict | None:
    """The baseline's time as a multiple of the arm's, where every run of both got to the target."""
    slow, quick = ([run.first_at(target).seconds for run in side] for side in zip(*pairs, strict=True))
    return statistics.ratio(slow, quick)


def _time_of_side(runs: list[RunRecord], target: float | None, side: str) -> dict:
    reached = [run.first_at(target) for run in runs] if target is not None else []
    complete = bool(reached) and None not in reached
    late = [run.elapsed_seconds for run, place in zip(runs, reached) if place is None]
    spent = [run.elapsed_seconds if place is None else place.seconds for run, place in zip(runs, reached)]
    return {
        f"{side}_seconds": _complete_mean(place.seconds for place in reached) if complete else None,
        f"{side}_epochs": _complete_mean(place.epochs for place in reached) if complete else None,
        f"{side}_images": _complete_mean(place.images for place in reached) if complete else None,
        f"{side}_reached": sum(place is not None for place in reached),  # of `runs`
        f"{side}_not_reached_in": min(_known(late), default=None),  # seconds the first to give up had
        f"{side}_seconds_at_least": _complete_mean(spent) if late else None,  # the mean is above this one
    }


def _complete_mean(values) -> float | None:
    """The mean, None if one of the values is missing."""
    values = list(values)
    return None if None in values else mean(values)
