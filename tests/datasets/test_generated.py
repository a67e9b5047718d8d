"""Archives made up by Hypothesis: whatever comes, a data set or one sentence, and nothing written outside the home.

ARCHIVES=10000 in the environment tries more than the usual 200.
"""

import json
import os
import re
import struct
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest
from corpus_bombs import saved, with_size
from corpus_names import OUT
from corpus_pictures import BROKEN, CONVERT, NO_PICTURE, READ
from crafted import deflated, entries_of, entry, forged, picture, png_of, two_classes, zipped, zipped_bytes
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from PIL import Image

ARCHIVES = int(os.environ.get("ARCHIVES", "200"))
MEMORY_BYTES = 300_000_000  # more than an honest small archive needs
SECONDS = 60
AUDITED = Path(__file__).parent / "audited"
OURS = re.compile(r"datasets/x/(pictures-\d+\.(u8|json)|pictures\.jpegs|index\.parquet|dataset\.json)|locks/.*")

MANY = {number: picture(number, (20, 16)) for number in range(12)}
CONTENTS = [*MANY.values(), *READ.values(), *NO_PICTURE.values(), *CONVERT.values(), *BROKEN.values()]
CONTENTS += [zipped_bytes(two_classes()), png_of(3_000, 2_000), png_of(7_000, 7_000), bytes(1_500_000)]
CONTENTS += [with_size(picture(1), side, side) for side in (7_000, 20_000)]


@st.composite
def names(draw) -> bytes:
    """Mostly pictures in class folders, sometimes what leads out, sometimes anything."""
    kind = draw(st.sampled_from(range(20)))
    if kind == 19:
        return draw(st.sampled_from([*OUT])).encode()
    if kind == 18:
        return draw(st.binary(max_size=40))
    if kind == 17:
        return draw(st.text(max_size=30)).encode(errors="surrogatepass")
    folder = draw(
        st.sampled_from(["rose", "tulip"] * 8 + ["Rose", "train/rose", "a/b/c", ".git", "__MACOSX", "é", "CON"])
    )
    return f"{folder}/{draw(st.integers(0, 40))}{draw(st.sampled_from(['.png', '.jpg', '.exe', '', '/', '. ', '.zip']))}".encode()


@st.composite
def contents(draw) -> bytes:
    """A picture or something else, whole or with bytes changed."""
    data = draw(st.sampled_from(CONTENTS))
    changes = draw(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=3))
    if changes and len(data) > 1:
        changed = bytearray(data)
        for where, value in changes:
            changed[int(where * (len(data) - 1))] = value
        data = bytes(changed)
    return data


NUMBERS = st.sampled_from([0, 1, 30, 1000, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF]) | st.integers(0, 5000)
LIES = st.fixed_dictionaries(
    {},
    optional={
        "flags": st.sampled_from([0, 1, 8, 0x800, 0x808, 0x41, 0x2000]) | st.integers(0, 0xFFFF),
        "method": st.sampled_from([0, 8, 9, 12, 14, 93, 99]) | st.integers(0, 0xFFFF),
        "mode": st.sampled_from([0, 0o100644, 0o040755, 0o120777, 0o060644]) | st.integers(0, 0xFFFF),
        "crc": st.integers(0, 0xFFFFFFFF),
        "size": NUMBERS,
        "packed": NUMBERS,
        "offset": NUMBERS,
        "local_name": names(),
        "extra": st.sampled_from([b"", b"\x01\0\x18\0" + struct.pack("<QQQ", 9, 9, 0), b"\x01\0\xff\xff", b"up\x05\0\x01aaaa"])
        | st.binary(max_size=40),
    },
)  # fmt: skip


@st.composite
def archives(draw, path: Path) -> Path:
    """Entries with lies, and then damage to the whole."""
    entries = entries_of(two_classes()) if draw(st.sampled_from([True] * 7 + [False])) else []
    rarely = st.sampled_from([False] * 7 + [True])
    for _ in range(draw(st.integers(0, 6))):
        name, data = draw(names()), draw(contents())
        lies = draw(LIES) if draw(rarely) else {}
        entries.append(deflated(name, data, **lies) if draw(st.booleans()) else entry(name, data, **lies))
    entries = draw(st.permutations(entries))
    harm = draw(rarely) and draw(st.sampled_from(["count", "before", "after"]))
    wrong = {harm: draw(NUMBERS) & 0xFFFF if harm == "count" else draw(st.binary(max_size=30))} if harm else {}
    forged(path, entries, **wrong)
    if draw(rarely):
        whole = bytearray(path.read_bytes())
        for _ in range(draw(st.integers(1, 4))):
            whole[draw(st.integers(0, len(whole) - 1))] = draw(st.integers(0, 255))
        if draw(st.booleans()):
            del whole[draw(st.integers(0, len(whole))) :]
        path.write_bytes(whole)
    return path


