"""Break-even and worth in pictures where the truth is known, and how often the intervals cover it."""

import numpy as np
import pytest

from tests.sweep_lab import pairs_of
from tl.analysis import data_size
from tl.analysis.data_size import break_even, worth_in_pictures
from tl.analysis.results import NEW_PICTURES, NEW_TRAINING, NO_INTERVAL, THESE_NETWORKS, THESE_PICTURES
from tl.analysis.sweep_results import BreakEven, Worth

SIZES = (100, 300, 1000, 3000)
MARGIN = 0.01


def scratch(size: float) -> float:
    return 10 * size**-0.7 + 0.10


def transfer(size: float) -> float:
    return 1.2 * size**-0.4 + 0.10


def where(holds, low: float, high: float) -> float:
    """The size between `low` and `high` at which `holds` turns false."""
    for _ in range(60):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


TRUE_BREAK_EVEN = where(lambda size: scratch(size) - transfer(size) > MARGIN, 100, 3000)
TRUE_WORTH = where(lambda size: scratch(size) > transfer(300), 100, 3000) / 300


def measured(curve, seeds: int = 1, noise: float = 0.0, random=None, sizes=SIZES) -> dict:
    """size -> seed -> error."""
    return {
        size: {seed: curve(size) + (random.normal(0, noise) if noise else 0.0) for seed in range(seeds)}
        for size in sizes
    }


def test_without_noise_both_are_what_they_are():
    pairs = pairs_of(measured(scratch), measured(transfer))
    assert break_even(pairs, MARGIN) == BreakEven(n=round(TRUE_BREAK_EVEN), low=None)
    worth = worth_in_pictures(pairs)
    assert worth[300].ratio == pytest.approx(TRUE_WORTH, rel=0.01)
    assert (worth[300].low, worth[300].bound) == (None, None)
    assert worth[300].pictures == round(300 * worth[300].ratio)


@pytest.mark.parametrize("seeds", [3, 5])
def test_intervals_cover_the_truth_about_as_often_as_they_say(seeds, monkeypatch):
    monkeypatch.setattr(data_size, "DRAWS", 300)
    monkeypatch.setattr(data_size, "STEPS", 150)
    random = np.random.default_rng(seeds)
    even, worth = [], []
    for _ in range(60):  # how often it covers is then known to 0.03
        pairs = pairs_of(*(measured(curve, seeds, 0.01, random) for curve in (scratch, transfer)))
        found = break_even(pairs, MARGIN)
        even.append(covers(found.low, found.high, TRUE_BREAK_EVEN))
        found = worth_in_pictures(pairs)[300]
        worth.append(covers(found.low, found.high, TRUE_WORTH))
    assert 0.83 <= np.mean(even) <= 0.99
    assert 0.83 <= np.mean(worth) <= 0.99


def covers(low, high, truth) -> bool:
    return (low is None or low <= truth) and (high is None or truth <= high)


def test_an_advantage_that_never_ends_is_beyond_twice_the_largest_size():
    pairs = pairs_of(measured(lambda size: transfer(size) + 0.2, 3), measured(transfer, 3))
    assert break_even(pairs, MARGIN) == BreakEven(n=None, beyond=6000, low=None)
    worth = worth_in_pictures(pairs)
    assert (worth[1000].bound, worth[1000].pictures, worth[1000].ratio) == ("at_least", 6000, 6.0)
    assert worth[1000].high is None


def test_no_advantage_at_the_smallest_size_is_said_to_be_over_there():
    pairs = pairs_of(measured(transfer), measured(transfer))
    assert break_even(pairs, MARGIN) == BreakEven(n=100, low=None, at_most=True)
    assert worth_in_pictures(pairs)[1000].ratio == pytest.approx(1.0, rel=0.01)


def test_an_interval_that_begins_at_the_smallest_size_may_begin_below_it():
    random = np.random.default_rng(1)
    sides = [measured(curve, 3, 0.03, random) for curve in (scratch, transfer)]
    found = break_even(pairs_of(*sides), 0.23)
    assert found.n > found.low == 100 and found.low_at_most
    assert not break_even(pairs_of(*(measured(curve, 3) for curve in (scratch, transfer))), MARGIN).low_at_most


