"""Classes of uneven size made to count alike in training: by the loss's weights, or by how often pictures are drawn."""

import numpy as np
import torch
from torch import nn

LOSS, SAMPLING = "loss", "sampling"  # of tl.config.BALANCES


def class_weights(labels: np.ndarray, classes: int) -> np.ndarray:
    """(classes,) float32: N / (C n_c), C classes having pictures, so that the mean weight of a picture is 1; else 0."""
    counts = np.bincount(labels, minlength=classes)
    weights = np.zeros(classes, np.float32)
    np.divide(len(labels), np.count_nonzero(counts) * counts, out=weights, where=counts > 0, casting="unsafe")
    return weights


def drawn_rows(labels: np.ndarray, seed: int, epoch: int) -> np.ndarray:
    """(N,) rows of an epoch, from 1, in which the classes come equally often, one after the other.

    Over the epochs each class's pictures go round, in another order each time, before one of them repeats; an epoch
    begins where the one before ended, which follows from its number.
    """
    there = np.flatnonzero(np.bincount(labels))
    rows = np.empty(len(labels), np.int64)
    begin = (epoch - 1) * len(labels)  # in the endless row of classes
    for position, number in enumerate(there):
        mine = np.arange((position - begin) % len(there), len(labels), len(there))
        pictures = np.flatnonzero(labels == number)
        rounds, place = np.divmod((begin + mine) // len(there), len(pictures))
        for each in np.unique(rounds):
            order = np.random.default_rng([seed, int(number), int(each)]).permutation(pictures)
            rows[mine[rounds == each]] = order[place[rounds == each]]
    return rows


class Balance:
    """What the setting `balance` makes of the training sample with these `labels`, (N,); a function of `seed`."""

    def __init__(self, kind: str, labels: np.ndarray, classes: int, seed: int, device: torch.device):
        self._kind, self._labels, self._seed = kind, labels, seed
        self._weights = torch.from_numpy(class_weights(labels, classes)).to(device)

    def drawn(self, epoch: int) -> np.ndarray | None:
        """The rows of an epoch; None: each picture once."""
        return drawn_rows(self._labels, self._seed, epoch) if self._kind == SAMPLING else None

    def loss(self, scores: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """What training goes down: the mean cross-entropy of a batch, with the weights of the classes."""
        if self._kind != LOSS:
            return nn.functional.cross_entropy(scores, target)
        return nn.functional.cross_entropy(scores, target, self._weights, reduction="sum") / len(target)

    def batch_sums(
        self, loss: torch.Tensor, scores: torch.Tensor, target: torch.Tensor, added: bool = False
    ) -> torch.Tensor:
        """(3,) sums over a batch of losses, right answers and pictures as reported: without the loss's weights and what a
        method `added`, and what was drawn more often than it occurs counting the less. Of the type and on the device of
        `loss`, ()."""
        right = scores.argmax(1) == target
        if self._kind not in (LOSS, SAMPLING) and not added:
            return torch.stack([loss * len(target), _like(loss, right.sum()), torch.full_like(loss, len(target))])
        losses = nn.functional.cross_entropy(scores, target, reduction="none")
        counts = 1 / self._weights[target] if self._kind == SAMPLING else torch.ones_like(losses)
        return torch.stack([_like(loss, each.sum()) for each in (losses * counts, right * counts, counts)])


def _like(loss: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    return value.to(loss.device).to(loss.dtype)  # in this order: not every device has the type
