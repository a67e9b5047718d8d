"""Shapes of uploads from end to end: what becomes of them, what is said, and how a person goes on."""

import io
import tarfile

import py7zr
import pytest
from crafted import ingest, picture, pictures, traces, two_classes, zipped, zipped_bytes

from tl import datasets
from tl.config import Refused
from tl.datasets import Edits, LayoutRequest, NoClasses, TooSmall, describe
from tl.datasets.intake import packing

RARE = {f"rare{number:02}/0.png": picture(900 + number) for number in range(12)}
HEIC = b"\0\0\0\x18ftypheic" + bytes(50)


def test_what_was_understood_is_known_before_anything_is_made(home, tmp_path):
    files = {}
    for number, folder in enumerate(("photo/cat", "photo/dog", "sketch/cat", "sketch/dog")):
        files |= pictures(folder, 4, seed=100 * number)
    with datasets.read(home, zipped(tmp_path / "x.zip", files), "x") as incoming:
        first, second, *_ = incoming.readings
        assert (first.sizes, second.sizes) == ({"cat": 8, "dog": 8}, {"photo": 8, "sketch": 8})
        shown = incoming.examples(second)
        assert [(name, pixels.shape[2]) for name, pixels in shown] == [("photo", 3), ("sketch", 3)]
        assert [info.name for info in datasets.list_datasets(home)] == [*datasets.BUILT_IN]
        info = incoming.create_dataset(second)
        assert not incoming.open
    assert info.classes == ("photo", "sketch") and "level 1" in info.read_as and describe(home, "x") == info


def test_what_nobody_settles_leaves_nothing(home, tmp_path):
    incoming = datasets.read(home, zipped(tmp_path / "x.zip", two_classes()), "x")
    assert len(traces(home.path)) > 0
    del incoming  # as when the session of a tab that was closed goes
    assert traces(home.path) == []


def test_a_settling_that_is_refused_can_be_done_otherwise(home, tmp_path):
    with datasets.read(home, zipped(tmp_path / "x.zip", two_classes() | RARE), "x") as incoming:
        reading = incoming.choose(LayoutRequest())
        with pytest.raises(TooSmall) as problem:
            incoming.create_dataset(reading)
        assert len(problem.value.classes) == 12 and all(f"'rare{n:02}' (1)" in str(problem.value) for n in range(12))
        info = incoming.create_dataset(reading, Edits(at_least=problem.value.least))
    assert info.classes == ("rose", "tulip") and info.changes == ("classes with fewer than 3 pictures left out",)
    assert info.left_out["of a class with fewer than 3 pictures"]["count"] == 12


def test_a_class_that_is_missing_in_a_split_is_tested_nowhere_or_the_split_is_new(home, tmp_path):
    files = two_classes("train/", 8) | pictures("train/lily", 8) | two_classes("test/", 3)
    path = zipped(tmp_path / "x.zip", files)
    kept = ingest(home, path, "kept")
    assert kept.counts["lily"]["test"] == 0 and "There are no test pictures of 'lily'" in kept.remarks[-1]
    new = ingest(home, path, "new", asked=LayoutRequest(split_from="new"))
    assert new.counts["lily"]["test"] == 1 and new.splits == "drawn"


def test_a_table_says_the_classes_and_is_not_left_out(home, tmp_path):
    files = {f"images/{n}.png": picture(n) for n in range(12)}
    table = "file,kind\n" + "".join(f"{n}.png,{'odd' if n % 2 else 'even'}\n" for n in range(12))
    info = ingest(home, zipped(tmp_path / "x.zip", files | {"labels.csv": table.encode()}), "x")
    assert info.classes == ("even", "odd") and "column 'kind' of 'labels.csv'" in info.read_as and not info.left_out


def test_a_refusal_says_what_was_left_out_by_kind(home, tmp_path):
    unread = {f"{name}/{n}.HEIC": HEIC for name in ("rose", "tulip") for n in range(12)}
    with pytest.raises(Refused, match="24 HEIC files"):
        ingest(home, zipped(tmp_path / "x.zip", unread), "x")
    half = pictures("rose", 12) | {f"tulip/{n}.HEIC": HEIC for n in range(12)}
    with pytest.raises(
        NoClasses, match="Of 2 class folders only 'rose' has readable pictures; in 'tulip'.*12 HEIC files"
    ):
        ingest(home, zipped(tmp_path / "y.zip", half), "y")


def test_boxes_are_not_taken_for_classes(home, tmp_path):
    files = pictures("train/images", 8) | pictures("val/images", 4)
    files |= {f"train/labels/{n}.txt": b"0 0.5 0.5 0.2 0.25\n" for n in range(8)}
    with pytest.raises(NoClasses, match=r"YOLO\): boxes, not classes"):
        ingest(home, zipped(tmp_path / "x.zip", files), "x")


def _tar(files: dict[str, bytes], how: str) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode=f"w:{how}") as archive:
        for name, content in files.items():
            about = tarfile.TarInfo(name)
            about.size = len(content)
            archive.addfile(about, io.BytesIO(content))
    return data.getvalue()


@pytest.mark.parametrize("how", ["", "gz", "xz"])
def test_a_tar_is_read_however_it_is_packed(home, tmp_path, how):
    (tmp_path / "x.tar").write_bytes(_tar(two_classes("set/"), how))
    assert ingest(home, tmp_path / "x.tar", "x").classes == ("rose", "tulip")


