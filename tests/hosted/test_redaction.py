"""No path of the server in what a visitor reads."""

import sys
from pathlib import Path

import pytest

from tests.translated import chinese
from tl.hosted.redaction import without_places
from tl.languages import commas, joined, reworded, say, speaking
from tl.store.home import Home, owner_of
from tl.ui.parts.text import escape

ROOT = Path(__file__).parents[2]


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("TL_HOME", str(tmp_path / "secret-place"))
    monkeypatch.setenv("TL_HOSTED", "1")
    return Home().of(owner_of("x"))


def test_paths_become_their_last_name(home):
    damaged = f"{home.datasets_dir}/flowers/dataset.json is damaged; delete {home.datasets_dir}/flowers, or '{home.hints_path}'."
    assert without_places(damaged) == "dataset.json is damaged; delete flowers, or 'hints.json'."


def test_a_workspace_itself_is_called_so(home):
    assert without_places(f"The disk that holds {home.path} is full.") == "The disk that holds this workspace is full."
    assert without_places(f"The disk that holds {home.root}.") == "The disk that holds this workspace."
    assert home.owner not in without_places(f"{home.path}/runs: {home.path}: x {home.path}.")


def test_what_was_said_can_be_said_again_without_them(home, tmp_path):
    damaged = joined([say("see {path}", path=home.runs_dir / "log.txt"), say("{number:,} bytes", number=1234)])
    told = without_places(damaged)
    assert told == "see log.txt 1,234 bytes"
    with chinese(tmp_path / "locale", {"see {path}": "见 {path}"}), speaking("zh"):
        assert reworded(told) == "见 log.txt 1,234 bytes"


def test_a_path_ends_at_chinese_stops(home):
    assert without_places(f"{home.runs_dir}/log.txt，见（{home.hints_path}）。") == "log.txt，见（hints.json）。"


def test_a_traceback_names_no_folder(home):
    text = f'File "{ROOT}/tl/train/run.py", line 3\nFile "{sys.prefix}/lib/x.py"\nFile "{Path.home()}/y.py"'
    assert without_places(text) == 'File "run.py", line 3\nFile "x.py"\nFile "y.py"'


def test_every_label_passes(home):
    assert "secret" not in escape(f"see {home.runs_dir}/log.txt")


def test_a_list_of_places_can_still_be_said_again(home):
    told = without_places(commas([home.runs_dir / "a.txt", say("just now")]))
    assert told == "a.txt, just now"
    with speaking("zh"):
        assert reworded(told) == commas(["a.txt", say("just now")])


def test_other_words_and_addresses_stay(home):
    for text in ("1/2 and 3/4", "a/b.jpg", "https://download.example.org/x.zip", "Loss / accuracy", "/"):
        assert without_places(text) == text


def test_at_home_paths_are_told(home, monkeypatch):
    monkeypatch.delenv("TL_HOSTED")
    assert home.policy.without_places(f"see {home.path}") == f"see {home.path}"
    assert "secret" in escape(home.path)
