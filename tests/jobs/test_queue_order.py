"""In which order waiting runs train: alone by age, among visitors in turns, nobody starves."""

import random
import time
from itertools import pairwise

from tests.row_lab import run_row
from tl.jobs.queue_order import group, in_order, together
from tl.store.queue.rows import RunRow


def waiting(owner: str | None, experiment_id: str, queued: float, seeds: int = 1, arms: int = 2) -> list[RunRow]:
    names = [(seed, arm) for seed in range(seeds) for arm in range(arms)]
    about = {"owner": owner, "experiment_id": experiment_id, "queued": queued}
    return [run_row(**about, seed=seed, position=place) for place, (seed, _) in enumerate(names)]


def turns(rows: list[RunRow], served: dict | None = None) -> list[tuple]:
    """The order of the turns; a turn's arms must stay together."""
    ordered = [group(row) for row in in_order(rows, served or {})]
    found = list(dict.fromkeys(ordered))
    assert len(ordered) == len(rows) and ordered == [turn for turn in found for _ in range(ordered.count(turn))]
    return found


def test_one_persons_runs_go_by_age_and_seed():
    rows = waiting(None, "b", 2.0, seeds=2) + waiting(None, "a", 1.0)
    random.Random(0).shuffle(rows)
    assert turns(rows, {None: 9.0}) == [("a", 0), ("b", 0), ("b", 1)]


def test_visitors_take_turns_so_that_a_long_sweep_does_not_keep_others_waiting():
    rows = waiting("ann", "a", 1.0, seeds=4) + waiting("bob", "b", 2.0) + waiting("eve", "e", 3.0, seeds=2)
    assert turns(rows) == [("a", 0), ("b", 0), ("e", 0), ("a", 1), ("e", 1), ("a", 2), ("a", 3)]


def test_who_was_served_last_waits_for_those_who_came_meanwhile():
    rows = waiting("ann", "a", 1.0, seeds=3) + waiting("bob", "b", 5.0)
    assert turns(rows, {"ann": 4.0})[0] == ("a", 0)  # before bob came
    assert turns(rows, {"ann": 6.0})[0] == ("b", 0)


def test_a_fresh_visitor_gains_nothing_over_those_who_wait_longer():
    rows = waiting("ann", "a", 1.0) + [row for n in range(20) for row in waiting(f"new{n}", f"n{n}", 10.0 + n)]
    assert turns(rows, {"ann": 5.0})[0] == ("a", 0)


def test_everybody_is_served_within_as_many_turns_as_there_are_visitors():
    chance = random.Random(1)
    for _ in range(50):
        owners = [f"o{n}" for n in range(chance.randint(1, 9))]
        rows = [
            row
            for n in range(chance.randint(1, 25))
            for row in waiting(chance.choice(owners), f"e{n}", chance.random(), chance.randint(1, 3))
        ]
        owner_of = {row.experiment_id: row.owner for row in rows}
        order = [owner_of[turn[0]] for turn in turns(rows, {owner: chance.random() for owner in owners})]
        for owner in set(order):
            others = len(set(order)) - 1
            places = [place for place, each in enumerate(order) if each == owner]
            assert places[0] <= others
            assert all(later - earlier - 1 <= others for earlier, later in pairwise(places))


def test_ten_thousand_visitors_are_put_in_line_at_once():
    rows = [row for n in range(10_000) for row in waiting(f"o{n}", f"e{n}", float(n % 7), arms=1)]
    before = time.process_time()
    assert len(in_order(rows, {f"o{n}": 3.0 for n in range(0, 10_000, 2)})) == 10_000
    assert time.process_time() - before < 2


def test_beside_a_seed_that_leaves_places_empty_the_next_of_the_experiment_begins():
    rows = waiting(None, "a", 1.0, seeds=3, arms=1) + waiting(None, "b", 2.0)
    assert [group(row) for row in together([], rows, lanes=1)] == [("a", 0)]
    assert [group(row) for row in together([], rows, lanes=2)] == [("a", 0), ("a", 1)]
    assert [group(row) for row in together(rows[:1], rows[1:], lanes=2)] == [("a", 1)]
    assert together(rows[:2], rows[2:], lanes=2) == []
    assert [group(row) for row in together(rows[2:3], rows[3:], lanes=2)] == [], "another experiment waits for its turn"


def test_all_arms_of_a_seed_begin_together_however_many_compute():
    rows = waiting(None, "a", 1.0, seeds=2, arms=3)
    assert len(together([], rows, lanes=2)) == 3
    assert len(together(rows[2:3], rows[3:], lanes=2)) == 3, "one is left of the first seed"
    assert together(rows[1:3], rows[3:], lanes=2) == []


def test_nobody_elses_turn_is_taken_to_fill_a_place():
    rows = waiting("ann", "a", 1.0, seeds=2, arms=1) + waiting("bob", "b", 2.0)
    ordered = in_order(rows[1:], {"ann": 9.0})
    assert together(rows[:1], ordered, lanes=2) == [], "bob comes before ann's next seed"
