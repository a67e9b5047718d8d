"""LogME, H-score and LEEP against their definitions, written down slowly, and what must not change them."""

import numpy as np
import pytest
from scipy.optimize import minimize

from tl.analysis.transferability import h_score, leep, logme

SCORES = {"logme": logme, "h_score": h_score}


def clouds(separation: float, num: int = 60, width: int = 12, classes: int = 3, seed: int = 0):
    """Gaussian clouds around class centres `separation` apart: features (num, width), labels (num,)."""
    rng = np.random.default_rng(seed)
    labels = np.arange(num) % classes
    centres = rng.normal(size=(classes, width)) * separation
    return centres[labels] + rng.normal(size=(num, width)) + 0.5, labels


def log_evidence(features, indicator, alpha, beta):
    """log N(y | 0, F Fᵀ/α + I/β), from the covariance itself."""
    covariance = features @ features.T / alpha + np.eye(len(features)) / beta
    sign, logdet = np.linalg.slogdet(covariance)
    assert sign > 0
    return -0.5 * (len(features) * np.log(2 * np.pi) + logdet + indicator @ np.linalg.solve(covariance, indicator))


def fixed_point(features, indicator, rounds=3000):
    """LogME as its authors compute it: α and β in turns (MacKay's updates), from the posterior of the weights."""
    alpha = beta = 1.0
    num, width = features.shape
    gram = features.T @ features
    for _ in range(rounds):
        precision = alpha * np.eye(width) + beta * gram
        mean = beta * np.linalg.solve(precision, features.T @ indicator)
        effective = width - alpha * np.trace(np.linalg.inv(precision))
        residual = ((features @ mean - indicator) ** 2).sum()
        alpha, beta = effective / (mean @ mean), (num - effective) / residual
    return log_evidence(features, indicator, alpha, beta)


@pytest.mark.parametrize(("num", "width"), [(40, 8), (24, 24), (16, 40)])
@pytest.mark.parametrize("separation", [0.0, 0.5, 3.0])
def test_logme_is_the_largest_evidence_there_is(num, width, separation):
    features, labels = clouds(separation, num, width)
    slow = []
    for number in range(3):
        indicator = (labels == number).astype(float)
        starts = [(0.0, 0.0), (3.0, 3.0), (8.0, 3.0), (-3.0, 2.0)]
        found = [
            minimize(
                lambda logs, y=indicator: -log_evidence(features, y, *np.exp(np.clip(logs, -30, 30))),
                start,
                method="Nelder-Mead",
                options={"xatol": 1e-9, "fatol": 1e-11, "maxiter": 4000},
            ).fun
            for start in starts
        ]
        slow.append(-min(found) / num)
    assert logme(features, labels) == pytest.approx(np.mean(slow), abs=1e-6)


def test_logme_agrees_with_the_authors_iteration():
    features, labels = clouds(1.0, num=50, width=10)
    slow = [fixed_point(features, (labels == number).astype(float)) / 50 for number in range(3)]
    assert logme(features, labels) == pytest.approx(np.mean(slow), abs=1e-8)


def shrunk(centred):
    """Ledoit and Wolf's covariance and its shrinkage, picture by picture."""
    num, width = centred.shape
    empirical = centred.T @ centred / num
    mean_variance = np.trace(empirical) / width
    distance = np.linalg.norm(empirical - mean_variance * np.eye(width)) ** 2
    noise = sum(np.linalg.norm(np.outer(row, row) - empirical) ** 2 for row in centred) / num**2
    shrinkage = min(noise, distance) / distance
    return (1 - shrinkage) * empirical + shrinkage * mean_variance * np.eye(width), shrinkage


@pytest.mark.parametrize(("num", "width"), [(60, 12), (20, 50)])
def test_the_h_score_is_the_trace_of_its_definition(num, width):
    features, labels = clouds(1.0, num, width)
    centred = features - features.mean(axis=0)
    means = np.stack([centred[labels == number].mean(axis=0) for number in labels])
    covariance, shrinkage = shrunk(centred)
    assert 0 < shrinkage < 1
    slow = np.trace(np.linalg.solve(covariance, (1 - shrinkage) * means.T @ means / num))
    assert h_score(features, labels) == pytest.approx(slow, rel=1e-10)


def test_leep_is_the_likelihood_of_its_definition():
    rng = np.random.default_rng(0)
    probabilities, labels = rng.dirichlet(np.ones(4), size=30), np.arange(30) % 3
    joint = np.zeros((3, 4))
    for row, label in zip(probabilities, labels, strict=True):
        joint[label] += row / 30
    slow = np.mean(
        [
            np.log(sum(joint[label, z] / joint[:, z].sum() * row[z] for z in range(4)))
            for row, label in zip(probabilities, labels, strict=True)
        ]
    )
    assert leep(probabilities, labels) == pytest.approx(slow, abs=1e-12)


def test_leep_of_a_head_that_knows_the_classes_is_zero_and_of_one_that_does_not_that_of_guessing():
    labels = np.arange(30) % 3
    assert leep(np.eye(5)[labels + 1], labels) == pytest.approx(0.0)
    assert leep(np.full((30, 5), 0.2), labels) == pytest.approx(np.log(1 / 3))


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("num", [60, 10])
def test_what_should_not_matter_does_not(score, num):
    features, labels = clouds(1.0, num)
    rng, measure = np.random.default_rng(1), SCORES[score]
    expected = measure(features, labels)
    order = rng.permutation(num)
    rotation, _ = np.linalg.qr(rng.normal(size=(12, 12)))
    assert measure(features[order], labels[order]) == pytest.approx(expected, rel=1e-9)
    assert measure(features @ rotation, labels) == pytest.approx(expected, rel=1e-9)
    assert measure(features * 1e-4, labels) == pytest.approx(expected, rel=1e-9)
    assert measure(features, 2 - labels) == pytest.approx(expected, rel=1e-9)


def test_a_feature_that_is_always_zero_adds_no_evidence():
    features, labels = clouds(1.0)
    wider = np.hstack([features, np.zeros((len(features), 3))])
    assert logme(wider, labels) == pytest.approx(logme(features, labels), rel=1e-9)


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize(("num", "width"), [(300, 20), (60, 200)])
def test_clouds_further_apart_score_higher(score, num, width):
    scores = [SCORES[score](*clouds(separation, num, width)) for separation in (0.0, 0.3, 1.0, 3.0)]
    assert scores == sorted(scores)
    assert scores[-1] > scores[0] + 0.05


def test_the_h_score_stays_in_its_range_even_with_few_pictures():
    for num, width in ((12, 300), (300, 12)):
        assert 0 <= h_score(*clouds(0.0, num, width)) <= 2
        assert 0 <= h_score(*clouds(9.0, num, width)) <= 2


@pytest.mark.parametrize("measure", [logme, h_score])
def test_a_dead_network_scores_worst_not_nan(measure):
    features, labels = clouds(0.3)
    dead = measure(np.zeros_like(features), labels)
    assert np.isfinite(dead)
    assert dead < measure(features, labels)


@pytest.mark.parametrize("measure", [logme, h_score, leep])
def test_one_class_or_a_broken_network_is_refused(measure):
    features, labels = clouds(1.0)
    with pytest.raises(ValueError, match="two"):
        measure(features, np.zeros_like(labels))
    with pytest.raises(ValueError, match="finite"):
        measure(features * np.nan, labels)
    with pytest.raises(ValueError, match="shape"):
        measure(features[1:], labels)
