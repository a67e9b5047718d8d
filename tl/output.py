"""What a command prints never fails for its characters, whatever the terminal, the pipe or the file takes (ISO-8859-1, ASCII).

What can't be written in that encoding is written in signs that can be read: "…" as "...", "−" as "-", "é" as "e".
"""

import codecs
import json
import sys
import unicodedata

UTF_8 = {"PYTHONIOENCODING": "utf-8:backslashreplace"}  # environment of a process whose output TL Lab itself reads
_SPELLED = "spelled"  # name of the error handler
_LOOKALIKES = {
    **dict.fromkeys("−–—‐‑‒", "-"),
    **dict.fromkeys("’‘‚", "'"),
    **dict.fromkeys("“”„", '"'),
    **dict.fromkeys("\u00a0\u202f\u2009", " "),
    "…": "...",
    "×": "x",
    "·": "|",
    "±": "+/-",
    "→": "->",
    "≤": "<=",
    "≥": ">=",
    "ß": "ss",
    "æ": "ae",
    "ø": "o",
}


def spell_out() -> None:
    """From here on stdout and stderr take every text. For the start of a command."""
    codecs.register_error(_SPELLED, _spelled)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # else a test's, or none at all
            stream.reconfigure(errors=_SPELLED)


def print_json(document: object) -> None:
    """One JSON document on stdout: the same document in every encoding, with letters as they are where that takes them."""
    text = json.dumps(document, ensure_ascii=False)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(document)
    print(text)


def _spelled(error: UnicodeError) -> tuple[str, int]:
    """Stand-ins for what `error` says can't be encoded, and where to go on; a number where nothing looks alike."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_lookalike, error.object[error.start : error.end])), error.end


def _lookalike(sign: str) -> str:
    base = unicodedata.normalize("NFKD", sign).encode("ascii", "ignore").decode()
    return _LOOKALIKES.get(sign) or base or sign.encode("ascii", "backslashreplace").decode()
