"""What comes in: layouts, counts, what is left out, and a store whose rows are the pictures of the index."""

import errno
import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from crafted import deflated, entries_of, entry, forged, picture, pictures, traces, two_classes, zipped
from PIL import Image

from tl.config import Refused
from tl.datasets import archived, decode, describe, examples, ingest, list_datasets, prepare
from tl.store.files import read_json

PHOTOS = Path(__file__).resolve().parents[3] / "shared" / "data" / "flower-photos.zip"
SPLIT_LAYOUTS = {
    "flat": {"": 20},
    "wrapped twice": {"some/where/": 20},
    "beside a read-me": {"flowers/": 20},
    "all three": {"train/": 8, "val/": 3, "test/": 4},
    "other words": {"data/Training/": 8, "data/Validation/": 3, "data/TEST/": 4},
    "valid": {"x/train/": 8, "x/valid/": 3, "x/test/": 4},
    "with a prefix": {"seg_train/seg_train/": 8, "seg_val/seg_val/": 3, "seg_test/seg_test/": 4},
    "train and val": {"train/": 20, "val/": 4},
    "train and test": {"train/": 20, "test/": 4},
    "only train": {"train/": 20},
}
EXPECTED = {3: (8, 3, 4), 2: (17, 3, 4), 1: (14, 3, 3)}  # number of splits given -> train, validation, test per class


@pytest.mark.parametrize("case", SPLIT_LAYOUTS)
def test_usual_layouts_are_recognised(home, tmp_path, case):
    files = {}
    for prefix, count in SPLIT_LAYOUTS[case].items():
        files |= two_classes(prefix, count)
    if case == "beside a read-me":
        files |= {"README.md": b"hello", "flowers/LICENCE.txt": b"free", "flowers/loose.png": picture(7)}
    info = ingest(home, zipped(tmp_path / "x.zip", files), "x")
    counts = dict(zip(("train", "validation", "test"), EXPECTED[len(SPLIT_LAYOUTS[case])], strict=True))
    assert info.classes == ("rose", "tulip")
    assert info.counts == {"rose": counts, "tulip": counts}
    assert (info.train, info.validation, info.test) == tuple(2 * count for count in counts.values())


def test_given_splits_keep_their_pictures(home, tmp_path):
    files = two_classes("train/", 8) | two_classes("val/", 3) | two_classes("test/", 4)
    ingest(home, zipped(tmp_path / "x.zip", files), "x")
    index = index_of(home)
    assert all(row["name"].startswith(row["split"][:3]) for _, row in index.iterrows())


def test_splits_inside_the_class_folders_are_used(home, tmp_path):
    files = {}
    for name in ("rose", "tulip"):
        files |= pictures(f"{name}/train", 10) | pictures(f"{name}/test", 4)
    info = ingest(home, zipped(tmp_path / "x.zip", files), "x")
    assert (info.train, info.validation, info.test) == (18, 2, 8)
    assert info.classes == ("rose", "tulip")


def test_classes_called_like_splits_stay_classes(home, tmp_path):
    info = ingest(home, zipped(tmp_path / "x.zip", pictures("train") | pictures("plane") | pictures("bus stop/1")), "x")
    assert info.classes == ("bus stop", "plane", "train")


def test_test_pictures_without_classes_are_left_out(home, tmp_path):
    info = ingest(home, zipped(tmp_path / "x.zip", two_classes("train/", 20) | pictures("test", 5)), "x")
    assert info.left_out == {
        "not in a class folder": {"count": 5, "first": [f"test/{number}.png" for number in range(5)]}
    }
    assert (info.train, info.test) == (28, 6)


def test_folders_without_pictures_are_no_classes(home, tmp_path):
    files = two_classes("set/images/") | {
        "set/labels/1.txt": b"1 2 3",
        "set/empty/": b"",
        "set/images/bad/1.jpg": b"\xff\xd8\xff",
    }
    info = ingest(home, zipped(tmp_path / "x.zip", files), "x")
    assert info.classes == ("rose", "tulip")
    bare = info.left_out["folder without a picture"]
    assert sorted(bare["first"]) == ["set/empty/", "set/images/bad/", "set/labels/"]


