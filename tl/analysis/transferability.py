"""How well features suit a labelling, before anything is trained: LogME, H-score, LEEP. numpy only, in float64.

All three look at one forward pass over a sample; higher is better, and only scores of the same sample compare.
"""

import numpy as np

GRID_DECADES = (-10, 10)  # of λ around the largest squared singular value
GRID_STEPS, ZOOMS, ZOOM_STEPS = 121, 4, 25


def logme(features: np.ndarray, labels: np.ndarray) -> float:
    """Log evidence per picture of a Bayesian linear model, mean over classes (You et al. 2021, arXiv 2102.11005).

    `features` (N, D), `labels` (N,) class numbers. For each class its indicator y (0/1) has the evidence
    p(y|F) = N(y | 0, F Fᵀ/α + I/β), maximised over α and β. Given λ = α/β the best β has a closed form, so what is
    left is a search in one dimension. Neither an intercept nor scaled features, as in the paper: the score does not
    change when all features are multiplied by one number. Raises ValueError for fewer than two classes.
    """
    features, indicators = _checked(features, labels)
    left, singular, _ = np.linalg.svd(features, full_matrices=False)
    explained = (left.T @ indicators) ** 2  # (k, C)
    rest = np.maximum((indicators**2).sum(axis=0) - explained.sum(axis=0), 0.0)
    squares = singular**2
    if not squares[0] > 0:  # features that are all zero explain nothing at any λ
        squares = np.zeros_like(squares)
    best = _best_evidence(squares, explained, rest, len(features))
    return float(best.mean() / len(features))


def _best_evidence(squares: np.ndarray, explained: np.ndarray, rest: np.ndarray, num_pictures: int) -> np.ndarray:
    """(C,) largest log evidence over λ: a grid over all that matters, then finer ones around the best of each class."""
    scale = squares[0] or 1.0
    grid = np.broadcast_to(np.linspace(*GRID_DECADES, GRID_STEPS)[:, None], (GRID_STEPS, len(rest)))
    step = (GRID_DECADES[1] - GRID_DECADES[0]) / (GRID_STEPS - 1)
    for _ in range(ZOOMS):
        values = _evidence(scale * 10.0**grid, squares, explained, rest, num_pictures)
        centre = np.take_along_axis(grid, values.argmax(axis=0)[None], axis=0)
        grid = centre + np.linspace(-step, step, ZOOM_STEPS)[:, None]
        step *= 2 / (ZOOM_STEPS - 1)
    best: np.ndarray = _evidence(scale * 10.0**grid, squares, explained, rest, num_pictures).max(axis=0)
    return best


def _evidence(
    ratios: np.ndarray, squares: np.ndarray, explained: np.ndarray, rest: np.ndarray, num_pictures: int
) -> np.ndarray:
    """(G, C) log evidence at λ = `ratios` (G, C) with the best β for each: 1/β = yᵀ(I + F Fᵀ/λ)⁻¹y / N."""
    found = np.empty_like(ratios)
    for number in range(ratios.shape[1]):
        growth = squares / ratios[:, number, None]  # (G, k)
        noise = (explained[:, number] / (1 + growth)).sum(axis=1) + rest[number]
        fit = -0.5 * num_pictures * (np.log(2 * np.pi * noise / num_pictures) + 1)
        found[:, number] = fit - 0.5 * np.log1p(growth).sum(axis=1)
    return found


def h_score(features: np.ndarray, labels: np.ndarray) -> float:
    """tr(cov_a(f)⁻¹ (1 - a) cov(E[f|y])) with a Ledoit-Wolf covariance (Ibrahim et al. 2022, arXiv 2110.06893).

    `features` (N, D), `labels` (N,). Between 0 and the number of classes less one: how far apart the classes lie
    compared with how the features spread. The shrinkage keeps it meaningful where N < D. Raises ValueError for fewer
    than two classes.
    """
    features, indicators = _checked(features, labels)
    features = features - features.mean(axis=0)
    counts = indicators.sum(axis=0)
    shrinkage, mean_variance, singular, right = _ledoit_wolf(features)
    if not mean_variance > 0:
        return 0.0
    means = (indicators / counts).T @ features * np.sqrt(counts / len(features))[:, None]  # (C, D), weighted
    variances = (1 - shrinkage) * singular**2 / len(features) + shrinkage * mean_variance
    return float((1 - shrinkage) * (((means @ right.T) ** 2) / variances).sum())


def _ledoit_wolf(centred: np.ndarray) -> tuple[float, float, np.ndarray, np.ndarray]:
    """Shrinkage a of (1 - a) S + a μ I (Ledoit and Wolf 2004), μ, and singular values and vectors of `centred` (N, D).

    S is the covariance (divided by N), μ its mean diagonal. Class means lie in the span of the right vectors (k, D),
    so nothing of size D x D is ever needed.
    """
    num, width = centred.shape
    _, singular, right = np.linalg.svd(centred, full_matrices=False)
    kept = singular > singular[0] * np.finfo(float).eps * max(num, width)
    variances = singular[kept] ** 2 / num
    mean_variance = variances.sum() / width
    distance = (variances**2).sum() - width * mean_variance**2  # |S - μI|²
    noise = ((np.einsum("ij,ij->i", centred, centred) ** 2).sum() / num - (variances**2).sum()) / num
    shrinkage = min(max(noise, 0.0), distance) / distance if distance > 0 else 0.0
    return float(shrinkage), float(mean_variance), singular[kept], right[kept]


def leep(source_probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Mean log likelihood of the labels under the source head's guesses (Nguyen et al. 2020, arXiv 2002.12462).

    `source_probabilities` (N, Z): what the head that came with the weights says about each of its own Z classes.
    At most 0. Raises ValueError for fewer than two classes.
    """
    probabilities, indicators = _checked(source_probabilities, labels)
    joint = indicators.T @ probabilities / len(probabilities)  # (C, Z)
    conditional = joint / np.maximum(joint.sum(axis=0), np.finfo(float).tiny)
    likely = (probabilities @ conditional.T * indicators).sum(axis=1)
    return float(np.log(np.maximum(likely, np.finfo(float).tiny)).mean())


def _checked(values: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(N, D) float64 and the (N, C) indicators of the classes that occur."""
    values, labels = np.asarray(values, dtype=np.float64), np.asarray(labels)
    if values.ndim != 2 or len(values) != len(labels):
        raise ValueError(
            f"features have shape {values.shape}, labels {labels.shape}; (N, D) and (N,) are needed"  # not shown
        )
    classes = np.unique(labels)
    if len(classes) < 2:
        raise ValueError(f"the labels hold {len(classes)} class; at least two are needed")  # not shown
    if not np.isfinite(values).all():
        raise ValueError("the features hold values that are not finite")  # not shown
    return values, (labels[:, None] == classes).astype(np.float64)
