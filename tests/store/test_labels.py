"""Name and notes of an experiment: plain text within bounds, one's own only, in the report and the bundle."""

import io
import json
import zipfile

import pytest

from tests import page_lab
from tl import jobs
from tl.config import Refused, new_id
from tl.report.bundle import CONTENTS, export_bundle
from tl.report.intake import import_bundle
from tl.report.report import report
from tl.store import labels
from tl.store.home import Home
from tl.store.labels import Label


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


def test_what_is_written_is_kept_until_something_else_is(home):
    experiment_id = page_lab.submit(home)
    assert labels.labels(home) == {}
    labels.write(home, experiment_id, "  Evening \u202e light\n ", "one\r\n\r\ntwo\x00 \n")
    assert labels.labels(home) == {experiment_id: Label(name="Evening light", notes="one\n\ntwo")}
    labels.write(home, experiment_id, "", "")
    assert labels.labels(home) == {} and labels.label_of(home, experiment_id) == Label()


@pytest.mark.parametrize(
    ("name", "notes", "said"),
    [
        ("n" * 81, "", "The name is 81 characters long; 80 fit."),
        ("", "n" * 4_001, "The notes are 4,001 characters long; 4,000 fit."),
        ("", "a\n" * 300 + "b", "The notes have 301 lines; 200 fit."),
    ],
)
def test_what_is_too_long_is_refused_in_one_sentence(home, name, notes, said):
    experiment_id = page_lab.submit(home)
    labels.write(home, experiment_id, "before", "")
    with pytest.raises(Refused, match=f"^{said}$"):
        labels.write(home, experiment_id, name, notes)
    assert labels.label_of(home, experiment_id).name == "before"


def test_a_foreign_experiment_is_an_unknown_one(home):
    experiment_id, stranger = page_lab.submit(home), home.of(new_id())
    labels.write(home, experiment_id, "mine", "")
    assert labels.labels(stranger) == {}
    with pytest.raises(Refused, match="There is no experiment"):
        labels.write(stranger, experiment_id, "theirs", "")
    assert labels.label_of(home, experiment_id).name == "mine"


def test_they_stand_in_the_report_and_travel_in_the_bundle(home, tmp_path):
    experiment_id = page_lab.finished(home)
    labels.write(home, experiment_id, "<script>A & B", "one\n<b>two</b>")
    page = report(home, experiment_id)
    assert "<h1>&lt;script&gt;A &amp; B</h1>" in page and "&lt;b&gt;two&lt;/b&gt;" in page and "<b>two" not in page
    bundle, other = tmp_path / "x.zip", Home(tmp_path / "other")
    bundle.write_bytes(export_bundle(home, experiment_id))
    import_bundle(other, bundle)
    assert labels.labels(other) == labels.labels(home)


def test_a_sweep_has_a_name_of_its_own_beside_those_of_its_sizes(home, tmp_path):
    sweep_id = page_lab.swept(home, sizes=(100, 300), seeds=1)
    first, _ = jobs.sweep(home, sweep_id)["experiments"]
    labels.write(home, sweep_id, "All sizes", "in the evening")
    labels.write(home, first, "Few", "")
    known = {sweep_id: Label(name="All sizes", notes="in the evening"), first: Label(name="Few")}
    assert labels.labels(home) == known and labels.label_of(home, sweep_id) == known[sweep_id]
    bundle, other = tmp_path / "x.zip", Home(tmp_path / "other")
    bundle.write_bytes(export_bundle(home, sweep_id))
    import_bundle(other, bundle)
    assert labels.labels(other) == known
    labels.write(home, sweep_id, "", "")
    assert labels.labels(home) == {first: known[first]}


@pytest.mark.parametrize("wrong", ["n" * 5_000, 7, ["x"]])
def test_a_name_that_cannot_be_is_refused_with_its_bundle(home, tmp_path, wrong):
    data, changed = export_bundle(home, page_lab.finished(home)), io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == CONTENTS:
                document = json.loads(content)
                document["experiments"][0]["name"] = wrong
                content = json.dumps(document).encode()
            new.writestr(name, content)
    bundle, other = tmp_path / "x.zip", Home(tmp_path / "other")
    bundle.write_bytes(changed.getvalue())
    with pytest.raises(Refused):
        import_bundle(other, bundle)
    assert labels.labels(other) == {}
