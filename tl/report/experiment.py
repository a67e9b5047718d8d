"""The report on one experiment: verdict, charts, tables, setting, versions, hardware, the command that repeats it."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from tl.analysis import claim_wording
from tl.analysis.experiment import experiment_result, load_records, pictures_of
from tl.analysis.experiment_results import ExperimentResult, RunSummary
from tl.analysis.fairness_wording import already_said
from tl.analysis.inspection.shifted_record import EXPLAINED, head, shifted_record, table_rows
from tl.analysis.names import noun, title
from tl.analysis.records import RunRecord
from tl.analysis.references import Reference, published
from tl.analysis.results import Verdict
from tl.config import ACCURACY, Experiment
from tl.datasets.info import DatasetInfo
from tl.languages import joined, later, say
from tl.report import class_findings, findings, html_parts, sections, shifted_findings
from tl.report.subject import ReportSubject
from tl.words import computing_time, memory, number_of, percent, plain, status_name

if TYPE_CHECKING:
    from tl.charts.drawing import Drawing

CHART_WIDTH = 440  # pixels
METHOD = later(
    "Gains are differences between runs with the same seed: same split, same subset, same order, same augmentation "
    "(while stages are frozen, an arm sees the same few cached views over and over). A gain's 95 % interval is for new "
    "pictures: it allows for other test pictures of the same kind and for other seeds (seeds and pictures as crossed "
    "random effects; Miller 2024, arXiv 2411.00640; Bouthillier et al. 2021, arXiv 2103.03098); pictures that belong "
    "together count as one. With one or two seeds it holds for these networks only. Where every seed drew its own "
    "split, it allows for other training pictures as well (corrected resampled t; Nadeau and Bengio 2003). For runs "
    "that kept no predictions it is Student's t over seeds, for these test pictures only. An arm helps or hurts where "
    "the whole interval lies beyond the margin, and makes no difference where it lies inside; at least three seeds are "
    "needed for that. The best of several arms is judged at a higher confidence, 95 % for all of them together "
    "(Bonferroni), and so is a comparison to which more seeds are added: at most 5 % of such comparisons are wrong "
    "over all looks. Balanced accuracy is the mean over the classes of the share recognised. Times are computing times "
    "up to the first evaluation at or above the target, evaluation included, waiting not counted, never extrapolated "
    "(the rules of MLPerf Training). The test set was used once per run, after training."
)


def experiment_report(subject: ReportSubject, **judged: Any) -> str:
    """The report as one HTML document. `judged`: baseline, margin, target and judge_by as the verdict takes
    them. Raises Refused.
    """
    home, experiment = subject.home, subject.experiment
    document = experiment_result(home, subject.ident, subject.rows, **judged)
    info = pictures_of(home, experiment, subject.run_ids)
    lines = published(info, experiment.backbone)
    records = load_records(home, subject.rows)
    title, below = sections.head(subject, info, f"{facts(experiment, document)} · {sections.submitted(subject)}")
    return html_parts.page(
        title,
        [
            *below,
            *verdict_section(document.verdict),
            *adaptation_section(document),
            html_parts.heading(say("Charts")),
            html_parts.figures(charts(experiment, records, lines), CHART_WIDTH),
            *sections.citations(lines),
            *classes_section(document.verdict),
            *shifted_section(subject, info),
            html_parts.heading(say("Was every arm given a fair chance?")),
            html_parts.listing(findings.fairness_rows(document.verdict)),
            html_parts.paragraph(say(findings.FAIRNESS_NOTE), "small"),
            html_parts.heading(say("Every run")),
            html_parts.listing(runs_rows(document)),
            *sections.unplanned(subject, records),
            *sections.setting(subject, info, records, judged),
            html_parts.heading(say("How the numbers are defined")),
            html_parts.paragraph(say(METHOD), "small"),
        ],
    )


def facts(experiment: Experiment, document: ExperimentResult) -> str:
    """One line: how many pictures, how large, how often."""
    number = document.samples
    pictures = say("all training pictures") if number is None else number_of(number, "training picture")  # not shown
    return f"{pictures} · {sections.resolution_and_seeds(experiment)}"


def verdict_section(found: Verdict) -> list[str]:
    """The sentences, marks on arms that had no fair chance, and each arm's numbers against the baseline."""
    parts = [html_parts.paragraph(found.text, "verdict")]
    if covers := claim_wording.covers(found):
        parts.append(html_parts.paragraph(covers, "small"))
    parts += [
        html_parts.paragraph(say("{arm} {predicate}", arm=title(name), predicate=mark), "mark")
        for name, mark in findings.marks(found)
        if not already_said(found, name)
    ]
    for name in found.comparisons:
        rows = [(entry.label, entry.value, entry.note, entry.help) for entry in findings.measures(found, name)]
        if rows:
            heading = say("{arm} against {baseline}", arm=title(name), baseline=noun(found.against(name)))
            parts.append(html_parts.heading(heading))
            parts.append(html_parts.table((say("Measure"), say("Result"), "", say("What it is")), rows))
    return parts


