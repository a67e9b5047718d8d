"""Answers of made-up networks, with probabilities."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tl.store.predictions import ALONE, Predictions


def spoken(label: ArrayLike, probabilities: ArrayLike, *, group: ArrayLike | None = None) -> Predictions:
    """What a network answered that gave these (n, C) probabilities, in full precision."""
    shares: Any = np.asarray(probabilities, dtype=np.float64)
    labels = np.asarray(label, dtype=np.int64)
    return Predictions(
        picture=np.arange(len(labels)),
        label=labels,
        predicted=shares.argmax(1),
        group=np.full(len(labels), ALONE) if group is None else np.asarray(group),
        probabilities=shares,
    )


def softmax(logits: ArrayLike) -> NDArray[np.float64]:
    """(n, C) probabilities."""
    numbers = np.asarray(logits, dtype=np.float64)
    weights = np.exp(numbers - numbers.max(1, keepdims=True))
    return np.asarray(weights / weights.sum(1, keepdims=True))


def guesses(pictures: int, classes: int, seed: int = 0, sharpness: float = 1.0) -> Predictions:
    """Of a network whose probabilities are true, then sharpened: `sharpness` is the temperature that mends them."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (pictures, classes))
    drawn = softmax(logits).cumsum(1) > rng.random((pictures, 1))
    return spoken(drawn.argmax(1), softmax(logits * sharpness).astype(np.float16))
