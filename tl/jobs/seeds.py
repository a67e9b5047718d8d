"""More seeds for an experiment that is there: by hand, or at planned looks until it is settled."""

from collections import Counter
from typing import Any

from tl.config import Experiment, Refused, RunConfig, refusal
from tl.config.experiment import DECIDED
from tl.jobs.dead_trainers import record_if_dead
from tl.jobs.queue import admission_of, resolved
from tl.jobs.settle_plan import begun_plan, with_seeds
from tl.jobs.stopping import stop_all
from tl.languages import later, plural
from tl.store.documents import read_config
from tl.store.files import write_json
from tl.store.home import Home
from tl.store.queue import database, settle_plan
from tl.store.queue.growth import grow
from tl.store.queue.rows import RunRow
from tl.store.queue.schema import ACTIVE, RESUMABLE
from tl.store.queue.settle_plan import SettlePlan
from tl.words import number_of

MOST_SEEDS = 100  # of an experiment


def add_seeds(home: Home, experiment_id: str, up_to: int, outcome: str | None = None) -> list[str]:
    """Queue seeds besides those of an experiment that has ended, until it has `up_to`; ids of the new runs.

    They are trained with the settings of the earlier ones, down to the precision and threads that a trainer chose, and the
    experiment remembers at how many seeds it was judged. The same call twice (a double click, two tabs) adds once.
    `outcome`: of the look after which the plan to settle it goes on; then nothing is added once that plan has ended.
    Raises Refused for an unknown id, where runs of it train or wait, where one has not finished, where it can't be
    trained here (imported, part of a sweep, pictures or weights gone), for a number that is not larger or too large, or is more than may be.
    """
    entry = database.read_experiment(home, experiment_id)
    before: Experiment = entry["experiment"]
    rows = [record_if_dead(home, row) for row in database.read_runs(home, experiment_id)]
    if len(before.looks) > 1 and len(before.seeds) == up_to:
        last = before.seeds[before.looks[-2] :]
        if added := [row.run_id for row in rows if row.seed in last and row.status in ACTIVE]:
            return added
    _check(home, entry, rows)
    if not len(before.seeds) < up_to <= MOST_SEEDS:
        number = len(before.seeds)
        text = later("up to is {up_to}; it must be more than the {seeds} it has, at most {most}.")
        raise refusal(text, up_to=up_to, seeds=number_of(number, "seed"), most=MOST_SEEDS)
    after = with_seeds(before, up_to, looks=(*(before.looks or (len(before.seeds),)), up_to))
    resolved(home, after)  # refuses what can't be trained
    new = [run for run in after.runs(experiment_id) if run.seed not in before.seeds]
    runs = decided_as(home, rows, new)
    if _queue(home, before, after, runs, outcome):
        return [run.run_id for run in runs]
    return [] if outcome else add_seeds(home, experiment_id, up_to)  # somebody was faster: see what is there now


def _queue(home: Home, before: Experiment, after: Experiment, runs: list[RunConfig], outcome: str | None) -> bool:
    """Run folders, then the rows: a run that can be seen is complete. Whether they are in the queue."""
    from tl.store.quarantine import announce, quarantine

    with quarantine(home, home.runs_dir) as incoming:
        announce(incoming, [run.run_id for run in runs])  # without a row they go with it, even killed
        for run in runs:
            write_json(home.run(run.run_id).config, run.to_json())
        admit = admission_of(home, {*before.sets})
        return grow(home, runs[0].experiment_id, before, after, runs, admit, outcome=outcome)


def _check(home: Home, entry: dict[str, Any], rows: list[RunRow]) -> None:
    """Raise Refused where no seeds can be added to the experiment, whatever their number."""
    if entry["sweep_id"] is not None:
        raise refusal("This comparison is one size of a sweep; start the sweep again with more seeds instead.")
    if entry["experiment"].final:
        raise refusal("This is a final model, which has one run; compare the arms with more seeds instead.")
    if any(home.run(row.run_id).imported.exists() for row in rows):
        raise refusal(
            "This comparison was imported, and its seeds were trained elsewhere; start it again here instead."
        )
    if unfinished := sum(row.status in RESUMABLE for row in rows):
        raise Refused(
            plural(
                "{number} of its runs has not finished; resume or delete what is unfinished first.",
                "{number} of its runs have not finished; resume or delete what is unfinished first.",
                unfinished,
            )
        )


def decided_as(home: Home, rows: list[RunRow], runs: list[RunConfig]) -> list[RunConfig]:
    """The `runs`, to be computed as the finished ones of `rows` were: those of the same arm, else most."""
    like = {arm: _decided_in(home, [row for row in rows if row.arm == arm]) for arm in {run.arm.name for run in runs}}
    most = _decided_in(home, rows)
    return [run.decided(found) if (found := like[run.arm.name] or most) else run for run in runs]


def _decided_in(home: Home, rows: list[RunRow]) -> RunConfig | None:
    """A finished run that was computed as most were: its config says what trainers decided. None where there is none."""
    found = [read_config(home.run(row.run_id)) for row in rows if row.status == "finished"]
    configs = [config for config in found if isinstance(config, RunConfig)]
    how = [tuple(getattr(config, name) for name in DECIDED) for config in configs]
    if not how:
        return None
    return configs[how.index(Counter(how).most_common(1)[0][0])]


def begin_settling(home: Home, experiment_id: str, plan: SettlePlan) -> bool:
    """Let the supervisor add seeds to an experiment at planned looks until it is settled, or `plan` allows no more.

    Begins with what trains now, or has ended. False, and nothing changed, where that goes on already. Raises Refused
    for an unknown id, where no seeds can be added, where pictures or weights are gone, and where a run has not finished.
    """
    entry = database.read_experiment(home, experiment_id)
    rows = [record_if_dead(home, row) for row in database.read_runs(home, experiment_id)]
    _check(home, entry, rows)
    fresh = begun_plan(plan, entry["experiment"])
    resolved(home, entry["experiment"])  # refuses what can't be trained any more: pictures or weights are gone
    return settle_plan.begin(home, experiment_id, fresh)


def stop_settling(home: Home, experiment_id: str) -> None:
    """Add no more seeds to the experiment and end what trains of it; every run keeps its best.

    Raises Refused for an unknown id, else as `stop_all` does.
    """
    database.read_experiment(home, experiment_id)
    settle_plan.end(home, experiment_id, "stopped")
    stop_all(home, [row.run_id for row in database.read_runs(home, experiment_id, ACTIVE)])
