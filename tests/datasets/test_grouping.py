"""`--group`: by folder, by a pattern in the file name, by a table; whatever people and strangers write there."""

import io
import time

import pytest
from crafted import ingest, picture, traces, two_classes, zipped

from tl.config import Refused, new_id
from tl.datasets import grouped
from tl.store.files import read_parquet


def patients(way) -> dict[str, bytes]:
    """Twelve patients of three pictures each in two classes; `way(class, patient, shot)` names a picture."""
    return {
        way(name, patient, shot): picture(1000 * place + 10 * patient + shot)
        for place, name in enumerate(("ill", "well"))
        for patient in range(12)
        for shot in range(3)
    }


IN_FOLDERS = patients(lambda name, patient, shot: f"{name}/{name}{patient}/{shot}.png")
BY_NAME = patients(lambda name, patient, shot: f"set/{name}/{name}{patient}_{shot}.png")
LINES = [(path, path.rpartition("/")[2].split("_")[0]) for path in BY_NAME]


def table(lines, head="file,patient", form="{},{}") -> bytes:
    return "\n".join([head, *(form.format(*line) for line in lines)]).encode()


WAYS = {
    "folder": (IN_FOLDERS, "folder"),
    "first group of a pattern": (BY_NAME, r"^(\w+)_\d"),
    "whole match": (BY_NAME, "^[a-z]+[0-9]+"),
    "table, by path": (BY_NAME | {"set/who.csv": table(LINES)}, "who.csv:patient"),
    "table, column in capitals": (BY_NAME | {"who.CSV": table(LINES)}, "who.CSV:PATIENT"),
    "table, relative path": (BY_NAME | {"set/who.csv": table([(p[4:], g) for p, g in LINES])}, "set/who.csv:patient"),
    "table, file names": (BY_NAME | {"who.csv": table([(p.split("/")[-1], g) for p, g in LINES])}, "who.csv:patient"),
    "table, without endings": (
        BY_NAME | {"who.csv": table([(p.split("/")[-1][:-4], g) for p, g in LINES], "image,patient")},
        "who.csv:patient",
    ),
    "table, from a spreadsheet": (
        BY_NAME | {"who.csv": b"\xef\xbb\xbf" + table(LINES, "patient;name", '"{1}";"{0}"').replace(b"\n", b"\r\n")},
        "who.csv:patient",
    ),
    "table, names in its first column": (
        BY_NAME | {"who.csv": table(LINES, "which\tpatient", "{}\t{}")},
        "who.csv:patient",
    ),
}


@pytest.mark.parametrize("case", WAYS)
def test_what_belongs_together_stays_together(home, tmp_path, case):
    files, group = WAYS[case]
    info = ingest(home, zipped(tmp_path / "x.zip", files), "x", group=group)
    assert (info.groups, info.grouped) == (24, 72) and info.grouped_by and not info.left_out and not info.leakage
    index = read_parquet(home.dataset_dir("x") / "index.parquet")
    patient = index["name"].str.extract(r"((?:ill|well)\d+)")[0]
    assert index.groupby(patient)["split"].nunique().max() == 1
    assert index.groupby(patient)["group"].nunique().max() == 1 and (index["group"] >= 0).all()
    assert {name: (info.counts[name]["test"], info.counts[name]["validation"]) for name in info.classes} == {
        "ill": (6, 6),
        "well": (6, 6),
    }
    assert "72 pictures belong together in 24 groups" in grouped(info)[0]


def test_a_table_beside_the_zip_is_read_for_its_owner_but_not_for_strangers(home, tmp_path, monkeypatch):
    path = zipped(tmp_path / "x.zip", BY_NAME)
    (tmp_path / "who.csv").write_bytes(table(LINES))
    assert ingest(home, path, "x", group="who.csv:patient").groups == 24
    assert ingest(home, path, "y", group=f"{tmp_path / 'who.csv'}:patient").groups == 24
    with pytest.raises(Refused, match="There is no file 'who.csv' in the zip; put"):
        ingest(home, io.BytesIO(path.read_bytes()), "z", group="who.csv:patient")
    monkeypatch.setenv("TL_HOSTED", "1")
    with pytest.raises(Refused, match="in the zip; put the table there"):
        ingest(home.of(new_id()), path, "z", group=f"{tmp_path / 'who.csv'}:patient")


