"""What strangers send, case by case: accepted, partly left out or refused, and nothing of a refused one stays."""

import re
from collections import Counter

import corpus_archives
import corpus_bombs
import corpus_names
import corpus_pictures
import pytest
from corpus import ACCEPTED, LEFT_OUT, REFUSED, Case
from crafted import traces

from tl.config import Refused
from tl.datasets.intake.incoming import ingest_zip
from tl.store.home import Home

CASES = [*corpus_names.CASES, *corpus_archives.CASES, *corpus_bombs.CASES, *corpus_pictures.CASES]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Case, home: Home, tmp_path):
    path = tmp_path / "x.zip"
    case.build(path)
    given = path.read_bytes()
    try:
        info = ingest_zip(home, path, "x", title="x", origin="upload", limits=case.limits)
    except Refused as refusal:
        check_refusal(str(refusal), case, home)
    else:
        assert case.verdict != REFUSED, f"accepted with {info.classes}"
        assert {reason: entry["count"] for reason, entry in info.left_out.items()} == (
            case.says if case.verdict == LEFT_OUT else {}
        )
        classes = case.says if case.verdict == ACCEPTED else ("rose", "tulip")
        assert tuple(sorted(info.classes)) == classes
        assert {name.split("/")[1] for name in traces(home.path)} == {"x"}  # no quarantine is left
    assert path.read_bytes() == given


def check_refusal(message: str, case: Case, home: Home) -> None:
    assert case.verdict == REFUSED, message
    assert re.search(case.says, message), message
    assert "\n" not in message
    assert message.endswith(".")
    assert len(message) < 600
    assert traces(home.path) == []
    assert not list(home.datasets_dir.glob("*"))


def test_the_corpus_is_large_and_its_names_are_different():
    names = Counter(case.name for case in CASES)
    assert len(names) >= 80
    assert max(names.values()) == 1
    assert min(Counter(case.verdict for case in CASES).values()) >= 20