class Watched:
    """A process that ingests under an audit hook, and the most memory that it and its decoders had together."""

    def __init__(self, folder: Path):
        self.log, self.root = folder / "log", folder / "home"
        self.root.mkdir()
        self.log.touch()
        path = os.pathsep.join([str(AUDITED), str(Path(__file__).parents[2])])
        about = {"PYTHONPATH": path, "AUDIT_ROOT": str(self.root), "AUDIT_LOG": str(self.log)}
        self.process = subprocess.Popen(
            [sys.executable, AUDITED / "ingesting.py", self.root],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | about | {"PYTHONDONTWRITEBYTECODE": "1"},
        )
        self.peak, self.ended = 0, threading.Event()
        self.watcher = threading.Thread(target=self._watch)
        self.watcher.start()

    def _watch(self) -> None:
        process = psutil.Process(self.process.pid)
        while not self.ended.wait(0.05):  # to look at all processes takes a while, and memory longer to fill
            total = 0
            for part in (process, *process.children(recursive=True)):
                try:
                    total += part.memory_info().rss
                except psutil.NoSuchProcess:
                    continue
            self.peak = max(self.peak, total)

    def ingest(self, archive: Path) -> dict:
        """What became of the archive, and `memory_bytes`, the most it took."""
        self.peak = 0
        self.process.stdin.write(json.dumps(str(archive)) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        return answer | {"memory_bytes": self.peak}

    def close(self) -> None:
        self.ended.set()
        self.watcher.join()
        self.process.communicate()


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    found = Watched(tmp_path_factory.mktemp("watched"))
    yield found
    found.close()


def test_any_archive_becomes_a_data_set_or_one_sentence(watched, tmp_path_factory):
    path = tmp_path_factory.mktemp("archive") / "x.zip"
    usual = max(watched.ingest(zipped(path, two_classes()))["memory_bytes"] for _ in range(3))
    seen = {"accepted": 0, "refused": 0, "most memory": 0}

    @settings(max_examples=ARCHIVES, suppress_health_check=list(HealthCheck), deadline=None, print_blob=True)
    @given(archives(path))
    def check(archive):
        answer = watched.ingest(archive)
        assert "error" not in answer, answer["error"]
        left = [name for name in answer["files"] if not name.startswith("locks/")]
        if "refused" in answer:
            seen["refused"] += 1
            event(re.sub(r"'.*'|\d[\d,]*", "…", answer["refused"])[:60])
            assert re.fullmatch(r"[^\n]{10,800}\.", answer["refused"])
            assert left == []
        else:
            seen["accepted"] += 1
            event("accepted")
            assert answer["accepted"] >= 6
            assert [name for name in answer["files"] if not OURS.fullmatch(name)] == []
        seen["most memory"] = max(seen["most memory"], answer["memory_bytes"] - usual)
        assert answer["memory_bytes"] < usual + MEMORY_BYTES
        assert answer["seconds"] < SECONDS
        assert "OUTSIDE" not in watched.log.read_text()

    check()
    print(f"{seen}, in bytes above {usual:,}")
    assert min(seen["accepted"], seen["refused"]) >= ARCHIVES // 10, (
        "most archives took the same way: too little is tried"
    )
    told = watched.log.read_text()
    assert "ingesting.py" in told and "tl.decoding" in told, "the audit hook was not at work in both processes"


LARGE = 7_000  # px a side: nearly as many pixels as are accepted
LARGEST = {
    "transparent PNG": lambda: saved(Image.new("RGBA", (LARGE, LARGE), (1, 2, 3, 4)), "PNG", compress_level=1),
    "progressive JPEG": lambda: saved(Image.new("RGB", (LARGE, LARGE)), "JPEG", progressive=True, subsampling=0),
    "JPEG of 225 megapixels": lambda: saved(Image.new("L", (15_000, 15_000)), "JPEG"),
    "WebP": lambda: saved(Image.new("RGB", (LARGE // 2, LARGE // 2)), "WEBP", quality=10, method=0),
}


@pytest.mark.parametrize("kind", LARGEST)
def test_the_largest_pictures_take_no_more_memory_than_is_allowed(watched, tmp_path, kind):
    usual = watched.ingest(zipped(tmp_path / "x.zip", two_classes()))["memory_bytes"]
    data = LARGEST[kind]()
    answer = watched.ingest(zipped(tmp_path / "x.zip", two_classes() | {f"rose/{n}.big": data for n in "abc"}))
    assert "accepted" in answer, answer
    assert answer["memory_bytes"] < usual + MEMORY_BYTES


def test_the_audit_hook_sees_what_is_written_outside(tmp_path):
    code = "import os, pathlib, shutil\npathlib.Path('inside').touch()\n"
    for number, line in enumerate(
        ["open('../a', 'w')", "os.mkdir('../b')", "os.rename('inside', '../c')", "os.symlink('x', '../d')"]
    ):
        code += f"{line}  # {number}\n"
    (tmp_path / "root").mkdir()
    about = {"PYTHONPATH": str(AUDITED), "AUDIT_ROOT": str(tmp_path / "root"), "AUDIT_LOG": str(tmp_path / "log")}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path / "root", env=os.environ | about, check=True)
    lines = (tmp_path / "log").read_text().splitlines()
    assert [line.split()[0] for line in lines] == ["inside"] + ["OUTSIDE"] * 4
