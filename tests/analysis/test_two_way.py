"""The bootstrap over networks and pictures spreads as far as figures would, were both drawn anew."""

import numpy as np
import pytest

from tests.benchmarks.simulated import AGREEING
from tests.sweep_lab import pairs_of
from tl.analysis.data_size import break_even
from tl.analysis.two_way import draw_errors


def drawn(pictures: int = 150, seeds: int = 10, sizes: int = 3, seed: int = 0, **options):
    random = np.random.default_rng(seed)
    baseline, arm = (side[0].astype(float) for side in AGREEING.rights(random, 1, pictures, sizes * seeds))
    rights = [(baseline[place::sizes], arm[place::sizes]) for place in range(sizes)]
    errors = [tuple(1 - side.mean(1) for side in sides) for sides in rights]
    return draw_errors(errors, 2000, random, rights, **options), draw_errors(errors, 2000, random), errors


def test_draws_spread_as_far_as_new_pictures_and_seeds_would():
    random = np.random.default_rng(1)
    baseline, arm = AGREEING.rights(random, 1000, 150, 10)
    truly = (arm.mean((1, 2)) - baseline.mean((1, 2))).std()
    spreads, alone = [], []
    for seed in range(20):
        both, seeds, _ = drawn(seed=seed)
        spreads.append((both[0] - both[1]).std(0).mean())
        alone.append((seeds[0] - seeds[1]).std(0).mean())
    assert 0.95 * truly < np.mean(spreads) < 1.25 * truly
    assert np.mean(alone) < 0.7 * truly  # seeds alone know nothing of other pictures


def test_the_same_pictures_are_drawn_for_all_sizes_and_both_arms():
    both, _, errors = drawn()
    assert both[0].shape == both[1].shape == (2000, 3)
    assert both[0].mean(0) == pytest.approx([sides[0].mean() for sides in errors], abs=0.01)
    assert np.corrcoef(both[0][:, 0], both[0][:, 2])[0, 1] > 0.5
    assert np.corrcoef(both[0][:, 0], both[1][:, 0])[0, 1] > 0.3


def test_pictures_that_belong_together_are_drawn_together():
    alone, _, _ = drawn(sizes=1)
    random = np.random.default_rng(0)
    baseline, arm = (side[0].astype(float) for side in AGREEING.rights(random, 1, 150, 10))
    copied = [(np.tile(baseline, 4), np.tile(arm, 4))]
    errors = [tuple(1 - side.mean(1) for side in copied[0])]
    together = draw_errors(errors, 2000, random, copied, np.tile(np.arange(150), 4))
    naive = draw_errors(errors, 2000, random, copied)
    assert together[1].std() == pytest.approx(alone[1].std(), rel=0.1)
    assert naive[1].std() < 0.7 * together[1].std()


def test_a_split_of_its_own_for_each_seed_widens_the_seeds_part():
    errors = [(np.array([0.3, 0.32, 0.35]), np.array([0.2, 0.21, 0.25]))]
    plain, widened = (draw_errors(errors, 4000, np.random.default_rng(0), test_share=share) for share in (0, 60 / 280))
    expected = np.sqrt((1 / 3 + 60 / 280) / (1 / 3))
    assert widened[1].std() == pytest.approx(expected * plain[1].std(), rel=1e-6)


def measured(rights: dict) -> dict:
    return {size: {seed: 1 - float(row.mean()) for seed, row in seeds.items()} for size, seeds in rights.items()}


def sweep(pictures: int = 100) -> tuple[dict, dict]:
    """size -> seed -> answers of baseline and arm; the advantage ends at about 1,000 pictures."""
    difficulty = np.random.default_rng(0).random(pictures)
    luck = np.random.default_rng(1).normal(0, 0.004, (2, 4, 3))
    sizes = (100, 300, 1000, 3000)
    errors = [[10 * size**-0.7 + 0.1 for size in sizes], [1.2 * size**-0.4 + 0.1 for size in sizes]]
    return tuple(
        {
            size: {
                seed: (difficulty > errors[side][place] + luck[side, place, seed]).astype(float) for seed in range(3)
            }
            for place, size in enumerate(sizes)
        }
        for side in range(2)
    )


def test_a_sweep_whose_answers_are_known_is_judged_for_new_pictures():
    rights = sweep()
    errors = [measured(side) for side in rights]
    known, unknown = pairs_of(*errors, rights), pairs_of(*errors)
    assert known.rights is not None and known.rights[0][0].shape == (3, 100)

    def width(pairs) -> float:
        found = break_even(pairs, 0.01)
        return np.log((found.high or 6000) / found.low)

    assert width(known) > width(unknown)
