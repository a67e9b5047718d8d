"""What follows from a look: decided, too few pictures, no seeds or minutes left, or the next planned number of seeds."""

from types import SimpleNamespace

import pytest

from tests import verdict_lab
from tl.analysis.settle import Decision, Standing, decide, next_look, standing_of
from tl.config import Refused
from tl.store.queue.settle_plan import SettlePlan

PLAN = SettlePlan(at_most_seeds=20, at_most_minutes=60)


def standing(seeds: int = 3, outcome: str = "undecided", **more) -> Standing:
    return Standing(seeds, outcome, **more)


@pytest.mark.parametrize(
    ("now", "spent", "expected"),
    [
        (standing(outcome="helps"), 0, Decision(None, "decided")),
        (standing(outcome="no_difference"), 9e9, Decision(None, "decided")),
        (standing(seeds=2, outcome="helps"), 0, Decision(3, None)),  # fewer than three make no claim
        (standing(), 0, Decision(5, None)),
        (standing(seeds=4), 0, Decision(5, None)),
        (standing(seeds=5), 0, Decision(10, None)),
        (standing(seeds=20), 0, Decision(None, "seeds")),
        (standing(seeds_can_settle=False), 0, Decision(None, "pictures")),
        (standing(seeds_can_settle=True), 0, Decision(5, None)),
        (standing(seeds=1, seeds_can_settle=False), 0, Decision(3, None)),
        (standing(), 3600, Decision(None, "minutes")),
        (standing(seconds_per_seed=600), 1800, Decision(5, None)),  # would end at 50 of 60 minutes
        (standing(seconds_per_seed=1000), 1800, Decision(5, None)),  # at 63: not far beyond
        (standing(seconds_per_seed=1200), 1800, Decision(None, "minutes")),  # at 70
        (standing(seeds=5, seconds_per_seed=600), 1800, Decision(None, "minutes")),  # five more at once
    ],
)
def test_a_look_is_followed_by(now, spent, expected):
    assert decide(now, PLAN, spent) == expected


def test_the_last_look_is_at_the_most_seeds_allowed():
    assert [next_look(seeds, 8) for seeds in (1, 3, 5, 8, 9)] == [3, 5, 8, None, None]
    assert next_look(20) is None and next_look(25) is None


def test_the_standing_is_that_of_the_best_arm():
    experiment, runs = verdict_lab.three([0.1, 0.1, 0.1])
    found = verdict_lab.judge(experiment, runs)
    assert found.headline_claim is not None
    setting = SimpleNamespace(seeds=(0, 1, 2))

    def now(scratch: float | None, full: float | None) -> Standing:
        spent = {"scratch": scratch, "full": full}
        arms = {arm: SimpleNamespace(runs=[SimpleNamespace(elapsed_seconds=own)] * 2) for arm, own in spent.items()}
        return standing_of(SimpleNamespace(verdict=found, setting=setting, arms=arms))

    assert now(7.0, 5.0) == Standing(3, found.headline_claim.outcome, found.headline_claim.seeds_can_settle, 12.0)
    assert now(7.0, None).seconds_per_seed is None


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        ({"at_most_seeds": 2}, "at most seeds is 2; it must be a whole number from 3 to 20."),
        ({"at_most_seeds": 21}, "at most seeds is 21; it must be a whole number from 3 to 20."),
        ({"at_most_minutes": 0}, "at most minutes is 0; it must be a whole number from 1 to 10,000."),
        ({"at_most_minutes": True}, "at most minutes is True; it must be a whole number from 1 to 10,000."),
    ],
)
def test_bounds_that_can_not_be_are_refused(bounds, words):
    with pytest.raises(Refused) as refusal:
        SettlePlan(**bounds)
    assert str(refusal.value) == words
