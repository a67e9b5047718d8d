"""What would settle an open outcome: so many more seeds, told beside those there are."""

import numpy as np
import pytest

from tests.verdict_lab import run
from tl.analysis.claims import claim_of
from tl.analysis.gains import Judging, differences
from tl.analysis.looks import confidence_of, resplits_to_settle
from tl.analysis.paired import Pair
from tl.analysis.statistics import UNDECIDED, pairs_to_settle

MARGIN = 0.01
MEAN, DEVIATION = 0.035, 0.02  # of the gains
SIZES = {"train_pictures": 10_000, "test_pictures": 300}


def pairs(seeds: int, mean: float = MEAN) -> list[Pair]:
    """Gains over as many seeds with this mean, and DEVIATION as their standard deviation."""
    spread = np.linspace(-1, 1, seeds)
    gains = mean + DEVIATION * spread / spread.std(ddof=1)
    return [(run("scratch", [0.5], 0.5, seed=n), run("arm", [0.5], 0.5 + gain, seed=n)) for n, gain in enumerate(gains)]


def test_more_seeds_are_counted_beside_those_there_are():
    claim, gained = claim_of(Judging(), pairs(3), MARGIN), differences(pairs(3), "accuracy")
    assert claim.outcome == UNDECIDED
    assert claim.more_seeds == pairs_to_settle(gained, MARGIN, confidence_of(2, 1)) - 3
    assert claim_of(Judging(look=2), pairs(3 + claim.more_seeds), MARGIN).outcome == "helps"


def test_more_splits_are_counted_beside_those_there_are():
    how, gained = Judging(resplit=True, **SIZES), differences(pairs(3), "accuracy")
    claim = claim_of(how, pairs(3), MARGIN)
    assert (claim.outcome, claim.seeds_can_settle) == (UNDECIDED, True)
    assert claim.more_seeds == resplits_to_settle(gained, MARGIN, looks=1, arms=1, **SIZES) - 3
    later = Judging(resplit=True, look=2, **SIZES)
    assert claim_of(later, pairs(3 + claim.more_seeds), MARGIN).outcome == "helps"


@pytest.mark.parametrize(("pictures", "told"), [(130, None), (140, 9)])
def test_no_number_of_seeds_is_told_where_a_single_test_picture_leaves_more_doubt_than_the_gain_bears(pictures, told):
    """t with 11 degrees of freedom at 99.7 %, 3.39, over 132 pictures: more than the 2.5 points from gain to margin."""
    assert claim_of(Judging(test_pictures=pictures), pairs(3), MARGIN).more_seeds == told