def test_groups_across_given_splits_are_told_and_nothing_is_moved(home, tmp_path):
    files = patients(lambda name, patient, shot: f"{'test' if shot else 'train'}/{name}/{name}{patient}_{shot}.png")
    info = ingest(home, zipped(tmp_path / "x.zip", files), "x", group="^[a-z]+[0-9]+")
    assert info.splits == "given" and info.test == 48 and info.train + info.validation == 24
    counted = {kind: entry["count"] for kind, entry in info.leakage.items()}
    assert sum(counted.values()) == 24
    assert set(counted) == {
        f"pictures that belong together in {split} and test" for split in ("training", "validation")
    }


REFUSALS = {
    "no pattern": ("(", "The pattern '(' is not a regular expression: missing )"),
    "a pattern that matches nothing": ("zebra", "matches none of the 6 file names, such as '0.png'"),
    "an endless pattern": ("^(([0-9.png]+)+)+$x", "takes too much time or memory on these file names"),
    "a long pattern": ("a" * 201, "at most 200 characters"),
    "nothing": ("", "give 'folder', a regular expression"),
    "no folders": ("folder", "No picture lies in a folder of its own below its class folder"),
    "no table": ("none.csv:patient", "There is no file 'none.csv' in the zip or beside it"),
    "two tables": ("twice.csv:patient", "There are 2 files 'twice.csv' in the zip; give the folder, too."),
    "no column": ("who.csv:doctor", "has no column 'doctor'; its columns are 'file', 'patient'"),
    "column left out": ("who.csv:", "name the column after the colon"),
    "one column": ("one.csv:patient", "has one column only"),
    "other pictures": ("who.csv:patient", "names none of the 6 pictures, such as 'rose/0.png'"),
    "an empty column": ("bare.csv:patient", "is empty for all pictures"),
    "an empty table": ("empty.csv:patient", "has no column 'patient'; its columns are none"),
    "a large field": ("wide.csv:patient", "can't be read as a table: field larger than"),
    "a zip as a table": ("binary.csv:patient", "has no column 'patient'"),
}
TABLES = {
    "who.csv": b"file,patient\nx.png,1\n",
    "a/twice.csv": b"file,patient\n",
    "b/twice.csv": b"file,patient\n",
    "one.csv": b"patient\n1\n",
    "bare.csv": b"file,patient\nrose/0.png,\n",
    "empty.csv": b"",
    "wide.csv": b"file,patient\nx," + b"1" * 200_000,
    "binary.csv": bytes(range(256)),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_says_nothing_is_refused_in_one_sentence(home, tmp_path, case):
    group, words = REFUSALS[case]
    long = {f"rose/{'0' * 60}.png": picture(5)} if "endless" in case else {}
    path = zipped(tmp_path / "x.zip", two_classes() | TABLES | long)
    began = time.monotonic()
    with pytest.raises(Refused) as refusal:
        ingest(home, path, "x", group=group)
    assert words in str(refusal.value) and "\n" not in str(refusal.value)
    assert time.monotonic() - began < 60 and not traces(home.datasets_dir)


def test_a_strangers_table_is_read_within_limits(home, tmp_path, monkeypatch):
    monkeypatch.setenv("TL_HOSTED", "1")
    monkeypatch.setenv("TL_LIMIT_PICTURES", "20")
    path = zipped(tmp_path / "x.zip", two_classes() | {"who.csv": b"file,patient\n" + b"x,1\n" * 6_000})
    with pytest.raises(Refused, match="'who.csv' has 24,013 bytes; at most 20,000 are accepted"):
        ingest(home.of(new_id()), path, "x", group="who.csv:patient")
