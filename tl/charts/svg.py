"""A chart as a still picture, drawn on this computer: for reports that are read without a network or a browser's scripts."""

import altair as alt
import vl_convert

from tl.charts.drawing import Drawing

FONT = ", ".join(  # after the first ones there is those for Chinese, of Linux, Windows and macOS
    ("Helvetica", "Arial", "sans-serif", "Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC")  # not shown
)
LOOK = {
    "font": FONT,
    "background": "white",
    "axis": {"labelFontSize": 11, "titleFontSize": 11, "titleFontWeight": "normal", "gridColor": "#e8e8e8"},
    "legend": {"labelFontSize": 12},
    "view": {"stroke": None},
}


def as_svg(chart: Drawing, width: int = 520) -> str:
    """The chart as SVG text, `width` pixels wide without its axes. Needs no network."""
    spec = chart.to_dict()
    spec |= {"width": width, "config": LOOK | spec.get("config", {})}
    return vl_convert.vegalite_to_svg(spec, vl_version=".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2]))
