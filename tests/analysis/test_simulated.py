"""The certainty table in small: where the truth is known, intervals hold it about as often as they say.

`python -m tests.benchmarks certainty` prints the whole table, with enough repeats to tell 93 from 95 %.
"""

from dataclasses import replace

import numpy as np
import pytest

from tests.benchmarks import simulated, simulated_pictures
from tl.analysis.certainty import gain_interval
from tl.config import PLANNED_LOOKS


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
    planned, naive = simulated.false_alarms(equal, random, pictures=75, looks=PLANNED_LOOKS, repeats=400)
    assert 0.05 > planned[0] >= planned[1]  # without a margin, and with one point
    assert naive[0] > planned[0]


@pytest.mark.parametrize("kind", simulated.KINDS, ids=lambda kind: kind.name)
def test_a_planned_look_with_more_seeds_is_not_wider_than_the_one_before(kind):
    baselines, arms = kind.rights(np.random.default_rng(4), 60, 150, PLANNED_LOOKS[-1])
    widths = np.zeros(len(PLANNED_LOOKS))
    for baseline, arm in zip(baselines, arms, strict=True):
        for place, seeds in enumerate(PLANNED_LOOKS):
            found = gain_interval(arm[:seeds], baseline[:seeds], look=place + 1)
            widths[place] += found.high - found.low
    assert np.all(np.diff(widths) < 0)


def test_pictures_that_belong_together_are_one_draw():
    told, untold = simulated_pictures.clusters_coverage(np.random.default_rng(1), pictures=150, seeds=10, repeats=200)
    assert untold.crossed < 0.82 < 0.91 < told.crossed < 0.99


def test_balanced_accuracy_of_uneven_classes_is_held():
    held = simulated_pictures.classes_coverage(np.random.default_rng(2), pictures=550, seeds=5, repeats=200)
    assert 0.91 < held.crossed < 0.99


def test_few_pictures_and_answers_that_change_are_not_taken_for_a_gain():
    """Where seeds alone "prove" a gain in half of all comparisons, and more seeds make it worse."""
    random = np.random.default_rng(3)
    known = {"pictures": 45, "repeats": 300, "margin": 0.01}
    wrong, first, by_seeds = simulated_pictures.rare_disagreement(random, looks=PLANNED_LOOKS, **known)
    assert first <= wrong <= 0.05
    assert 0.2 < by_seeds[0] < by_seeds[1] < by_seeds[2]


def test_two_networks_with_a_split_each_are_held_to_the_pictures_that_they_share():
    together, apart = simulated_pictures.splits_of_two(np.random.default_rng(5), pictures=100, tested=75, repeats=400)
    assert apart.crossed < 0.92 < 0.94 < together.crossed


def test_splits_drawn_anew_are_held_for_new_training_pictures():
    gains, truth = simulated.splits(np.random.default_rng(0), seeds=10, repeats=40, fresh=300)
    held = simulated.splits_coverage(gains, truth, simulated.TRAINED)
    assert 0.03 < truth < 0.1
    assert held.seeds < 0.92 <= held.crossed
