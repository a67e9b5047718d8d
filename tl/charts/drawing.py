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

from tl.languages import language

ROWS = "rows"  # name of the table of a chart that has one
VIEWS = 48  # specifications that are kept, of each kind
WORDS = {  # language -> how Vega writes numbers and times in it; English needs none
    "zh": {
        "number": {"decimal": ".", "thousands": ",", "grouping": [3], "currency": ["¥", ""]},
        "time": {
            "dateTime": "%Y年%-m月%-d日 %A %H:%M:%S",
            "date": "%Y年%-m月%-d日",
            "time": "%H:%M:%S",
            "periods": ["上午", "下午"],
            "days": ["星期日", "星期一", "星期二", "星期三", "星期四", "星期五", "星期六"],
            "shortDays": ["周日", "周一", "周二", "周三", "周四", "周五", "周六"],
            "months": [
                f"{month}月" for month in ["一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二"]
            ],
            "shortMonths": [f"{month}月" for month in range(1, 13)],
        },
    }
}


def base_chart(name: str = ROWS) -> alt.Chart:
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
        spec, above = self.spec, top.spec
        above.pop("config", None)  # the whole has one
        return Drawing(json.dumps(spec | {"layer": [*spec["layer"], above]}), self.tables | top.tables)


def kept(make: Callable[..., alt.TopLevelMixin]) -> Callable[..., str]:
    """`make`, which gives a chart on named tables and takes what can be hashed, as a function that gives `Drawing.view`.

    One for each language it is asked for in. The look (fonts, sizes) is left to who shows it.
    """

    @lru_cache(maxsize=VIEWS)
    def view(code: str, arguments: tuple[Hashable, ...]) -> str:
        spec = make(*arguments).to_dict()
        spec.pop("config", None)  # altair's own theme
        return json.dumps(spec | ({"config": {"locale": WORDS[code]}} if code in WORDS else {}))

    @wraps(make)
    def in_language(*arguments: Hashable) -> str:
        return view(language(), arguments)

    return in_language
