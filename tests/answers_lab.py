"""Answers of made-up networks, with probabilities."""

import numpy as np

from tl.store.predictions import ALONE, Predictions


def spoken(label, probabilities, *, group=None) -> Predictions:
    """What a network answered that gave these (n, C) probabilities, in full precision."""
    shares = np.asarray(probabilities, dtype=np.float64)
    label = np.asarray(label, dtype=np.int64)
    return Predictions(
        picture=np.arange(len(label)),
        label=label,
        predicted=shares.argmax(1),
        group=np.full(len(label), ALONE) if group is None else np.asarray(group),
        probabilities=shares,
    )


def softmax(logits) -> np.ndarray:
    """(n, C) probabilities."""
    weights = np.exp(logits - np.max(logits, 1, keepdims=True))
    return weights / weights.sum(1, keepdims=True)


def guesses(pictures: int, classes: int, seed: int = 0, sharpness: float = 1.0) -> Predictions:
    """Of a network whose probabilities are true, then sharpened: `sharpness` is the temperature that mends them."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (pictures, classes))
    drawn = softmax(logits).cumsum(1) > rng.random((pictures, 1))
    return spoken(drawn.argmax(1), softmax(logits * sharpness).astype(np.float16))