def adaptation_section(document: ExperimentResult) -> list[str]:
    """Of two data sets: what is estimated of the one it works on, and what went wrong; nothing of one."""
    found = document.adaptation
    if found is None or not found.text:
        return []
    return [html_parts.heading(say("On {target}", target=found.target)), *map(html_parts.paragraph, found.text)]


def classes_section(found: Verdict) -> list[str]:
    """How each class fared; nothing where no answers were stored."""
    if not class_findings.known(found):
        return []
    drawing, note = class_findings.chart(found)
    caption = joined([say("Share of each class's test pictures that was recognised."), note])
    return [
        html_parts.heading(say(class_findings.HEADING)),
        html_parts.figures([(caption, drawing)]),
        html_parts.table(class_findings.head(found), class_findings.rows(found)),
        html_parts.listing(class_findings.means_rows(found)),
        html_parts.paragraph(say(class_findings.EXPLAINED), "small"),
    ]


def shifted_section(subject: ReportSubject, info: DatasetInfo | None) -> list[str]:
    """How the arms bear shifted test pictures; nothing where that was not measured."""
    experiment = subject.experiment
    found = shifted_record(subject.home, experiment, subject.rows, info.train if info else None)
    if not found.arms:
        return []
    drawings = shifted_findings.drawings(found, [arm.name for arm in experiment.arms])
    figures = [(say("Test pictures {kind}", kind=say(kind)), each) for kind, each in drawings.items()]
    return [
        html_parts.heading(say(shifted_findings.HEADING)),
        *map(html_parts.paragraph, found.text),
        html_parts.figures(figures, CHART_WIDTH),
        html_parts.table(head(), table_rows(found)),
        html_parts.paragraph(say(EXPLAINED), "small"),
    ]


def charts(
    experiment: Experiment, records: list[RunRecord], lines: tuple[Reference, ...]
) -> list[tuple[str, "Drawing"]]:
    """(caption, chart) of what the runs learned and what it cost, in the arms' own colours."""
    from tl.charts.catalogue import CHARTS, Shown
    from tl.charts.curves import HIGH
    from tl.charts.frames import bands

    if not any(record.epochs for record in records):
        return []
    own = [record.metrics.assign(run_id=record.run_id, arm=plain(title(record.arm))) for record in records]
    shown = Shown(
        experiment=experiment,
        metrics=pd.concat(own, ignore_index=True),
        arms=[plain(title(arm.name)) for arm in experiment.arms],
        published=[(line.accuracy, line.label) for line in lines],
        low=HIGH,
    )
    drawn: list[tuple[str, Drawing]] = []
    for name, chart in CHARTS.items():
        for axis, words in chart.in_report.items():
            caption = say(words)
            if (name, axis) == (ACCURACY, "epochs") and (told := bands(shown.metrics, len(experiment.seeds))):
                caption = say("{caption}. {bands}", caption=caption, bands=told)
            if (figure := chart.draw(chart, replace(shown, axis=axis))) and figure.drawing:
                drawn.append((caption, figure.drawing))
    return drawn


def runs_rows(document: ExperimentResult) -> list[dict[str, object]]:
    """Every run: title (to be said) -> value."""
    return [
        {
            later("Arm"): title(name),
            later("Seed"): run.seed,
            later("Status"): _ended(run),
            later("Epochs"): run.epochs,
            later("Best validation"): percent(run.best_val_accuracy),
            later("Test"): percent(run.test_accuracy),
            later("Computing time"): computing_time(run.elapsed_seconds, run.reused_seconds),
            later("Peak memory"): memory(run.memory_peak_bytes),
            later("Run"): run.run_id,
        }
        for name, arm in document.arms.items()
        for run in arm.runs
    ]


def _ended(run: RunSummary) -> str:
    status = status_name(run.status)
    return say("{status} {message}", status=status, message=run.message) if run.message else status