def test_an_arm_that_is_worse_is_worth_fewer_pictures():
    worth = worth_in_pictures(pairs_of(measured(transfer), measured(scratch)))
    assert worth[300].ratio < 1
    assert worth[100] == Worth(pictures=100, ratio=1.0, low=None, high=None, bound="at_most")


def test_three_sizes_have_no_break_even_but_lines_between_them():
    sizes = (100, 300, 1000)
    pairs = pairs_of(measured(scratch, 3, sizes=sizes), measured(transfer, 3, sizes=sizes))
    assert break_even(pairs, MARGIN) is None
    worth = worth_in_pictures(pairs)
    assert worth[100].ratio > 1 and worth[100].low is None
    # Past its largest size nothing is known of the baseline: 1000 pictures from scratch do not do as well.
    assert (worth[1000].bound, worth[1000].ratio) == ("at_least", 1.0)


def test_nothing_measured_is_nothing_found():
    pairs = pairs_of({}, measured(transfer))
    assert break_even(pairs, MARGIN) is None and worth_in_pictures(pairs) == {}


def test_one_seed_less_at_one_size_gives_no_interval():
    baseline, arm = measured(scratch, 3), measured(transfer, 3)
    del arm[3000][2]
    assert break_even(pairs_of(baseline, arm), MARGIN).low is None


def test_the_same_runs_give_the_same_interval():
    random = np.random.default_rng(5)
    pairs = pairs_of(*(measured(curve, 3, 0.01, random) for curve in (scratch, transfer)))
    assert break_even(pairs, MARGIN) == break_even(pairs, MARGIN)


def answers(curve, seeds: int, random, pictures: int = 400) -> dict:
    """size -> seed -> (N,) right answers on the same pictures at all sizes."""
    hard = (np.random.default_rng(9).permutation(pictures) + 0.5) / pictures
    return {
        size: {seed: hard + random.normal(0, 0.02, pictures) > curve(size) for seed in range(seeds)} for size in SIZES
    }


def errors_of(rights: dict) -> dict:
    return {size: {seed: 1 - row.mean() for seed, row in seeds.items()} for size, seeds in rights.items()}


@pytest.mark.parametrize("seeds", [1, 2])
def test_few_seeds_have_an_interval_from_the_pictures_alone(seeds):
    random = np.random.default_rng(3)
    rights = tuple(answers(curve, seeds, random) for curve in (scratch, transfer))
    pairs = pairs_of(*map(errors_of, rights), rights)
    assert pairs.basis == THESE_NETWORKS
    found = break_even(pairs, MARGIN)
    assert found.low < found.n and (found.high is None or found.n < found.high)
    worth = worth_in_pictures(pairs)[300]
    assert worth.low < worth.ratio < worth.high
    assert pairs_of(*map(errors_of, rights)).basis == NO_INTERVAL


def test_one_seed_less_at_one_size_leaves_the_pictures():
    random = np.random.default_rng(3)
    rights = tuple(answers(curve, 3, random) for curve in (scratch, transfer))
    assert pairs_of(*map(errors_of, rights), rights).basis == NEW_PICTURES
    del rights[1][3000][2]
    assert pairs_of(*map(errors_of, rights), rights).basis == THESE_NETWORKS


@pytest.mark.parametrize(("share", "basis"), [(0.0, THESE_PICTURES), (0.2, NEW_TRAINING), (None, NO_INTERVAL)])
def test_without_answers_the_share_of_the_test_pictures_says_what_seeds_cover(share, basis):
    random = np.random.default_rng(5)
    pairs = pairs_of(*(measured(curve, 3, 0.01, random) for curve in (scratch, transfer)), test_share=share)
    assert pairs.basis == basis
    assert (break_even(pairs, MARGIN).low is None) == (basis == NO_INTERVAL)