def test_what_is_left_out_is_counted_with_its_first_names(home, tmp_path):
    inner = io.BytesIO()
    zipfile.ZipFile(inner, "w").close()
    png = picture()
    files = two_classes() | {
        "__MACOSX/rose/._0.png": b"junk",
        "rose/.DS_Store": b"junk",
        "rose/Thumbs.db": b"junk",
        "tulip/desktop.ini": b"junk",
        ".git/objects/0.png": png,
        "rose/page.jpg": b"<html>",
        "rose/empty.png": b"",
        "rose/nulls.png": bytes(100),
        "rose/photo.heic": b"\0\0\0\x18ftypheic" + bytes(50),
        "rose/drawing.svg": b"<svg/>",
        "rose/cut.png": png[: len(png) // 2],
        "rose/cut.jpg": picture(9, (64, 64), "JPEG")[:900],
        "rose/inner.zip": inner.getvalue(),
        "rose/inner.png": b"Rar!\x1a\x07\x01\x00",
        "rose/thin.png": picture(1, (200, 7)),
        "rose/dot.gif": picture(2, (1, 1), "GIF"),
    }
    info = ingest(home, zipped(tmp_path / "x.zip", files), "x")
    assert {reason: entry["count"] for reason, entry in info.left_out.items()} == {
        "junk": 5,
        "not a picture": 3,
        "format not read (convert it to JPEG or PNG)": 2,
        "unreadable": 2,
        "nested archive": 2,
        "too small": 2,
    }
    assert info.left_out["unreadable"]["first"] == ["rose/cut.png", "rose/cut.jpg"]
    assert len(info.left_out["junk"]["first"]) == 5


def test_only_the_first_names_are_kept(home, tmp_path):
    files = two_classes() | {f"rose/{number}.txt": b"text" for number in range(30)}
    info = ingest(home, zipped(tmp_path / "x.zip", files), "x")
    assert info.left_out["not a picture"] == {"count": 30, "first": [f"rose/{number}.txt" for number in range(5)]}


def test_entries_whose_bytes_are_not_as_announced_are_left_out(home, tmp_path):
    png = picture(50)
    lies = [
        entry("rose/sum.png", png, crc=1),
        deflated("rose/longer.png", png, size=len(png) - 10),
        deflated("rose/shorter.png", png, size=len(png) + 10),
        entry("rose/noise.png", bytes(range(200)), method=8),
    ]
    info = ingest(home, forged(tmp_path / "x.zip", entries_of(two_classes()) + lies), "x")
    assert info.left_out["unreadable"]["count"] == 4


def test_equal_names_are_two_pictures(home, tmp_path):
    twins = [entry("rose/0.png", picture(number)) for number in (70, 71)]
    info = ingest(home, forged(tmp_path / "x.zip", entries_of(two_classes()) + twins), "x")
    assert sum(info.counts["rose"].values()) == 5


NAMES = {
    "utf-8 without its flag": ("blüte".encode(), 0, "blüte"),
    "cp437": (b"bl\x81te", 0, "blüte"),
    "decomposed": ("blu\u0308te".encode(), 0x800, "blüte"),
    "right to left": ("bl\u202eüte".encode(), 0x800, "blüte"),
    "control characters": (b"a\x07 b\n", 0, "a b"),
    "html": (b"<script>alert(1)<", 0, "<script>alert(1)<"),
    "very long": (b"x" * 300, 0, "x" * 80),
    "reserved": (b"aux.", 0, "aux."),
    "blank": (b" ", 0, "unnamed"),
    "backslashes": (b"flowers\\blue", 0, "flowers"),
}


@pytest.mark.parametrize("case", NAMES)
def test_folder_names_become_harmless_labels(home, tmp_path, case):
    raw, flags, shown = NAMES[case]
    odd = [entry(raw + b"/%d.png" % number, picture(100 + number), flags=flags) for number in range(3)]
    info = ingest(home, forged(tmp_path / "x.zip", entries_of(two_classes()) + odd), "x")
    assert set(info.classes) == {"rose", "tulip", shown}


def test_backslashes_separate_folders(home, tmp_path):
    files = [entry(name.replace("/", "\\"), data) for name, data in two_classes("flowers/").items()]
    assert ingest(home, forged(tmp_path / "x.zip", files), "x").classes == ("rose", "tulip")


def test_classes_are_in_natural_order(home, tmp_path):
    files = pictures("class 10") | pictures("class 2") | pictures("class 1") | pictures("²")
    assert ingest(home, zipped(tmp_path / "x.zip", files), "x").classes == ("class 1", "class 2", "class 10", "²")


def test_deflated_and_zip64_and_streamed_zips_are_read(home, tmp_path):
    files = two_classes()
    ingest(home, zipped(tmp_path / "a.zip", files, zipfile.ZIP_DEFLATED), "a")
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        for name, data in files.items():
            with archive.open(name, "w", force_zip64=True) as member:
                member.write(data)

    class Unseekable(io.RawIOBase):
        def __init__(self):
            self.data = bytearray()

        def writable(self):
            return True

        def write(self, data):
            self.data += bytes(data)
            return len(data)

    stream = Unseekable()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    (tmp_path / "c.zip").write_bytes(stream.data)
    for name in ("b", "c"):
        assert ingest(home, tmp_path / f"{name}.zip", name).counts == describe(home, "a").counts


def test_more_entries_than_16_bits_count_are_read(home, tmp_path):
    files = two_classes() | {f".junk/{number}": b"" for number in range(66_000)}
    info = ingest(home, zipped(tmp_path / "x.zip", files), "x")
    assert info.left_out["junk"]["count"] == 66_000


def test_the_store_holds_the_pictures_of_the_index(home, tmp_path):
    files = two_classes("", 12)
    info = ingest(home, zipped(tmp_path / "x.zip", files), "x")
    assert info.native_resolution == 12  # the shorter side of 16 x 12
    store = prepare(home, "x", 64)
    assert (store.resolution, store.ready) == (12, 24)
    pixels = np.concatenate([store.pixels(split) for split in ("test", "validation", "train")])
    for row, (name, label) in enumerate(zip(index_of(home)["name"], store.labels, strict=True)):
        assert (pixels[row] == np.asarray(Image.open(io.BytesIO(files[name])).crop((2, 0, 14, 12)))).all()
        assert info.classes[label] == name.split("/")[0]


def test_one_larger_picture_decides_the_native_resolution(home, tmp_path):
    files = two_classes("", 150) | {"tulip/zz.png": picture(1, (300, 40)), "rose/zz.png": picture(2, (90, 100))}
    info = ingest(home, zipped(tmp_path / "x.zip", files), "x")
    assert info.native_resolution == 90
    assert prepare(home, "x", 64).pixels("train").shape[1:] == (64, 64, 3)


def test_other_resolutions_are_decoded_when_they_are_wanted_and_only_as_far(home, tmp_path):
    files = {name: picture(number, (100, 100)) for number, name in enumerate(two_classes("", 30))}
    info = ingest(home, zipped(tmp_path / "x.zip", files), "x")
    assert read_json(home.dataset_dir("x") / "pictures-64.json") == {"ready": 60}
    seen = []
    store = prepare(home, "x", 96, 10, lambda *about: seen.append(about))
    assert store.ready == info.test + info.validation + 10
    assert seen[-1] == (store.ready, store.ready, "decoding pictures at 96 px")
    before = np.array(store.pixels("train", 10))
    stamp = store.path.stat().st_mtime_ns
    assert prepare(home, "x", 96, 5).ready == store.ready
    assert store.path.stat().st_mtime_ns == stamp
    whole = prepare(home, "x", 96)
    assert whole.ready == 60
    assert (whole.pixels("train")[:10] == before).all()
    assert prepare(home, "x", 224).resolution == 100


def test_a_source_that_was_changed_is_noticed(home, tmp_path):
    files = {name: picture(number, (100, 100)) for number, name in enumerate(two_classes())}
    ingest(home, zipped(tmp_path / "x.zip", files), "x")
    source = home.dataset_dir("x") / "source.zip"
    source.write_bytes(bytes(source.stat().st_size))
    with pytest.raises(ValueError, match="has changed"):
        prepare(home, "x", 96)


def test_more_pictures_than_there_are_is_refused(home, tmp_path):
    ingest(home, zipped(tmp_path / "x.zip", two_classes()), "x")
    with pytest.raises(ValueError, match="has 2 training pictures, not 3"):
        prepare(home, "x", 64, 3)


def test_examples_are_training_pictures_of_every_class(home, tmp_path):
    ingest(home, zipped(tmp_path / "x.zip", two_classes("", 10)), "x")
    shown = examples(home, "x", per_class=2, resolution=32)
    assert [name for name, _ in shown] == ["rose", "rose", "tulip", "tulip"]
    assert all(pixels.shape == (32, 32, 3) and pixels.dtype == np.uint8 for _, pixels in shown)
    assert not (shown[0][1] == shown[1][1]).all()


def test_an_ingested_set_is_listed_and_described(home, tmp_path):
    info = ingest(home, zipped(tmp_path / "x.zip", two_classes()), "x")
    assert describe(home, "x") == info
    assert [entry.name for entry in list_datasets(home)] == ["blossoms", "cifar10", "flowers102", "x"]
    document = info.to_json()
    assert (document["name"], document["train"], document["ready"], document["origin"]) == ("x", 2, True, "upload")
    assert type(info).from_json(document) == info


def test_folders_that_are_no_data_sets_are_not_listed(home, tmp_path):
    ingest(home, zipped(tmp_path / "x.zip", two_classes()), "x")
    for name, document in {"broken": "{", "foreign": "{}", "Bad name": "{}"}.items():
        (home.datasets_dir / name).mkdir()
        (home.datasets_dir / name / "dataset.json").write_text(document)
    assert [entry.name for entry in list_datasets(home)] == ["blossoms", "cifar10", "flowers102", "x"]
    with pytest.raises(Refused, match="is damaged; delete"):
        describe(home, "broken")


def test_a_picture_that_crashes_its_decoder_is_left_out_alone(home, tmp_path, monkeypatch):
    """A decoder with a fault: pictures of 13 x 13 px end the process."""
    (tmp_path / "decoder.py").write_text(
        "import os, runpy\n"
        f"space = runpy.run_path({decode.__file__!r})\n"
        "square = space['square']\n"
        "def fragile(data, *about):\n"
        "    if data[16:24] == bytes([0, 0, 0, 13, 0, 0, 0, 13]):\n"
        "        os.kill(os.getpid(), 11)\n"
        "    return square(data, *about)\n"
        "space['_work'].__globals__['square'] = fragile\n"
        "space['main']()\n"
    )
    monkeypatch.setattr(archived, "DECODER", ["-P", str(tmp_path / "decoder.py")])
    files = two_classes("", 40) | {"rose/bad.png": picture(1, (13, 13)), "tulip/bad.png": picture(2, (13, 13))}
    info = ingest(home, zipped(tmp_path / "x.zip", files), "x")
    assert info.left_out == {"unreadable": {"count": 2, "first": ["rose/bad.png", "tulip/bad.png"]}}
    assert info.train + info.validation + info.test == 80


def test_the_zip_that_was_given_is_left_alone(home, tmp_path):
    path = zipped(tmp_path / "x.zip", two_classes())
    data = path.read_bytes()
    ingest(home, path, "x")
    path.write_bytes(b"gone")
    assert (home.dataset_dir("x") / "source.zip").read_bytes() == data


def test_equal_pictures_in_two_places_are_noted(home, tmp_path):
    files = two_classes("", 10) | {"tulip/copy.png": two_classes("", 1)["rose/0.png"]}
    assert ingest(home, zipped(tmp_path / "x.zip", files), "x").note.endswith("more than one class folder: 1.")
    files = (
        two_classes("train/", 10)
        | two_classes("test/", 3)
        | {"test/rose/copy.png": two_classes("train/", 1)["train/rose/0.png"]}
    )
    assert "test folders: 1." in ingest(home, zipped(tmp_path / "y.zip", files), "y").note


def test_progress_is_told_and_may_give_up(home, tmp_path):
    path = zipped(tmp_path / "x.zip", two_classes("", 100))
    seen = []
    ingest(home, path, "x", lambda *about: seen.append(about))
    assert seen[-1] == (200, 200, "decoding pictures")

    def give_up(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ingest(home, path, "y", give_up)
    assert {name.split("/")[1] for name in traces(home.path)} == {"x"}


def test_a_killed_ingest_leaves_nothing_for_the_next(home, tmp_path):
    path = zipped(tmp_path / "x.zip", two_classes())
    code = "import sys, time; from tl.datasets import ingest; from tl.store.home import Home\n"
    code += "ingest(Home(sys.argv[1]), sys.argv[2], 'x', lambda *_: (print('here', flush=True), time.sleep(600)))"
    process = subprocess.Popen([sys.executable, "-c", code, home.path, path], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"here\n"
    ingest(home, path, "y")
    left = [folder.name for folder in home.datasets_dir.iterdir()]
    assert len(left) == 2  # the quarantine of a living process is not touched
    process.kill()
    process.wait()
    process.stdout.close()
    ingest(home, path, "z")
    assert sorted(folder.name for folder in home.datasets_dir.iterdir()) == ["y", "z"]


@pytest.mark.parametrize(
    "step", ["shutil.copyfile", "os.posix_fallocate", "os.pread", "tl.store.files.write_bytes", "os.rename"]
)
def test_a_full_disk_is_said_and_leaves_nothing(home, tmp_path, monkeypatch, step):
    def fail(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    path = zipped(tmp_path / "x.zip", two_classes())
    monkeypatch.setattr(step, fail)
    with pytest.raises(Refused, match="is full; free some space"):
        ingest(home, path, "x")
    assert traces(home.path) == []


def test_memory_does_not_grow_with_the_zip(home, tmp_path):
    def peak(count: int, size: int) -> int:
        data = os.urandom(size)
        files = two_classes() | {f"rose/{number}.bin": data for number in range(count)}
        path = zipped(tmp_path / "x.zip", files)
        name = f"x{count}"
        code = "import resource, sys; from tl.datasets import ingest; from tl.store.home import Home\n"
        code += "ingest(Home(sys.argv[1]), sys.argv[2], sys.argv[3])\n"
        code += "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        output = subprocess.run([sys.executable, "-c", code, home.path, path, name], capture_output=True, check=True)
        return int(output.stdout)

    small, large = peak(1, 1000), peak(100, 2_000_000)
    assert large < small + 30_000  # kB, for 200 MB


@pytest.mark.skipif(
    not PHOTOS.exists(), reason="the flower photographs (../shared/data/flower-photos.zip) are not here"
)
def test_real_photographs_come_in(home):
    info = ingest(home, PHOTOS, "flowers")
    assert info.classes == ("daisy", "dandelion", "roses", "sunflowers", "tulips")
    assert (info.train, info.validation, info.test) == (2568, 551, 551)
    assert info.left_out == {}
    assert info.native_resolution == 224
    assert 90 < prepare(home, "flowers", 64).pixels("train").mean() < 130


def index_of(home) -> pd.DataFrame:
    return pd.read_parquet(home.dataset_dir("x") / "index.parquet")
