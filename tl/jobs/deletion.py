"""Deleting a run, a comparison or a sweep with all its files: whole, or not at all.

The rows go in one transaction, folders follow. They are announced before, as those that come in are: whoever looks after
a kill finds the rows, and then nothing was deleted, or none, and then the folders go as well (tl.store.quarantine).
"""

from dataclasses import dataclass

from tl.config import Experiment, Refused, refusal
from tl.jobs.dead_trainers import record_if_dead
from tl.jobs.stopping import stop_all
from tl.languages import later, later_plural, plural, say
from tl.store.files import locked, used_bytes
from tl.store.home import Home
from tl.store.queue import database, removal, settle_plan
from tl.store.queue.database import Unknown
from tl.store.queue.rows import RunRow
from tl.store.queue.schema import ACTIVE
from tl.words import status_name

RUN, EXPERIMENT, SWEEP = "run", "experiment", "sweep"
CHANGED = {
    RUN: later("The run {ident} has just changed; try again."),
    EXPERIMENT: later("The experiment {ident} has just changed; try again."),
    SWEEP: later("The sweep {ident} has just changed; try again."),
}
TRAINING = {
    EXPERIMENT: later_plural(
        "The experiment {ident} can't be deleted now: a run of it is training or waiting; `python -m tl delete {ident} "
        "--stop` stops it first.",
        "The experiment {ident} can't be deleted now: {number} of its runs are training or waiting; `python -m tl "
        "delete {ident} --stop` stops them first.",
    ),
    SWEEP: later_plural(
        "The sweep {ident} can't be deleted now: a run of it is training or waiting; `python -m tl delete {ident} "
        "--stop` stops it first.",
        "The sweep {ident} can't be deleted now: {number} of its runs are training or waiting; `python -m tl delete "
        "{ident} --stop` stops them first.",
    ),
}
ADDING = {
    EXPERIMENT: later(
        "The experiment {ident} can't be deleted now: seeds are being added to it; `python -m tl delete {ident} --stop` stops "
        "that first."
    ),
    SWEEP: later(
        "The sweep {ident} can't be deleted now: seeds are being added to it; `python -m tl delete {ident} --stop` stops that "
        "first."
    ),
}


@dataclass(frozen=True)
class Deletable:
    """A run, an experiment or a sweep with everything that is deleted together with it."""

    home: Home
    kind: str  # RUN, EXPERIMENT or SWEEP
    ident: str
    experiments: dict[str, Experiment]  # id -> those that go as wholes, sizes of a sweep ascending; of a run none
    rows: tuple[RunRow, ...]  # of all its runs
    adds_seeds: bool = False  # a plan to settle it goes on: more runs may come at any moment

    @property
    def active(self) -> list[RunRow]:
        return [row for row in self.rows if row.status in ACTIVE]

    def num_bytes(self) -> int:
        """What its files take of the disk."""
        return sum(used_bytes(self.home.run(row.run_id).folder) for row in self.rows)


def find(home: Home, ident: str) -> Deletable:
    """What this is the id of. Raises Refused where there is nothing."""
    for sweep in database.read_sweeps(home):
        if sweep["sweep_id"] == ident:
            return _whole(home, SWEEP, ident, sweep["experiments"])
    try:
        return _whole(home, EXPERIMENT, ident, {ident: database.read_experiment(home, ident)["experiment"]})
    except Unknown:
        pass
    try:
        return Deletable(home, RUN, ident, {}, (record_if_dead(home, database.read_run(home, ident)),))
    except Unknown:
        text = later(
            "There is no run, experiment or sweep {ident!r}; `python -m tl runs` and `python -m tl sweeps` list them."
        )
        raise Unknown(say(text, ident=ident)) from None


def _whole(home: Home, kind: str, ident: str, experiments: dict[str, Experiment]) -> Deletable:
    rows = [record_if_dead(home, row) for own in experiments for row in database.read_runs(home, own)]
    plans = [database.read_experiment(home, own)["settling"] for own in experiments]
    return Deletable(home, kind, ident, experiments, tuple(rows), any(plan is not None and plan.open for plan in plans))


def delete(home: Home, ident: str, stop_first: bool = False) -> Deletable:
    """Remove what this is the id of with all its files; what it was. `stop_first` ends what trains or waits of it.

    What was predicted of it before it was trained stays counted. Raises Refused for an unknown id and, unless stopped
    first, where a run of it trains or waits or seeds are being added to it.
    """
    whole = find(home, ident)
    if stop_first and (whole.active or whole.adds_seeds):
        for own in whole.experiments:
            settle_plan.end(home, own, "stopped")
        stop_all(home, [row.run_id for row in whole.active])
        whole = find(home, ident)
    _refuse_active(whole)
    _delete(home, whole)
    return whole


def _delete(home: Home, whole: Deletable) -> None:
    from tl.store.quarantine import announce, quarantine  # numpy, pandas
    from tl.store.saliency import forget_saliency_of_run

    # Whoever imports the same waits, and finds either all of it here or none.
    with locked(home.locks_dir / "import.lock"), quarantine(home, home.runs_dir) as outgoing:
        announce(outgoing, [row.run_id for row in whole.rows])
        if not removal.delete_runs(home, whole.rows, whole.experiments):
            now = find(home, whole.ident)  # raises where somebody was faster
            _refuse_active(now)
            raise refusal(CHANGED[whole.kind], ident=whole.ident)
    for row in whole.rows:
        forget_saliency_of_run(home, row.run_id)


def _refuse_active(whole: Deletable) -> None:
    if whole.kind == RUN and whole.active:
        status = status_name(whole.active[0].status)
        raise refusal("Run {run} is {status}; stop it first.", run=whole.ident, status=status)
    if whole.active:
        raise Refused(plural(*TRAINING[whole.kind], len(whole.active), ident=whole.ident))
    if whole.adds_seeds:
        raise refusal(ADDING[whole.kind], ident=whole.ident)
