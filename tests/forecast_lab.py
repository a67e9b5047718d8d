"""Learning curves whose law is known, as if they had been measured."""

import numpy as np

from tl.analysis.forecasts.curve import MeasuredCurve

SIZES = (50, 100, 200, 400, 800)


def curve(
    errors: list[float], spread: float = 0.004, tests: int = 4000, subsets: int = 4, seed: int = 0
) -> MeasuredCurve:
    """Measured with some noise, whose share that all subsets have in common is left out."""
    random = np.random.default_rng(seed)
    noise = spread * np.sqrt(800 / np.array(SIZES[: len(errors)]))
    drawn = [list(error + random.normal(0, one, subsets)) for error, one in zip(errors, noise, strict=True)]
    deviations = np.sqrt(np.array(errors) * (1 - np.array(errors)) / tests)
    return MeasuredCurve(
        sizes=SIZES[: len(errors)],
        errors=tuple(map(tuple, drawn)),
        covariance=tuple(map(tuple, (np.outer(deviations, deviations) * 0.9).tolist())),
        pool=None,
    )


def power(a: float, b: float, c: float) -> list[float]:
    """Errors a n**-b + c at SIZES."""
    return [a * size**-b + c for size in SIZES]
