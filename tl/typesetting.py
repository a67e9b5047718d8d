"""How values stand in a sentence. In Chinese a blank stands where one meets the text in another script, and none beside a
full-width sign: what stands there is known only when it is said."""

import re
from collections.abc import Mapping
from string import Formatter
from typing import Any

SPACED = {"zh"}  # languages in whose text a blank stands beside Latin letters and numbers
_LATIN = re.compile(r"[A-Za-z0-9À-ÿ+−±<>≤≥=]")
_FULL_WIDTH = "，。、；：？！（）“”《》"


def filled(code: str, form: str, values: Mapping[str, Any]) -> str:
    """A text in the language `code` with its values in place of its {names}."""
    if not values or code not in SPACED:
        return form.format(**values) if values else form
    said = ""
    for text, name, spec, conversion in Formatter().parse(form):
        said = _meeting(said, text)
        if name is not None:
            said = _meeting(said, f"{{0{'!' + conversion if conversion else ''}:{spec}}}".format(values[name]))
    return said


def _meeting(left: str, right: str) -> str:
    before, after = left.rstrip(" ")[-1:], right.lstrip(" ")[:1]
    if (left.endswith(" ") or right.startswith(" ")) and before and after:
        full = before in _FULL_WIDTH or after in _FULL_WIDTH
        return left.rstrip(" ") + right.lstrip(" ") if full or (_is_han(before) and _is_han(after)) else left + right
    apart = (_is_han(before) and _LATIN.match(after)) or (_LATIN.match(before) and _is_han(after))
    return f"{left} {right}" if apart else left + right


def _is_han(sign: str) -> bool:
    return "\u3400" <= sign <= "\u9fff"
