"""One experiment with its runs and its verdict, read from disk: the document that `compare --json` prints."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import fields
from typing import Any, Literal

from tl import datasets
from tl.analysis.adaptation.findings import findings
from tl.analysis.adaptation.given_labels import labelled_pictures, with_given
from tl.analysis.classes import with_classes
from tl.analysis.experiment_results import ArmRuns, ComparisonSetting, ExperimentResult, RunSummary
from tl.analysis.guessing import Pictures
from tl.analysis.records import RunRecord
from tl.analysis.verdict import verdict
from tl.config import Experiment, Refused, Training
from tl.datasets.info import DatasetInfo
from tl.differences import each_of
from tl.store.documents import Result, read_imported, read_result
from tl.store.home import Home
from tl.store.metrics import read_metrics
from tl.store.predictions import read_answers
from tl.store.queue.database import read_experiment, read_runs
from tl.store.queue.rows import RunRow
from tl.store.queue.schema import ACTIVE


def load_records(home: Home, rows: list[RunRow]) -> list[RunRecord]:
    """The runs of an experiment, as `read_runs` gives their `rows`."""
    records = [_record(home, row) for row in rows]
    return with_given(home, rows[0].experiment, records) if rows else []


def _record(home: Home, row: RunRow) -> RunRecord:
    files = home.run(row.run_id)
    result = Result()
    if row.status not in ACTIVE:  # one that was killed could not say anything
        result = read_result(files) or Result(reason=row.reason, message=row.message)
    return RunRecord(
        run_id=row.run_id,
        arm=row.arm,
        seed=row.seed,
        status=row.status,
        metrics=read_metrics(files.metrics),
        result=result,
        answers=read_answers(files.predictions, "test") if row.status == "finished" else None,
    )


def experiment_result(
    home: Home,
    experiment_id: str,
    rows: list[RunRow] | None = None,
    records: list[RunRecord] | None = None,
    **judged: Any,
) -> ExperimentResult:
    """The experiment with its runs and its verdict. Raises Refused for an unknown id.

    `rows`: what `read_runs` gave, where the caller has looked after their statuses.
    `records`: what load_records gave, where the caller has read the runs already.
    `judged`: baseline, margin, target and judge_by as tl.analysis.verdict takes them.
    """
    experiment = read_experiment(home, experiment_id)["experiment"]
    rows = read_runs(home, experiment_id) if rows is None else rows
    records = load_records(home, rows) if records is None else records
    info = pictures_of(home, experiment, [row.run_id for row in rows])
    target_info = pictures_of(home, experiment.target_dataset, ()) if experiment.target_dataset else None
    test = _pictures(info, "test")
    if info and target_info and not target_info.labelled:
        test = labelled_pictures(records, len(info.classes))
    found = verdict(
        experiment,
        records,
        **judged,
        train_pictures=info.train if info else None,
        validation=_pictures(info, "validation"),
        test=test,
        uneven=info is not None and info.uneven,
        works_on=target_info.short_title if target_info else experiment.target_dataset,
    )
    return ExperimentResult(
        experiment_id=experiment_id,
        setting=ComparisonSetting(
            home=str(home.path),
            dataset=experiment.dataset,
            target_dataset=experiment.target_dataset,
            classes=tuple(info.classes) if info else None,
            backbone=experiment.backbone,
            weights=experiment.weights,
            resolution=experiment.resolution,
            seeds=tuple(experiment.seeds),
        ),
        samples=_samples(experiment, info),
        arms={
            arm.name: ArmRuns(
                strategy=arm.strategy,
                backbone=own.backbone,
                weights=own.weights,
                resolution=own.resolution,
                runs=tuple(_summary(run) for run in records if run.arm == arm.name),
            )
            for arm, own in zip(experiment.arms, each_of(experiment), strict=True)
        },
        verdict=with_classes(found, records, info.classes if info else None),
        adaptation=findings(home, experiment, records, found),
    )


def pictures_of(home: Home, learned: str | Training, run_ids: Iterable[str]) -> DatasetInfo | None:
    """What is known about the pictures these runs learned, a data set or those of a training; None where any are gone or
    damaged.

    Imported runs bring it with them: a data set of the same name here may hold other pictures.
    """
    for run_id in run_ids:
        imported = read_imported(home.run(run_id))
        if imported:
            with suppress(ValueError):
                return DatasetInfo.from_json(imported.dataset)
            return None
    try:
        return datasets.describe(home, learned) if isinstance(learned, str) else datasets.describe_for(home, learned)
    except Refused:
        return None


def _samples(experiment: Experiment, info: DatasetInfo | None) -> int | None:
    """Number of training pictures."""
    if info is None or not info.train:
        return experiment.samples
    return min(experiment.samples or info.train, info.train)


def _pictures(info: DatasetInfo | None, split: Literal["validation", "test"]) -> Pictures | None:
    """The pictures of a split by class; evenly many of each where the data set does not say."""
    if info is None:
        return None
    known = tuple(float(counts.get(split, 0)) for counts in info.counts.values())
    of_class = known if sum(known) else (getattr(info, split) / len(info.classes),) * len(info.classes)
    return Pictures(of_class) if sum(of_class) else None


def _summary(run: RunRecord) -> RunSummary:
    """Each figure as the record has it, else its result.json."""
    names = [entry.name for entry in fields(RunSummary)]
    return RunSummary(**{name: getattr(run if hasattr(run, name) else run.result, name) for name in names})
