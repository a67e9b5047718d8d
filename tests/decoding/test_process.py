"""The decoding process: what it imports, and that neither time nor memory of one picture is without end."""

import json
import os
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from tests.datasets.crafted import picture, png_of
from tl.decoding import heads

ROOT = Path(__file__).parents[2]


def decode(tmp_path: Path, data: bytes, before: str = "") -> subprocess.CompletedProcess:
    """Run the process over one picture; `before` is Python that runs in it first."""
    source, out, kept = (tmp_path / name for name in ("source", "out", "kept"))
    source.write_bytes(data)
    out.touch()
    kept.touch()
    task = {
        "source": str(source),
        "out": str(out),
        "kept": str(kept),
        "side": 8,
        "max_pixels": 10**9,
        "max_side": 10**6,
        "bands": [],
        "scales": {},
    }
    rows = [[0, 0, len(data), len(data), 0, zlib.crc32(data)]]
    return subprocess.run(
        [sys.executable, "-P", "-c", f"import tl.decoding.__main__ as process\n{before}\nprocess.main()"],
        input=json.dumps(task | {"rows": rows}) + "\n",
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


def test_it_imports_little_and_ends_with_its_input():
    code = "import sys, tl.decoding.__main__ as process; process.main()\n"
    code += "print({'numpy', 'torch', 'pandas', 'tl.config'} & set(sys.modules))"
    about = {"input": "", "capture_output": True, "text": True, "check": True, "cwd": ROOT}
    assert subprocess.run([sys.executable, "-c", code], **about).stdout.split("\n")[:2] == ["ready", "set()"]


def test_a_picture_is_answered_with_its_hashes_and_kept_without_anything_else(tmp_path):
    ended = decode(tmp_path, picture(1, (40, 30), "JPEG", comment=b"a secret"))
    ((digest, same, looks, short, start, size, crc, notes),) = json.loads(ended.stdout.splitlines()[1])
    assert (len(digest), len(same), looks < 2**64, short, start, notes) == (64, 32, True, 30, 0, [])
    kept = (tmp_path / "kept").read_bytes()
    assert (size, crc) == (len(kept), zlib.crc32(kept))
    assert kept.startswith(b"\xff\xd8\xff")
    assert b"secret" not in kept
    assert (tmp_path / "out").stat().st_size == 8 * 8 * 3


@pytest.mark.parametrize("endless", ["[None for _ in iter(int, 1)]", "time.sleep(600)"], ids=["computes", "hangs"])
def test_a_picture_that_takes_for_ever_ends_the_process(tmp_path, endless):
    before = f"import time\nprocess.CPU_SECONDS = process.WALL_SECONDS = 0.3\nprocess.square = lambda *_: {endless}"
    ended = decode(tmp_path, picture(), before)
    assert ended.stdout == "ready\n"
    assert ended.returncode < 0  # by a signal


def test_a_picture_that_needs_too_much_memory_is_left_out(tmp_path):
    ended = decode(tmp_path, png_of(12_000, 12_000))
    assert json.loads(ended.stdout.splitlines()[1]) == [heads.TOO_MUCH_MEMORY]


def test_a_warning_of_a_decompression_bomb_is_an_error(tmp_path):
    ended = decode(
        tmp_path,
        png_of(1_000, 1_000),
        "process.json.loads = (lambda loads: lambda text: loads(text) | {'max_pixels': 900_000})(process.json.loads)",
    )
    assert json.loads(ended.stdout.splitlines()[1]) == [heads.TOO_MANY_PIXELS]
