"""Looks at two equal arms with Gaussian differences: fast enough for many repeats, for any mixture of what is in doubt."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tl.analysis.crossed import Spread
from tl.analysis.looks import confidences


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """Variances of a difference in accuracy: a network's (times the number of pictures), a picture's, and the rest."""

    name: str
    networks: float
    pictures: float
    rest: float


MIXTURES = (
    Mixture(name="pictures alone", networks=0.0, pictures=1.0, rest=0.0),
    Mixture(name="pictures decide", networks=0.2, pictures=1.0, rest=0.3),
    Mixture(name="pictures and answers that change", networks=0.0, pictures=0.3, rest=0.7),
    Mixture(name="half and half", networks=4.0, pictures=1.0, rest=0.3),
    Mixture(name="seeds decide", networks=20.0, pictures=1.0, rest=0.3),
    Mixture(name="seeds alone", networks=60.0, pictures=0.0, rest=0.3),
    Mixture(name="answers that change alone", networks=0.0, pictures=0.0, rest=1.0),
)


def spreads(mixture: Mixture, random, *, units: int, looks: Sequence[int], repeats: int) -> Iterator[Spread]:
    """Mean (the truth is 0) and mean squares of `repeats` comparisons at each number of seeds, the same pictures at all.

    Drawn from their distributions: of a network's mean a Gaussian, of the rest's mean square chi squared; of the
    pictures' a Gaussian approximation of it, the same at all looks.
    """
    most = looks[-1]
    common = np.sqrt(mixture.pictures / units) * random.standard_normal(repeats)
    networks = np.sqrt((mixture.networks + mixture.rest) / units) * random.standard_normal((repeats, most))
    rests = mixture.rest * random.chisquare(units - 1, (repeats, most - 1)).cumsum(1) / (units - 1)
    luck = np.maximum(0.0, 1 + np.sqrt(2 / (units - 1)) * random.standard_normal(repeats))
    for seeds in looks:
        so_far = networks[:, :seeds]
        yield Spread(
            mean=common + so_far.mean(1),
            networks=units * so_far.var(1, ddof=1),
            pictures=(seeds * mixture.pictures + mixture.rest) * luck,
            rest=rests[:, seeds - 2] / (seeds - 1),
            seeds=seeds,
            units=units,
        )


def mixture_false_alarms(
    mixture: Mixture, random, *, looks: Sequence[int], repeats: int, units: int = 300
) -> tuple[float, float, list[float]]:
    """How often two equal arms are told apart over all looks, without a margin: (as planned, at 95 % each time).

    And the mean half width at each look, as planned.
    """
    planned, naive = np.zeros(repeats, bool), np.zeros(repeats, bool)
    widths = []
    for look, found in enumerate(spreads(mixture, random, units=units, looks=looks, repeats=repeats), start=1):
        shared, anew = confidences(None, look, 1)
        half = found.half_width(anew, shared)
        planned |= np.abs(found.mean) > half
        naive |= np.abs(found.mean) > found.half_width(0.95)
        widths.append(float(half.mean()))
    return float(planned.mean()), float(naive.mean()), widths
