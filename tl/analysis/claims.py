"""What may be said of a gain, and what would settle an open outcome: more seeds, more test pictures, or neither."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from tl.analysis import gains, looks, statistics
from tl.analysis.crossed import gain_spread
from tl.analysis.gains import Answered, Judging
from tl.analysis.paired import Pair
from tl.analysis.results import NEW_PICTURES, NEW_TRAINING, THESE_PICTURES, Claim
from tl.analysis.statistics import MIN_PAIRS, UNDECIDED


@dataclass(frozen=True)
class Prospects:
    """What would settle an open outcome; None: not known, or too many."""

    more_seeds: int | None = None
    seeds_can_settle: bool | None = None
    more_pictures: int | None = None


SETTLED = Prospects(more_seeds=0, more_pictures=0)


def claim_of(how: Judging, pairs: Sequence[Pair], margin: float, arms: int = 1) -> Claim:
    """The outcome for the best of so many `arms`: undecided below 3 seeds, whatever the interval."""
    interval, seeds = gains.gain_of(how, pairs, arms), len(pairs)
    outcome = statistics.outcome(interval, margin) if seeds >= MIN_PAIRS else UNDECIDED
    if outcome != UNDECIDED:
        found = SETTLED
    elif not seeds or interval is None:
        found = Prospects()
    elif seeds < MIN_PAIRS:
        found = Prospects(more_seeds=MIN_PAIRS - seeds)
    else:
        found = _prospects(how, pairs, margin, arms, interval.basis)
    return Claim(
        of=arms,
        look=how.look,
        confidence=looks.confidence_of(how.look, arms),
        interval=interval,
        outcome=outcome,
        more_seeds=found.more_seeds,
        seeds_can_settle=found.seeds_can_settle,
        test_pictures=gains.pictures_tested(how, pairs) if seeds else None,
        more_pictures=found.more_pictures,
    )


def _prospects(how: Judging, pairs: Sequence[Pair], margin: float, arms: int, basis: str) -> Prospects:
    gained = gains.differences(pairs, how.judge_by)
    if basis == NEW_PICTURES and (known := gains.answered(how, pairs)):
        return _of_answers(how, known, margin, arms)
    if basis == NEW_TRAINING and (tested := gains.pictures_tested(how, pairs)) and how.train_pictures:
        return _of_splits(how, gained, tested, margin, arms)
    if basis == THESE_PICTURES:
        return Prospects(more_seeds=_of_seeds(how, gained, margin, arms))
    return Prospects()


class TestPictures(TypedDict):
    """What else is known of the test pictures."""

    clusters: NDArray[np.int64]
    classes: NDArray[np.int64] | None


def _of_answers(how: Judging, known: Answered, margin: float, arms: int) -> Prospects:
    sides = known.arm, known.baseline
    kept: TestPictures = {"clusters": known.clusters, "classes": known.classes}
    seeds, pictures = known.arm.shape
    needed = looks.seeds_to_settle(*sides, margin, looks=how.look, arms=arms, **kept)
    spread = gain_spread(*sides, **kept)
    limit = looks.limit_half_width(*sides, arms=arms, **kept)
    wanted = [looks.pictures_to_settle(*sides, margin, arms=arms, seeds=number, **kept) for number in (None, math.inf)]
    in_all = next((number for number in wanted if number is not None), None)
    return Prospects(
        more_seeds=None if needed is None else needed - seeds,
        seeds_can_settle=_can(needed, limit, float(spread.mean), float(spread.of_seeds()) ** 0.5, margin),
        more_pictures=None if in_all is None or in_all <= pictures else in_all - pictures,
    )


def _of_splits(how: Judging, gained: list[float], tested: int, margin: float, arms: int) -> Prospects:
    sizes = {"test_pictures": float(tested), "train_pictures": float(how.train_pictures or 0)}
    needed = looks.resplits_to_settle(gained, margin, looks=how.look, arms=arms, **sizes)
    deviation = float(np.std(gained, ddof=1))
    limit = looks.resplit_limit_half_width(deviation, arms=arms, **sizes)
    scatter = deviation / math.sqrt(len(gained))
    return Prospects(
        more_seeds=None if needed is None else needed - len(gained),
        seeds_can_settle=_can(needed, limit, float(np.mean(gained)), scatter, margin),
    )


def _of_seeds(how: Judging, gained: list[float], margin: float, arms: int) -> int | None:
    confidence = looks.confidence_of(how.look + 1, arms)
    needed = statistics.pairs_to_settle(gained, margin, confidence)
    if needed is None:
        return None
    if how.test_pictures:  # never surer than one picture's doubt, see certainty.of_seeds
        half = float(stdtrit(needed - 1, 0.5 + confidence / 2)) / (how.test_pictures + 2)
        if half >= abs(abs(float(np.mean(gained))) - margin):
            return None
    return needed - len(gained)


def _can(needed: int | None, limit: float, mean: float, scatter: float, margin: float) -> bool | None:
    """Whether more seeds can decide it: never, where they leave the interval too wide for any gain they may bring.

    `limit` is half its width with any number of seeds. The gain may turn out by its standard error larger or smaller.
    """
    if needed is not None:
        return True
    reach = max(abs(mean) + scatter - margin, margin - max(0.0, abs(mean) - scatter))
    return False if limit >= reach else None
