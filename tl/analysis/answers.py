"""What the networks of two arms answered with the same seeds on the same test pictures: what intervals are made of."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tl.analysis.paired import Pair
from tl.store.predictions import Answers


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
    found: list[tuple[Answers, Answers]] = []
    for base, run in pairs:
        if base.answers is None or run.answers is None:
            return None
        if not np.array_equal(base.answers.picture, run.answers.picture):
            return None
        found.append((base.answers, run.answers))
    if not found:
        return None
    return PairedAnswers(
        baseline=[base.right for base, _ in found],
        arm=[run.right for _, run in found],
        labels=[base.label for base, _ in found],
        groups=[base.group for base, _ in found],
        pictures=[base.picture for base, _ in found],
    )
