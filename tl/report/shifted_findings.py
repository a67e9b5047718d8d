"""How arms bear shifted pictures, as the page and reports show it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tl.analysis.inspection.shifted_record import ShiftedRecord
from tl.analysis.names import title
from tl.analysis.results import Interval
from tl.store.shifted import KINDS
from tl.words import plain

if TYPE_CHECKING:  # the page's first paint doesn't wait for altair
    from tl.charts.drawing import Drawing
    from tl.charts.shifted import Row

HEADING = "On shifted pictures"


def drawing(found: ShiftedRecord, arms: Sequence[str]) -> "Drawing":
    """Accuracy by strength, for each kind; `arms`: names of all arms of the experiment, which decide the colours."""
    from tl.charts.shifted import shifted_chart

    rows: list[Row] = []
    for name, own in found.arms.items():
        arm = plain(title(name))
        for kind, shown in KINDS.items():
            rows.append(_row(shown, 0, arm, own.clean))
            rows += [
                _row(shown, strength, arm, own.by_shift[of, strength]) for of, strength in own.by_shift if of == kind
            ]
    return shifted_chart(rows, list(KINDS.values()), [plain(title(name)) for name in arms])


def _row(kind: str, strength: int, arm: str, found: Interval) -> "Row":
    return (kind, strength, arm, found.mean, found.low, found.high)
