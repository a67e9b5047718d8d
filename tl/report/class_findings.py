"""Class by class: what share of its test pictures each arm recognised. The page and reports show it."""

from typing import TYPE_CHECKING

from tl.analysis.names import title
from tl.analysis.results import Interval, Verdict
from tl.languages import later, say
from tl.report.measure import span
from tl.words import count, not_available, percent, plain

if TYPE_CHECKING:  # the page's first paint doesn't wait for altair
    from tl.charts.drawing import Drawing

HEADING = later("Class by class")
EXPLAINED = later(
    "Recall: the share of a class's test pictures that was recognised, the mean over seeds, with its 95 % interval for "
    "other pictures of the class and these networks (Wilson 1927). Balanced accuracy is the mean of the recalls; "
    "macro F1 also counts against a class what was wrongly taken for it."
)


def known(found: Verdict) -> bool:
    """Whether any arm's answers were stored."""
    return any(own.classes for own in found.summary.values())


def means_rows(found: Verdict) -> list[dict[str, str]]:
    """Every arm's means over its runs: title (to be said) -> value."""
    return [
        {
            later("Arm"): title(arm),
            later("Test accuracy"): percent(own.test_plain_accuracy),
            later("Balanced accuracy"): percent(own.test_balanced_accuracy),
            later("Macro F1"): percent(own.test_macro_f1),
        }
        for arm, own in found.summary.items()
    ]


def head(found: Verdict) -> tuple[str, ...]:
    """Columns of `rows`."""
    return (say("Class"), say("Test pictures"), *(title(arm) for arm in found.summary))


def rows(found: Verdict) -> list[tuple[str, ...]]:
    """One per class, in the order of the data set."""
    return [
        (name, count(pictures), *(_recall(recall) for recall in recalls)) for name, pictures, recalls in _classes(found)
    ]


def chart(found: Verdict) -> "tuple[Drawing, str]":  # not shown
    """The chart, and the sentence that goes with it."""
    from tl.charts.classes import MOST_CLASSES, ClassRow, class_chart

    classes = [
        ClassRow(
            name=plain(name),
            pictures=pictures,
            recalls=tuple((own.mean, own.low, own.high) if own else None for own in recalls),
        )
        for name, pictures, recalls in _classes(found)
    ]
    drawing = class_chart(classes, [plain(title(arm)) for arm in found.summary])
    if len(classes) > MOST_CLASSES:
        return drawing, say(
            "The {most} of {number} classes in which the arms differ most; the table has all.",
            most=MOST_CLASSES,
            number=count(len(classes)),
        )
    several = len(found.summary) > 1
    return drawing, say("The classes in which the arms differ most come first.") if several else ""


def _classes(found: Verdict) -> list[tuple[str, int, list[Interval | None]]]:
    """Per class: its name, its test pictures (the most that an arm was asked about), the recall of every arm."""
    arms = [own.classes for own in found.summary.values()]
    first = next((classes for classes in arms if classes), ())
    return [
        (
            first[number].name,
            max(classes[number].pictures for classes in arms if classes),
            [classes[number].recall if classes else None for classes in arms],
        )
        for number in range(len(first))
    ]


def _recall(recall: Interval | None) -> str:
    if recall is None:
        return not_available()
    if recall.low is None or recall.high is None:
        return percent(recall.mean)
    between = span(recall.low, recall.high, percent)
    return say("{mean} ({interval})", mean=percent(recall.mean), interval=between)
