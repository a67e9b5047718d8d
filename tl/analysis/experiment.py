"""One experiment with its runs and its verdict, read from disk: the document that `compare --json` prints."""

from tl import datasets
from tl.analysis.records import RunRecord
from tl.analysis.verdict import MARGIN, verdict
from tl.config import Experiment, Refused
from tl.store.database import read_experiment, read_runs
from tl.store.files import read_json
from tl.store.home import Home
from tl.store.metrics import read_metrics


def load_records(home: Home, experiment_id: str, rows: list[dict] | None = None) -> list[RunRecord]:
    """The runs of an experiment in the order of training.

    `rows` (as tl.store.database.read_runs gives them) saves a query where the caller has looked after their statuses.
    """
    rows = read_runs(home, experiment_id) if rows is None else rows
    return [_record(home, row) for row in rows]


def _record(home: Home, row: dict) -> RunRecord:
    files = home.run(row["run_id"])
    ended = row["status"] not in ("queued", "running")
    result = read_json(files.result) if ended else None
    if ended and result is None:  # killed before it could say anything
        result = {"reason": row.get("reason"), "message": row.get("message")}
    return RunRecord(
        run_id=row["run_id"],
        arm=row["arm"],
        seed=row["seed"],
        status=row["status"],
        metrics=read_metrics(files.metrics),
        result=result,
    )


def experiment_result(
    home: Home,
    experiment_id: str,
    rows: list[dict] | None = None,
    *,
    margin: float = MARGIN,
    target: float | None = None,
) -> dict:
    """The experiment as one JSON-ready document. Raises Refused for an unknown id. For `rows` see load_records."""
    experiment = read_experiment(home, experiment_id)["experiment"]
    records = load_records(home, experiment_id, rows)
    classes, samples = _pictures(home, experiment)
    return {
        "experiment_id": experiment_id,
        "home": str(home.path),
        "dataset": experiment.dataset,
        "samples": samples,
        "classes": classes,
        "backbone": experiment.backbone,
        "weights": experiment.weights,
        "resolution": experiment.resolution,
        "seeds": list(experiment.seeds),
        "arms": {
            arm.name: {"strategy": arm.strategy, "runs": [_entry(run) for run in records if run.arm == arm.name]}
            for arm in experiment.arms
        },
        "verdict": verdict(experiment, records, margin=margin, target=target),
    }


def _pictures(home: Home, experiment: Experiment) -> tuple[list[str] | None, int | None]:
    """Class names and number of training pictures; None where the data set is gone."""
    try:
        info = datasets.describe(home, experiment.dataset)
    except Refused:
        return None, experiment.samples
    wanted = info.train if experiment.samples is None else experiment.samples
    return list(info.classes), min(wanted, info.train) if info.train else wanted


def _entry(run: RunRecord) -> dict:
    result = run.result or {}
    return {
        "run_id": run.run_id,
        "seed": run.seed,
        "status": run.status,
        "reason": run.reason,
        "message": result.get("message"),
        "epochs": run.epochs,
        "best_epoch": run.best_epoch,
        "stopped_early": run.stopped_early,
        "best_val_accuracy": run.best_val_accuracy,
        "test_accuracy": run.test_accuracy,
        "elapsed_seconds": run.elapsed_seconds,
        "memory_peak_bytes": run.memory_peak_bytes,
        "energy_joules": run.energy_joules,
        "device": result.get("device"),
    }
