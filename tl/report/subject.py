"""What a report or a bundle is about: one ended experiment, or every size of an ended sweep."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tl.config import Experiment, refusal
from tl.languages import say
from tl.store.home import Home
from tl.store.queue.database import Unknown, read_experiment, read_runs, read_sweeps
from tl.store.queue.rows import RunRow, refuse_final
from tl.store.queue.schema import ACTIVE

EXPERIMENT, SWEEP = "experiment", "sweep"


@dataclass(frozen=True)
class ReportSubject:
    """One experiment, or the experiments of a sweep by size, ascending; nothing of it trains or waits."""

    home: Home
    kind: str  # EXPERIMENT or SWEEP
    ident: str
    entries: tuple[dict[str, Any], ...]  # of its experiments, as tl.store.queue.database.read_experiment gives them
    rows_of: dict[str, list[RunRow]]  # experiment id -> its rows of runs, in the order of training

    @cached_property
    def rows(self) -> list[RunRow]:
        return [row for rows in self.rows_of.values() for row in rows]

    @property
    def run_ids(self) -> list[str]:
        return [row.run_id for row in self.rows]

    @property
    def experiment(self) -> Experiment:
        """What all its experiments share; of a sweep the one with the fewest pictures."""
        first: Experiment = self.entries[0]["experiment"]
        return first

    @property
    def sizes(self) -> tuple[int, ...]:
        """Numbers of training pictures of a sweep; empty for a single experiment."""
        return tuple(entry["experiment"].samples for entry in self.entries) if self.kind == SWEEP else ()


def ended(home: Home, ident: str) -> ReportSubject:
    """The experiment or sweep with this id. Raises Unknown, or Refused where something trains or waits, and
    for a final model."""
    sweeps = {sweep["sweep_id"]: sweep for sweep in read_sweeps(home)}
    kind = SWEEP if ident in sweeps else EXPERIMENT
    try:
        entries = [read_experiment(home, each) for each in (sweeps[ident]["experiments"] if kind == SWEEP else [ident])]
    except Unknown:
        problem = say(
            "There is no experiment or sweep {id}; `python -m tl runs` and `python -m tl sweeps` list them.",
            id=repr(ident),
        )
        raise Unknown(problem) from None
    refuse_final(ident, entries[0]["experiment"])
    rows_of = {entry["experiment_id"]: read_runs(home, entry["experiment_id"]) for entry in entries}
    if any(row.status in ACTIVE for rows in rows_of.values() for row in rows):
        if kind == SWEEP:
            raise refusal(
                "Sweep {id} still has runs that are training or waiting; let them end or stop them first.", id=ident
            )
        raise refusal(
            "Experiment {id} still has runs that are training or waiting; let them end or stop them first.", id=ident
        )
    return ReportSubject(home, kind, ident, tuple(entries), rows_of)
