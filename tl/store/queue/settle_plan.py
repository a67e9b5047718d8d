"""The plan to add seeds to an experiment until its outcome is settled: what it may cost, how far it is, how it ended.

Columns and documents only; who adds seeds and looks at the outcome is in tl.jobs.
"""

import json
import sqlite3
from dataclasses import asdict, dataclass, replace
from typing import Any

from tl.config import PLANNED_LOOKS, Experiment, refusal
from tl.languages import later, read_sentence, store_sentence
from tl.store.home import Home
from tl.store.queue.rows import experiment_of
from tl.store.queue.schema import ACTIVE, select, writing

MOST_MINUTES = 10_000  # a week
# Why a plan ended: the outcome is decided; as many seeds or minutes as it may take; no number of seeds can decide it;
# somebody stopped it; something in the way, which `message` names.
ENDS = ("decided", "seeds", "minutes", "pictures", "stopped", "failed")


@dataclass(frozen=True, kw_only=True)
class SettlePlan:
    """Add seeds at planned looks until the outcome is decided or the budget is spent; open while `ended` is None."""

    at_most_seeds: int = PLANNED_LOOKS[-1]
    at_most_minutes: int = 60  # of wall clock since its first run trained; a look that has begun is not cut
    baseline: str | None = None  # what the outcome is judged by, see tl.analysis.verdict; None: as usual
    margin: float | None = None
    judge_by: str | None = None
    began: float = 0.0  # Unix time, seconds
    up: float | None = None  # seconds since the machine started, then: no change of the clock moves those
    boot_id: str | None = None  # which start of the machine they count from
    looks: tuple[tuple[int, str], ...] = ()  # (number of seeds, outcome) of each look that was made
    ended: str | None = None  # one of ENDS
    message: str | None = None  # what was in the way, a sentence in the reader's language

    def __post_init__(self) -> None:
        least, most = PLANNED_LOOKS[0], PLANNED_LOOKS[-1]
        seeds, minutes = self.at_most_seeds, self.at_most_minutes
        if type(seeds) is not int or not least <= seeds <= most:
            text = later("at most seeds is {value!r:.40}; it must be a whole number from {least} to {most}.")
            raise refusal(text, value=seeds, least=least, most=most)
        if type(minutes) is not int or not 1 <= minutes <= MOST_MINUTES:
            text = later("at most minutes is {value!r:.40}; it must be a whole number from 1 to {most:,}.")
            raise refusal(text, value=minutes, most=MOST_MINUTES)

    @property
    def open(self) -> bool:
        return self.ended is None

    @property
    def judged_by(self) -> dict[str, str | float]:
        """Options for tl.analysis.experiment.experiment_result."""
        given = {name: getattr(self, name) for name in ("baseline", "margin", "judge_by")}
        return {name: value for name, value in given.items() if value is not None}

    def to_json(self) -> str:
        """As it is stored; `plan_of` reads it back."""
        return json.dumps(asdict(self) | {"message": store_sentence(self.message)})


def plan_of(text: str | None) -> SettlePlan | None:
    """What `to_json` wrote. One that can't be read counts as none: the runs are there all the same."""
    try:
        document = json.loads(text or "null")
        looks = tuple((int(seeds), str(outcome)) for seeds, outcome in document["looks"])
        plan = SettlePlan(**document | {"looks": looks, "message": read_sentence(document.get("message"))})
        return plan if plan.ended in (None, *ENDS) and type(plan.began) in (int, float) else None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def open_plan_in(connection: sqlite3.Connection, experiment_id: str) -> SettlePlan | None:
    """The experiment's plan, where it has one that goes on; inside a transaction."""
    row = connection.execute("SELECT settling FROM experiments WHERE id = ?", (experiment_id,)).fetchone()
    return _open_plan(row["settling"]) if row else None


def write_in(connection: sqlite3.Connection, experiment_id: str, plan: SettlePlan) -> None:
    """Store the experiment's plan, inside a transaction."""
    connection.execute("UPDATE main.experiments SET settling = ? WHERE id = ?", (plan.to_json(), experiment_id))


def has_open(connection: sqlite3.Connection) -> bool:
    """Whether anybody has a plan that goes on, inside a transaction on everybody's rows."""
    rows = connection.execute("SELECT settling FROM experiments WHERE settling IS NOT NULL")
    return any(_open_plan(row["settling"]) for row in rows)


def _open_plan(text: str | None) -> SettlePlan | None:
    plan = plan_of(text)
    return plan if plan is not None and plan.open else None


def open_plans(home: Home) -> list[dict[str, Any]]:
    """`{"experiment_id", "owner", "active"}` of everybody's plans that go on; `active`: something trains or waits."""
    active = f"SELECT 1 FROM runs WHERE experiment_id = experiments.id AND status IN ({', '.join(map(repr, ACTIVE))})"
    columns = f"id AS experiment_id, owner, settling, EXISTS ({active}) AS active"  # not shown
    query = f"SELECT {columns} FROM experiments WHERE settling IS NOT NULL ORDER BY created, id"  # not shown
    rows = select(home, query, everyone=True)
    return [row | {"active": bool(row["active"])} for row in rows if _open_plan(row.pop("settling"))]


def begin(home: Home, experiment_id: str, plan: SettlePlan) -> bool:
    """Give the experiment a plan; False where it has one that goes on: a second click begins nothing."""
    with writing(home) as connection:
        if open_plan_in(connection, experiment_id):
            return False
        write_in(connection, experiment_id, plan)
        return True


def end(
    home: Home,
    experiment_id: str,
    ended: str,
    message: str | None = None,
    *,
    outcome: str | None = None,
    seen: Experiment | None = None,
) -> bool:
    """End the experiment's plan, if it goes on; whether it did.

    `outcome`: of the look that was made. `seen`: the experiment that was looked at, one that has grown since is left.
    """
    assert ended in ENDS, ended
    query = "SELECT 1 FROM experiments WHERE id = ? AND settling IS NOT NULL"
    if not select(home, query, (experiment_id,)):  # most have none: nothing to wait for
        return False
    with writing(home) as connection:
        plan = open_plan_in(connection, experiment_id)
        if plan is None or (seen is not None and not is_still(connection, experiment_id, seen)):
            return False
        if seen is not None and outcome is not None:
            plan = looked(plan, len(seen.seeds), outcome)
        message = message and home.policy.without_places(read_sentence(message) or "")
        write_in(connection, experiment_id, replace(plan, ended=ended, message=message))
        return True


def looked(plan: SettlePlan, seeds: int, outcome: str) -> SettlePlan:
    return replace(plan, looks=(*plan.looks, (seeds, outcome)))


def is_still(connection: sqlite3.Connection, experiment_id: str, seen: Experiment) -> bool:
    """Whether the experiment is as it was seen, inside a transaction."""
    row = connection.execute("SELECT spec FROM experiments WHERE id = ?", (experiment_id,)).fetchone()
    return row is not None and experiment_of(row["spec"]) == seen
