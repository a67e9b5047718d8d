"""Classes of uneven size made to count alike: weights, drawing, and what is told of it."""

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from tl.train.balance import Balance, class_weights, drawn_rows
from tl.train.batches import epoch_rows

LABELS = np.random.default_rng(0).permutation(np.repeat([0, 1, 3], [40, 15, 6]))  # class 2 has no pictures
CPU = torch.device("cpu")


def test_a_picture_weighs_one_on_average_and_each_class_the_same():
    weights = class_weights(LABELS, 4)
    assert weights[2] == 0
    assert weights[LABELS].mean() == pytest.approx(1)
    sums = np.bincount(LABELS, weights[LABELS], 4)
    np.testing.assert_allclose(sums[[0, 1, 3]], len(LABELS) / 3, rtol=1e-6)


def test_the_weighted_loss_adds_up_over_the_parts_of_a_batch():
    balance = Balance("loss", LABELS, 4, 0, CPU)
    scores, target = torch.randn(61, 4), torch.from_numpy(LABELS)
    parts = [balance.loss(scores[rows], target[rows]) * len(target[rows]) for rows in (slice(20), slice(20, 61))]
    assert balance.loss(scores, target).item() == pytest.approx(sum(parts).item() / 61, rel=1e-5)
    of_class = [cross_entropy(scores[target == each], target[target == each]).item() for each in (0, 1, 3)]
    assert balance.loss(scores, target).item() == pytest.approx(np.mean(of_class), rel=1e-5)


@pytest.mark.parametrize("epoch", [1, 2, 7])
def test_classes_come_equally_often_in_as_many_pictures(epoch):
    rows = drawn_rows(LABELS, 5, epoch)
    assert len(rows) == len(LABELS)
    counts = np.bincount(LABELS[rows], minlength=4)
    assert counts[2] == 0 and set(counts[[0, 1, 3]]) == {20, 21}


def test_each_classs_pictures_go_round_before_one_repeats():
    rows = np.concatenate([drawn_rows(LABELS, 5, epoch) for epoch in range(1, 13)])
    rounds = {}
    for number in (0, 1, 3):
        mine, size = rows[LABELS[rows] == number], int((number == LABELS).sum())
        rounds[number] = [tuple(mine[start : start + size]) for start in range(0, len(mine) - size + 1, size)]
        assert all(len(set(each)) == size for each in rounds[number])
        assert len(set(rounds[number])) > 1, "another order each time"
    assert len(rounds[0]) == 6


def test_what_is_drawn_depends_on_seed_and_epoch_alone():
    assert drawn_rows(LABELS, 5, 3).tolist() == drawn_rows(LABELS, 5, 3).tolist()
    assert drawn_rows(LABELS, 5, 3).tolist() != drawn_rows(LABELS, 6, 3).tolist()
    assert sorted(drawn_rows(LABELS, 5, 3)) != sorted(drawn_rows(LABELS, 5, 4))


def test_batches_are_made_of_what_is_drawn():
    drawn = drawn_rows(LABELS, 5, 1)
    batches = epoch_rows(len(LABELS), 8, np.random.default_rng(1), drawn)
    assert sorted(np.concatenate(batches)) == sorted(drawn)


@pytest.mark.parametrize("kind", ["none", "loss", "sampling"])
def test_what_is_told_is_of_the_pictures_as_they_are(kind):
    """A network that knows class 0 alone is right in 40 of 61, however classes are balanced."""
    balance = Balance(kind, LABELS, 4, 0, CPU)
    drawn = balance.drawn(1)
    assert (drawn is None) == (kind != "sampling")
    target = torch.from_numpy(LABELS if drawn is None else LABELS[drawn])
    scores = torch.tensor([[2.0, 0.0, 0.0, 0.0]]).repeat(len(target), 1)
    losses, right, pictures = balance.batch_sums(balance.loss(scores, target).double(), scores, target).tolist()
    assert right / pictures == pytest.approx(40 / 61, rel=0.03)
    of_right, of_wrong = -2 + np.log(np.e**2 + 3), np.log(np.e**2 + 3)
    assert losses / pictures == pytest.approx((40 * of_right + 21 * of_wrong) / 61, rel=0.03)


def test_without_balance_everything_is_as_it_was():
    balance = Balance("none", LABELS, 4, 0, CPU)
    scores, target = torch.randn(61, 4), torch.from_numpy(LABELS)
    loss = balance.loss(scores, target)
    assert torch.equal(loss, cross_entropy(scores, target))
    right = (scores.argmax(1) == target).sum().item()
    assert balance.batch_sums(loss.double(), scores, target).tolist() == [loss.item() * 61, right, 61]
