"""Whose turn it is: runs that wait in the order in which they will train. A turn is a seed of an experiment, all its arms.

Visitors take turns, so that a long sweep of one doesn't keep the others waiting: who was served last goes to the end.
"""

from collections.abc import Iterable, Sequence
from heapq import heapify, heappop, heappush
from typing import TypeVar

from tl.store.queue.rows import RunRow, Waiting

Row = TypeVar("Row", RunRow, Waiting)
Group = tuple[str, int]  # experiment id and seed


def group(row: RunRow | Waiting) -> Group:
    """What trains together: the arms of one seed."""
    return row.experiment_id, row.seed


def together(running: Sequence[RunRow], waiting: Sequence[Waiting], lanes: int) -> list[Waiting]:
    """Of the runs that wait, in their order, those that may begin beside `running`: those of the seeds that train already,
    else of the first, and of that experiment's next ones while fewer than `lanes` would train."""
    turns = {group(row) for row in (running or waiting[:1])}
    chosen = [row for row in waiting if group(row) in turns]
    later = [row for row in waiting if group(row) not in turns]
    while later and len(running) + len(chosen) < lanes and later[0].experiment_id in {turn[0] for turn in turns}:
        turn = group(later[0])
        chosen += [row for row in later if group(row) == turn]
        later = [row for row in later if group(row) != turn]
    return chosen


def in_order(queued: Iterable[Row], served: dict[str | None, float]) -> list[Row]:
    """The rows of queued runs, the next first.

    `served`: owner -> when a run of theirs was last started, Unix seconds. An owner stands in line since then, or
    since the oldest of their runs that wait was queued, whichever is later; their own go by that, too. One that is
    resumed is queued again: it has had its turn.
    """
    waiting: dict[str | None, dict[Group, list[Row]]] = {}
    for row in sorted(queued, key=_age):
        waiting.setdefault(row.owner, {}).setdefault(group(row), []).append(row)
    line = [
        (0, max(served.get(owner, 0.0), _first(turns).queued), _age(_first(turns)), owner)
        for owner, turns in waiting.items()
    ]
    heapify(line)  # no two are of the same age, so owners are not compared
    ordered: list[Row] = []
    while line:
        owner = heappop(line)[-1]
        turns = waiting[owner]
        ordered += turns.pop(next(iter(turns)))
        if turns:  # behind everybody who waits
            heappush(line, (len(ordered), 0.0, _age(_first(turns)), owner))
    return ordered


def _first(turns: dict[Group, list[Row]]) -> Row:
    return next(iter(turns.values()))[0]


def _age(row: RunRow | Waiting) -> tuple[float, str, int]:
    return row.queued, row.experiment_id, row.position
