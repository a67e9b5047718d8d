"""Classes from a table in the archive: one line per picture, a column with its class or one column per class."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from tl.config import refusal
from tl.datasets.class_names import label, quoted
from tl.datasets.intake.layouts import vocabulary as words
from tl.datasets.intake.layouts.annotations import find
from tl.datasets.intake.layouts.folders import FEW
from tl.datasets.intake.layouts.reading import LayoutInput, LayoutRequest, Place, Reading
from tl.datasets.intake.layouts.sheets import SUFFIXES, Sheet, sheet_of
from tl.datasets.intake.layouts.views import splits_by_folder
from tl.datasets.lookup import Lookup
from tl.languages import later, say, semicolons

LOOKED_AT = 300  # lines by which the column with the pictures' names is found
NAMES_SOME = 0.3  # share of them that it has to name
COVERED = 0.5  # share of the pictures that a table has to name for its columns to be offered unasked
LIKELY, LABELLED, RARELY = 80.0, 15.0, -25.0  # of a table; of a column called label; of one called sex
ONE_HOT = 35.0  # that a column per class adds: nobody makes one for anything else
MOST_COLUMNS = 3  # offered of one table
MOST_NAMED = 10  # columns, tables and values that a sentence names
NOT_NAMED, NO_CLASS = later("not in the table"), later("without a class in the table")
SEVERAL = later("of several classes in the table")


@dataclass(frozen=True)
class _Named:
    """Tables with the same columns as one, and the picture that each line is about (-1: none here)."""

    shown: str  # the first one's path
    columns: tuple[str, ...]
    lines: list[list[str]]
    rows: list[int]
    splits: list[str]  # per line, by the table's own name

    def values(self, place: int) -> dict[int, str]:
        """Row of a picture -> what stands in the column for it."""
        return {row: line[place] for row, line in zip(self.rows, self.lines, strict=True) if row >= 0}


def readings(found: LayoutInput) -> Iterator[Reading]:
    """Every column of every table that may be the class, the likelier first."""
    for table in named_tables(found):
        covered = len({row for row in table.rows if row >= 0}) / max(1, len(found.names))
        if covered < COVERED:
            continue
        if (hot := _one_hot(table)) and (reading := _of_one_hot(found, table, hot)):
            yield reading
            continue
        by_column = [
            _of_column(found, table, place) for place in range(len(table.columns)) if _may_be(found, table, place)
        ]
        yield from sorted(by_column, key=lambda reading: -reading.likely)[:MOST_COLUMNS]


def asked_for(found: LayoutInput, wanted: str) -> Reading:
    """The reading by TABLE[:COLUMN]. Raises Refused, with what there is, where there is no such table or column."""
    name, column, table = _parted(found, wanted)
    if column is None:
        hot = _one_hot(table)
        if hot and (reading := _of_one_hot(found, table, hot)):
            return reading
        places = [place for place in range(len(table.columns)) if _may_be(found, table, place)]
        if not places:
            text = later("No column of {table!r:.100} can be the class; its columns are {columns}.")
            raise refusal(text, table=name, columns=quoted(table.columns, MOST_NAMED))
        return max((_of_column(found, table, place) for place in places), key=lambda reading: reading.likely)
    return _of_column(found, table, _column(table, column, name))


def split_column(found: LayoutInput, wanted: str) -> dict[int, str]:
    """Row of a picture -> its split by TABLE:COLUMN. Raises Refused."""
    name, column, table = _parted(found, wanted)
    place = _column(table, column or "split", name)
    values = table.values(place)
    splits = {row: words.split_of(value) or "" for row, value in values.items()}
    if "train" not in splits.values():
        raise refusal(
            "The column {column!r:.60} of {table!r:.100} does not say which pictures are for training; it holds {values}.",
            column=table.columns[place],
            table=name,
            values=quoted(tuple(dict.fromkeys(values.values())), MOST_NAMED),
        )
    return splits


def _parted(found: LayoutInput, wanted: str) -> tuple[str, str | None, _Named]:
    tables = named_tables(found)
    name, colon, column = wanted.rpartition(":")
    if not colon or wanted.lower().endswith(SUFFIXES):
        name, column = wanted, ""
    for table in tables:
        if table.shown == name or table.shown.endswith("/" + name):
            return name, column or None, table
    if not tables:
        raise refusal(
            "The archive has no table {table!r:.100} with the pictures' names, and no other table that has them.",
            table=name,
        )
    text = later("The archive has no table {table!r:.100} with the pictures' names; it has {tables}.")
    raise refusal(text, table=name, tables=quoted(tuple(table.shown for table in tables), MOST_NAMED))


def _column(table: _Named, column: str, name: str) -> int:
    folded = [title.casefold() for title in table.columns]
    if column.casefold() not in folded:
        text = later("{table!r:.100} has no column {column!r:.60}; its columns are {columns}.")
        raise refusal(text, table=name, column=column, columns=quoted(table.columns, MOST_NAMED))
    return table.columns.index(column) if column in table.columns else folded.index(column.casefold())


def named_tables(found: LayoutInput) -> list[_Named]:
    """The tables that name pictures of the archive; those with the same columns as one."""
    sheets = [sheet for path, data in found.tables.items() if (sheet := sheet_of(path, data))]
    alike: dict[tuple[str, ...], list[Sheet]] = defaultdict(list)
    for sheet in sheets:
        alike[tuple(column.casefold() for column in sheet.columns)].append(sheet)
    joined = (_joined(found, group) for group in alike.values())
    return [table for table in joined if table is not None]


def _joined(found: LayoutInput, sheets: list[Sheet]) -> _Named | None:
    lines: list[list[str]] = []
    rows: list[int] = []
    splits: list[str] = []
    for sheet in sheets:
        lookup = found.lookup(sheet.path)
        place = _picture_column(sheet, lookup)
        if place is None:
            continue
        for line in sheet.lines:
            row = find(lookup, line[place])
            lines.append(line)
            rows.append(-1 if row is None else row)
        split = words.split_of(sheet.path.rpartition("/")[2].rpartition(".")[0]) or ""
        splits += [split] * len(sheet.lines)
    return _Named(sheets[0].path, sheets[0].columns, lines, rows, splits) if any(row >= 0 for row in rows) else None


def _picture_column(sheet: Sheet, lookup: Lookup) -> int | None:
    """The column that names the pictures: of most of the first lines there is one."""
    some = sheet.lines[:LOOKED_AT]
    named = [sum(find(lookup, line[place]) is not None for line in some) for place in range(len(sheet.columns))]
    best = max(range(len(named)), key=lambda place: named[place], default=None)
    return best if best is not None and some and named[best] >= NAMES_SOME * len(some) else None


def _may_be(found: LayoutInput, table: _Named, place: int) -> bool:
    """Whether a column may hold classes: a few values, each of several pictures, not measurements."""
    column = table.columns[place]
    if any(word in words.SPLIT_COLUMNS for word in words.words_of(column)):
        return False
    values = [value for value in table.values(place).values() if value]
    several = Counter(values)
    if not 2 <= len(several) <= found.most_classes or len(several) * FEW > len(values):
        return False
    return words.is_label_column(column) or not all(map(_is_fraction, several))


def _is_fraction(value: str) -> bool:
    try:
        return not float(value).is_integer()
    except (ValueError, OverflowError):
        return False


def _of_column(found: LayoutInput, table: _Named, place: int) -> Reading:
    column = table.columns[place]
    values = table.values(place)
    sizes = Counter(value for value in values.values() if value)
    likely = LIKELY + (LABELLED if words.is_label_column(column) else 0.0)
    if any(word in words.NO_LABELS for word in words.words_of(column)):
        likely += RARELY
    likely -= 60 * sum(number < FEW for number in sizes.values()) / max(1, len(sizes))
    classes = {row: value or None for row, value in values.items()}
    how = say("the class is in the column {column!r} of {table!r}", column=label(column), table=label(table.shown))
    asked = LayoutRequest(classes_from=f"{table.shown}:{column}")
    return _reading(found, table, classes, how, asked, likely)


def _one_hot(table: _Named) -> list[int]:
    """Columns that hold 0 or 1, one per class; [] where they are none."""
    places = [
        place
        for place in range(len(table.columns))
        if {line[place] for line in table.lines} <= {"0", "1", "0.0", "1.0"}
    ]
    ones = [sum(line[place][:1] == "1" for place in places) for line in table.lines]
    return places if len(places) > 1 and ones and ones.count(1) > 0.5 * len(ones) else []


def _of_one_hot(found: LayoutInput, table: _Named, places: list[int]) -> Reading | None:
    classes: dict[int, str | None] = {}
    several = set()
    for row, line in zip(table.rows, table.lines, strict=True):
        if row >= 0:
            ones = [table.columns[place] for place in places if line[place][:1] == "1"]
            classes[row] = ones[0] if len(ones) == 1 else None
            if len(ones) > 1:
                several.add(row)
    how = say("{table!r} has a column per class, with a 1 where the picture is of it", table=label(table.shown))
    reading = _reading(found, table, classes, how, LayoutRequest(classes_from=table.shown), LIKELY + ONE_HOT)
    places_of = [SEVERAL if row in several else place for row, place in enumerate(reading.places)]
    return replace(reading, places=places_of) if len(reading.classes) > 1 else None


def _reading(
    found: LayoutInput, table: _Named, classes: dict[int, str | None], how: str, asked: LayoutRequest, likely: float
) -> Reading:
    splits, told = _splits(found, table)
    places: list[Place | str] = []
    for row in range(len(found.names)):
        name = classes.get(row)
        if name is not None:
            places.append(Place(splits[row], name))
        else:
            places.append(NO_CLASS if row in classes else NOT_NAMED)
    missing = sum(isinstance(place, str) for place in places) / max(1, len(places))
    how = semicolons([how, *told])
    return Reading(how=how, places=places, asked=asked, likely=likely - 50 * missing, table=table.shown)


def _splits(found: LayoutInput, table: _Named) -> tuple[list[str], tuple[str, ...]]:
    """Splits by a column of the table, by the tables' names, or by folder."""
    none = [""] * len(found.names)
    for place, column in enumerate(table.columns):
        if any(word in words.SPLIT_COLUMNS for word in words.words_of(column)):
            given = {row: words.split_of(value) or "" for row, value in table.values(place).items()}
            if _divides(given.values()):
                return [given.get(row, "") for row in range(len(none))], (
                    say("the splits are in its column {column!r}", column=label(column)),
                )
    by_folder, how = splits_by_folder(found.folders)
    if any(by_folder):
        return by_folder, how
    by_name = {row: split for row, split in zip(table.rows, table.splits, strict=True) if row >= 0}
    if _divides(by_name.values()):
        return [by_name.get(row, "") for row in range(len(none))], (say("there is a table per split"),)
    return none, ()


def _divides(splits: Iterable[str]) -> bool:
    held = set(splits)
    return "train" in held and len(held) > 1 and "" not in held
