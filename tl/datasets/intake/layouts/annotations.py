"""Exports of labelling programs: COCO and Label Studio as classes, where each picture has one; boxes named as such."""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from tl.datasets.class_names import label
from tl.datasets.intake.layouts.reading import LayoutInput, LayoutRequest, Place, Reading
from tl.datasets.intake.layouts.views import splits_by_folder
from tl.datasets.lookup import Lookup
from tl.languages import later, say, semicolons

COCO, STUDIO = "COCO", "Label Studio"  # not shown
LIKELY = 105.0
MOSTLY_ONE = 0.9  # share of the labelled pictures that have to be of one category for an export to say classes
UNLABELLED, SEVERAL = later("without a label in the export"), later("of several classes in the export")
MOST_BYTES = 32 * 1024**2  # of an export


class _Image(Struct):
    id: int | str
    file_name: str


class _Annotation(Struct):
    image_id: int | str
    category_id: int | str
    bbox: list[Any] | None = None


class _Category(Struct):
    id: int | str
    name: str


class _Coco(Struct):
    images: list[_Image]
    annotations: list[_Annotation]
    categories: list[_Category]


class _Result(Struct):
    type: str = ""
    value: dict[str, Any] = {}


class _Work(Struct):
    result: list[_Result] = []


class _Task(Struct):
    data: dict[str, Any]
    annotations: list[_Work]


def spoken_name(value: str) -> str:
    """The file's own name in what a labelling program writes: '/data/upload/1/0a1b2c3d-cat.jpg?d=x' -> 'cat.jpg'."""
    name = value.replace("\\", "/").partition("?")[0].rpartition("/")[2]
    return re.sub(r"^[0-9a-f]{8}-", "", name)


def find(lookup: Lookup, value: str) -> int | None:
    """The row of the picture that is called so, or so by a labelling program; None where there is none."""
    row = lookup.find(value)
    return lookup.find(spoken_name(value)) if row is None else row


def readings(found: LayoutInput) -> Iterator[Reading]:
    """The classes that exports give the pictures, one reading for all files of a kind."""
    labels: dict[str, dict[int, set[str]]] = {COCO: defaultdict(set), STUDIO: defaultdict(set)}
    first: dict[str, str] = {}
    for path, data in found.tables.items():
        if not path.lower().endswith(".json"):
            continue
        lookup = found.lookup(path)
        for kind, parse in ((COCO, _of_coco), (STUDIO, _of_studio)):
            for name, category in parse(data):
                if (row := find(lookup, name)) is not None:
                    labels[kind][row].add(category)
                    first.setdefault(kind, path)
    for kind, held in labels.items():
        one = sum(len(names) == 1 for names in held.values())
        if held and one >= MOSTLY_ONE * len(held):
            yield _reading(found, kind, held, first[kind])


def _reading(found: LayoutInput, kind: str, held: dict[int, set[str]], path: str) -> Reading:
    splits, told = splits_by_folder(found.folders)
    places: list[Place | str] = []
    for row, split in enumerate(splits):
        names = held.get(row, set())
        places.append(Place(split, next(iter(names))) if len(names) == 1 else SEVERAL if names else UNLABELLED)
    missing = sum(isinstance(place, str) for place in places) / len(places)
    how = say(
        "the class is the one label that {name!r}, an export for {program}, gives each picture",
        name=label(path),
        program=kind,
    )
    return Reading(
        how=semicolons([how, *told]),
        places=places,
        asked=LayoutRequest(classes_from=path),
        likely=LIKELY - 50 * missing,
        table=path,
    )


def _of_coco(data: bytes) -> Iterator[tuple[str, str]]:
    document = _decoded(data, _Coco)
    if document is None:
        return
    names = {category.id: category.name for category in document.categories}
    files = {image.id: image.file_name for image in document.images}
    for one in document.annotations:
        if one.image_id in files and one.category_id in names:
            yield files[one.image_id], names[one.category_id]


def _of_studio(data: bytes) -> Iterator[tuple[str, str]]:
    for task in _decoded(data, list[_Task]) or []:
        name = next((value for value in task.data.values() if isinstance(value, str) and "." in value), None)
        for work in task.annotations[:1] if name else ():
            for result in work.result:
                choices = result.value.get("choices")
                if isinstance(choices, list) and all(isinstance(choice, str) for choice in choices):
                    for choice in choices:
                        yield str(name), choice


def _decoded(data: bytes, kind: Any) -> Any:
    if len(data) > MOST_BYTES:
        return None
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):  # a ValidationError is a DecodeError
        return None


def boxes(found: LayoutInput) -> str | None:
    """How an export for detection is told from one for classes, as the subject of a sentence; None where it is none."""
    for path, data in found.tables.items():
        lower = path.lower()
        if lower.endswith(".json"):
            document = _decoded(data, _Coco)
            if document and any(one.bbox for one in document.annotations):
                return say("{name!r} is {program}'s export for detection", name=label(path), program=COCO)
            tasks = _decoded(data, list[_Task]) or []
            if any("label" in result.type for task in tasks for work in task.annotations for result in work.result):
                return say("{name!r} is {program}'s export for detection", name=label(path), program=STUDIO)
        elif lower.endswith(".xml") and b"<bndbox>" in data:
            return say("{name!r} is an export for detection ({format})", name=label(path), format="Pascal VOC")
        elif lower.endswith(".txt") and _is_yolo(data):
            return say("{name!r} is an export for detection ({format})", name=label(path), format="YOLO")
        elif lower.endswith(".csv") and _has_corners(data):
            return say("{name!r} is a table for detection", name=label(path))
    return None


def _is_yolo(data: bytes) -> bool:
    lines = [line.split() for line in data[:2000].splitlines()[:-1] or data[:2000].splitlines() if line.strip()]
    return bool(lines) and all(
        len(line) >= 5 and line[0].isdigit() and all(re.fullmatch(rb"[01]?\.\d+|[01]", value) for value in line[1:5])
        for line in lines
    )


def _has_corners(data: bytes) -> bool:
    head = {column.strip().lower() for column in data.partition(b"\n")[0].replace(b";", b",").split(b",")}
    return {b"xmin", b"ymin"} <= head or {b"x_min", b"y_min"} <= head or {b"bbox"} <= head
