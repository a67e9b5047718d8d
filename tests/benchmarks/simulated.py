"""Comparisons whose truth is known: how often intervals hold it, and how often equal arms are told apart.

Four simulations. `Kind`: networks that answer about pictures, seeds times pictures. `splits`: classifiers that really
learn, from splits drawn anew. `sweeps_coverage`: several sizes. `t_false_alarms`: seeds alone. Everything is drawn from
the `random` given. `simulated_pictures` has pictures that belong together, uneven classes and few pictures.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import ndtr, ndtri, stdtrit

from tests.sweep_lab import pairs_of
from tl.analysis import data_size
from tl.analysis.certainty import resampled_interval
from tl.analysis.crossed import Spread, spread
from tl.analysis.looks import confidence_of, confidences

AT_ONCE = 2_000_000  # answers that are drawn together


@dataclass(frozen=True, kw_only=True)
class Kind:
    """How answers come about: right where level + difficulty of the picture + luck of the seed + chance is above 0.

    Accuracies are exactly `accuracies`, on average over pictures and seeds: that is the truth.
    """

    name: str
    accuracies: tuple[float, ...]  # of the baseline and the arms
    shift: float  # standard deviation of a seed's luck
    difficulty: float | None = None  # share of the variance that is the picture's; None: as `agreement` needs it
    agreement: float = 0.86  # share of answers that stay with another seed
    shared: float = 1.0  # of the difficulty, the share that is the same for all arms

    def rights(self, random, repeats: int, pictures: int, seeds: int) -> Iterator[np.ndarray]:
        """(repeats, seeds, pictures) of the baseline and each arm, on the same pictures."""
        common = random.standard_normal((repeats, pictures), dtype=np.float32)
        for accuracy in self.accuracies:
            share = _share(accuracy, self.agreement) if self.difficulty is None else self.difficulty
            own = random.standard_normal((repeats, pictures), dtype=np.float32) if self.shared < 1 else 0.0
            difficulty = np.sqrt(self.shared) * common + np.sqrt(1 - self.shared) * own
            luck = self.shift * random.standard_normal((repeats, seeds, 1), dtype=np.float32)
            level = ndtri(accuracy) * np.sqrt(1 + self.shift**2)
            chances = ndtr((level + np.sqrt(share) * difficulty[:, None] + luck) / np.sqrt(1 - share))
            yield random.random((repeats, seeds, pictures), dtype=np.float32) < chances.astype(np.float32)


@lru_cache
def _share(accuracy: float, agreement: float) -> float:
    """Which share of the variance has to be the picture's for so many answers to stay with another seed."""
    points = np.linspace(-8, 8, 4001)
    weights = np.exp(-(points**2) / 2) / np.exp(-(points**2) / 2).sum()
    low, high = 0.0, 1 - 1e-9
    for _ in range(50):
        middle = (low + high) / 2
        chances = ndtr((ndtri(accuracy) + np.sqrt(middle) * points) / np.sqrt(1 - middle))
        stays = (weights * (chances**2 + (1 - chances) ** 2)).sum()
        low, high = (middle, high) if stays < agreement else (low, middle)
    return low


AGREEING = Kind(name="86 % of answers agree", accuracies=(0.7, 0.8), shift=0.02, shared=0.75)
STEADY = Kind(name="shared difficulty, shift 0.03", accuracies=(0.7, 0.8), shift=0.03, difficulty=0.7)
SHIFTING = Kind(name="shared difficulty, shift 0.1", accuracies=(0.7, 0.8), shift=0.1, difficulty=0.7)
KINDS = (AGREEING, STEADY, SHIFTING)


