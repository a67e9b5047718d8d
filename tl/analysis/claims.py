"""What may be said of a gain, and what would settle an open outcome: more seeds, more test pictures, or neither."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from tl.analysis import gains, looks, statistics
from tl.analysis.crossed import gain_spread
from tl.analysis.gains import Judging
from tl.analysis.paired import Pair
from tl.analysis.results import NEW_PICTURES, NEW_TRAINING, THESE_PICTURES, Claim
from tl.analysis.statistics import MIN_PAIRS, UNDECIDED


def claim_of(how: Judging, pairs: Sequence[Pair], margin: float, arms: int = 1) -> Claim:
    """The outcome for the best of so many `arms`: undecided below 3 seeds, whatever the interval."""
    interval, seeds = gains.gain_of(how, pairs, arms), len(pairs)
    outcome = statistics.outcome(interval, margin) if seeds >= MIN_PAIRS else UNDECIDED
    claim = Claim(
        of=arms,
        look=how.look,
        confidence=looks.confidence_of(how.look, arms),
        interval=interval,
        outcome=outcome,
        test_pictures=gains.pictures_tested(how, pairs) if seeds else None,
    )
    if outcome != UNDECIDED:
        return replace(claim, more_seeds=0, more_pictures=0)
    if not seeds or interval is None:
        return claim
    if seeds < MIN_PAIRS:
        return replace(claim, more_seeds=MIN_PAIRS - seeds)
    gained = gains.differences(pairs, how.judge_by)
    if interval.basis == NEW_PICTURES and (known := gains.answered(how, pairs)):
        return _of_answers(claim, *known, margin)
    if interval.basis == NEW_TRAINING and claim.test_pictures and how.train_pictures:
        return _of_splits(claim, gained, claim.test_pictures, how.train_pictures, margin)
    if interval.basis == THESE_PICTURES:
        return replace(claim, more_seeds=_of_seeds(how, gained, margin, arms))
    return claim


# Each of these gives the claim with what would settle it; None: not known, or too many.
def _of_answers(claim: Claim, arm: ArrayLike, baseline: ArrayLike, kept: Mapping[str, Any], margin: float) -> Claim:
    sides, (seeds, pictures) = (arm, baseline), np.shape(arm)
    needed = looks.seeds_to_settle(*sides, margin, looks=claim.look, arms=claim.of, **kept)
    spread = gain_spread(*sides, **kept)
    limit = looks.limit_half_width(*sides, arms=claim.of, **kept)
    wanted = (
        looks.pictures_to_settle(*sides, margin, arms=claim.of, seeds=number, **kept) for number in (None, math.inf)
    )
    in_all = next((number for number in wanted if number is not None), None)
    return replace(
        claim,
        more_seeds=None if needed is None else needed - seeds,
        seeds_can_settle=_can(needed, limit, float(spread.mean), float(spread.of_seeds()) ** 0.5, margin),
        more_pictures=None if in_all is None or in_all <= pictures else in_all - pictures,
    )


def _of_splits(claim: Claim, gained: list[float], tested: float, trained: float, margin: float) -> Claim:
    sizes = {"test_pictures": tested, "train_pictures": trained}
    needed = looks.resplits_to_settle(gained, margin, looks=claim.look, arms=claim.of, **sizes)
    deviation = float(np.std(gained, ddof=1))
    limit = looks.resplit_limit_half_width(deviation, arms=claim.of, **sizes)
    scatter = deviation / math.sqrt(len(gained))
    return replace(
        claim,
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
