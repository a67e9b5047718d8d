"""Which experiments Runs lists when something is searched for, also among many."""

import time
from dataclasses import replace

from tests.row_lab import run_row
from tl.jobs.listing import RunEntry, in_full, line_of
from tl.store.home import Home
from tl.store.queue.name_and_notes import NameAndNotes
from tl.ui.manage.search import matching_runs

TITLES = {"blossoms": "Blossoms (drawn by the computer)", "mine": "Ärzte & Bilder"}


def run(home: Home, experiment: str, **values) -> RunEntry:
    return replace(in_full(home, line_of(run_row(), None)), experiment_id=experiment, **values)


def found(runs, labels=None, **asked) -> list[str]:
    return list(dict.fromkeys(each.experiment_id for each in matching_runs(runs, labels or {}, TITLES, **asked)))


def test_words_are_found_in_name_notes_data_set_arm_and_network(tmp_path):
    home = Home(tmp_path)
    runs = [
        run(home, "a", arm="linear_probe", strategy="linear_probe"),
        run(home, "b", dataset="mine", backbone="resnet18", status="finished"),
        run(home, "b", dataset="mine", backbone="resnet18", status="failed", arm="Straße"),
    ]
    labels = {"a": NameAndNotes(name="Evening light", notes="first\nsecond try")}
    assert found(runs, labels) == ["a", "b"]
    for words, names in {
        "evening": ["a"],
        "TRY second": ["a"],
        "probe": ["a"],
        "ärzte": ["b"],
        "resnet-18": ["b"],
        "STRASSE": ["b"],
        "evening resnet": [],
    }.items():
        assert found(runs, labels, words=words) == names, words
    swept = [replace(each, sweep_id="s") for each in runs[:1]]
    assert found(swept, {"s": NameAndNotes(name="All sizes")}, words="sizes") == ["a"], "by the name of its sweep"
    assert found(runs, state="failed") == ["b"] and found(runs, state="finished", data="blossoms") == []
    assert len(matching_runs(runs, {}, TITLES, state="failed")) == 2, "an experiment is shown whole"


def test_among_many_runs_it_takes_no_time(tmp_path):
    one = run(Home(tmp_path), "a")
    runs = [replace(one, experiment_id=str(place // 4), run_id=str(place)) for place in range(2_000)]
    labels = {str(place): NameAndNotes(notes="x" * 4_000) for place in range(500)}
    before = time.process_time()
    assert found(runs, labels, words="blossoms scratch") == [str(place) for place in range(500)]
    assert time.process_time() - before < 1
