"""How arms bear shifted pictures, as the page and reports show it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tl.analysis.inspection.shifted_record import ShiftedRecord
from tl.analysis.names import title
from tl.languages import later
from tl.store.shifted import KINDS, STRENGTHS
from tl.words import plain

if TYPE_CHECKING:  # the page's first paint doesn't wait for altair
    from tl.charts.drawing import Drawing
    from tl.charts.shifted import Row

HEADING = later("On shifted pictures")


def drawings(found: ShiftedRecord, arms: Sequence[str]) -> "dict[str, Drawing]":  # not shown
    """Kind, as a mark to be said -> accuracy by strength; `arms`: all of the experiment, which decide the colours."""
    from tl.charts.shifted import shifted_chart

    names = [plain(title(name)) for name in arms]
    drawn: dict[str, Drawing] = {}
    for kind, mark in KINDS.items():
        rows: list[Row] = []
        for name, own in found.arms.items():
            by_strength = [own.clean, *(own.by_shift[kind, strength] for strength in STRENGTHS)]
            arm = plain(title(name))
            rows += [(place, arm, each.mean, each.low, each.high) for place, each in enumerate(by_strength)]
        drawn[mark] = shifted_chart(rows, names)
    return drawn
