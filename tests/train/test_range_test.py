"""The learning-rate range test: what it finds, and that it leaves everything as it was."""

import math
from itertools import repeat

import torch

from tl.analysis.estimate import RANGE_TEST_STEPS
from tl.train.rate_test import DIVISOR, HIGHEST, LOWEST, STEPS, find_rate


def search(loss_of):
    network = torch.nn.Linear(2, 1)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.1)
    before = {name: value.clone() for name, value in network.state_dict().items()}

    def step(rate, batch):
        network(batch).sum().backward()
        optimizer.step()  # something moves
        return loss_of(rate)

    rate, curve = find_rate(network, optimizer, step, repeat((torch.ones(1, 2),)))
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
    rate, curve = search(lambda rate: 1.0 - rate if rate < 1e-3 else math.nan)
    assert all(math.isfinite(row["loss"]) for row in curve)
    assert LOWEST <= rate < 1e-3


def test_the_estimate_counts_its_steps():
    assert RANGE_TEST_STEPS == STEPS
