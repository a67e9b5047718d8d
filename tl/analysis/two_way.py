"""A bootstrap over networks and test pictures: errors of two arms at several sizes, as they might have come out."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri, stdtrit

from tl.analysis.crossed import Array, linearised
from tl.analysis.statistics import CONFIDENCE, MIN_PAIRS

UPPER = 0.5 + CONFIDENCE / 2
AT_ONCE = 4_000_000  # numbers that are drawn together: bounds memory
Sides = tuple[Array, Array]
Rights = Sequence[Sides]  # (baseline's, the arm's) answers (S, N) at each size


def draw_errors(
    errors: Sequence[Sides],
    draws: int,
    random: np.random.Generator,
    rights: Rights | None = None,
    clusters: ArrayLike | None = None,
    test_share: float = 0.0,
    classes: ArrayLike | None = None,
) -> Sides:
    """Mean errors of baseline and arm, (draws, sizes) each, with seeds and test pictures drawn anew.

    `errors` are (baseline's, the arm's) (seeds,) at each size. Seeds are drawn as pairs, anew at every size. With
    `rights` (S, N), the same N test pictures at all sizes, one draw of pictures (of `clusters`, (N,)) serves all sizes
    and both arms. Deviations of seeds and of pictures are added: drawing both at once, as the pigeonhole bootstrap does
    (Owen 2007), would count what is neither's a third time. With a split of its own for each seed, `test_share` (test
    pictures per training picture) widens the seeds' part (Nadeau and Bengio 2003). `classes` (N,): balanced errors.
    Where a size has fewer than 3 seeds the networks are taken as given at all of them: pictures alone are drawn.
    """
    freedom = sum(len(arm) - 1 for _, arm in errors)
    as_given = min(len(arm) for _, arm in errors) < MIN_PAIRS
    baseline, arm = (np.empty((draws, len(errors))) for _ in range(2))
    for place, sides in enumerate(errors):
        count = len(sides[1])
        if as_given:
            baseline[:, place], arm[:, place] = (values.mean() for values in sides)
            continue
        chosen = random.integers(0, count, (draws, count))
        # A bootstrap of n values spreads too little, by sqrt((n - 1) / n), and knows its spread from few values only.
        widen = np.sqrt(count / (count - 1)) * stdtrit(freedom, UPPER) / ndtri(UPPER) * np.sqrt(1 + count * test_share)
        for values, means in zip(sides, (baseline, arm), strict=True):
            means[:, place] = values.mean() + widen * (values[chosen].mean(-1) - values.mean())
    if rights is not None:
        columns = [linearised(1 - side, clusters, classes).mean(0) for size in rights for side in size]
        moved = _of_pictures(np.stack(columns, -1), draws, random)  # (draws, 2 * sizes): baseline, arm, baseline, ...
        baseline, arm = baseline + moved[:, ::2], arm + moved[:, 1::2]
    return baseline, arm


def _of_pictures(columns: Array, draws: int, random: np.random.Generator) -> Array:
    """How means over pictures (N, M) move where the pictures are drawn anew, (draws, M); the same draw for all M."""
    number = len(columns)
    centred = columns - columns.mean(0)
    moved = np.empty((draws, columns.shape[1]))
    step = max(1, AT_ONCE // number)
    for start in range(0, draws, step):
        drawn = random.multinomial(number, np.full(number, 1 / number), min(step, draws - start))
        moved[start : start + step] = drawn @ centred / number
    return np.asarray(np.sqrt(number / max(1, number - 1)) * moved)