def test_the_table_that_says_the_classes_is_not_left_out_but_what_else_is_no_picture_is(home, tmp_path):
    photos = {f"all/{n}.png": picture(n) for n in range(12)}
    labels = "".join(f"{n}.png,{'pug' if n % 2 else 'collie'}\n" for n in range(12)).encode()
    path = zipped(tmp_path / "x.zip", photos | {"labels.csv": b"file,breed\n" + labels, "all/notes.png": b"none"})
    with datasets.read(home, path, "x") as incoming:
        assert incoming.left_out_by(incoming.readings[0]) == {"not a picture": 1}


def _7z(files: dict[str, bytes], **options: str) -> bytes:
    data = io.BytesIO()
    with py7zr.SevenZipFile(data, "w", **options) as archive:
        for name, content in files.items():
            archive.writestr(content, name)
    return data.getvalue()


def test_a_7z_is_read_and_one_that_is_encrypted_or_cut_off_is_refused(home, tmp_path):
    whole = _7z(two_classes("set/"))
    (tmp_path / "x.7z").write_bytes(whole)
    assert ingest(home, tmp_path / "x.7z", "x").classes == ("rose", "tulip")
    for name, data, says in (
        ("locked", _7z(two_classes(), password="p"), "is encrypted"),
        ("cut", whole[: len(whole) // 2], "is damaged or cut off"),
    ):
        (tmp_path / f"{name}.7z").write_bytes(data)
        with pytest.raises(Refused, match=says):
            ingest(home, tmp_path / f"{name}.7z", name)
    assert {path.split("/")[0] for path in traces(home.datasets_dir)} == {"x"}


def test_a_7z_that_leads_out_writes_nothing_there(home, tmp_path, monkeypatch):
    monkeypatch.setattr(py7zr.py7zr, "check_archive_path", lambda name: True)  # or it would not be written
    (tmp_path / "x.7z").write_bytes(_7z(two_classes() | {"../../evil.png": picture(9)}))
    with pytest.raises(Refused):
        ingest(home, tmp_path / "x.7z", "x")
    assert not list(tmp_path.rglob("evil.png")) and traces(home.datasets_dir) == []


HOSTILE = {"leads out": "../evil.png", "absolute path": "/etc/x.png"}


@pytest.mark.parametrize("says", [*HOSTILE, "is a link", "is a device", "damaged or cut off"])
def test_a_hostile_tar_is_refused_and_leaves_nothing(home, tmp_path, says):
    files = two_classes() | ({HOSTILE[says]: picture(9)} if says in HOSTILE else {})
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for name, content in files.items():
            about = tarfile.TarInfo(name)
            about.size = len(content)
            archive.addfile(about, io.BytesIO(content))
        if says in ("is a link", "is a device"):
            about = tarfile.TarInfo("rose/x.png")
            about.type, about.linkname = (tarfile.SYMTYPE, "/etc/passwd") if "link" in says else (tarfile.CHRTYPE, "")
            archive.addfile(about)
    whole = data.getvalue()
    (tmp_path / "x.tar").write_bytes(whole[: len(whole) // 3 // 512 * 512 + 100] if "cut" in says else whole)
    with pytest.raises(Refused, match=says):
        ingest(home, tmp_path / "x.tar", "x")
    assert traces(home.path) == [] and not (tmp_path / "evil.png").exists()


def test_a_tar_that_unpacks_to_far_more_than_it_holds_is_refused(home, tmp_path, monkeypatch):
    monkeypatch.setitem(packing.RATIOS, "ratio_from", 1 << 20)
    (tmp_path / "x.tgz").write_bytes(_tar(two_classes() | {"rose/zeros.png": bytes(30_000_000)}, "gz"))
    with pytest.raises(Refused, match="more than 200 times its size"):
        ingest(home, tmp_path / "x.tgz", "x")
    assert traces(home.path) == []


def test_a_folder_is_read_and_links_in_it_are_not_followed(home, tmp_path):
    for name, data in two_classes("set/").items():
        path = tmp_path / "pictures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (tmp_path / "elsewhere.png").write_bytes(picture(77))
    (tmp_path / "pictures" / "set" / "rose" / "link.png").symlink_to(tmp_path / "elsewhere.png")
    info = ingest(home, tmp_path / "pictures", "x")
    assert info.classes == ("rose", "tulip") and info.train + info.validation + info.test == 6


def test_one_zip_per_class_is_read_also_inside_a_zip(home, tmp_path):
    inner = {
        f"{name}.zip": zipped_bytes({f"{n}.png": picture(n + 50 * k) for n in range(4)})
        for k, name in enumerate(("cup", "plate"))
    }
    assert ingest(home, zipped(tmp_path / "x.zip", inner), "x").classes == ("cup", "plate")
    for name, data in inner.items():
        (tmp_path / name).write_bytes(data)
    several = ingest(home, [tmp_path / name for name in inner], "y")
    assert several.classes == ("cup", "plate") and several.train == 4


def test_a_hostile_zip_inside_a_zip_is_refused(home, tmp_path):
    inner = {"a.zip": zipped_bytes({"../evil.png": picture()}), "b.zip": zipped_bytes(pictures("b"))}
    with pytest.raises(Refused, match="leads out"):
        ingest(home, zipped(tmp_path / "x.zip", inner), "x")
    assert traces(home.path) == []
