"""In which shapes people bring pictures, by their names alone: what is read first, and what is offered besides."""

import json

import pytest

from tl.config import Refused
from tl.datasets.intake.asked_for import choose
from tl.datasets.intake.layouts import LayoutInput, read
from tl.datasets.intake.layouts.reading import LayoutRequest


def names(*folders: str, each: int = 12, stem: str = "") -> list[str]:
    return [f"{folder}/{stem}{number}.jpg" for folder in folders for number in range(each)]


def found(files: list[str], **tables: str) -> LayoutInput:
    return LayoutInput(names=files, tables={path.replace("__", "/", 1): text.encode() for path, text in tables.items()})


def lines(*rows: str) -> str:
    return "\n".join(rows) + "\n"


CAT_DOG = {"cat": 12, "dog": 12}
BOTH = {"cat": 24, "dog": 24}
FOLDERS = {  # shape -> (folders, classes of the likeliest reading, its splits, classes of another that is offered)
    "wrapped": (["set/cat", "set/dog"], CAT_DOG, {""}, None),
    "copy beside": (["yes", "no", "scans/yes", "scans/no"], {"no": 12, "yes": 12}, {""}, {"no": 24, "yes": 24}),
    "repository": (["project/pictures/glass", "project/pictures/paper"], {"glass": 12, "paper": 12}, {""}, None),
    "domains": (["photo/cat", "photo/dog", "sketch/cat", "sketch/dog"], BOTH, {""}, {"photo": 24, "sketch": 24}),
    "wrapped in domains": (
        ["pacs-photo/a/cat", "pacs-photo/a/dog", "pacs-art/b/cat", "pacs-art/b/dog"],
        BOTH,
        {""},
        {"pacs-art": 24, "pacs-photo": 24},
    ),
    "sub-classes": (
        ["apple/healthy", "apple/scab", "pear/healthy", "pear/scab"],
        {"apple": 24, "pear": 24},
        {""},
        {"apple healthy": 12, "apple scab": 12, "pear healthy": 12, "pear scab": 12},
    ),
    "folders in classes": (
        ["pet/cat", "pet/dog", "plant/rose", "plant/fern"],
        {"pet": 24, "plant": 24},
        {""},
        {"cat": 12, "dog": 12, "fern": 12, "rose": 12},
    ),
    "CamelCase": (["TrainData/cat", "TrainData/dog", "TestData/cat", "TestData/dog"], BOTH, {"train", "test"}, None),
    "Chinese": (["训练集/猫", "训练集/狗", "测试集/猫", "测试集/狗"], {"狗": 24, "猫": 24}, {"train", "test"}, None),
    "eval": (["train/cat", "train/dog", "eval/cat", "eval/dog"], BOTH, {"train", "validation"}, None),
    "val and eval": (
        [f"{split}/{name}" for split in ("train", "val", "eval") for name in ("cat", "dog")],
        {"cat": 36, "dog": 36},
        {"train", "validation", "test"},
        None,
    ),
    "splits in classes": (["cat/train", "dog/train", "cat/test", "dog/test"], BOTH, {"train", "test"}, None),
    "splits in domains": (
        [f"{domain}/{split}/{name}" for domain in ("photo", "sketch") for split in ("train", "test") for name in ("cat", "dog")],
        {"cat": 48, "dog": 48},
        {"train", "test"},
        {"photo": 48, "sketch": 48},
    ),
    "wrapped in splits": (["train/images/cat", "train/images/dog", "test/cat", "test/dog"], BOTH, {"train", "test"}, None),
    "folds": (
        [f"fold_{number}/{name}" for number in range(3) for name in ("cat", "dog")],
        {"cat": 36, "dog": 36},
        {"train", "test"},
        {"cat": 36, "dog": 36},
    ),
    "parts": (["part_1/cat", "part_1/dog", "part_2/cat", "part_2/dog"], BOTH, {""}, None),
    "classes like splits": (["train", "plane", "bus stop/1"], {"bus stop": 12, "plane": 12, "train": 12}, {""}, None),
}  # fmt: skip


