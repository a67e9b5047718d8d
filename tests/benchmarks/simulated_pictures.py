"""Simulated comparisons whose pictures are not all alike: some belong together, some classes are rare, or there are few.

What people call is judged here, `gain_interval` and the rest, one comparison at a time. Everything is drawn from the
`random` given; the truth is known.
"""

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtri

from tests.benchmarks.simulated import Held, Kind
from tl.analysis.certainty import Interval, gain_interval, of_seeds, splits_interval

LARGEST = 6  # pictures that belong together, at most; sizes from 1 on are equally frequent
LIKENESS = 0.9  # of the difficulty, the share that pictures which belong together have in common
RARE = 1 / 11  # share of the rarer of two classes
FREQUENT_CLASS, RARE_CLASS = (0.90, 0.92), (0.50, 0.65)  # accuracies of (baseline, arm)
LUCK, HARD = 0.05, 0.7  # standard deviation of a seed's luck; share of the variance that is the picture's

CHANGING = Kind(  # 10 % of answers change with another seed; each arm has difficulties of its own
    name="10 % of answers change", accuracies=(0.75, 0.75), shift=0.0, agreement=0.9, shared=0.0
)


def _answers(random, level: np.ndarray, difficulty: np.ndarray, seeds: int) -> np.ndarray:
    """(S, N) right answers of one arm; on average over pictures and seeds the chance is ndtr(level)."""
    luck = LUCK * random.standard_normal((seeds, 1))
    noise = np.sqrt(1 - HARD) * random.standard_normal((seeds, len(difficulty)))
    return level * np.sqrt(1 + LUCK**2) + np.sqrt(HARD) * difficulty + luck + noise > 0


def _over_seeds(arm: np.ndarray, baseline: np.ndarray) -> Interval:
    return _t((arm.astype(float) - baseline).mean(1))


def _t(gains: np.ndarray) -> Interval:
    found = of_seeds(list(gains), 0.95)
    assert found is not None
    return found


def _told_apart(found: Interval, margin: float) -> bool:
    return found.low > margin or found.high < -margin


def _held(intervals: Sequence[Interval], alone: Sequence[Interval], truth: float) -> Held:
    inside = [float(np.mean([found.low <= truth <= found.high for found in ways])) for ways in (intervals, alone)]
    return Held(*inside, float(np.mean([found.high - found.low for found in intervals])) / 2)


def clusters_coverage(random, *, pictures: int, seeds: int, repeats: int) -> tuple[Held, Held]:
    """Pictures that belong together share most of their difficulty: the interval told of them, and not told."""
    told, untold, alone = [], [], []
    for _ in range(repeats):
        sizes = random.integers(1, LARGEST + 1, pictures)
        cluster = np.repeat(np.arange(pictures), sizes)[:pictures]
        shared, own = random.standard_normal(
            (2, pictures, 2)
        )  # an arm's difficulties are half the baseline's, half new
        difficulty = np.sqrt(LIKENESS) * shared[cluster] + np.sqrt(1 - LIKENESS) * own
        difficulty[:, 1] = np.sqrt(0.5) * difficulty[:, 0] + np.sqrt(0.5) * difficulty[:, 1]
        baseline, arm = (
            _answers(random, ndtri(accuracy), difficulty[:, side], seeds) for side, accuracy in enumerate((0.7, 0.8))
        )
        told.append(gain_interval(arm, baseline, confidence=0.95, clusters=cluster))
        untold.append(gain_interval(arm, baseline, confidence=0.95))
        alone.append(_over_seeds(arm, baseline))
    return _held(told, alone, 0.1), _held(untold, alone, 0.1)


def classes_coverage(random, *, pictures: int, seeds: int, repeats: int) -> Held:
    """Balanced accuracy with classes 10:1; the rarer one is harder, and it is where the arm gains."""
    intervals, alone = [], []
    for _ in range(repeats):
        classes = (random.random(pictures) < RARE).astype(int)
        classes[:4] = (0, 0, 1, 1)  # the split keeps some of each class
        difficulty = random.standard_normal(pictures)
        baseline, arm = (
            _answers(random, ndtri(np.where(classes, rare, frequent)), difficulty, seeds)
            for frequent, rare in zip(FREQUENT_CLASS, RARE_CLASS, strict=True)
        )
        intervals.append(gain_interval(arm, baseline, confidence=0.95, classes=classes))
        balanced = (arm.astype(float) - baseline) @ (np.eye(2)[classes] / np.bincount(classes)).mean(1)
        alone.append(_t(balanced))
    return _held(intervals, alone, (FREQUENT_CLASS[1] - FREQUENT_CLASS[0] + RARE_CLASS[1] - RARE_CLASS[0]) / 2)


def splits_of_two(random, *, pictures: int, tested: int, repeats: int) -> tuple[Held, Held]:
    """Two networks, each tested on a split of its own of the same `pictures`: for other pictures of the kind.

    The networks are given, without luck: (one interval of both, and as if the test sets did not overlap).
    """
    together, apart = [], []
    for _ in range(repeats):
        difficulty = np.sqrt(HARD) * random.standard_normal((2, pictures))  # of either arm by itself
        tests = [random.permutation(pictures)[:tested] for _ in range(2)]
        baseline, arm = (
            [ndtri(accuracy) + hard[test] + np.sqrt(1 - HARD) * random.standard_normal(tested) > 0 for test in tests]
            for accuracy, hard in zip((0.7, 0.8), difficulty, strict=True)
        )
        found = splits_interval(arm, baseline, confidence=0.95)
        assert found is not None
        together.append(found)
        half = (found.high - found.low) / 2 / np.sqrt(2)
        apart.append(Interval(found.mean, found.mean - half, found.mean + half, found.basis))
    return _held(together, together, 0.1), _held(apart, apart, 0.1)


def rare_disagreement(
    random, *, pictures: int, looks: Sequence[int], repeats: int, margin: float, kind: Kind = CHANGING
) -> tuple[float, float, list[float]]:
    """Few pictures, few answers that change, arms equal on all pictures there could be: how often told apart.

    Over all looks, at the first look only, and by Student's t over seeds at each number of seeds by itself.
    """
    alarms = np.zeros((len(looks), repeats), bool)
    by_seeds = np.zeros((len(looks), repeats), bool)
    for repeat in range(repeats):
        baseline, arm = (side[0] for side in kind.rights(random, 1, pictures, looks[-1]))
        for look, seeds in enumerate(looks, start=1):
            found = gain_interval(arm[:seeds], baseline[:seeds], look=look)
            alarms[look - 1, repeat] = _told_apart(found, margin)
            by_seeds[look - 1, repeat] = _told_apart(_over_seeds(arm[:seeds], baseline[:seeds]), margin)
    return float(alarms.any(0).mean()), float(alarms[0].mean()), [float(share) for share in by_seeds.mean(1)]
