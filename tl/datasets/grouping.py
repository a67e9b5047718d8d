"""`--group`: which pictures a person says belong together, by folder, by a pattern in the file name, or by a table.

The pattern and the table may be a stranger's: the one runs in a process of its own, of the other no more is read than
is allowed.
"""

import csv
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tl.config import refusal
from tl.datasets.archive import Member, UploadLimits
from tl.datasets.class_names import label
from tl.datasets.lookup import NAME_COLUMNS, Lookup, content, decoded, tidy
from tl.datasets.pool import environment
from tl.languages import commas, later, say

FOLDER, PATTERN, TABLE = "folder", "pattern", "table"  # the ways to say it
MATCHER = ["-P", "-m", "tl.decoding.names"]
SECONDS = 30.0  # that the process may take, however busy the machine is; it has 3 of computing
LONGEST_PATTERN, LONGEST_NAME = 200, 255  # characters; of a longer file name the beginning counts


@dataclass(frozen=True)
class Grouping:
    """What `--group` says."""

    way: str  # FOLDER, PATTERN or TABLE
    pattern: str = ""
    table: str = ""  # name of the CSV
    column: str = ""  # of the CSV, that says what a picture belongs to


def parse(text: str) -> Grouping:
    """`folder`, `FILE.csv:COLUMN`, or a regular expression. Raises Refused for what is none of them."""
    if text == FOLDER:
        return Grouping(FOLDER)
    if table := re.fullmatch(r"(.+\.csv):(.*)", text, re.IGNORECASE | re.DOTALL):
        if not table[2].strip():
            sentence = later("group is {text!r:.100}; name the column after the colon, as in {table!r:.60}:patient.")
            raise refusal(sentence, text=text, table=table[1])
        return Grouping(TABLE, table=table[1], column=table[2].strip())
    if not text or len(text) > LONGEST_PATTERN:
        raise refusal(
            "group is {text!r:.60}; give 'folder', a regular expression of at most {longest} characters, or "
            "FILE.csv:COLUMN.",
            text=text,
            longest=LONGEST_PATTERN,
        )
    _matches(text, [])
    return Grouping(PATTERN, pattern=text)


def belonging(
    grouping: Grouping,
    names: Sequence[str],
    below: Sequence[str],
    source: Path,
    members: Sequence[Member],
    beside: bool,
    limits: UploadLimits,
) -> list[str]:
    """Per picture of the archive what it belongs to, "" where it is alone.

    `below` has the folder below its class folder, "" where there is none; `source` is the zip, `members` its files; a
    table is looked for among them and, with `beside`, on this computer's disk. Raises Refused where nothing belongs
    together by it.
    """
    if grouping.way == FOLDER:
        if not any(below):
            raise refusal(
                "No picture lies in a folder of its own below its class folder, such as rose/patient-1/1.jpg; leave "
                "the groups out, or name them by file name or table."
            )
        return list(below)
    if grouping.way == PATTERN:
        found = _matches(grouping.pattern, [name.rpartition("/")[2][:LONGEST_NAME] for name in names])
        if not any(found):
            raise refusal(
                "The pattern {pattern!r} matches none of the {number:,} file names, such as {name!r}.",
                pattern=grouping.pattern,
                number=len(names),
                name=label(names[0].rpartition("/")[2]),
            )
        return found
    return _by_table(names, *_table(grouping.table, source, members, beside, limits), grouping)


def is_table(member: Member, grouping: Grouping | None) -> bool:
    """Whether this file of the archive is the table that says what belongs together."""
    return grouping is not None and grouping.way == TABLE and _is_named(member.name, grouping.table)


