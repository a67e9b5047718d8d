"""Names in a zip that does not say their encoding: guessed from all of them, chosen by a person, never half a character."""

import io
import zlib

import pytest
from crafted import entry, forged, ingest, picture, traces

from tl.config import Refused
from tl.datasets import reading_notes
from tl.datasets.encodings import NAMES, RawName, encoding_named, look_garbled, read_names, said_name
from tl.datasets.spellings import spellings

FOLDERS = {  # encoding -> folders as people in that country name them; few, short ones
    "GBK": [["花朵", "玫瑰", "郁金香"], ["猫", "狗"], ["健康", "病害"], ["训练集", "测试集"], ["苹果", "香蕉"], ["垃圾分类"], ["合格", "不合格"]],
    "Big5": [["玫瑰", "鬱金香"], ["貓", "狗"], ["蝴蝶", "蜜蜂"], ["訓練", "測試"], ["蘋果", "香蕉"], ["臺北", "高雄"]],
    "Shift-JIS": [["薔薇", "チューリップ"], ["犬", "猫"], ["ソース", "表"], ["正常", "異常"], ["ひまわり", "さくら"], ["能力", "噂"]],
    "EUC-KR": [["장미", "튤립"], ["고양이", "개"], ["사과", "바나나"], ["정상", "불량"], ["훈련", "시험"], ["해바라기"]],
    "cp850": [["Äpfel", "Blüten", "Früchte"], ["Größe"], ["Bäume", "Büsche"], ["fleurs d'été", "forêt"], ["rødspætte", "ål"], ["araña"]],
    "cp866": [["роза", "тюльпан"], ["кошка", "собака"], ["Яблоки", "Груши"], ["здоровые", "больные"]],
    "cp1252": [["Fleurs d'été"], ["Äpfel", "Blüten"], ["café", "thé"], ["maçã", "limão"], ["gänseblümchen", "löwenzahn"]],
}  # fmt: skip
CASES = [(name, folders) for name, cases in FOLDERS.items() for folders in cases]


def raw_names(folders: list[str], encoding: str) -> list[RawName]:
    return [RawName(f"{folder}/{n}.jpg".encode(NAMES[encoding]), None) for folder in folders for n in range(3)]


@pytest.mark.parametrize(
    ("encoding", "folders"), CASES, ids=lambda value: value if isinstance(value, str) else "+".join(value)
)
def test_a_few_short_names_are_enough(encoding, folders):
    names = read_names(raw_names(folders, encoding))
    assert [text.split("/")[0] for text in names.texts[::3]] == folders
    assert names.guessed and not names.garbled


def test_old_windows_zips_of_western_europe_come_out_right_either_way():
    for encoding in ("cp437", "cp850"):
        assert read_names(raw_names(["Blüten", "Äpfel"], encoding)).texts[0] == "Blüten/0.jpg"


def test_a_byte_of_a_character_is_no_folder():
    folders = ["ソース", "表"]  # the second bytes of ソ and 表 are backslashes
    assert b"\\" in "".join(folders).encode("cp932")
    assert read_names(raw_names(folders, "Shift-JIS")).texts[0] == "ソース/0.jpg"


def test_utf8_is_plain_and_not_asked_about():
    names = read_names(raw_names(["花朵", "été"], "UTF-8"))
    assert (names.encoding, names.guessed, names.texts[3]) == ("UTF-8", False, "été/0.jpg")
    assert read_names([RawName(b"rose/1.jpg", None)]) == (["rose/1.jpg"], "", False, False)


def test_what_the_zip_says_counts_and_only_the_others_are_guessed():
    said = RawName(b"?", "тюльпан/1.jpg")
    names = read_names([said, *raw_names(["花朵"], "GBK")])
    assert names.texts[:2] == ["тюльпан/1.jpg", "花朵/0.jpg"]


