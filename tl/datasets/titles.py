"""What people call their data sets, in any script, and the ASCII name of the folder that is made of it.

What they type is the title, shown everywhere; the name is the key, in files and addresses. A title that can be a name is
its own name.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable

from tl.config import NAME_PATTERN, refusal
from tl.datasets.info import DatasetInfo

LONGEST = 40  # characters
ANY_SCRIPT = "pictures"  # the name where no letter of the title is in ASCII
_FOLDERS = set("/\\")


def check_title(text: str) -> str:
    """The title, tidied. Raises Refused for a text that can't be one."""
    title = unicodedata.normalize("NFC", text)
    whole = 1 <= len(title) <= LONGEST and title == " ".join(title.split(" ")).strip() and not title.startswith(".")
    strange = any(unicodedata.category(letter)[0] == "C" or letter in _FOLDERS for letter in title)
    if not whole or strange or not any(unicodedata.category(letter)[0] in "LNS" for letter in title):
        raise refusal(
            "{text!r:.80} can't be a data set's name; use up to {longest} letters, digits, spaces and signs, but no '/', "
            "no '\\' and no '.' at the start.",
            text=text,
            longest=LONGEST,
        )
    return title


def name_for(title: str, taken: Callable[[str], bool]) -> str:
    """A folder's name for this title: itself where it can be one, else one made of it that is not taken."""
    if NAME_PATTERN.fullmatch(title):
        return title
    letters = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9_]+", "-", letters).strip("-_")[: LONGEST - 5].strip("-_") or ANY_SCRIPT
    names = (base if number == 1 else f"{base}-{number}" for number in range(1, 10_000))
    return next(name for name in names if not taken(name))


def name_of_title(infos: Iterable[DatasetInfo], text: str) -> str | None:
    """Name of the data set that somebody calls so: by its name or its title, whatever the case."""
    wanted, found = folded(text), None
    for info in infos:
        if info.name == text:
            return info.name
        if wanted in (folded(info.title), info.name):
            found = info.name
    return found


def folded(text: str) -> str:
    """Equal for titles that people take for the same."""
    return unicodedata.normalize("NFC", text.casefold().strip())
