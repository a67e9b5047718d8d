"""A chart in two parts: the specification, made once and shared by all who look, and the tables that it draws.

Making a specification (altair checks it against Vega-Lite's schema) takes ten times longer than its rows. While a run learns
only rows change; their names stay, so a browser puts new rows into the chart that it already shows.
"""

import json
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import lru_cache, wraps
from typing import Any

import altair as alt
import pandas as pd

ROWS = "rows"  # name of the table of a chart that has one
VIEWS = 48  # specifications that are kept, of each kind


def table(name: str = ROWS) -> alt.Chart:
    """A chart to begin with, on the table of this name, whatever rows that has."""
    return alt.Chart(alt.NamedData(name))


@dataclass(frozen=True)
class Drawing:
    """`view`: the specification as JSON, which names its tables; `tables`: name -> rows."""

    view: str
    tables: dict[str, pd.DataFrame]

    @property
    def spec(self) -> dict[str, Any]:
        """The specification without rows; the caller's own."""
        specification: dict[str, Any] = json.loads(self.view)
        return specification

    def to_dict(self) -> dict[str, Any]:
        """The specification with all rows in it."""
        rows = {name: json.loads(frame.to_json(orient="records")) for name, frame in self.tables.items()}
        return self.spec | {"datasets": rows}

    def under(self, top: "Drawing") -> "Drawing":
        """This drawing, which has layers, with another in the same coordinates on top of it."""
        spec = self.spec
        return Drawing(json.dumps(spec | {"layer": [*spec["layer"], top.spec]}), self.tables | top.tables)


def kept(make: Callable[..., alt.TopLevelMixin]) -> Callable[..., str]:
    """`make`, which gives a chart on named tables and takes what can be hashed, as a function that gives `Drawing.view`.

    The look (fonts, sizes) is left to who shows it.
    """

    @lru_cache(maxsize=VIEWS)
    @wraps(make)
    def view(*arguments: Hashable) -> str:
        spec = make(*arguments).to_dict()
        spec.pop("config", None)  # altair's own theme
        return json.dumps(spec)

    return view