@pytest.mark.parametrize("shape", FOLDERS)
def test_folders_are_read_as_people_mean_them(shape):
    folders, classes, splits, other = FOLDERS[shape]
    readings = read(found(names(*folders)))
    assert (dict(readings[0].sizes), set(readings[0].splits)) == (classes, splits), readings[0].how
    assert other is None or other in [reading.sizes for reading in readings[1:]], [one.summary for one in readings]


def test_what_else_lies_in_a_repository_is_named():
    files = names("project/pictures/glass", "project/pictures/paper") + names("project/docs/shots", each=3)
    reading = read(found(files))[0]
    assert reading.sizes == {"glass": 12, "paper": 12}
    assert reading.left_out == {"outside the folder 'pictures'": 3}


def test_loose_pictures_of_a_test_folder_are_left_out_and_told():
    reading = read(found([*names("train/cat", "train/dog"), *names("test")]))[0]
    assert reading.sizes == CAT_DOG and reading.left_out == {"not in a class folder": 12}


def test_that_validation_became_the_test_is_said():
    reading = read(found(names("train/cat", "train/dog", "val/cat", "val/dog")))[0]
    assert "The validation pictures became the test set" in reading.notes[0]


LABELS = [f"{n},{'mole' if n % 3 else 'scar'}" for n in range(40)]
LOOSE = names("images", each=40)
PARTS = [f"part_{1 + n % 2}/{n}.jpg" for n in range(40)]
MOLES = {"mole": 26, "scar": 14}
COCO = {
    "images": [{"id": n, "file_name": f"{n}.jpg", "width": 9} for n in range(40)],
    "categories": [{"id": 1, "name": "mole"}, {"id": 2, "name": "scar"}],
    "annotations": [{"id": n, "image_id": n, "category_id": 1 if n % 3 else 2} for n in range(40)],
}
STUDIO = [
    {
        "data": {"image": f"/data/upload/1/0a1b2c3d-{n}.jpg"},
        "annotations": [{"result": [{"type": "choices", "value": {"choices": ["mole" if n % 3 else "scar"]}}]}],
    }
    for n in range(40)
]
KIND = ["mole" if n % 3 else "scar" for n in range(40)]
TABLES = {  # shape -> (pictures, tables)
    "CSV beside parts": (PARTS, {"labels.csv": lines("id,kind", *LABELS)}),
    "CSV, semicolons": (LOOSE, {"labels.csv": lines("bild;klasse", *(line.replace(",", ".jpg;") for line in LABELS))}),
    "TSV": (LOOSE, {"a.tsv": lines("file\tlabel", *(line.replace(",", "\t") for line in LABELS))}),
    "metadata.csv": (
        LOOSE,
        {"images__metadata.csv": lines("file_name,label", *(f"{n}.jpg,{KIND[n]}" for n in range(40)))},
    ),
    "one column a class": (
        LOOSE,
        {
            "_classes.csv": lines(
                "filename, mole, scar", *(f"{n}.jpg,{int(n % 3 > 0)},{int(n % 3 == 0)}" for n in range(40))
            )
        },
    ),
    "JSON lines": (
        LOOSE,
        {"m.jsonl": lines(*(json.dumps({"file_name": f"{n}.jpg", "label": KIND[n]}) for n in range(40)))},
    ),
    "JSON of names": (LOOSE, {"m.json": json.dumps({f"{n}.jpg": KIND[n] for n in range(40)})}),
    "COCO": (LOOSE, {"annotations__instances.json": json.dumps(COCO)}),
    "Label Studio": (LOOSE, {"project-1.json": json.dumps(STUDIO)}),
    "Label Studio, small": (
        LOOSE,
        {
            "min.json": json.dumps(
                [{"image": f"/data/upload/0a1b2c3d-{n}.jpg", "id": n, "choice": KIND[n]} for n in range(40)]
            )
        },
    ),
    "two tables with the same columns": (
        LOOSE,
        {"a.csv": lines("id,kind", *LABELS[:20]), "b.csv": lines("id,kind", *LABELS[20:])},
    ),
}


@pytest.mark.parametrize("shape", TABLES)
def test_classes_come_from_what_lies_beside_the_pictures(shape):
    files, tables = TABLES[shape]
    reading = read(found(files, **tables))[0]
    assert (reading.sizes, reading.table in {path.replace("__", "/") for path in tables}) == (MOLES, True), reading.how


