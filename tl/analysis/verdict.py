"""Which arm of an experiment is better, by how much, how sure that is, how much sooner and at what cost.

Definitions: paired differences per seed (arXiv 2103.03098); time to target as MLPerf counts it (first evaluation at
or above, evaluation included, never extrapolated); an arm that never gets there is censored, not blank.
"""

from collections import Counter
from collections.abc import Sequence

from tl.analysis import statistics, wording
from tl.analysis.records import RunRecord
from tl.config import Experiment

MARGIN = 0.01  # accuracy: a smaller difference doesn't matter
TARGET_SHARE = 0.95  # default target: this share of the weaker arm's best mean validation accuracy
COSTS = {
    "seconds": "elapsed_seconds",
    "images": "images_seen",
    "epochs": "epochs",
    "memory_bytes": "memory_peak_bytes",
    "energy_joules": "energy_joules",
}
Pairs = list[tuple[RunRecord, RunRecord]]  # (baseline's run, arm's run) with the same seed


def verdict(
    experiment: Experiment,
    runs: Sequence[RunRecord],
    *,
    baseline: str | None = None,
    margin: float = MARGIN,
    target: float | None = None,
) -> dict:
    """The verdict on whatever has been measured so far; JSON-ready.

    `baseline` is an arm's name (default: the one from scratch, else the first), `margin` the difference in accuracy
    that matters, `target` a validation accuracy (0..1). Keys: baseline, margin, target_accuracy (of the headline arm's
    comparison), headline (the arm with the largest gain, None without one), arms (each arm against the baseline),
    summary (each arm by itself, the baseline too), text.
    """
    names = [arm.name for arm in experiment.arms]
    baseline = _baseline(experiment) if baseline is None else baseline
    if baseline not in names:
        raise ValueError(f"baseline is {baseline!r}; it must be one of the arms {', '.join(names)}")
    by_arm = {name: [run for run in runs if run.arm == name] for name in names}
    summary = {name: _summary(of_arm, margin) for name, of_arm in by_arm.items()}
    arms = {
        name: _comparison(by_arm[baseline], of_arm, margin, target) | {"converged": summary[name]["converged"]}
        for name, of_arm in by_arm.items()
        if name != baseline
    }
    headline = _headline(arms)
    found = {
        "baseline": baseline,
        "margin": margin,
        "target_accuracy": arms[headline]["time_to_target"]["target_accuracy"] if headline else target,
        "headline": headline,
        "arms": arms,
        "summary": summary,
    }
    for name, entry in arms.items():
        entry["text"] = wording.comparison(experiment, found, name)
    return found | {"text": wording.whole(experiment, found)}


def _baseline(experiment: Experiment) -> str:
    named = [arm.name for arm in experiment.arms if arm.name == "scratch"]
    from_scratch = [arm.name for arm in experiment.arms if arm.strategy == "scratch"]
    return [*named, *from_scratch, experiment.arms[0].name][0]


def _headline(arms: dict) -> str | None:
    """The arm with the largest gain on the test set, else on validation, else the first."""

    def rank(name: str) -> tuple[bool, float]:
        tested, validated = arms[name]["test_accuracy_gain"], arms[name]["validation_accuracy_gain"]
        return tested is not None, (tested or validated or {"mean": float("-inf")})["mean"]

    return max(arms, key=rank) if arms else None


def _known(values) -> list:
    return [value for value in values if value is not None]


def _mean(values) -> float | None:
    known = _known(values)
    return float(sum(known) / len(known)) if known else None


def _summary(runs: list[RunRecord], margin: float) -> dict:
    """One arm by itself: means over its runs, None where nothing was measured."""
    rise = _mean(run.late_rise() for run in runs)
    return {
        "runs": len(runs),
        "statuses": dict(Counter(run.status for run in runs)),
        "reasons": sorted({run.reason for run in runs if run.status == "failed" and run.reason}),
        "test_accuracy": statistics.interval(_known(run.test_accuracy for run in runs)),
        "best_val_accuracy": _mean(run.best_val_accuracy for run in runs),
        "epochs": _mean(run.epochs for run in runs),
        "best_epoch": _mean(run.best_epoch for run in runs),
        "stopped_early": sum(run.stopped_early for run in runs),
        "elapsed_seconds": _mean(run.elapsed_seconds for run in runs),
        "images_seen": _mean(run.images_seen for run in runs),
        "memory_peak_bytes": _mean(run.memory_peak_bytes for run in runs),
        "energy_joules": _mean(run.energy_joules for run in runs),
        "late_rise": rise,
        # Judged on runs that have ended, as planned or by a click: one that is still learning rises of course.
        "converged": None if rise is None or _unfinished(runs) else rise < margin,
    }