def _matches(pattern: str, names: list[str]) -> list[str]:
    """What the pattern finds in each name, by a process that ends in time. Raises Refused."""
    task = json.dumps({"pattern": pattern, "names": names})
    try:
        process = subprocess.run(
            [sys.executable, *MATCHER],
            input=task,
            capture_output=True,
            encoding="utf-8",
            env=environment(),
            timeout=SECONDS,
        )
        answer = json.loads(process.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        raise refusal(
            "The pattern {pattern!r} takes too much time or memory on these file names; make it simpler, without a "
            "repetition inside a repetition.",
            pattern=pattern,
        ) from None
    if "error" in answer:
        raise refusal(
            "The pattern {pattern!r} is not a regular expression: {problem}.", pattern=pattern, problem=answer["error"]
        )
    found: list[str] = answer["found"]
    return found


def _is_named(name: str, wanted: str) -> bool:
    wanted = tidy(wanted)
    return name == wanted or name.endswith("/" + wanted)


def _table(wanted: str, source: Path, members: Sequence[Member], beside: bool, limits: UploadLimits) -> tuple[str, str]:
    """(folder in the archive, text) of the table. Raises Refused where there is none, several, or too large a one."""
    inside = [member for member in members if _is_named(member.name, wanted)]
    if len(inside) > 1 and len(exact := [member for member in inside if member.name == tidy(wanted)]) == 1:
        inside = exact
    if len(inside) > 1:
        raise refusal(
            "There are {number} files {name!r:.100} in the zip; give the folder, too.", number=len(inside), name=wanted
        )
    if inside:
        (member,) = inside
        _check_bytes(wanted, member.size, limits)
        data = content(source, member)
        if data is None:
            raise refusal("{name!r:.100} in the zip is damaged; pack it again.", name=wanted)
        return member.name.rpartition("/")[0], decoded(data)
    for path in (Path(wanted), source.parent / wanted) if beside else ():
        if path.is_file():
            _check_bytes(wanted, path.stat().st_size, limits)
            return "", decoded(path.read_bytes())
    if beside:
        raise refusal("There is no file {name!r:.100} in the zip or beside it; put the table there.", name=wanted)
    raise refusal("There is no file {name!r:.100} in the zip; put the table there.", name=wanted)


def _check_bytes(wanted: str, size: int, limits: UploadLimits) -> None:
    if size > limits.table_bytes:
        text = later("{name!r:.100} has {size:,} bytes; at most {most:,} are accepted.")
        raise refusal(text, name=wanted, size=size, most=limits.table_bytes)


def _by_table(names: Sequence[str], place: str, text: str, grouping: Grouping) -> list[str]:
    """What each picture belongs to by the table `text`, whose paths may start at `place`."""
    rows_of = Lookup(names, place)
    found = [""] * len(names)
    known = [False] * len(names)
    for path, group in _entries(text, grouping):
        row = rows_of.find(path)
        if row is not None and not known[row]:
            found[row], known[row] = group, True
    if not any(known):
        sentence = later(
            "{table!r:.100} names none of the {number:,} pictures, such as {name!r}; its first column, or one called "
            "file, must hold their names."
        )
        raise refusal(sentence, table=grouping.table, number=len(names), name=label(names[0], 200))
    if not any(found):
        sentence = later("The column {column!r:.60} of {table!r:.100} is empty for all pictures.")
        raise refusal(sentence, column=grouping.column, table=grouping.table)
    return found


def _entries(text: str, grouping: Grouping) -> Iterator[tuple[str, str]]:
    """(picture, what it belongs to) of each line of a table. Raises Refused."""
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(text.splitlines(), delimiter=delimiter)
    try:
        columns = [column.strip() for column in next(reader, [])]
        folded = [column.casefold() for column in columns]
        if grouping.column.casefold() not in folded:
            raise refusal(
                "{table!r:.100} has no column {column!r:.60}; its columns are {columns}.",
                table=grouping.table,
                column=grouping.column,
                columns=commas(repr(label(column)) for column in columns[:10]) or say("none"),
            )
        column = grouping.column
        group = columns.index(column) if column in columns else folded.index(column.casefold())
        named = [folded.index(name) for name in NAME_COLUMNS if name in folded]
        picture = next((place for place in (*named, *range(len(columns))) if place != group), None)
        if picture is None:
            raise refusal(
                "{table!r:.100} has one column only; it needs one with the pictures' names, too.", table=grouping.table
            )
        for line in reader:
            if len(line) > max(group, picture):
                yield line[picture], line[group].strip()
    except csv.Error as problem:
        raise refusal(
            "{table!r:.100} can't be read as a table: {problem}.", table=grouping.table, problem=problem
        ) from None
