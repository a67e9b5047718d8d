"""Name and notes of an experiment: plain text within bounds, one's own only, in the report and the bundle."""

import io
import json
import zipfile

import pytest

from tests import page_lab
from tl import jobs
from tl.config import Refused, new_id
from tl.report.bundle import CONTENTS, export_bundle
from tl.report.bundle_import import import_bundle
from tl.report.report import report
from tl.store.home import Home
from tl.store.queue import name_and_notes
from tl.store.queue.name_and_notes import NameAndNotes


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


def test_what_is_written_is_kept_until_something_else_is(home):
    experiment_id = page_lab.submit(home)
    assert name_and_notes.all_names_and_notes(home) == {}
    name_and_notes.write(home, experiment_id, "  Evening \u202e light\n ", "one\r\n\r\ntwo\x00 \n")
    assert name_and_notes.all_names_and_notes(home) == {
        experiment_id: NameAndNotes(name="Evening light", notes="one\n\ntwo")
    }
    name_and_notes.write(home, experiment_id, "", "")
    assert (
        name_and_notes.all_names_and_notes(home) == {}
        and name_and_notes.name_and_notes_of(home, experiment_id) == NameAndNotes()
    )


@pytest.mark.parametrize(
    ("name", "notes", "said"),
    [
        ("n" * 81, "", "The name is 81 characters long; at most 80 are allowed."),
        ("", "n" * 4_001, "The notes are 4,001 characters long; at most 4,000 are allowed."),
        ("", "a\n" * 300 + "b", "The notes have 301 lines; at most 200 are allowed."),
    ],
)
def test_what_is_too_long_is_refused_in_one_sentence(home, name, notes, said):
    experiment_id = page_lab.submit(home)
    name_and_notes.write(home, experiment_id, "before", "")
    with pytest.raises(Refused, match=f"^{said}$"):
        name_and_notes.write(home, experiment_id, name, notes)
    assert name_and_notes.name_and_notes_of(home, experiment_id).name == "before"


def test_a_foreign_experiment_is_an_unknown_one(home):
    experiment_id, stranger = page_lab.submit(home), home.of(new_id())
    name_and_notes.write(home, experiment_id, "mine", "")
    assert name_and_notes.all_names_and_notes(stranger) == {}
    with pytest.raises(Refused, match="There is no experiment"):
        name_and_notes.write(stranger, experiment_id, "theirs", "")
    assert name_and_notes.name_and_notes_of(home, experiment_id).name == "mine"


def test_they_stand_in_the_report_and_travel_in_the_bundle(home, tmp_path):
    experiment_id = page_lab.finished(home)
    name_and_notes.write(home, experiment_id, "<script>A & B", "one\n<b>two</b>")
    page = report(home, experiment_id)
    assert "<h1>&lt;script&gt;A &amp; B</h1>" in page and "&lt;b&gt;two&lt;/b&gt;" in page and "<b>two" not in page
    bundle, other = tmp_path / "x.zip", Home(tmp_path / "other")
    bundle.write_bytes(export_bundle(home, experiment_id))
    import_bundle(other, bundle)
    assert name_and_notes.all_names_and_notes(other) == name_and_notes.all_names_and_notes(home)


def test_a_sweep_has_a_name_of_its_own_beside_those_of_its_sizes(home, tmp_path):
    sweep_id = page_lab.swept(home, sizes=(100, 300), seeds=1)
    first, _ = jobs.sweep(home, sweep_id)["experiments"]
    name_and_notes.write(home, sweep_id, "All sizes", "in the evening")
    name_and_notes.write(home, first, "Few", "")
    known = {sweep_id: NameAndNotes(name="All sizes", notes="in the evening"), first: NameAndNotes(name="Few")}
    assert (
        name_and_notes.all_names_and_notes(home) == known
        and name_and_notes.name_and_notes_of(home, sweep_id) == known[sweep_id]
    )
    bundle, other = tmp_path / "x.zip", Home(tmp_path / "other")
    bundle.write_bytes(export_bundle(home, sweep_id))
    import_bundle(other, bundle)
    assert name_and_notes.all_names_and_notes(other) == known
    name_and_notes.write(home, sweep_id, "", "")
    assert name_and_notes.all_names_and_notes(home) == {first: known[first]}


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
    assert name_and_notes.all_names_and_notes(other) == {}