def _unfinished(runs: list[RunRecord]) -> bool:
    return any(run.status in ("queued", "running") for run in runs)


def _comparison(baseline: list[RunRecord], arm: list[RunRecord], margin: float, target: float | None) -> dict:
    by_seed = {run.seed: run for run in baseline}
    pairs = [(by_seed[run.seed], run) for run in arm if run.seed in by_seed]
    tested = [pair for pair in pairs if None not in (pair[0].test_accuracy, pair[1].test_accuracy)]
    validated = [pair for pair in pairs if None not in (pair[0].best_val_accuracy, pair[1].best_val_accuracy)]
    test_gains = [run.test_accuracy - base.test_accuracy for base, run in tested]
    gain = statistics.interval(test_gains)
    return {
        "outcome": statistics.outcome(gain, margin),
        "seeds": len(tested),
        "test_accuracy_gain": gain,
        "test_accuracy": _sides(tested, "test_accuracy"),
        "validation_accuracy_gain": statistics.interval(
            [run.best_val_accuracy - base.best_val_accuracy for base, run in validated]
        ),
        "validation_accuracy": _sides(validated, "best_val_accuracy"),
        "probability_better": statistics.probability_better(test_gains),
        "time_to_target": _time_to_target(tested or validated, target),
        "cost": {name: _cost(tested or validated, attribute) for name, attribute in COSTS.items()},
    }


def _sides(pairs: Pairs, attribute: str) -> dict:
    """Means over the pairs in which both sides know it."""
    known = [(getattr(base, attribute), getattr(run, attribute)) for base, run in pairs]
    known = [pair for pair in known if None not in pair]
    return {"baseline": _mean(base for base, _ in known), "arm": _mean(run for _, run in known)}


def _cost(pairs: Pairs, attribute: str) -> dict:
    known = [(getattr(base, attribute), getattr(run, attribute)) for base, run in pairs]
    known = [pair for pair in known if None not in pair]
    ratio = statistics.ratio([run for _, run in known], [base for base, _ in known])
    return _sides(pairs, attribute) | (ratio or {"ratio": None, "low": None, "high": None})


def _time_to_target(pairs: Pairs, target: float | None) -> dict:
    """How long both sides took to the target, as a mean over seeds; None for a side of which a run never got there."""
    if target is None and pairs:
        best = [_mean(run.best_val_accuracy for run in side) for side in zip(*pairs, strict=True)]
        target = TARGET_SHARE * min(best) if None not in best else None
        target = target or None  # nothing learnt: a target of 0 says nothing
    found = {"target_accuracy": target}
    for number, side in enumerate(("baseline", "arm")):
        found |= _time_of_side([pair[number] for pair in pairs], target, side)
    quick, slow = found["arm_seconds"], found["baseline_seconds"]
    both = bool(quick and slow)
    in_vain, arm_in_vain = found["baseline_not_reached_in"], found["arm_not_reached_in"]
    return found | {
        "speedup": slow / quick if both else None,
        "speedup_at_least": in_vain / quick if quick and in_vain else None,  # the baseline had not got there by then
        "speedup_at_most": slow / arm_in_vain if slow and arm_in_vain else None,
        "saved": 1 - quick / slow if both else None,  # share of the baseline's time
    }


def _time_of_side(runs: list[RunRecord], target: float | None, side: str) -> dict:
    reached = [run.first_at(target) for run in runs] if target is not None else []
    complete = bool(reached) and None not in reached
    late = [run.elapsed_seconds for run, place in zip(runs, reached) if place is None]
    return {
        f"{side}_seconds": _complete_mean(place.seconds for place in reached) if complete else None,
        f"{side}_epochs": _complete_mean(place.epochs for place in reached) if complete else None,
        f"{side}_images": _complete_mean(place.images for place in reached) if complete else None,
        f"{side}_reached": sum(place is not None for place in reached),  # of `seeds` runs
        f"{side}_not_reached_in": min(_known(late), default=None),  # seconds the first to give up had
    }


def _complete_mean(values) -> float | None:
    """The mean, None if one of the values is missing."""
    values = list(values)
    return None if None in values else _mean(values)
