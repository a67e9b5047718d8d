"""One line of the table: what was measured, against what in the same run, the goal, and whether it is met."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from tl.cli.text_table import text_table

HEAD = ("what", "measured", "against", "its figure", "ratio", "goal", "")


class Skipped(Exception):
    """A benchmark lacks something on this computer; the text says what."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A figure of this run on this machine. A goal is about `ratio` where there is one, else about `measured`."""

    what: str
    measured: float | None
    unit: str
    against: str = ""  # a peer or a limit measured in the same run
    reference: float | None = None  # its figure, in the same unit
    ratio: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    note: str = ""  # why a figure is missing, or how it came about

    @property
    def goal(self) -> str:
        """The goal in words; "" where there is none."""
        limit = self.at_most if self.at_least is None else self.at_least
        if limit is None:
            return ""
        word = "at most" if self.at_least is None else "at least"
        return f"{word} {limit:g}{'x' if self.against else f' {self.unit}'}"

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None without a goal or without the figures."""
        judged = self.ratio if self.against else self.measured
        if judged is None or not self.goal:
            return None
        return judged <= self.at_most if self.at_least is None else judged >= self.at_least

    def to_json(self) -> dict:
        """JSON-ready dict."""
        return asdict(self) | {"goal": self.goal, "met": self.met}

    def cells(self) -> tuple[str, ...]:
        """What the table shows."""
        verdict = {True: "met", False: "MISSED", None: ""}[self.met]
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}x"
        figures = _figure(self.measured, self.unit), self.against, _figure(self.reference, self.unit)
        return self.what, *figures, ratio, self.goal, "; ".join(filter(None, (verdict, self.note)))


def _figure(value: float | None, unit: str) -> str:
    return "" if value is None else f"{value:.3g} {unit}" if abs(value) < 1000 else f"{value:,.0f} {unit}"


def times_faster(
    what: str, seconds: float, against: str, reference: float | None, at_least: float | None = None, note: str = ""
) -> Row:
    """How many times as long as `seconds` the other takes; `reference` None: not installed."""
    ratio = None if reference is None else reference / seconds
    note = "not installed" if reference is None else note
    figures = {"against": against, "reference": reference, "ratio": ratio}
    return Row(what=what, measured=seconds, unit="s", **figures, at_least=at_least, note=note)


def share(what: str, measured: float, unit: str, against: str, reference: float, **goal) -> Row:
    """`measured` as a multiple of `reference`; `goal` is at_least or at_most, and perhaps a note."""
    ratio = measured / reference
    return Row(what=what, measured=measured, unit=unit, against=against, reference=reference, ratio=ratio, **goal)


def as_text(rows: Iterable[Row]) -> str:
    """The table of some rows."""
    return text_table(HEAD, [row.cells() for row in rows])
