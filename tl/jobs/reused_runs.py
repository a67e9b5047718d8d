"""What a new comparison takes over from an earlier one: finished runs of the arms that stay as they are.

A run follows from its settings, its seed and how it was computed; training it again would give the same. So its files
are copied under the new run's id, and its notes say where it comes from. Checkpoints stay with the earlier run, which the result names.
"""

import shutil
from collections.abc import Iterable
from dataclasses import fields

from tl.config import Experiment, RunConfig, Training
from tl.config.experiment import DECIDED
from tl.languages import english, say
from tl.store.documents import Result, in_english, read_result
from tl.store.files import read_json, write_json
from tl.store.home import Home
from tl.store.origin import ORIGIN
from tl.store.queue import database
from tl.store.queue.rows import RunRow

# Early stopping's: they change nothing for a run that used its whole budget, as long as more of it is asked for.
_PATIENCE = "patience"
_COPIED = ("resources", "rate_test", "predictions", "shifted", "both_sets")  # attributes of Run: files that name no run


def reusable_runs(home: Home, before_id: str, experiment: Experiment, runs: Iterable[RunConfig]) -> dict[str, RunRow]:
    """Id of a new run -> the finished run of the experiment `before_id` that it would only repeat."""
    before: Experiment = database.read_experiment(home, before_id)["experiment"]
    changed = {
        entry.name for entry in fields(Training) if getattr(before, entry.name) != getattr(experiment, entry.name)
    } - set(DECIDED)
    if changed - {_PATIENCE}:
        return {}
    arms = {arm.name: arm for arm in before.arms}
    rows = {(row.arm, row.seed): row for row in database.read_runs(home, before_id, ("finished",))}
    found = {}
    for run in runs:
        row = rows.get((run.arm.name, run.seed))
        if row is None or arms[run.arm.name] != run.arm or home.run(row.run_id).imported.exists():
            continue
        result = read_result(home.run(row.run_id)) or Result()
        longer = 0 < before.patience <= experiment.patience and result.stopped_early is False
        if result.status == "finished" and (not changed or longer):
            found[run.run_id] = row
    return found


def take_over(home: Home, row: RunRow, run: RunConfig) -> None:
    """Write the files of the new `run` as those of the finished run `row`."""
    from tl.store.metrics import read_metrics, write_metrics  # pandas

    old, new = home.run(row.run_id), home.run(run.run_id)
    write_json(new.config, run.to_json())
    for name in _COPIED:
        if getattr(old, name).exists():
            shutil.copy2(getattr(old, name), getattr(new, name))
    if old.tensorboard.exists():
        shutil.copytree(old.tensorboard, new.tensorboard)
    write_metrics(new.metrics, read_metrics(old.metrics).assign(run_id=run.run_id).to_dict("records"))
    origin = say(
        "Not trained again: taken over from run {run} of an earlier comparison, with the same settings.", run=row.run_id
    )
    new.log.write_text(f"{english(origin)}\n", encoding="utf-8")
    result = read_json(old.result)
    from_where = {ORIGIN: result.get(ORIGIN) or row.run_id}
    before = result.get("notes_said") or result.get("notes") or []
    write_json(new.result, in_english(result | from_where | {"notes": [*before, origin]}))
