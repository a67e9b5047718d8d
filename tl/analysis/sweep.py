"""A sweep with its learning curves, read from disk: the document that `sweep --json` prints.

Whatever has finished counts, so a sweep that is under way or was stopped has a document too.
"""

from collections import Counter

from tl.analysis import curves, data_size, statistics, sweep_wording
from tl.analysis.experiment import experiment_result
from tl.analysis.records import mean
from tl.analysis.verdict import MARGIN, check
from tl.store.database import read_sweep
from tl.store.home import Home


def sweep_result(
    home: Home,
    sweep_id: str,
    *,
    baseline: str | None = None,
    margin: float = MARGIN,
    target: float | None = None,
) -> dict:
    """The sweep as one JSON-ready document; sizes are keys, as text. Raises Refused for an unknown id, arm or margin.

    `baseline` is an arm's name, `margin` the difference in accuracy that matters, `target` a validation accuracy to
    time, both 0..1. Keys:

    - sizes, experiments (size -> id of its experiment), statuses (status -> number of runs), baseline, margin, chance
    - arms: arm -> size -> mean, low, high (accuracy on the test set and its 95 % interval, None below 3 seeds), seconds
      (mean computing time of a run), seeds, test_accuracies (seed -> accuracy), converged and above_guessing (as
      in the verdict at that size)
    - curves: arm -> a, b, c, largest, residuals (size -> measured minus fitted error); None for fewer than 4 sizes
    - comparisons: arm -> gain (size -> paired difference on the test set), break_even, worth_in_pictures,
      time_to_target (size -> as in the verdict at that size: both sides' seconds, speedup, share saved)
    - headline: the arm with the largest mean gain. Its break_even, worth_in_pictures (size -> ratio) and
      worth_in_pictures_bounds (size -> "at_least" or "at_most" where the ratio is only that) stand at the top too
    - text: what follows, in words. See tl.analysis.data_size for break_even and worth_in_pictures.
    """
    check(margin=margin, target=target)
    found = read_sweep(home, sweep_id)
    results = {
        str(experiment.samples): experiment_result(home, experiment_id, baseline=baseline, margin=margin, target=target)
        for experiment_id, experiment in found["experiments"].items()
    }
    first = next(iter(results.values()))
    baseline = first["verdict"]["baseline"]
    errors = {arm: _errors(results, arm) for arm in first["arms"]}
    fits = {arm: curves.fit({size: list(seeds.values()) for size, seeds in errors[arm].items()}) for arm in errors}
    comparisons = {
        arm: _comparison(results, arm, data_size.pairs_of(errors[baseline], errors[arm]), margin)
        for arm in errors
        if arm != baseline
    }
    headline = _headline(comparisons)
    best = comparisons.get(headline) or {"break_even": None, "worth_in_pictures": {}}
    worth = best["worth_in_pictures"]
    document = {
        "sweep_id": sweep_id,
        **{name: first[name] for name in ("home", "dataset", "classes", "backbone", "weights", "resolution", "seeds")},
        "sizes": [int(size) for size in results],
        "experiments": dict(zip(results, found["experiments"], strict=True)),
        "statuses": dict(Counter(run["status"] for result in results.values() for run in _runs(result))),
        "baseline": baseline,
        "margin": margin,
        "chance": first["verdict"]["chance"],
        "arms": {arm: {size: _reached(result, arm) for size, result in results.items()} for arm in errors},
        "curves": {arm: fitted and _as_json(fitted) for arm, fitted in fits.items()},
        "headline": headline,
        "comparisons": comparisons,
        "break_even": best["break_even"],
        "worth_in_pictures": {size: entry["ratio"] for size, entry in worth.items()},
        "worth_in_pictures_bounds": {size: entry["bound"] for size, entry in worth.items() if entry["bound"]},
    }
    return document | {"text": sweep_wording.text(document)}


def _runs(result: dict) -> list[dict]:
    return [run for arm in result["arms"].values() for run in arm["runs"]]


def _tested(result: dict, arm: str) -> list[dict]:
    return [run for run in result["arms"][arm]["runs"] if run["test_accuracy"] is not None]


def _errors(results: dict[str, dict], arm: str) -> dict[int, dict[int, float]]:
    """size -> seed -> share of test pictures that were wrong, of finished runs; sizes without one are left out."""
    found = {
        int(size): {run["seed"]: 1 - run["test_accuracy"] for run in _tested(result, arm)}
        for size, result in results.items()
    }
    return {size: seeds for size, seeds in found.items() if seeds}


def _reached(result: dict, arm: str) -> dict:
    runs = _tested(result, arm)
    accuracy = statistics.interval([run["test_accuracy"] for run in runs])
    return {
        **(accuracy or {"mean": None, "low": None, "high": None}),
        "seconds": mean(run["elapsed_seconds"] for run in runs),
        "seeds": len(runs),
        "test_accuracies": {str(run["seed"]): run["test_accuracy"] for run in runs},
        **{name: result["verdict"]["summary"][arm][name] for name in ("converged", "above_guessing")},
    }


def _as_json(curve: curves.LearningCurve) -> dict:
    residuals = {str(size): value for size, value in curve.residuals.items()}
    return {"a": curve.a, "b": curve.b, "c": curve.c, "largest": curve.largest, "residuals": residuals}


def _comparison(results: dict[str, dict], arm: str, pairs: data_size.Pairs, margin: float) -> dict:
    verdicts = {size: result["verdict"]["arms"][arm] for size, result in results.items()}
    worth = data_size.worth_in_pictures(pairs)
    return {
        "gain": {size: entry["test_accuracy_gain"] for size, entry in verdicts.items()},
        "seeds": {size: entry["seeds"] for size, entry in verdicts.items()},
        "break_even": data_size.break_even(pairs, margin),
        "worth_in_pictures": {str(size): entry for size, entry in worth.items()},
        "time_to_target": {size: entry["time_to_target"] for size, entry in verdicts.items()},
    }


def _headline(comparisons: dict) -> str | None:
    """The arm with the largest mean gain over the sizes; None before a size has a finished pair."""
    gains = {arm: mean(gain and gain["mean"] for gain in entry["gain"].values()) for arm, entry in comparisons.items()}
    known = {arm: gain for arm, gain in gains.items() if gain is not None}
    return max(known, key=known.get) if known else None
