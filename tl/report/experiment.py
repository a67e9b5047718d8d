"""The report on one experiment: verdict, charts, tables, setting, versions, hardware, the command that repeats it."""

import time
from dataclasses import fields

import pandas as pd

from tl.analysis.experiment import experiment_result, load_records, pictures_of
from tl.analysis.records import RunRecord
from tl.analysis.references import Reference, published
from tl.analysis.verdict import MARGIN
from tl.analysis.wording import title
from tl.backbones import BACKBONES
from tl.config import ArmConfig, Experiment, Refused, Training
from tl.datasets.info import DatasetInfo
from tl.report import findings, pieces
from tl.report.command import command
from tl.store.database import ACTIVE, read_experiment, read_runs
from tl.store.home import Home
from tl.strategies import STRATEGIES
from tl.words import NOT_AVAILABLE, count, duration, memory, percent, plain, rate

RUNS_HEAD = ("Arm", "Seed", "Status", "Epochs", "Best validation", "Test", "Computing time", "Peak memory", "Run")
CHART_WIDTH = 440  # pixels


def ended_runs(home: Home, experiment_id: str) -> list[dict]:
    """The experiment's rows of runs. Raises Refused for an unknown id and where something still trains or waits."""
    read_experiment(home, experiment_id)
    rows = read_runs(home, experiment_id)
    if any(row["status"] in ACTIVE for row in rows):
        raise Refused(f"Experiment {experiment_id} still has runs that train or wait; let them end or stop them first.")
    return rows


def experiment_report(
    home: Home, experiment_id: str, *, margin: float = MARGIN, target: float | None = None, references: bool = True
) -> str:
    """The report as one HTML document. `margin` and `target` as the verdict takes them. Raises Refused."""
    rows = ended_runs(home, experiment_id)
    entry = read_experiment(home, experiment_id)
    experiment = entry["experiment"]
    document = experiment_result(home, experiment_id, rows, margin=margin, target=target)
    info = pictures_of(home, experiment.dataset, [row["run_id"] for row in rows])
    lines = published(info, experiment.backbone) if references else ()
    records = load_records(home, experiment_id, rows)
    name = f"{BACKBONES[experiment.backbone].title} on {info.title if info else experiment.dataset}"
    trained = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry["created"]))
    return pieces.page(
        name,
        [
            pieces.paragraph(f"{facts(experiment, document)} · submitted {trained}", "facts"),
            *verdict_section(document["verdict"]),
            pieces.heading("Charts"),
            pieces.figures(charts(experiment, records, lines)),
            *(pieces.link(f"{line.label[0].upper()}{line.label[1:]}. {line.source}.", line.url) for line in lines),
            pieces.heading("Was every arm given a fair chance?"),
            pieces.table(findings.FAIRNESS_HEAD, findings.fairness_rows(document["verdict"])),
            pieces.heading("Every run"),
            pieces.table(RUNS_HEAD, runs_rows(document)),
            pieces.heading("Pictures"),
            *pictures_section(info, experiment),
            pieces.heading("Setting"),
            pieces.table((), setting_rows(experiment)),
            pieces.table(("Arm", "Strategy", "What trains when", "Learning rate", "Epochs"), arm_rows(experiment)),
            pieces.heading("Hardware and versions"),
            pieces.table((), machine_rows(records)),
            pieces.heading("To repeat it"),
            pieces.command(repeat(experiment, margin, target)),
            *method(),
        ],
    )


def facts(experiment: Experiment, document: dict) -> str:
    """One line: how many pictures, how large, how often."""
    pictures = "all" if document["samples"] is None else count(document["samples"])
    seeds = f"{len(experiment.seeds)} seed" + ("s" if len(experiment.seeds) > 1 else "")
    return f"{pictures} training pictures · {experiment.resolution} px · {seeds}"


def verdict_section(found: dict) -> list[str]:
    """The sentences, marks on arms that had not converged, and each arm's numbers against the baseline."""
    parts = [pieces.paragraph(found["text"], "verdict")]
    parts += [pieces.paragraph(f"{title(name)}: {mark}", "mark") for name, mark in findings.not_converged(found)]
    for name in found["arms"]:
        rows = [(entry.label, entry.value, entry.note, entry.help) for entry in findings.measures(found, name)]
        if rows:
            parts.append(pieces.heading(f"{title(name)} against {title(found['baseline'])}"))
            parts.append(pieces.table(("Measure", "Result", "", "What it is"), rows))
    return parts


def charts(experiment: Experiment, records: list[RunRecord], lines: tuple[Reference, ...]) -> list[tuple[str, str]]:
    """(caption, SVG) of what the runs learnt and what it cost, in the arms' own colours."""
    from tl.charts import curves
    from tl.charts.references import with_references
    from tl.charts.svg import as_svg

    if not any(record.epochs for record in records):
        return []
    metrics = pd.concat([_epochs(record) for record in records], ignore_index=True)
    arms = [plain(title(arm.name)) for arm in experiment.arms]
    longest = max(arm.epochs or experiment.epochs for arm in experiment.arms)
    marks = [(line.accuracy, line.label) for line in lines]
    drawn = (
        (
            "Validation accuracy by epoch",
            with_references(curves.accuracy_chart(metrics, arms, "epochs", longest), marks),
        ),
        ("Validation accuracy by computing time", curves.accuracy_chart(metrics, arms, "seconds", longest)),
        ("Validation loss by epoch", curves.loss_chart(metrics, arms, "epochs", longest)),
        ("Seconds per epoch", curves.epoch_seconds_chart(metrics, arms, longest, height=320)),
    )
    return [(caption, as_svg(chart, CHART_WIDTH)) for caption, chart in drawn]


