"""A chart as a still picture, drawn on this computer: for reports that are read without a network or a browser's scripts."""

import altair as alt
import vl_convert

from tl.charts.drawing import Drawing
from tl.languages import language

FONT = "Helvetica, Arial, sans-serif"  # not shown
FONTS = {"zh": f"Noto Sans CJK SC, Microsoft YaHei, PingFang SC, {FONT}"}  # not shown
LOOK = {
    "background": "white",
    "axis": {"labelFontSize": 11, "titleFontSize": 11, "titleFontWeight": "normal", "gridColor": "#e8e8e8"},
    "legend": {"labelFontSize": 12},
    "view": {"stroke": None},
}


def as_svg(chart: Drawing, width: int = 520) -> str:
    """The chart as SVG text, `width` pixels wide without its axes. Needs no network."""
    spec = chart.to_dict()
    look = LOOK | {"font": FONTS.get(language(), FONT)} | spec.get("config", {})
    spec |= {"width": width, "config": look}
    return vl_convert.vegalite_to_svg(spec, vl_version=".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2]))
