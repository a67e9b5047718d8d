"""Text from users made safe to show. No streamlit.

Class, arm and file names come from uploads: every one of them passes through `escape` before it reaches a label,
because Streamlit reads Markdown in labels, messages and captions alike.
"""

import re

from tl.store.home import Home
from tl.words import plain

# An element without a text: it breaks what a backslash can't (emoji codes, icons, bare links, arrows), and who copies the
# text, a command or an address, copies no invisible sign with it.
BREAK = ":small[]"
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_SENTENCE_END = re.compile(r"(?<=\.) |(?<=。)(?=[^”』）])")  # a full stop of either kind, whatever follows
_BREAKABLE = re.compile(r"(?<=[:@])(?=\S)|(?<=www)(?=\.)|(?<=[-<>~])(?=[-=>])", re.IGNORECASE)


def escape(text: object) -> str:
    """`text` such that Streamlit's Markdown shows it letter by letter: no formatting, links, icons, math or HTML.

    Nor any path of this machine, where that is nobody's business.
    """
    said = plain(text)
    if "/" in said:  # else it names no place
        said = Home().policy.without_places(said)
    parts = _BREAKABLE.split(said)
    return BREAK.join(_PUNCTUATION.sub(r"\\\1", part) for part in parts)


def first_sentence(text: str) -> tuple[str, str]:
    """The first sentence of a text, and the rest, which may be empty."""
    first, *rest = _SENTENCE_END.split(text, maxsplit=1)
    return first, "".join(rest)


def unbroken(text: object) -> str:
    """`escape`, and no line ends between a number and its % sign."""
    return escape(text).replace(" \\%", "\u00a0\\%")
