"""`python -m tl report`, `export` and `import` as a shell sees them."""

import json

import pytest

from tests import page_lab
from tests.report.bundle_lab import answer
from tl.__main__ import main
from tl.store.home import Home


@pytest.fixture
def home(tmp_path, monkeypatch) -> Home:
    """A home of its own, and a working folder of its own."""
    monkeypatch.chdir(tmp_path)
    return Home(tmp_path / "home")


def tl(home: Home, *words: str) -> int:
    """Exit status of a command in this home."""
    return main([*words, "--home", str(home.path)])


def test_a_report_is_one_file(home, tmp_path, capsys):
    experiment_id = page_lab.finished(home)
    assert tl(home, "report", experiment_id, "--output", "r.html", "--target", "0.4", "--json") == 0
    written = json.loads(capsys.readouterr().out)
    assert written["file"] == str(tmp_path / "r.html") and written["bytes"] == (tmp_path / "r.html").stat().st_size
    assert "Time to 40 %" in (tmp_path / "r.html").read_text()
    assert tl(home, "report", experiment_id) == 0
    assert (tmp_path / f"{experiment_id}.html").exists()


def test_a_report_is_judged_by_the_measure_asked_for(home, tmp_path):
    experiment_id = page_lab.finished(home, seeds=3)
    answer(home, experiment_id)
    for measure, label in (("accuracy", "Test accuracy"), ("balanced_accuracy", "Balanced accuracy")):
        assert tl(home, "report", experiment_id, "--output", "r.html", "--judge-by", measure) == 0
        text = (tmp_path / "r.html").read_text()
        assert label in text and "The interval allows for other test pictures of the same kind" in text
        assert "arXiv 2411.00640" in text


def test_what_one_home_exports_another_imports(home, tmp_path, capsys):
    experiment_id = page_lab.finished(home)
    assert tl(home, "export", experiment_id, "--output", "b.zip") == 0
    capsys.readouterr()
    other = Home(tmp_path / "other")
    assert tl(other, "import", "b.zip", "--json") == 0
    assert json.loads(capsys.readouterr().out)["experiment_id"] == experiment_id
    assert tl(other, "report", experiment_id, "--output", "there.html") == 0
    assert tl(other, "import", "b.zip") == 2
    assert "is here already" in capsys.readouterr().err


def test_a_sweep_is_reported_and_taken_elsewhere_by_its_id(home, tmp_path, capsys):
    sweep_id = page_lab.swept(home, sizes=(100, 300), seeds=1)
    assert tl(home, "report", sweep_id, "--output", "r.html", "--baseline", page_lab.ARMS[1].name) == 0
    assert "−20.0 points" in (tmp_path / "r.html").read_text()
    capsys.readouterr()
    assert tl(home, "report", sweep_id, "--output", "r.html", "--judge-by", "accuracy") == 0
    assert tl(home, "export", sweep_id, "--output", "b.zip") == 0
    capsys.readouterr()
    other = Home(tmp_path / "other")
    assert tl(other, "import", "b.zip", "--json") == 0
    assert json.loads(capsys.readouterr().out)["sweep_id"] == sweep_id
    assert tl(other, "sweeps", sweep_id) == 0
    assert tl(other, "resume", sweep_id) == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("report", "nothing"), "There is no experiment"),
        (("report", "EXPERIMENT", "--target", "85"), "target is 85"),
        (("report", "EXPERIMENT", "--margin", "0"), "margin is 0"),
        (("report", "EXPERIMENT", "--baseline", "mine"), "baseline is 'mine'; it must be one of the arms: scratch, "),
        (("compare", "--baseline", "mine"), "baseline is 'mine'"),
        (("sweep", "--baseline", "mine"), "baseline is 'mine'"),
        (("report", "EXPERIMENT", "--output", "no/such/folder/r.html"), "in an existing folder"),
        (("export", "EXPERIMENT", "--output", "."), "in an existing folder"),
        (("compare", "--target", "85"), "target is 85"),
        (("import", "absent.zip"), "There is no file"),
    ],
)
def test_what_cannot_be_is_one_sentence(home, capsys, words, said):
    experiment_id = page_lab.finished(home)
    assert tl(home, *(experiment_id if word == "EXPERIMENT" else word for word in words)) == 2
    told = capsys.readouterr()
    assert said in told.err and told.err.count("\n") == 1 and not told.out
