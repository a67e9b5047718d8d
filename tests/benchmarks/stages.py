"""What a visitor of a hosted demo does, one page after another, and what each page must show to count as opened."""

import time
from dataclasses import dataclass, field


class NotOpened(RuntimeError):
    """A page showed an error, or not what it must; the text says which and what."""


@dataclass(frozen=True)
class Stage:
    """A page of the journey: opened when it shows all headings and buttons named and so many charts, and no error."""

    name: str
    headings: tuple[str, ...]
    buttons: tuple[str, ...] = ()
    charts: int = 0
    stay_seconds: float = 3.0  # that the visitor looks at it
    by_link: str = ""  # title of the page in the head of the page before; "": opened by its address


COMPARE = Stage("Compare", ("Is transfer learning worth it here?",), ("Start",))
FINISHED = Stage("a finished experiment", ("The arms in numbers",), ("New comparison",), charts=5)
OPENED = Stage("an experiment, whatever its state", ("The arms in numbers",), ("New comparison",))
RUNS = Stage("Runs", ("Runs",), ("Open",), by_link="Runs")
RUNNING = Stage("the running experiment", ("The arms in numbers",), ("Stop all",), charts=3, stay_seconds=6.0)


@dataclass
class Diary:
    """What one visitor met; `seconds` of each stage until it was complete, `problems` in words."""

    browser: bool = False
    first_paint: float | None = None  # seconds from asking for the first page to its heading
    seconds: dict[str, float] = field(default_factory=dict)
    refreshes: list[float] = field(default_factory=list)  # seconds that the page's own refreshes took
    problems: list[str] = field(default_factory=list)

    def opened(self, stage: Stage, began: float) -> None:
        """Note that a stage is complete; `began` is time.monotonic() of the asking."""
        self.seconds[stage.name] = time.monotonic() - began
