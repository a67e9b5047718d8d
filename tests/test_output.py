"""No output of a command fails for its characters: stdout as ASCII, as ISO-8859-1, to a terminal or a pipe."""

import io
import json
import re
import sys
from pathlib import Path

import pytest

from tl.output import print_json, spell_out

ROOT = Path(__file__).parents[1]
FILES = [*sorted((ROOT / "tl").rglob("*.py")), *sorted((ROOT / "tests/benchmarks").glob("*.py"))]
HOSTILE = "−4.0 points … “Löwenzahn” × 3 · ß\u00a0→ é 花 😀 \udcff \u2060"
# Programs that answer a parent of ours in JSON, which is ASCII, or print nothing.
ANSWERS_ONLY = {
    "decoding/__main__.py",
    "decoding/names.py",
    "decoding/unpacking.py",
    "report/reader.py",
    "datasets/drawer.py",
}
ANSWERS_ONLY |= {
    "jobs/look.py",
    "jobs/tensorboard/__main__.py",
    "jobs/launchers/guard.py",
    "jobs/launchers/ray_driver.py",
}
ANSWERS_ONLY |= {
    f"jobs/measurements/{name}.py"
    for name in ("both_sets", "domain_distance", "forecasts", "hints", "label_checks", "saliency", "shifted", "speed")
}
ANSWERS_ONLY |= {"benchmarks/bare_step.py", "benchmarks/warm_pytest.py"}


ENCODINGS = pytest.mark.parametrize("encoding", ["ascii", "iso-8859-1", "cp1252", "utf-8"])


def narrow(monkeypatch, encoding: str) -> io.TextIOWrapper:
    """A stdout that takes one encoding only; called in the test itself, since pytest puts its own there before."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True)
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(io.BytesIO(), encoding="utf-8"))
    return stream


@ENCODINGS
def test_what_an_encoding_lacks_is_written_in_signs_that_can_be_read(monkeypatch, encoding):
    stdout = narrow(monkeypatch, encoding)
    with pytest.raises(UnicodeEncodeError):
        print(HOSTILE)
    spell_out()
    stdout.buffer.truncate(stdout.buffer.seek(0))
    print(HOSTILE)
    written = stdout.buffer.getvalue().decode(stdout.encoding)
    assert "\\udcff" in written and "4.0 points" in written
    if stdout.encoding == "ascii":
        assert written.startswith('-4.0 points ... "Lowenzahn" x 3 | ss -> e \\u82b1 \\U0001f600 ')


@ENCODINGS
def test_a_json_document_is_the_same_in_every_encoding(monkeypatch, encoding):
    stdout = narrow(monkeypatch, encoding)
    spell_out()
    print_json({"text": HOSTILE})
    assert json.loads(stdout.buffer.getvalue().decode(stdout.encoding)) == {"text": HOSTILE}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_takes_every_text_and_no_process_is_read_in_the_encoding_of_the_machine(path):
    source = path.read_text(encoding="utf-8")
    name = str(path.relative_to(ROOT)).split("/", 1)[1]
    if re.search("^if __name__ == .__main__.:", source, re.M) and name not in ANSWERS_ONLY:
        assert "    spell_out()" in source
    if path.is_relative_to(ROOT / "tl"):
        assert not re.search(r"\btext=True\b", source)
