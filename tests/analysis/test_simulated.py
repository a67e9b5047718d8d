"""The certainty table in small: where the truth is known, intervals hold it about as often as they say.

`python -m tests.benchmarks certainty` prints the whole table, with enough repeats to tell 93 from 95 %.
"""

from dataclasses import replace

import numpy as np
import pytest

from tests.benchmarks import simulated
from tl.analysis.looks import PLANNED


@pytest.mark.parametrize("kind", simulated.KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("seeds", [3, 5, 10])
@pytest.mark.parametrize(("pictures", "repeats"), [(75, 600), (550, 200)])
def test_intervals_hold_the_gain_on_new_pictures(kind, seeds, pictures, repeats):
    random = np.random.default_rng([seeds, pictures])
    held = simulated.coverage(kind, random, pictures=pictures, seeds=seeds, repeats=repeats)
    assert 0.95 - 3.5 * (0.05 / repeats) ** 0.5 < held.crossed < 0.995  # 3.5 standard errors


def test_seeds_alone_do_not_hold_it():
    random = np.random.default_rng(0)
    held = simulated.coverage(simulated.AGREEING, random, pictures=75, seeds=10, repeats=300)
    assert held.seeds < 0.75 < 0.92 < held.crossed


@pytest.mark.parametrize("arms", [1, 5])
def test_equal_arms_are_told_apart_in_at_most_5_percent_over_all_looks(arms):
    random = np.random.default_rng(arms)
    equal = replace(simulated.SHIFTING, accuracies=(0.75,) * (arms + 1))
    planned, naive = simulated.false_alarms(equal, random, pictures=75, looks=PLANNED, repeats=400, margin=0.01)
    assert planned < 0.05
    assert naive > planned


def test_splits_drawn_anew_are_held_for_new_training_pictures():
    gains, truth = simulated.splits(np.random.default_rng(0), seeds=10, repeats=60)
    held = simulated.splits_coverage(gains, truth, simulated.TRAINED)
    assert 0.03 < truth < 0.1
    assert held.seeds < 0.92 <= held.crossed
