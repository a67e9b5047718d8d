"""What happens on the way in: crashes, kills, a full disk, a change of mind; a data set is whole or not there."""

import errno
import io
import os
import subprocess
import sys

import pytest
from crafted import ingest, picture, traces, two_classes, zipped

from tests.train.faults import Faults
from tl.config import Refused
from tl.datasets import archived, prepare


def test_a_picture_that_crashes_its_decoder_is_left_out_alone(home, tmp_path, monkeypatch):
    """A decoder with a fault: pictures of 13 x 13 px end the process."""
    (tmp_path / "decoder.py").write_text(
        "import os, tl.decoding.__main__ as process\n"
        "square = process.square\n"
        "def fragile(image):\n"
        "    if image.size == (13, 13):\n"
        "        os.kill(os.getpid(), 11)\n"
        "    return square(image)\n"
        "process.square = fragile\n"
        "process.main()\n"
    )
    monkeypatch.setattr(archived, "DECODER", ["-P", str(tmp_path / "decoder.py")])
    files = two_classes("", 40) | {"rose/bad.png": picture(1, (13, 13)), "tulip/bad.png": picture(2, (13, 13))}
    info = ingest(home, zipped(tmp_path / "x.zip", files), "x")
    assert info.left_out == {"crashes or stalls the decoder": {"count": 2, "first": ["rose/bad.png", "tulip/bad.png"]}}
    assert info.train + info.validation + info.test == 80


def test_the_zip_that_was_given_is_left_alone(home, tmp_path):
    files = {name: picture(number, (100, 100)) for number, name in enumerate(two_classes())}
    path = zipped(tmp_path / "x.zip", files)
    data = path.read_bytes()
    ingest(home, path, "x")
    assert path.read_bytes() == data
    path.unlink()  # and is not needed any more
    assert prepare(home, "x", 96).ready == 6


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
    code = "import sys, time; from tests.datasets.crafted import ingest; from tl.store.home import Home\n"
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
    "step",
    ["shutil.copyfileobj", "os.posix_fallocate", "os.pread", "tl.store.files.write_bytes", "pathlib.Path.rename"],
)
def test_a_full_disk_is_said_and_leaves_nothing(home, tmp_path, monkeypatch, step):
    def fail(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    path = zipped(tmp_path / "x.zip", two_classes())
    monkeypatch.setattr(step, fail)
    with open(path, "rb") as file, pytest.raises(Refused, match="is full; free some space"):
        ingest(home, file if "copy" in step else path, "x")
    assert traces(home.path) == []


def test_all_files_are_on_the_disk_before_the_set_has_its_name(home, tmp_path, monkeypatch):
    """A power cut: the upload is gone, so nothing of what was made of it may be."""
    files = {name: picture(number, (100, 100)) for number, name in enumerate(two_classes())}
    path = zipped(tmp_path / "x.zip", files)
    seen = Faults(home.datasets_dir).install(monkeypatch)
    ingest(home, path, "x")
    named = seen.done.index(("rename", "x"))
    synced = [name for operation, name in seen.done[:named] if operation == "fsync"]
    assert synced[-1].startswith(".incoming-"), "the folder, once all are in it"
    made = {file.name for file in (home.datasets_dir / "x").iterdir()}
    assert made == {"dataset.json", "index.parquet", "pictures-64.json", "pictures-64.u8", "pictures.jpegs"}
    assert not [name for name in made if not any(name in file for file in synced)], "a file under another name first"


def test_memory_does_not_grow_with_the_zip(home, tmp_path):
    def peak(count: int, size: int) -> int:
        data = os.urandom(size)
        files = two_classes() | {f"rose/{number}.bin": data for number in range(count)}
        path = zipped(tmp_path / "x.zip", files)
        name = f"x{count}"
        code = "import resource, sys; from tests.datasets.crafted import ingest; from tl.store.home import Home\n"
        code += "ingest(Home(sys.argv[1]), sys.argv[2], sys.argv[3])\n"
        code += "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        output = subprocess.run([sys.executable, "-c", code, home.path, path, name], capture_output=True, check=True)
        return int(output.stdout)

    small, large = peak(1, 1000), peak(100, 2_000_000)
    assert large < small + 30_000  # kB, for 200 MB


def test_many_pictures_that_crash_the_decoder_are_not_tried_for_ever(home, tmp_path, monkeypatch):
    (tmp_path / "decoder.py").write_text(
        "import os, tl.decoding.__main__ as process\nprocess.square = lambda image: os._exit(3)\nprocess.main()\n"
    )
    monkeypatch.setattr(archived, "DECODER", ["-P", str(tmp_path / "decoder.py")])
    monkeypatch.setattr(archived, "MOST_DEATHS", 3)
    with pytest.raises(Refused, match=r"crashed or stalled [4-9] times over these files; convert them"):
        ingest(home, zipped(tmp_path / "x.zip", two_classes("", 40)), "x")
    assert traces(home.path) == []


def test_an_upload_comes_in_from_an_open_file_and_is_not_kept(home, tmp_path):
    path = zipped(tmp_path / "x.zip", two_classes())
    with open(path, "rb") as file:
        info = ingest(home, file, "x", shown="My roses.zip")
    assert info.classes == ("rose", "tulip")
    assert not [name for name in traces(home.path) if "zip" in name or "incoming" in name]
    with pytest.raises(Refused, match="My roses.zip is empty"):
        ingest(home, io.BytesIO(), "y", shown="My roses.zip")


def test_no_data_set_goes_where_a_link_leads(home, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    home.datasets_dir.mkdir(parents=True)
    (home.datasets_dir / "x").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Refused, match="already a data set"):
        ingest(home, zipped(tmp_path / "x.zip", two_classes()), "x")
    assert list((tmp_path / "elsewhere").iterdir()) == []
