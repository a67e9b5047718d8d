"""What a person calls an experiment and notes about it: columns of its row, plain text within bounds."""

from dataclasses import dataclass
from typing import Any

from tl.config import Refused
from tl.store.home import Home
from tl.store.schema import select, writing
from tl.words import count, plain

LONGEST_NAME, LONGEST_NOTES = 80, 4_000  # characters
ROWS = 200  # of notes


@dataclass(frozen=True, kw_only=True)
class Label:
    """Both "" where nobody wrote any."""

    name: str = ""  # one line
    notes: str = ""  # lines joined by a newline

    def __bool__(self) -> bool:
        return bool(self.name or self.notes)


NONE = Label()


def label(name: str, notes: str) -> Label:
    """As it is kept: without control characters and spaces around. Raises Refused where one is too long."""
    name = plain(name)
    lines = notes.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    notes = "\n".join(map(plain, lines)).strip()
    for what, text, most in (("The name", name, LONGEST_NAME), ("The notes", notes, LONGEST_NOTES)):
        if len(text) > most:
            verb = "is" if what == "The name" else "are"
            raise Refused(f"{what} {verb} {count(len(text))} characters long; {count(most)} fit.")
    if notes.count("\n") >= ROWS:
        raise Refused(f"The notes have {count(notes.count(chr(10)) + 1)} lines; {ROWS} fit.")
    return Label(name=name, notes=notes)


def label_of(home: Home, experiment_id: str) -> Label:
    """What is kept of one experiment; nothing of an unknown one."""
    return labels(home, experiment_id).get(experiment_id, NONE)


def labels(home: Home, experiment_id: str | None = None) -> dict[str, Label]:
    """Id -> what is kept, of those of this home's experiments that have any (or of one)."""
    query = "SELECT id, name, notes FROM experiments WHERE owner IS ? AND (name IS NOT NULL OR notes IS NOT NULL)"
    values: tuple[object, ...] = (home.owner,)
    if experiment_id is not None:
        query, values = f"{query} AND id = ?", (*values, experiment_id)
    found = {row["id"]: _read(row) for row in select(home, query, values)}
    return {key: one for key, one in found.items() if one}


def _read(row: dict[str, Any]) -> Label:
    """One that can't be, since something else has written it, counts as none: the runs are there all the same."""
    try:
        return label(row["name"] or "", row["notes"] or "")
    except (Refused, AttributeError, TypeError):
        return NONE


def write(home: Home, experiment_id: str, name: str, notes: str) -> Label:
    """Keep them in place of those before; as they are kept. Raises Refused where one is too long, or the id unknown."""
    kept = label(name, notes)
    with writing(home) as connection:
        values = (kept.name or None, kept.notes or None, experiment_id, home.owner)
        query = "UPDATE experiments SET name = ?, notes = ? WHERE id = ? AND owner IS ?"
        if connection.execute(query, values).rowcount != 1:
            raise Refused(f"There is no experiment {experiment_id!r} any more; it was deleted.")
    return kept
