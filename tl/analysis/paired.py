"""Runs of two arms with the same seed: what they differ by and what they cost."""

from collections.abc import Sequence

from tl.analysis import statistics
from tl.analysis.cost_results import Cost, Costs, Sides
from tl.analysis.records import RunRecord, mean

Pair = tuple[RunRecord, RunRecord]  # (baseline's run, arm's run)
COSTS = {  # field of Costs -> attribute of a run
    "seconds": "elapsed_seconds",
    "images": "images_seen",
    "epochs": "epochs",
    "memory_bytes": "memory_peak_bytes",
    "energy_joules": "energy_joules",
    "flops": "flops",
}


def pairs_of(baseline: Sequence[RunRecord], arm: Sequence[RunRecord], attribute: str) -> list[Pair]:
    """Runs with the same seed of which both know the attribute."""
    by_seed = {run.seed: run for run in baseline if getattr(run, attribute) is not None}
    return [(by_seed[run.seed], run) for run in arm if run.seed in by_seed and getattr(run, attribute) is not None]


def gains(pairs: Sequence[Pair], attribute: str) -> list[float]:
    """By how much the arm's run has more of it, of every pair that knows it."""
    return [run - base for base, run in _values(pairs, attribute)]


def sides(pairs: Sequence[Pair], attribute: str) -> Sides:
    """Means over the pairs that know it."""
    known = _values(pairs, attribute)
    return Sides(baseline=mean(base for base, _ in known), arm=mean(run for _, run in known))


def costs(pairs: Sequence[Pair]) -> Costs:
    """What whole runs cost."""
    return Costs(**{name: _cost(pairs, attribute) for name, attribute in COSTS.items()})


def _cost(pairs: Sequence[Pair], attribute: str) -> Cost:
    known, both = _values(pairs, attribute), sides(pairs, attribute)
    ratio = statistics.ratio([run for _, run in known], [base for base, _ in known])
    return Cost(baseline=both.baseline, arm=both.arm, ratio=ratio)


def _values(pairs: Sequence[Pair], attribute: str) -> list[tuple[float, float]]:
    """(baseline's value, arm's value) of the pairs in which both sides know it."""
    found = [(getattr(base, attribute), getattr(run, attribute)) for base, run in pairs]
    return [values for values in found if None not in values]
