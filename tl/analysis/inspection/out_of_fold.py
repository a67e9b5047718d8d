"""Out-of-fold probabilities of every picture, from features that were computed once: a linear probe per fold.

No network is trained. Pictures that belong together (equal, almost equal, of one group) are in the same fold, so that
none is judged by a probe which has seen its copy.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tl.analysis.crossed import units_of
from tl.analysis.forecasts.probe import Split, best_strength, probabilities

FOLDS = 5


def folds_of(labels: NDArray[np.int64], groups: NDArray[np.int64], seed: int = 0) -> NDArray[np.int64]:
    """(n,) fold of each picture, 0..FOLDS-1: as even within the classes as whole groups (a number; -1: alone) allow."""
    random = np.random.default_rng(seed)
    unit = units_of(groups)
    first = np.unique(unit, return_index=True)[1]
    size, label = np.bincount(unit), labels[first]  # a group counts as of its first picture's class
    held = np.zeros((int(labels.max(initial=0)) + 1, FOLDS))
    fold = np.zeros(len(size), np.int64)
    order = random.permutation(len(size))
    for one in order[np.argsort(-size[order], kind="stable")]:  # large groups first: the small ones even them out
        fold[one] = np.lexsort((held.sum(0), held[label[one]]))[0]
        held[label[one], fold[one]] += size[one]
    return fold[unit]


def out_of_fold(
    features: NDArray[np.float32],
    labels: NDArray[np.int64],
    groups: NDArray[np.int64],
    classes: int,
    seed: int = 0,
    before_each: Callable[[], None] = lambda: None,
) -> NDArray[np.float16]:
    """(n, classes): what the probe of the other folds takes each picture for.

    `features` (n, D), `labels` and `groups` (n,). The strength of L2 is chosen on the first fold and kept: one number,
    chosen on a fifth of the pictures, knows none of them. `before_each` is called before each fold and may raise to give
    up. Raises ValueError where all pictures are in one fold.
    """
    fold = folds_of(labels, groups, seed)
    found = np.zeros((len(labels), classes), np.float16)
    strength: float | None = None
    for number in range(FOLDS):
        inside = fold == number
        if not inside.any():
            continue
        if inside.all():
            raise ValueError("all pictures belong together: none is left to fit a probe to")  # not shown
        before_each()
        train, other = Split(features[~inside], labels[~inside]), Split(features[inside], labels[inside])
        if strength is None:
            strength = best_strength(train, other, classes)
        found[inside] = probabilities(train, strength, other, classes)
    return found
