"""Runs of two arms with the same seed: what they differ by, what they cost, and what their networks answered."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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


@dataclass(frozen=True)
class PairedAnswers:
    """Per seed: the test pictures that both arms were asked about, and who was right."""

    baseline: list[NDArray[np.bool_]]  # each (N_s,)
    arm: list[NDArray[np.bool_]]
    labels: list[NDArray[np.int64]]  # class of each picture
    groups: list[NDArray[np.int64]]  # pictures with the same number belong together, -1: alone
    pictures: list[NDArray[np.int64]]  # place of each in the data set

    @property
    def same(self) -> bool:
        """Whether all seeds were asked about the same pictures, in the same order."""
        return all(np.array_equal(self.pictures[0], each) for each in self.pictures[1:])


def asked(pairs: Sequence[Pair]) -> PairedAnswers | None:
    """What was answered in every pair; None for no pair, or where one lacks it or its sides were asked differently."""
    found = [(base.answers, run.answers) for base, run in pairs if base.answers is not None and run.answers is not None]
    alike = all(np.array_equal(base.picture, run.picture) for base, run in found)
    if not found or len(found) < len(pairs) or not alike:
        return None
    return PairedAnswers(
        baseline=[base.right for base, _ in found],
        arm=[run.right for _, run in found],
        labels=[base.label for base, _ in found],
        groups=[base.group for base, _ in found],
        pictures=[base.picture for base, _ in found],
    )
