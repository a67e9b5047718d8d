"""Hosted, an upload that is too much is refused in one sentence and leaves nothing; one is read at a time."""

import io
import threading
import time
import tracemalloc
from dataclasses import replace

import pytest
from crafted import entry, forged, ingest, pictures, traces, two_classes, zipped, zipped_bytes

from tl.config import Refused, new_id
from tl.datasets import archived, bringing
from tl.datasets.archive import UploadLimits
from tl.datasets.intake.incoming import ingest_zip
from tl.store.files import used_bytes
from tl.store.quarantine import one_upload_at_a_time, quarantine, sweep_abandoned


@pytest.fixture
def ann(home, monkeypatch):
    """A visitor's home in a hosted TL Lab with narrow limits."""
    monkeypatch.setenv("TL_HOSTED", "1")
    for name, value in {"PICTURES": 12, "CLASSES": 3, "UPLOAD_MEGABYTES": 1, "DISK_MEGABYTES": 100}.items():
        monkeypatch.setenv(f"TL_LIMIT_{name}", str(value))
    return home.of(new_id())


@pytest.mark.parametrize("as_file", [False, True], ids=["path", "open file"])
@pytest.mark.parametrize(
    ("files", "words"),
    [
        (two_classes("", 7), "x.zip holds 14 files; at most 12 are accepted."),
        (
            {name: data for n in range(4) for name, data in pictures(f"class {n}", 2).items()},
            "There are 4 class folders; at most 3 are accepted.",
        ),
        (two_classes() | {"rose/more.txt": bytes(10**6)}, "at most 1.0 MB are accepted."),
        (
            two_classes() | {f"rose/{n}/": b"" for n in range(43)},
            "x.zip has 49 entries; at most 48 are accepted.",
        ),
        (
            two_classes() | {"a/" * 13 + "x": b""},
            "lies 13 folders deep; at most 12 are accepted; pack the class folders into a plain zip again.",
        ),
        (
            two_classes() | {"a" * 4_000 + str(n): b"" for n in range(6)},
            "kB; at most 24 kB are accepted.",
        ),
    ],
    ids=["pictures", "classes", "bytes", "entries", "folders one in another", "names"],
)
def test_what_is_too_much_is_refused_and_leaves_nothing(ann, tmp_path, files, words, as_file):
    path = zipped(tmp_path / "x.zip", files)
    source = io.BytesIO(path.read_bytes()) if as_file else path
    with pytest.raises(Refused) as refusal:
        ingest(ann, source, "x", shown="x.zip")
    assert str(refusal.value).endswith(words.replace("1.0 MB", "1 MB") if as_file else words)
    assert "\n" not in str(refusal.value) and not traces(ann.datasets_dir)


def test_the_limits_are_no_narrower_than_they_say(ann, home, tmp_path):
    info = ingest(ann, zipped(tmp_path / "x.zip", two_classes("", 6)), "x")
    assert len(info.classes) == 2 and used_bytes(ann.datasets_dir / "x") > 0
    assert not home.datasets_dir.exists(), "a visitor's pictures are the visitor's"


def test_what_is_too_much_takes_no_memory_for_its_folders(home, tmp_path):
    count = 4_000
    path = forged(tmp_path / "x.zip", [entry(f"{number:06x}/" + "a/" * 31 + "x", b"") for number in range(count)])
    tracemalloc.start()
    try:
        with pytest.raises(Refused, match="holds 4,000 files; at most 100 are accepted"):
            ingest_zip(home, path, "x", title="x", origin="upload", limits=UploadLimits(pictures=100))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2_000 * count, "bytes an entry: its names, not those of its 32 folders"


def test_a_full_workspace_takes_no_upload(ann, tmp_path):
    ann.path.mkdir(parents=True)
    (ann.path / "large").write_bytes(bytes(100 * 10**6))
    with pytest.raises(Refused, match="^Your pictures and runs take 100 MB of the disk .* at most 100 MB per visitor"):
        ingest(ann, zipped(tmp_path / "x.zip", two_classes()), "x")
    assert not traces(ann.datasets_dir)


def test_a_set_that_turns_out_too_large_on_the_disk_is_not_kept(ann, tmp_path, monkeypatch):
    ann.path.mkdir(parents=True)
    (ann.path / "large").write_bytes(bytes(99_980_000))
    with pytest.raises(Refused, match="^Your pictures and runs take 100 MB"):
        ingest(ann, zipped(tmp_path / "x.zip", two_classes("", 6)), "x")
    assert not traces(ann.datasets_dir)


def test_pictures_that_take_too_long_are_refused_and_leave_nothing(ann, tmp_path, monkeypatch):
    bounds = bringing.upload_limits(ann)
    assert bounds.minutes == 10
    monkeypatch.setattr(bringing, "upload_limits", lambda home: replace(bounds, minutes=0.5 / 60))
    stalls = "print('ready', flush=True); import time; time.sleep(60)"
    monkeypatch.setattr(archived, "DECODER", ["-c", stalls])
    began = time.monotonic()
    with pytest.raises(Refused, match="^Reading the pictures took longer than the [0-9.]+ minutes that are allowed; "):
        ingest(ann, zipped(tmp_path / "x.zip", two_classes()), "x")
    assert time.monotonic() - began < 30 and not traces(ann.datasets_dir)


def test_locally_none_of_this_holds(home, tmp_path, monkeypatch):
    monkeypatch.setenv("TL_LIMIT_PICTURES", "1")
    assert ingest(home, zipped(tmp_path / "x.zip", two_classes("", 7)), "x").train
    assert bringing.upload_limits(home) is bringing.LIMITS


def test_uploads_of_several_visitors_are_read_one_after_the_other(ann, tmp_path):
    told, ended = [], []
    path = zipped(tmp_path / "x.zip", two_classes())
    waits = threading.Thread(target=lambda: ended.append(ingest(ann, path, "x", lambda *about: told.append(about))))
    with one_upload_at_a_time(ann, None):
        waits.start()
        while not told:
            time.sleep(0.01)
        assert told[0] == (0, 0, "waiting until another visitor's pictures have been read") and not ended
    waits.join(60)
    assert ended and told[-1] == (6, 6, "decoding pictures")


def test_who_waits_may_give_up(ann):
    def give_up(*_):
        raise KeyboardInterrupt

    with one_upload_at_a_time(ann, None), pytest.raises(KeyboardInterrupt):
        ingest(ann, io.BytesIO(zipped_bytes(two_classes())), "x", give_up)
    assert not traces(ann.datasets_dir)


@pytest.mark.parametrize("folder", ["datasets_dir", "runs_dir"])
def test_what_a_killed_upload_left_is_swept_and_what_goes_on_is_not(ann, folder):
    parent = getattr(ann, folder)
    left = parent / ".incoming-0123456789abcdef"
    left.mkdir(parents=True)
    (left / "lock").touch()
    (left / "slots.part").write_bytes(b"x")
    with quarantine(ann, parent) as living:
        assert not left.exists(), "the next upload does it"
        left.mkdir()
        (left / "lock").touch()
        sweep_abandoned(ann)
        assert living.exists() and not left.exists()