def test_roboflow_s_export_has_a_table_in_each_split():
    files = names("train", each=20) + names("valid", each=6) + names("test", each=6)
    tables = {
        f"{split}___classes.csv": lines("filename, cat, dog", *(f"{n}.jpg,{n % 2},{1 - n % 2}" for n in range(each)))
        for split, each in (("train", 20), ("valid", 6), ("test", 6))
    }
    reading = read(found(files, **tables))[0]
    assert reading.sizes == {"cat": 16, "dog": 16} and reading.splits == {"train": 20, "validation": 6, "test": 6}
    assert not reading.left_out


def test_a_column_says_the_splits_too_and_pictures_without_a_line_are_told():
    rows = [f"{n}.jpg,{KIND[n]},{'training' if n % 4 else 'Test'}" for n in range(38)]
    reading = read(found(LOOSE, **{"t.csv": lines("file,label,split", *rows)}))[0]
    assert reading.splits == {"train": 28, "test": 10} and reading.left_out == {"not in the table": 2}


def test_class_folders_come_before_a_table_that_says_something_else():
    files = names("rose", "tulip")
    table = lines("file,camera", *(f"{name},{'canon' if n % 2 else 'nikon'}" for n, name in enumerate(files)))
    readings = read(found(files, **{"t.csv": table}))
    assert [list(reading.sizes) for reading in readings] == [["rose", "tulip"], ["canon", "nikon"]]


@pytest.mark.parametrize(
    "files",
    [
        names("train", stem="cat.") + names("train", stem="dog."),
        names("pets", stem="cat_00") + names("pets", stem="dog_00"),
        [f"{name} ({number}).jpg" for name in ("cat", "dog") for number in range(12)],
    ],
)
def test_classes_come_from_file_names(files):
    assert read(found(files))[0].sizes == CAT_DOG


def test_names_that_cameras_write_are_no_classes():
    assert read(found(names("a", stem="IMG_") + names("a", stem="DSC_0"))) == []
    assert len(read(found(names("rose", stem="IMG_") + names("tulip", stem="DSC_0")))) == 1


ASKED = {  # what is asked -> classes and splits
    "classes_from=1": ({"photo": 24, "sketch": 24}, {""}),
    "classes_from=2": (BOTH, {""}),
    "classes_from=1+2": ({"photo cat": 12, "photo dog": 12, "sketch cat": 12, "sketch dog": 12}, {""}),
    "classes_from=parent": (BOTH, {""}),
    "classes_from=photo/*": (CAT_DOG, {""}),
    "domain_from=1": (BOTH, {""}),
    "domain_from=1:sketch": (CAT_DOG, {""}),
    "split_from=new": (BOTH, {""}),
}


@pytest.mark.parametrize("text", ASKED)
def test_a_person_says_otherwise(text):
    option, _, value = text.partition("=")
    files = found(names("photo/cat", "photo/dog", "sketch/cat", "sketch/dog"))
    reading = choose(files, read(files), LayoutRequest(**{option: value}))
    assert (reading.sizes, set(reading.splits)) == ASKED[text]


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"classes_from": "7"}, "deepest picture lies 2 folders down"),
        ({"classes_from": "no.csv:kind"}, "The archive has no table 'no.csv'"),
        ({"classes_from": "t.csv:nothing"}, "has no column 'nothing'; its columns are 'file', 'kind'"),
        ({"split_from": "1"}, "do not say which pictures are for training"),
        ({"domain_from": "x"}, "give a folder level"),
        ({"domain_from": "1:film"}, "no domain 'film' at level 1; the domains there are 'photo', 'sketch'"),
    ],
)
def test_what_can_not_be_asked_is_answered_with_what_there_is(asked, says):
    files = names("photo/cat", "photo/dog", "sketch/cat", "sketch/dog")
    table = lines("file,kind", *(f"{name},{n % 2}" for n, name in enumerate(files)))
    given = found(files, **{"t.csv": table})
    with pytest.raises(Refused, match=says):
        choose(given, read(given), LayoutRequest(**asked))


def test_every_reading_that_is_offered_can_be_asked_for():
    for folders, *_ in FOLDERS.values():
        files = found(names(*folders))
        for reading in (readings := read(files)):
            if reading.asked != LayoutRequest():
                assert choose(files, readings, reading.asked).sizes == reading.sizes
