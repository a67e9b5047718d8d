"""The report on one sweep: finding, learning curves, break-even, worth in pictures, every size and run, the command."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tl.analysis import sweep_runs
from tl.analysis.learning_curves import MIN_SIZES
from tl.analysis.names import noun, title
from tl.analysis.references import Reference, published
from tl.analysis.sweep import finding
from tl.analysis.sweep_results import SweepFinding
from tl.analysis.sweep_wording import covers
from tl.languages import commas, later, say
from tl.report import findings, html_parts, sections, size_findings
from tl.report.experiment import METHOD, runs_rows
from tl.report.subject import ReportSubject
from tl.words import count, plain

if TYPE_CHECKING:
    from tl.charts.drawing import Drawing

CHART_WIDTH = 900  # pixels
FITTED = later(
    "Points: means over seeds; bands: {bands}. Lines: error = a·n⁻ᵇ + c fitted to each arm, dashed beyond the largest size, "
    "drawn to at most twice that"
)
JOINED = later(
    "Points: means over seeds; bands: {bands}. Means are joined; a fitted curve needs at least {number} finished sizes"
)
METHOD_OF_SIZES = later(
    "Each arm's error on the test set is fitted as a·n⁻ᵇ + c, weighted by 1/variance, from four sizes on. Break-even is "
    "the smallest n at which the fitted advantage falls below the margin. Worth in pictures is m/n, where the baseline "
    "needs m pictures for the accuracy of the arm with n (Hernandez et al. 2021, arXiv 2102.01293). Their 95 % intervals "
    "come from a bootstrap over seeds and test pictures; over seeds alone where runs kept no predictions or every seed "
    "drew its own split, over test pictures alone with fewer than 3 seeds. Nothing is said beyond twice the largest "
    "size. The pictures of a smaller size are among those of a larger one; validation and test pictures are the same at "
    "every size."
)


def sweep_report(subject: ReportSubject, **judged: Any) -> str:
    """The report as one HTML document. `judged`: baseline, margin and target as the verdict takes them; or Refused."""
    experiment = subject.experiment
    runs = sweep_runs.read_sweep_runs(subject.home, subject.ident, subject.rows_of, **judged)
    found, info = finding(subject.ident, runs), runs.info
    documents = {size: own.result for size, own in runs.sizes.items()}
    lines = published(info, experiment.backbone)
    pictures = say("{sizes} training pictures", sizes=commas(map(count, subject.sizes)))
    facts = f"{pictures} · {sections.resolution_and_seeds(experiment)} · {sections.submitted(subject)}"
    title, below = sections.head(subject, info, facts)
    return html_parts.page(
        title,
        [
            *below,
            html_parts.paragraph(found.text, "verdict"),
            html_parts.heading(say("Accuracy over the number of training pictures")),
            *(html_parts.figures([chart], CHART_WIDTH) for chart in charts(found, lines)),
            *sections.citations(lines),
            *against(found),
            html_parts.heading(say("Every size in numbers")),
            html_parts.listing(size_findings.size_rows(found)),
            html_parts.paragraph(say("Test accuracy: {covers}.", covers=covers(found)), "small"),
            html_parts.heading(say("Was every arm given a fair chance?")),
            html_parts.listing(
                _by_size({size: findings.fairness_rows(each.verdict) for size, each in documents.items()})
            ),
            html_parts.paragraph(say(findings.FAIRNESS_NOTE), "small"),
            html_parts.heading(say("Every run")),
            html_parts.listing(_by_size({size: runs_rows(each) for size, each in documents.items()})),
            *sections.unplanned(subject, runs.records),
            *sections.setting(subject, info, runs.records, judged),
            html_parts.heading(say("How the numbers are defined")),
            html_parts.paragraph(say(METHOD_OF_SIZES), "small"),
            html_parts.paragraph(say(METHOD), "small"),
        ],
    )


def against(found: SweepFinding) -> list[str]:
    """Break-even of every arm; nothing where there is only one arm."""
    if not found.comparisons:
        return []
    against = {entry.against or found.baseline for entry in found.comparisons.values()}
    whom = noun(found.baseline) if len(against) == 1 else say("the same network from scratch")
    return [
        html_parts.heading(say("Against {baseline}: up to how many pictures", baseline=whom)),
        html_parts.listing(size_findings.break_even_rows(found)),
    ]


def charts(found: SweepFinding, lines: tuple[Reference, ...]) -> list[tuple[str, "Drawing"]]:
    """(caption, chart) of the learning curves and of what they leave unexplained, in the arms' own colours."""
    from tl.charts import sizes
    from tl.charts.references import with_references

    rows = size_findings.chart_rows(found, {arm: plain(title(arm)) for arm in found.arms})
    fitted = any(found.curves.values())
    curves = with_references(sizes.size_chart(rows), [(line.accuracy, line.label) for line in lines])
    drawn: list[tuple[str, Drawing]] = [
        (say(FITTED if fitted else JOINED, bands=covers(found), number=MIN_SIZES), curves)
    ]
    if fitted:
        drawn.append((say("Residuals: measured minus fitted accuracy, in points"), sizes.residual_chart(rows)))
    return drawn


def _by_size(rows: Mapping[int, Sequence[Mapping[str, object]]]) -> list[dict[str, object]]:
    """The rows of every size under each other, the size first."""
    return [{size_findings.PICTURES: count(size), **row} for size, of_size in rows.items() for row in of_size]
