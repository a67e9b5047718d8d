"""What a person calls an experiment or a sweep and notes about it: columns of their rows, plain text within bounds."""

from dataclasses import dataclass
from typing import Any

from tl.config import Refused, refusal
from tl.languages import later
from tl.store.home import Home
from tl.store.queue.schema import select, writing
from tl.words import plain

LONGEST_NAME, LONGEST_NOTES = 80, 4_000  # characters
ROWS = 200  # of notes
_KINDS = (("id", "name", "notes"), ("sweep_id", "sweep_name", "sweep_notes"))  # columns of an experiment, of a sweep


@dataclass(frozen=True, kw_only=True)
class NameAndNotes:
    """Both "" where nobody wrote any."""

    name: str = ""  # one line
    notes: str = ""  # lines joined by a newline

    def __bool__(self) -> bool:
        return bool(self.name or self.notes)


NONE = NameAndNotes()


def label(name: str, notes: str) -> NameAndNotes:
    """As it is kept: without control characters and spaces around. Raises Refused where one is too long."""
    name = plain(name)
    lines = notes.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    notes = "\n".join(map(plain, lines)).strip()
    for text, most, too_long in (
        (name, LONGEST_NAME, later("The name is {length:,} characters long; at most {most:,} are allowed.")),
        (notes, LONGEST_NOTES, later("The notes are {length:,} characters long; at most {most:,} are allowed.")),
    ):
        if len(text) > most:
            raise refusal(too_long, length=len(text), most=most)
    if (breaks := notes.count("\n")) >= ROWS:
        raise refusal("The notes have {lines:,} lines; at most {most} are allowed.", lines=breaks + 1, most=ROWS)
    return NameAndNotes(name=name, notes=notes)


def name_and_notes_of(home: Home, ident: str) -> NameAndNotes:
    """What is kept of one experiment or sweep; nothing of an unknown one."""
    return all_names_and_notes(home, ident).get(ident, NONE)


def all_names_and_notes(home: Home, ident: str | None = None) -> dict[str, NameAndNotes]:
    """Id -> what is kept, of those of this home's experiments and sweeps that have any (or of one)."""
    found: dict[str, NameAndNotes] = {}
    for key, name, notes in _KINDS:
        query = f"SELECT {key} AS id, {name} AS name, {notes} AS notes FROM experiments"  # not shown
        query += f" WHERE ({name} IS NOT NULL OR {notes} IS NOT NULL)"
        if ident is not None:
            query += f" AND {key} = ?"
        found |= {row["id"]: _read(row) for row in select(home, query, () if ident is None else (ident,))}
    return {key: one for key, one in found.items() if one}


def _read(row: dict[str, Any]) -> NameAndNotes:
    """One that can't be, since something else has written it, counts as none: the runs are there all the same."""
    try:
        return label(row["name"] or "", row["notes"] or "")
    except (Refused, AttributeError, TypeError):
        return NONE


def write(home: Home, ident: str, name: str, notes: str) -> NameAndNotes:
    """Keep them in place of those before; as they are kept. Raises Refused where one is too long, or the id unknown."""
    kept = label(name, notes)
    values = (kept.name or None, kept.notes or None, ident)
    with writing(home) as connection:
        for key, *columns in _KINDS:
            changed = ", ".join(f"{column} = ?" for column in columns)
            if connection.execute(f"UPDATE main.experiments SET {changed} WHERE {key} = ?", values).rowcount:
                return kept
        raise refusal("There is no experiment or sweep {id!r} any more; it was deleted.", id=ident)