def test_the_field_for_names_counts_where_its_checksum_is_that_of_the_name():
    raw = "玫瑰/1.jpg".encode("gbk")
    field = b"\1" + zlib.crc32(raw).to_bytes(4, "little") + "玫瑰/1.jpg".encode()
    assert said_name(raw, False, [(1, b""), (0x7075, field)]) == "玫瑰/1.jpg"
    assert said_name(b"other", False, [(0x7075, field)]) is None
    assert said_name(raw, False, [(0x7075, field + b"\xff")]) is None
    assert said_name("é".encode(), True, []) == "é"
    assert said_name(b"\xe9", True, []) is None, "a flag that lies"


def test_a_chosen_encoding_is_taken_and_one_that_can_not_be_is_refused():
    names = raw_names(["花朵"], "GBK")
    assert read_names(names, "cp437").texts[0] == "花朵/0.jpg".encode("gbk").decode("cp437")
    assert not read_names(names, "GBK").guessed
    with pytest.raises(Refused, match="^The names in the zip are not in UTF-8, such as "):
        read_names(names, "UTF-8")
    assert [encoding_named(text) for text in ("gb2312", "Shift_JIS", "UTF8", "latin-1", "BIG5")] == [
        "GBK", "Shift-JIS", "UTF-8", "cp1252", "Big5",
    ]  # fmt: skip
    for text in ("rot13", "zip", "utf-7", "klingon"):
        with pytest.raises(Refused, match="is not a known encoding of names; choose one of UTF-8, GBK"):
            encoding_named(text)


@pytest.mark.parametrize(("text", "garbled"), [
    ("├╡╣σ", True), ("Blüten", False), ("花朵", False), ("🌹", False), ("ｿｰｽ", True), ("rose", False), ("\ue000", True),
])  # fmt: skip
def test_garbled_names_are_noticed(text, garbled):
    assert look_garbled([f"{text}/1.jpg"]) == garbled


def zip_of(path, folders: list[str], encoding: str):
    entries = [
        entry(f"{folder}/{n}.png".encode(NAMES[encoding]), picture(n + 100 * k), flags=0)
        for k, folder in enumerate(folders)
        for n in range(4)
    ]
    return forged(path, entries)


def test_classes_have_the_names_that_were_guessed_and_it_is_told(home, tmp_path):
    info = ingest(home, zip_of(tmp_path / "x.zip", ["玫瑰", "向日葵"], "GBK"), "x")
    assert {*info.classes} == {"玫瑰", "向日葵"}
    assert reading_notes(info) == [
        "The names in the zip do not say their encoding; they were read as GBK (`--names` chooses another)."
    ]
    other = ingest(home, tmp_path / "x.zip", "y", names="cp437")
    assert "├╡╣σ" in other.classes
    assert "look garbled" in reading_notes(other)[-1]


def test_paths_that_lead_out_are_refused_in_every_encoding(home, tmp_path):
    for raw in (b"..\\\x89\xd4\x89/1.png", b"../\xbb\xa8/1.png", b"\xbb\xa8\\..\\..\\x.png"):
        path = forged(tmp_path / "x.zip", [entry(raw, picture(), flags=0)])
        with pytest.raises(Refused, match="leads out of the folder"):
            ingest(home, path, "x")
    name = b"a.png"
    lie = b"\1" + zlib.crc32(name).to_bytes(4, "little") + b"../../a.png"
    extra = b"up" + len(lie).to_bytes(2, "little") + lie
    with pytest.raises(Refused, match="leads out of the folder"):
        ingest(home, forged(tmp_path / "x.zip", [entry(name, picture(), flags=0, extra=extra)]), "x")
    assert traces(home.path) == []


def test_a_person_is_shown_what_each_encoding_makes_of_the_folders(tmp_path):
    found = spellings(io.BytesIO(zip_of(tmp_path / "x.zip", ["玫瑰", "向日葵"], "GBK").read_bytes()))
    assert next(iter(found.items())) == ("GBK", ["玫瑰", "向日葵"])
    assert len(found) > 2
    assert spellings(io.BytesIO(zip_of(tmp_path / "x.zip", ["玫瑰", "rose"], "UTF-8").read_bytes())) == {}
    assert spellings(io.BytesIO(zip_of(tmp_path / "x.zip", ["lily", "rose"], "UTF-8").read_bytes())) == {}
