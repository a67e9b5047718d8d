"""The learning-rate range test: what it finds, where it finds nothing, and that it leaves everything as it was."""

import math
from itertools import count, repeat

import numpy as np
import pytest
import torch

from tl.analysis.guessing import Pictures
from tl.analysis.time_estimate import RANGE_TEST_STEPS
from tl.config import Training
from tl.config.arm import usual_rate
from tl.train.rate_test import DIVISOR, FIRST, HIGHEST, LOWEST, STEPS, clear_minimum, find_rate

CHANCE = math.log(12)


def search(loss_of, batches=None, **options):
    network = torch.nn.Linear(2, 1)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.1)
    before = {name: value.clone() for name, value in network.state_dict().items()}

    def step(rate, batch):
        network(batch).sum().backward()
        optimizer.step()  # something moves
        return loss_of(rate)

    rate, curve = find_rate(network, optimizer, step, batches or repeat((torch.ones(1, 2),)), **options)
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert optimizer.state_dict()["state"] == {}
    return rate, curve


def test_a_tenth_of_the_rate_with_the_lowest_loss_is_chosen():
    valley = 1e-2
    rate, curve = search(lambda rate: 1 + abs(math.log10(rate / valley)))
    assert valley / DIVISOR / 2 < rate < valley  # smoothing looks back: the lowest smoothed loss comes a little later
    assert curve[0]["learning_rate"] == LOWEST
    assert curve[-1]["learning_rate"] <= HIGHEST


def test_it_ends_where_the_loss_takes_off():
    _, curve = search(lambda rate: 1.0 if rate < 1e-3 else 1e3)
    assert curve[-1]["learning_rate"] < 1e-2


def test_a_loss_that_is_not_finite_ends_it_too():
    rate, curve = search(lambda rate: 1.0 - 100 * rate if rate < 1e-3 else math.nan)
    assert all(math.isfinite(row["loss"]) for row in curve)
    assert 1e-5 <= rate < 1e-3


def scattered(deviation: float, falls: float = 0.0, at: float = 0.6, seed: int = 0) -> list[float]:
    """Losses of all steps: that of guessing, less what it falls by up to this part of the way, and noise."""
    place = np.linspace(0, 1, STEPS)
    valley = falls * np.exp(-(((place - at) / 0.15) ** 2))
    return (CHANCE - valley + np.random.default_rng(seed).normal(0, deviation, STEPS)).tolist()


@pytest.mark.parametrize("deviation", [0.02, 0.2, 1.0])
def test_losses_that_only_scatter_show_no_rate(deviation):
    found = [clear_minimum(scattered(deviation, seed=seed)) for seed in range(300)]
    assert sum(place is not None for place in found) <= 6, "2 % of the range tests of arms that learn nothing"


def test_a_low_first_batch_is_no_minimum():
    losses = scattered(0.1, falls=0.5)
    expected = clear_minimum(losses)
    assert clear_minimum([0.5, *losses[1:]]) == expected >= FIRST
    assert clear_minimum([0.5] * 3 + scattered(0.1)[3:]) is None


@pytest.mark.parametrize(("falls", "deviation"), [(0.3, 0.1), (1.0, 0.3), (0.05, 0.01)])
def test_a_valley_deeper_than_the_scatter_is_found_where_it_lies(falls, deviation):
    found = [clear_minimum(scattered(deviation, falls, seed=seed)) for seed in range(50)]
    assert all(place is not None and 55 <= place <= 85 for place in found), "smoothing looks back"


def test_a_curve_that_is_over_at_once_shows_no_rate():
    assert clear_minimum([]) is None and clear_minimum([2.0] * FIRST) is None
    assert search(lambda rate: math.nan)[0] is None


def test_where_none_is_shown_the_usual_rate_may_still_learn():
    """Two classes that lie close together: 100 steps of 2 pictures show nothing, 600 at the usual rate learn them."""
    random = torch.Generator().manual_seed(0)
    network = torch.nn.Linear(32, 2)
    torch.nn.init.zeros_(network.weight)
    optimizer = torch.optim.Adam(network.parameters())

    def pictures(number):
        label = torch.randint(0, 2, (number,), generator=random)
        apart = 0.6 * (label[:, None] - 0.5) / math.sqrt(32)
        return torch.randn(number, 32, generator=random) + apart, label

    def step(rate, batch, label):
        optimizer.param_groups[0]["lr"] = rate
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(network(batch), label)
        loss.backward()
        optimizer.step()
        return loss.item()

    rate, curve = find_rate(network, optimizer, step, iter(lambda: pictures(2), None))
    assert rate is None and len(curve) == STEPS
    for _ in range(600):
        step(usual_rate("scratch", "adam"), *pictures(2))
    batch, label = pictures(2000)
    right = (network(batch).argmax(1) == label).double().mean().item()
    assert right > Pictures((1000, 1000)).limit, "more than guessing may reach"


def test_small_batches_are_taken_several_to_a_step():
    seen = count()
    _, curve = search(lambda rate: next(seen) % 4, per_step=4)
    assert next(seen) == 4 * len(curve) == 4 * STEPS
    assert [row["loss"] for row in curve] == pytest.approx([1.5] * STEPS), "the mean over its batches"
    by_size = [Training(dataset="blossoms", batch_size=size).rate_test_batches for size in (2, 8, 20, 32, 500)]
    assert by_size == [8, 4, 2, 1, 1], "32 pictures, in 8 batches at most"


def test_the_estimate_counts_its_steps():
    assert RANGE_TEST_STEPS == STEPS
