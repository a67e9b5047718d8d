"""The linear probe at several sizes, from features that were computed once: multinomial logistic regression in numpy.

The network is not run again, so that a point of the learning curve costs about a second. Validation pictures choose the
strength of L2; test pictures are only counted: nothing is chosen by them.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tl.analysis.forecasts.curve import MeasuredCurve

MOST_PICTURES = 8_000  # of a split that are looked at: more cost minutes and hardly move a fitted curve
SIZES = 7  # nested sizes, the largest of them all the pictures
SPAN = 24.0  # the largest size over the smallest, where there are pictures enough
SUBSETS = 6  # random stratified subsets of each size
PER_CLASS = 2  # pictures of each class at least, in the smallest subset
STRENGTHS = tuple(10.0 ** (-power / 2) for power in range(-2, 8))  # of L2, from strong to weak: 10 to 0.0003
STEPS = 60  # of L-BFGS for each strength; each begins where the one before ended
TOL = 1e-5  # of the loss, relative: below it a step is the last
MEMORY = 6  # steps that L-BFGS remembers
SMALLEST = 1e-6  # standard deviation of a feature that counts as none


@dataclass(frozen=True)
class Split:
    """Features and labels of one split."""

    features: np.ndarray  # (N, D) float
    labels: np.ndarray  # (N,) int64, 0..classes - 1


def sizes_of(pictures: int, classes: int) -> list[int]:
    """Ascending sizes for a curve of `pictures` training pictures, evenly spaced on a log axis, the largest all of them.

    As few as there is room for where the smallest needs PER_CLASS pictures of each class.
    """
    smallest = max(pictures / SPAN, PER_CLASS * classes)
    if smallest >= pictures:
        return [pictures]
    return sorted({round(size) for size in np.geomspace(smallest, pictures, SIZES)})


def measure(
    train: Split,
    validation: Split,
    test: Split,
    sizes: list[int] | None = None,
    seed: int = 0,
    before_each: Callable[[], None] = lambda: None,
) -> MeasuredCurve:
    """The learning curve of a linear probe: SUBSETS random, stratified, nested subsets at every size.

    `before_each` is called before every size and may raise to give up. All pictures of `train` are the pool.
    """
    classes = int(train.labels.max()) + 1
    sizes = sizes_of(len(train.labels), classes) if sizes is None else sizes
    orders = [_stratified(train.labels, np.random.default_rng((seed, subset))) for subset in range(SUBSETS)]
    errors, wrong = [], []
    for size in sizes:
        before_each()
        # With all the pictures every subset is the same.
        chosen = [order[:size] for order in (orders if size < len(train.labels) else orders[:1])]
        strength = best_strength(_subset(train, chosen[0]), validation, classes)
        shares = [probabilities(_subset(train, rows), strength, test, classes) for rows in chosen]
        answers = np.array([each.argmax(1) != test.labels for each in shares])
        errors.append(answers.mean(1).tolist())
        wrong.append(answers.mean(0))
    # Two right and two wrong answers more (Agresti and Coull): a few pictures, all right, don't show that all ever are.
    told = np.concatenate([np.array(wrong), np.tile([0.0, 0.0, 1.0, 1.0], (len(sizes), 1))], axis=1)
    covariance = np.cov(told) / told.shape[1]
    return MeasuredCurve(
        sizes=tuple(sizes),
        errors=tuple(tuple(values) for values in errors),
        covariance=tuple(tuple(row) for row in np.atleast_2d(covariance).tolist()),
        pool=len(train.labels),
    )


def _stratified(labels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A random order of the pictures of which every beginning has the classes in the whole's proportions."""
    place = np.empty(len(labels))
    for label in np.unique(labels):
        rows = random.permutation(np.flatnonzero(labels == label))
        place[rows] = (np.arange(len(rows)) + random.uniform()) / len(rows)
        place[rows[:PER_CLASS]] = -1.0  # however small the subset, it holds every class
    return np.argsort(place, kind="stable")


def _subset(train: Split, rows: np.ndarray) -> Split:
    return Split(train.features[rows].astype(np.float32), train.labels[rows])


def _standardised(train: Split, other: Split) -> tuple[np.ndarray, np.ndarray]:
    """Features of both with mean 0 and deviation 1 in the first, float32."""
    mean, deviation = train.features.mean(0), train.features.std(0)
    scale = np.where(deviation > SMALLEST, 1 / np.maximum(deviation, SMALLEST), 0.0)
    inputs, others = (((part.features - mean) * scale).astype(np.float32) for part in (train, other))
    return inputs, others


def best_strength(train: Split, validation: Split, classes: int) -> float:
    """The strength of L2 with the lowest cross-entropy on the validation pictures."""
    inputs, others = _standardised(train, validation)
    lowest, best, parameters = np.inf, STRENGTHS[0], np.zeros((inputs.shape[1] + 1) * classes)
    for strength in STRENGTHS:
        parameters = _regression(inputs, train.labels, classes, strength, parameters)
        loss = _loss(_scores(others, parameters, classes), validation.labels)
        if loss >= lowest:
            break  # a path from strong to weak has one valley
        lowest, best = loss, strength
    return float(best)


def probabilities(train: Split, strength: float, other: Split, classes: int) -> np.ndarray:
    """(N, classes): what the probe of the pictures `train` takes the others for."""
    inputs, others = _standardised(train, other)
    parameters = _regression(inputs, train.labels, classes, strength, np.zeros((inputs.shape[1] + 1) * classes))
    return np.asarray(np.exp(_log_softmax(_scores(others, parameters, classes))))


def _regression(inputs: np.ndarray, labels: np.ndarray, classes: int, strength: float, start: np.ndarray) -> np.ndarray:
    """Weights and biases ((D + 1) * classes,) that minimise mean cross-entropy + strength / 2 * squared weights."""
    from scipy.optimize import minimize  # takes a moment, and the page never needs it

    count, targets = len(labels), np.eye(classes, dtype=np.float32)[labels]

    def value(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        weights = parameters[:-classes].reshape(-1, classes)
        logs = _log_softmax(_scores(inputs, parameters, classes))
        gap = (np.exp(logs) - targets) / count
        slope = np.concatenate([(inputs.T @ gap + strength * weights).ravel(), gap.sum(0)])
        loss = -float((targets * logs).sum()) / count + strength / 2 * float((weights**2).sum())
        return loss, slope.astype(float)

    options = {"maxiter": STEPS, "maxcor": MEMORY, "ftol": TOL, "gtol": 1e-5}
    return np.asarray(minimize(value, start, jac=True, method="L-BFGS-B", options=options).x)


def _scores(inputs: np.ndarray, parameters: np.ndarray, classes: int) -> np.ndarray:
    """(N, classes)."""
    weights, biases = parameters[:-classes].reshape(-1, classes), parameters[-classes:]
    return np.asarray(inputs @ weights.astype(np.float32) + biases.astype(np.float32))


def _log_softmax(scores: np.ndarray) -> np.ndarray:
    shifted = scores - scores.max(1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(1, keepdims=True)))


def _loss(scores: np.ndarray, labels: np.ndarray) -> float:
    """Mean cross-entropy."""
    return -float(_log_softmax(scores)[np.arange(len(labels)), labels].mean())
