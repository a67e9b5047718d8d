"""Where things lie on this machine is nobody else's business: paths in sentences become the last name in them."""

import os
import re
import sys
import tempfile
from functools import lru_cache
from pathlib import Path

from tl.config import ID_PATTERN
from tl.languages import Listed, Said, say
from tl.store.home import Home

_REST = r"(?:/[^\s'\"<>|:;,()\[\]，。：；、（）“”]*)?"


def without_places(text: str) -> str:
    """`text` with no path of this machine in it; what was said can still be said again."""
    if isinstance(text, Said):
        plain = (int, float, type(None))
        values = {
            name: own if isinstance(own, plain) else without_places(own if isinstance(own, str) else str(own))
            for name, own in text.values.items()
        }
        return Said(text.text, text.many, text.number, values)
    if isinstance(text, Listed):
        return Listed(text.between, map(without_places, text.parts))
    return _pattern(os.environ.get("TL_HOME", "")).sub(_last_name, text)


def _last_name(found: re.Match[str]) -> str:
    name = Path(found[0]).name
    stop = "." if found[0].endswith(".") and not name.endswith(".") else ""
    return (say("this workspace") if ID_PATTERN.fullmatch(name.rstrip(".")) or found[0] in _roots() else name) + stop


@lru_cache(maxsize=4)
def _pattern(_home: str) -> re.Pattern[str]:
    roots = sorted(_roots(), key=len, reverse=True)
    return re.compile(f"(?:{'|'.join(map(re.escape, roots))}){_REST}")


def _roots() -> set[str]:
    """Folders that anything here may lie in."""
    folders = {Home().root, Path(__file__).parents[2], Path.home(), Path(sys.prefix), Path(sys.base_prefix)}
    folders |= {Path(tempfile.gettempdir()), Path.cwd()}
    return {str(each) for folder in folders for each in (folder, folder.resolve())} - {"/", "."}