def _epochs(record: RunRecord) -> pd.DataFrame:
    return record.metrics.assign(run_id=record.run_id, arm=plain(title(record.arm)))


def runs_rows(document: dict) -> list[tuple]:
    """Every run of the document of `compare --json`, columns RUNS_HEAD."""
    return [
        (
            title(name),
            run["seed"],
            " ".join(filter(None, [run["status"], run["message"]])),
            run["epochs"],
            percent(run["best_val_accuracy"]),
            percent(run["test_accuracy"]),
            duration(run["elapsed_seconds"]),
            memory(run["memory_peak_bytes"]),
            run["run_id"],
        )
        for name, arm in document["arms"].items()
        for run in arm["runs"]
    ]


def pictures_section(info: DatasetInfo | None, experiment: Experiment) -> list[str]:
    """What the data set is; its classes with their pictures."""
    if info is None:
        return [pieces.paragraph(f"{experiment.dataset}: no longer here, so nothing more is known about it.")]
    sizes = ", ".join(
        f"{count(number)} {use}"
        for number, use in ((info.train, "to train"), (info.validation, "to validate"), (info.test, "to test"))
    )
    told = pieces.paragraph(" ".join(filter(None, [f"{info.title}: {len(info.classes)} classes, {sizes}.", info.note])))
    if not info.counts:
        return [told, pieces.paragraph(", ".join(info.classes), "small")]
    splits = ("train", "validation", "test")
    rows = [(name, *(of_class.get(split, 0) for split in splits)) for name, of_class in info.counts.items()]
    return [told, pieces.table(("Class", *splits), rows)]


def setting_rows(experiment: Experiment) -> list[tuple[str, object]]:
    """What all arms share, by the names of the command line's options."""
    values = {entry.name: getattr(experiment, entry.name) for entry in fields(Training)}
    values |= {"seeds": ", ".join(map(str, experiment.seeds))}
    shown = {True: "yes", False: "no", None: "all"}
    return [
        (name.replace("_", " "), shown[value] if value is None or isinstance(value, bool) else value)
        for name, value in values.items()
    ]


def arm_rows(experiment: Experiment) -> list[tuple]:
    """What each arm is."""
    return [
        (
            title(arm.name),
            STRATEGIES[arm.strategy].title,
            _strategy(arm),
            _rate(experiment, arm),
            _budget(experiment, arm),
        )
        for arm in experiment.arms
    ]


def _strategy(arm: ArmConfig) -> str:
    strategy = STRATEGIES[arm.strategy]
    own = "; ".join(f"{name.replace('_', ' ')} {getattr(arm, name):g}" for name in strategy.parameters)
    return f"{strategy.sentence} {own}".strip()


def _rate(experiment: Experiment, arm: ArmConfig) -> str:
    if arm.learning_rate is None and experiment.find_rate:
        return "found by a range test"
    return rate(arm.rate)


def _budget(experiment: Experiment, arm: ArmConfig) -> str:
    return f"at most {arm.epochs or experiment.epochs}"


def machine_rows(records: list[RunRecord]) -> list[tuple[str, str]]:
    """Devices and versions that the runs recorded, each once."""
    results = [record.result or {} for record in records]
    found = {"trained on": _each(result.get("device") for result in results)}
    for name in sorted({name for result in results for name in result.get("versions") or {}}):
        found[name] = _each((result.get("versions") or {}).get(name) for result in results)
    precisions = _each(result.get("precision") for result in results)
    return list(found.items()) + ([("precision", precisions)] if precisions != NOT_AVAILABLE else [])


def _each(values) -> str:
    return ", ".join(dict.fromkeys(str(value) for value in values if value is not None)) or NOT_AVAILABLE


def repeat(experiment: Experiment, margin: float, target: float | None) -> str:
    """The command, with what the verdict was asked for where that is not the usual."""
    options = [f"--margin {margin:g}"] if margin != MARGIN else []
    options += [f"--target {target:g}"] if target is not None else []
    return " ".join([command(experiment), *options])


def method() -> list[str]:
    """How the numbers are defined, and after whom."""
    return [
        pieces.heading("How the numbers are defined"),
        pieces.paragraph(
            "Gains are differences between runs with the same seed: same split, same subset, same order, same "
            "augmentation. Intervals are Student's t at 95 % from three seeds on (Bouthillier et al. 2021, arXiv "
            "2103.03098). An arm helps or hurts where the whole interval lies beyond the margin, and makes no "
            "difference where it lies inside. Times are computing times up to the first evaluation at or above the "
            "target, evaluation included, waiting not counted, never extrapolated (the rules of MLPerf Training). The "
            "test set was used once per run, after training.",
            "small",
        ),
    ]
