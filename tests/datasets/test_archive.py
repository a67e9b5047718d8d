"""Reading a zip's table of contents: agrees with zipfile on honest zips, and survives any damage."""

import zipfile

import pytest
from crafted import deflated, entry, forged, picture, two_classes, zipped
from hypothesis import given, settings
from hypothesis import strategies as st

from tl.config import Refused
from tl.datasets.archive import read_members
from tl.decoding.entries import unpack
from tl.decoding.heads import LeftOut


@pytest.fixture(scope="module")
def honest(tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("zip") / "x.zip"
    files = two_classes("set/") | {"set/empty/": b"", "set/notes.txt": b"hello " * 99}
    return zipped(path, files, zipfile.ZIP_DEFLATED).read_bytes()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("zip") / "changed.zip"


def test_it_agrees_with_zipfile(honest, place):
    place.write_bytes(honest)
    members = read_members(place)
    with zipfile.ZipFile(place) as archive, open(place, "rb") as file:
        assert [member.name for member in members] == archive.namelist()
        for member in members:
            assert unpack(file.fileno(), *member[1:]) == archive.read(member.name)


@settings(max_examples=300)
@given(st.data())
def test_damage_anywhere_is_refused_or_harmless(honest, place, data):
    changed = bytearray(honest)
    for _ in range(data.draw(st.integers(1, 4))):
        where = data.draw(st.integers(0, len(honest) - 1) | st.integers(len(honest) - 900, len(honest) - 1))
        changed[where] = data.draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF]) | st.integers(0, 255))
    if data.draw(st.booleans()):
        del changed[data.draw(st.integers(0, len(changed))) :]
    place.write_bytes(changed)
    try:
        members = read_members(place)
    except Refused:
        return
    assert all(member.start > 0 and member.start + member.packed <= len(changed) for member in members)
    assert not any(".." in member.name.split("/") for member in members)
    with open(place, "rb") as file:
        for member in members:
            try:
                assert len(unpack(file.fileno(), *member[1:])) == member.size
            except LeftOut:
                continue


def test_zip64_sizes_are_read(place):
    png = picture()
    numbers = len(png).to_bytes(8, "little") * 2
    extra = b"\x01\x00\x10\x00" + numbers
    entries = [entry("rose/1.png", png, size=0xFFFFFFFF, packed=0xFFFFFFFF, extra=extra), deflated("tulip/1.png", png)]
    members = read_members(forged(place, entries))
    assert [member.size for member in members] == [len(png)] * 2
    assert members[0].packed == len(png)
