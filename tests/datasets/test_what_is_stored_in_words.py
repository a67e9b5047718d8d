"""Data sets in two languages: what is stored of one does not depend on who brought it, what is shown of it does on who reads."""

import gettext
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from crafted import ingest, pictures, two_classes, zipped
from PIL import Image

from tl import datasets, languages
from tl.config import Refused
from tl.datasets import Corrections, Edits, derive, describe, reason_in_words
from tl.datasets.info import DECODED
from tl.datasets.intake.packing import REFUSALS
from tl.datasets.leakage import BELONGING
from tl.decoding import heads, packer, unpacking
from tl.languages import TWO_SENTENCES, speaking


class Bracketed(gettext.NullTranslations):
    """A language in which everything is in brackets."""

    def gettext(self, message: str) -> str:
        return message if message == TWO_SENTENCES else f"〔{message}〕"

    def ngettext(self, one: str, many: str, number: int) -> str:
        return f"〔{many}〕"


@pytest.fixture(autouse=True)
def brackets(monkeypatch):
    spoken = {"en": gettext.NullTranslations(), "zh": Bracketed()}
    monkeypatch.setattr(languages, "_catalogue", spoken.__getitem__)


def sixteen_bits(seed: int) -> bytes:
    data = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 4096, (24, 24), np.uint16)).save(data, "TIFF")
    return data.getvalue()


FILES = {
    **two_classes("train/", 8),
    **{f"train/lily/{n}.tif": sixteen_bits(n) for n in range(8)},
    **two_classes("test/", 4),
    **pictures("notes", 1),
    **pictures("train/oak", 3),
    **pictures("train/elm", 3),
    "train/rose/broken.jpg": b"\xff\xd8\xff broken",
    "train/rose/.DS_Store": b"x",
    "train/daisy/1.png": two_classes("test/", 1)["test/rose/0.png"],
}


def brought(home, path, language: str, name: str) -> str:
    """What the file of a data set says that somebody of this language brought, without its name."""
    edits = Edits(leave_out=("oak",), renames={"elm": "tree"}, at_least=2, at_most=7)
    with speaking(language):
        ingest(home, path, name, edits=edits)
    return (home.dataset_dir(name) / "dataset.json").read_text(encoding="utf-8").replace(f'"{name}"', '"NAME"')


def test_what_is_stored_does_not_depend_on_who_brought_it(home, tmp_path):
    path = zipped(tmp_path / "x.zip", FILES)
    english, other = brought(home, path, "en", "one"), brought(home, path, "zh", "two")
    assert english == other and "〔" not in other
    stored = json.loads(english)
    assert {*stored["left_out"]} == {
        "junk",
        "more than were wanted of a class",
        "of a class that was left out",
        "of a class with fewer than 2 pictures",
        "outside the folders 'test' and 'train'",
        "unreadable",
    }
    assert stored["read_as"] and len(stored["scales"]) == 1 and len(stored["changes"]) == 4


def test_what_is_shown_depends_on_who_reads(home, tmp_path):
    brought(home, zipped(tmp_path / "x.zip", FILES), "zh", "x")
    info = describe(home, "x")
    assert (
        info.read_as.startswith("each folder of level 2 is a class, such as 'train/")
        and "; 'test' taken as test" in info.read_as
    )
    assert "oak' left out" in info.changes[1] and "are shown as black" not in info.scales[0]
    assert info.remarks == (
        "There are no test pictures of 'lily', 'tree'; the splits stay as they came unless they are divided anew.",
    )
    with speaking("zh"):
        read = describe(home, "x")
        told = [
            *datasets.story(read),
            *datasets.reading_notes(read),
            *datasets.grouped(read),
            *map(reason_in_words, read.left_out),
        ]
        assert read.title == "x" and read.to_json() == info.to_json()
        assert all(sentence.startswith("〔") for sentence in told) and len(told) > 8
    assert reason_in_words("outside the folders 'a', 'b' and 2 more") == "outside the folders 'a', 'b' and 2 more"


def test_older_homes_keep_their_sentences(home, tmp_path):
    ingest(home, zipped(tmp_path / "x.zip", two_classes(count=4)), "x")
    path = home.dataset_dir("x") / "dataset.json"
    old = json.loads(path.read_text()) | {"read_as": "each folder is a class", "remarks": ["As it was."]}
    path.write_text(json.dumps(old))
    with speaking("zh"):
        info = describe(home, "x")
        assert (info.read_as, info.remarks) == ("each folder is a class", ("As it was.",))
        derived = derive(home, "x", None, correct=Corrections(set_aside=("rose/0.png",)))
    assert derived.title == "x (1 set aside)" and {*derived.left_out} == {"set aside"}
    assert describe(home, derived.name).changes == ("1 picture set aside",)


def test_those_that_come_with_it_are_in_the_readers_language(home):
    with speaking("zh"):
        info = describe(home, "blossoms_dusk")
        assert (
            info.title == "〔Blossoms at dusk (drawn by the computer)〕" and info.short_title == "〔Blossoms at dusk〕"
        )
        assert info.note.startswith("〔") and info.to_json()["note"].startswith("The flowers of blossoms")
        with pytest.raises(Refused, match="〔There is no data set 'rosen'"):
            describe(home, "rosen")
    assert describe(home, "blossoms_dusk").title == "Blossoms at dusk (drawn by the computer)"


def test_every_sentence_of_the_programs_that_read_files_is_known_under_its_own_words():
    kept = {text for name, text in vars(heads).items() if name.isupper() and isinstance(text, str)}
    sources = "".join(Path(room.__file__).read_text(encoding="utf-8") for room in (packer, unpacking))
    refused = re.findall(r'(?:TooLarge\(|"refused": )"([a-z_]+)"', sources)
    assert kept == {*DECODED} and {*refused} == {*REFUSALS}
    as_stored = {text: text for text in (*DECODED, *BELONGING.values())}
    shown = as_stored | {heads.FRACTIONS: "decimal numbers"}  # stored by earlier versions in words that were worse
    assert {text: reason_in_words(text) for text in as_stored} == shown


@pytest.mark.parametrize(
    "reason",
    [
        "of a class with fewer than 1,000 pictures",
        "in 'copy', a copy of the class folders beside it",
        'outside the folder "it\'s"',
        "outside the folders 'train' and 'test'",
        "what an earlier version said",
    ],
)
def test_a_reason_is_read_as_it_was_counted(reason):
    assert reason_in_words(reason) == reason
    with speaking("zh"):
        assert reason_in_words(reason).startswith("〔")
