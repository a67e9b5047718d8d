"""The pieces of a report: HTML made of escaped text, one style sheet, charts as still pictures. No scripts, no network.

Reports hold names from uploads; every text passes through `text`, and the page's own policy forbids scripts besides.
"""

import base64
import html
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from tl.config import ID_PATTERN
from tl.languages import TAGS, language, say
from tl.words import plain

if TYPE_CHECKING:
    from tl.charts.drawing import Drawing

_MEASURE = re.compile(r"[+−±]?[\d.,]+ \S{1,2}")  # "56.3 %", "590 MB"
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"  # not shown
STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Helvetica, Arial, "PingFang SC", "Microsoft YaHei",
  "Noto Sans CJK SC", sans-serif; color: #1d2129; background: #fff; max-width: 1080px; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.7rem; margin: 0; } h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; } h3 { font-size: 1rem; }
.facts, figcaption, .small { color: #5b626d; font-size: .875rem; }
.verdict { border: 1px solid #d5d8de; border-radius: 10px; padding: 1rem 1.2rem; margin: 1.2rem 0; font-size: 1.15rem; }
.mark { color: #b3261e; font-weight: 600; }
.charts { display: flex; flex-wrap: wrap; gap: 1rem; } figure { margin: 0; flex: 1 1 460px; min-width: 0; }
figure img { max-width: 100%; height: auto; } figcaption { margin-bottom: .3rem; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: .9rem; margin: .4rem 0; }
th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #e4e6ea; }
th, td { overflow-wrap: break-word; } th { font-weight: 600; } pre { background: #f4f5f7; border-radius: 8px; padding: .8rem 1rem; white-space: pre-wrap; }
td.id { font-family: ui-monospace, monospace; font-size: .8em; overflow-wrap: anywhere; min-width: 13ch; }
.measure { white-space: nowrap; } pre span { display: inline-block; max-width: 100%; }
@media print {
  @page { size: A4; margin: 14mm; }
  body { margin: 0; max-width: none; padding: 0; font-size: 11pt; } h2, h3 { break-after: avoid; }
  figure, tr, pre { break-inside: avoid; } figure { flex-basis: 100%; } figure img { width: 100%; }
  .scroll { overflow: visible; } table { width: 100%; font-size: 8pt; } th, td { padding-right: .5rem; }
}
"""  # not shown


def text(words: object) -> str:
    """Anything as harmless text inside HTML: no markup, no control characters, no reversed direction."""
    return html.escape(plain(words), quote=True)


def page(title: str, parts: Iterable[str]) -> str:
    """The whole document: one file that needs nothing else."""
    return (
        f'<!doctype html>\n<html lang="{TAGS[language()]}"><head><meta charset="utf-8">\n'  # not shown
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{text(title)}</title>\n<style>{STYLE}</style></head>\n<body>\n<h1>{text(title)}</h1>\n"
        + "\n".join(part for part in parts if part)
        + "\n</body></html>\n"
    )


def heading(words: str) -> str:
    return f"<h2>{text(words)}</h2>"


def paragraph(words: str, kind: str = "") -> str:
    """A paragraph; `kind` is a class of STYLE: facts, small, verdict or mark."""
    return f'<p class="{kind}">{text(words)}</p>' if kind else f"<p>{text(words)}</p>"


def command(words: str) -> str:
    unbroken = " ".join(f"<span>{text(word)}</span>" for word in words.split(" "))  # no line ends at an option's hyphen
    return f"<pre><code>{unbroken}</code></pre>"


def link(words: str, url: str) -> str:
    """A paragraph that leads to a source; only addresses of our own tables, never a user's."""
    assert url.startswith("https://"), url
    return f'<p class="small"><a href="{text(url)}" rel="noreferrer">{text(words)}</a></p>'


def table(head: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    """A table; an empty `head` is left out."""
    top = f"<thead><tr>{_cells('th', head)}</tr></thead>" if any(head) else ""
    body = "".join(f"<tr>{_cells('td', row)}</tr>" for row in rows)
    return f'<div class="scroll"><table>{top}<tbody>{body}</tbody></table></div>'  # not shown


def listing(rows: Sequence[Mapping[str, object]]) -> str:
    """The same of at least one row, each title -> value, titles as `later` marks them."""
    return table([say(title) for title in rows[0]], [tuple(row.values()) for row in rows])


def _cells(kind: str, values: Iterable[object]) -> str:
    return "".join(f"<{kind}{_mark(value)}>{text(value)}</{kind}>" for value in values)


def _mark(value: object) -> str:
    """A run's id goes on in the next line where a page is narrow; a number stays with its unit."""
    words = str(value)
    kinds = {"id": ID_PATTERN, "measure": _MEASURE}
    return next((f' class="{kind}"' for kind, pattern in kinds.items() if pattern.fullmatch(words)), "")


def figures(charts: Iterable[tuple[str, "Drawing"]], width: int = 520) -> str:
    """Charts side by side, `width` pixels wide without their axes, each below its caption.

    As pictures, so that nothing in an SVG is ever run or loaded.
    """
    from tl.charts.svg import as_svg  # altair

    drawn = "".join(_figure(caption, as_svg(chart, width)) for caption, chart in charts)
    return f'<div class="charts">{drawn}</div>'  # not shown


def _figure(caption: str, svg: str) -> str:
    data = base64.b64encode(svg.encode()).decode()
    picture = f'<img alt="{text(caption)}" src="data:image/svg+xml;base64,{data}">'  # not shown
    return f"<figure><figcaption>{text(caption)}</figcaption>{picture}</figure>"