def _portions(repeats: int, size: int) -> Iterator[int]:
    portion = max(1, AT_ONCE // size)
    for start in range(0, repeats, portion):
        yield min(portion, repeats - start)


@dataclass(frozen=True)
class Held:
    """Shares of repeats in which the intervals held the truth."""

    crossed: float  # seeds times pictures
    seeds: float  # Student's t over seeds
    half_width: float  # mean, of the first


def coverage(kind: Kind, random, *, pictures: int, seeds: int, repeats: int, confidence: float = 0.95) -> Held:
    """How often intervals of the gain hold the gain on new pictures with new seeds."""
    truth = kind.accuracies[1] - kind.accuracies[0]
    crossed, alone, widths = [], [], []
    for portion in _portions(repeats, pictures * seeds):
        baseline, arm = kind.rights(random, portion, pictures, seeds)
        found = spread(arm.astype(float) - baseline)
        half, off = found.half_width(confidence), np.abs(found.mean - truth)
        of_seeds = stdtrit(seeds - 1, 0.5 + confidence / 2) * np.sqrt(found.of_seeds())
        crossed.append(off <= half)
        alone.append(off <= of_seeds)
        widths.append(half)
    return Held(*(float(np.concatenate(values).mean()) for values in (crossed, alone, widths)))


def false_alarms(
    kind: Kind, random, *, pictures: int, looks: Sequence[int], repeats: int, margins: Sequence[float] = (0.0, 0.01)
) -> tuple[list[float], list[float]]:
    """How often "helps" or "hurts" comes out at one of the looks (numbers of seeds) though all arms are equal.

    The best of the arms is judged at every look, with each of the margins: (as planned, at 95 % each time).
    """
    arms = len(kind.accuracies) - 1
    wrong = []
    for portion in _portions(repeats, pictures * looks[-1] * arms):
        baseline, *others = kind.rights(random, portion, pictures, looks[-1])
        differences = [arm.astype(np.float32) - baseline for arm in others]
        alarmed = np.zeros((2, len(margins), portion), bool)
        for look, seeds in enumerate(looks, start=1):
            found = [spread(values[:, :seeds]) for values in differences]
            for way, judged in enumerate((confidences(None, look, arms), (0.95, 0.95))):
                alarmed[way] |= _alarms(found, judged, margins)
        wrong.append(alarmed)
    planned, naive = np.concatenate(wrong, axis=-1).mean(-1).tolist()
    return planned, naive


def _alarms(found: list[Spread], judged: tuple[float, float], margins: Sequence[float]) -> np.ndarray:
    means, (shared, anew) = np.stack([arm.mean for arm in found]), judged
    ends = np.abs(means) - np.stack([arm.half_width(anew, shared) for arm in found])
    return np.take_along_axis(ends, means.argmax(0)[None], 0)[0] > np.asarray(margins)[:, None]


def t_false_alarms(random, *, looks: Sequence[int], arms: int, repeats: int, planned: bool = True) -> float:
    """The same with seeds alone, Gaussian gains and no margin: the worst case, where luck is new at every look."""
    wrong = []
    for portion in _portions(repeats, 4 * arms * looks[-1]):
        base = random.standard_normal((portion, looks[-1], 1))
        gains = (random.standard_normal((portion, looks[-1], arms)) + base) / np.sqrt(2)
        sums, squares = gains.cumsum(1), (gains**2).cumsum(1)
        alarmed = np.zeros(portion, bool)
        for look, seeds in enumerate(looks, start=1):
            confidence = confidence_of(look, arms) if planned else 0.95
            means = sums[:, seeds - 1] / seeds
            deviation = np.sqrt((squares[:, seeds - 1] - seeds * means**2) / (seeds - 1) / seeds)
            beyond = np.abs(means) > stdtrit(seeds - 1, 0.5 + confidence / 2) * deviation
            alarmed |= np.take_along_axis(beyond, means.argmax(1)[:, None], 1)[:, 0]
        wrong.append(alarmed)
    return float(np.concatenate(wrong).mean())


def anytime_factor(seeds: int, confidence: float = 0.95) -> float:
    """Half width of an anytime-valid t interval in standard errors: what any number of looks would cost.

    Wang and Ramdas (arXiv 2310.03722): the likelihood ratio of t with a Gaussian prior N(0, g) of the effect size is an
    e-process; g is the one that is best for 3 to 20 seeds.
    """
    best = min(np.geomspace(3, 300, 200), key=lambda g: max(_anytime(n, confidence, g) / _t(n) for n in (3, 5, 10, 20)))
    return float(_anytime(seeds, confidence, best))


def _t(seeds: int) -> float:
    return float(stdtrit(seeds - 1, 0.975))


def _anytime(seeds: int, confidence: float, prior: float) -> float:
    grown = 1 + seeds * prior
    ratio = ((1 - confidence) ** -2 * grown) ** (1 / seeds)
    return float(np.sqrt((ratio - 1) / (1 - ratio / grown) * (seeds - 1))) if ratio < grown else np.inf


DATA, TRAINED, TESTED, FEATURES = 400, 280, 60, 10  # pictures of a set; 70 % and 15 % of them
SIGNAL, BLUR = 1.04, 0.7  # distance of a class from the middle; variance of what the baseline sees less clearly


def splits(random, *, seeds: int, repeats: int, sample: int = TRAINED, fresh: int = 4000) -> tuple[np.ndarray, float]:
    """Gains (repeats, seeds) of a set of DATA pictures split anew per seed, and the truth.

    Two logistic regressions on Gaussian features really learn, from `sample` of the training pictures; the baseline
    sees the same features blurred, so what is hard is hard for both. The truth is the mean gain, on fresh pictures, of
    classifiers that learned from `fresh` new training sets of that size (their accuracy is known exactly).
    """
    gains = []
    for portion in _portions(repeats, 40 * DATA * seeds):
        clear, blurred, labels = _pictures(random, portion, DATA)
        order = np.argsort(random.random((portion, seeds, DATA)), axis=-1)
        train, test = order[..., :sample], order[..., -TESTED:]
        right = [_tested(_learn(*_chosen(x, labels, train)), *_chosen(x, labels, test)) for x in (blurred, clear)]
        gains.append(right[1] - right[0])
    accuracies = []
    for portion in _portions(fresh, 40 * sample):
        clear, blurred, labels = _pictures(random, portion, sample)
        learned = [_learn(x, labels) for x in (blurred, clear)]
        accuracies.append(_exactly(learned[1], 1.0) - _exactly(learned[0], np.sqrt(1 + BLUR)))
    return np.concatenate(gains), float(np.concatenate(accuracies).mean())


def splits_coverage(gains: np.ndarray, truth: float, train_pictures: int, confidence: float = 0.95) -> Held:
    """How often the corrected interval holds the truth, and Student's t over the seeds."""
    held, alone, widths = [], [], []
    for row in gains:
        found = resampled_interval(row, test_pictures=TESTED, train_pictures=train_pictures, confidence=confidence)
        assert found is not None and found.low is not None and found.high is not None
        held.append(found.low <= truth <= found.high)
        plain = stdtrit(len(row) - 1, 0.5 + confidence / 2) * row.std(ddof=1) / np.sqrt(len(row))
        alone.append(abs(row.mean() - truth) <= plain)
        widths.append((found.high - found.low) / 2)
    return Held(float(np.mean(held)), float(np.mean(alone)), float(np.mean(widths)))


def _pictures(random, repeats: int, number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features seen clearly and blurred (repeats, number, FEATURES), labels -1 and 1."""
    labels = random.integers(0, 2, (repeats, number)) * 2.0 - 1
    clear = random.standard_normal((repeats, number, FEATURES))
    clear[..., 0] += SIGNAL * labels
    return clear, clear + np.sqrt(BLUR) * random.standard_normal(clear.shape), labels


def _chosen(features: np.ndarray, labels: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    row = np.arange(len(labels))[:, None, None]
    return features[row, places], labels[row, places]


def _learn(features: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Weights (..., FEATURES + 1) of a logistic regression, by Newton's method; a little ridge keeps it finite."""
    x = np.concatenate([features, np.ones((*features.shape[:-1], 1))], -1)
    weights = np.zeros((*x.shape[:-2], x.shape[-1], 1))
    for _ in range(5):
        chance = 1 / (1 + np.exp(-np.clip(x @ weights, -30, 30)))
        slope = np.swapaxes(x, -1, -2) @ ((labels[..., None] + 1) / 2 - chance) - 0.5 * weights
        curve = np.swapaxes(x * chance * (1 - chance), -1, -2) @ x + 0.5 * np.eye(x.shape[-1])
        weights = weights + np.linalg.solve(curve, slope)
    return weights[..., 0]


def _tested(weights: np.ndarray, features: np.ndarray, labels: np.ndarray) -> np.ndarray:
    sides = (features @ weights[..., :-1, None])[..., 0] + weights[..., -1:]
    return np.mean(sides * labels > 0, axis=-1)


def _exactly(weights: np.ndarray, deviation: float) -> np.ndarray:
    """Accuracy on all pictures there could be."""
    along, length = SIGNAL * weights[..., 0], np.linalg.norm(weights[..., :-1], axis=-1) * deviation
    return (ndtr((along + weights[..., -1]) / length) + ndtr((along - weights[..., -1]) / length)) / 2


SIZES, SWEEP_TESTED = (100, 300, 1000, 3000), 300


def _scratch(size: float) -> float:
    return 10 * size**-0.7 + 0.10


def _transfer(size: float) -> float:
    return 1.2 * size**-0.4 + 0.10


def _crossing(holds) -> float:
    low, high = float(SIZES[0]), float(SIZES[-1])
    for _ in range(60):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def sweeps_coverage(random, *, seeds: int, repeats: int, known: bool, margin: float = 0.05) -> dict[str, float]:
    """How often break-even and worth in pictures of sweeps hold the truth, on new pictures and with new seeds.

    `known`: what each network answered is known, so pictures are drawn anew, too.
    """
    even = _crossing(lambda size: _scratch(size) - _transfer(size) > margin)
    worth = _crossing(lambda size: _scratch(size) > _transfer(300)) / 300
    held: dict[str, list[bool]] = {"break-even": [], "worth in pictures": []}
    for _ in range(repeats):
        rights = _sweep(random, seeds)
        errors = [{n: {s: 1 - float(row.mean()) for s, row in side[n].items()} for n in side} for side in rights]
        pairs = pairs_of(errors[0], errors[1], rights if known else None)
        found, of_size = data_size.break_even(pairs, margin), data_size.worth_in_pictures(pairs)[300]
        assert found is not None
        held["break-even"].append(_holds(found.low, found.high, even))
        held["worth in pictures"].append(_holds(of_size.low, of_size.high, worth))
    return {name: float(np.mean(values)) for name, values in held.items()}


def _holds(low: float | None, high: float | None, truth: float) -> bool:
    return (low is None or low <= truth) and (high is None or truth <= high)


def _sweep(random, seeds: int) -> tuple[dict, dict]:
    """size -> seed -> answers of both arms on the same pictures at all sizes; a seed's luck is 0.05."""
    difficulty = random.standard_normal(SWEEP_TESTED) * np.sqrt(0.6)
    return tuple(
        {
            size: {
                seed: (ndtri(curve(size)) + 0.05 * random.standard_normal() + difficulty
                       + np.sqrt(0.4) * random.standard_normal(SWEEP_TESTED)) < 0
                for seed in range(seeds)
            }
            for size in SIZES
        }
        for curve in (_scratch, _transfer)
    )  # fmt: skip
