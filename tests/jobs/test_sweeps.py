"""Sweeps in the queue: one experiment per size, all or none, in one order; listed, stopped and resumed as a whole."""

from dataclasses import replace
from itertools import pairwise

import pytest

from tl import jobs
from tl.config import ArmConfig, Experiment, Refused, new_id
from tl.jobs.sizes import parse_sizes, preset_sizes, preset_title
from tl.store.queue import database, schema

ARMS = (ArmConfig(name="quick", strategy="scratch"), ArmConfig(name="quick 2", strategy="scratch"))
SPEC = Experiment(dataset="blossoms", arms=ARMS, seeds=(0, 3))


class Info:
    """What sizes need to know of a data set."""

    def __init__(self, train: int, classes: int = 5, origin: str = "upload"):
        self.train, self.classes, self.origin = train, tuple(map(str, range(classes))), origin


def test_every_size_is_an_ordinary_experiment_and_the_smallest_is_trained_first(lab, home):
    sweep_id = jobs.submit_sweep(home, SPEC, [40, 20, 80, 20])
    found = jobs.sweep(home, sweep_id)
    assert [experiment.samples for experiment in found["experiments"].values()] == [20, 40, 80]
    asked = [replace(each, samples=None, resplit=None, judge_by="auto") for each in found["experiments"].values()]
    assert asked == [SPEC] * 3
    assert not any(experiment.resplit for experiment in found["experiments"].values()), "blossoms have a test set"
    assert {run.sweep_id for run in found["runs"]} == {sweep_id} and len(found["runs"]) == 12
    lab.run_all()
    ended = sorted(jobs.list_runs(home), key=lambda run: run.started)
    assert [run.samples for run in ended] == [20] * 4 + [40] * 4 + [80] * 4
    assert {run.status for run in ended} == {"finished"}


def test_the_same_key_is_the_same_sweep(home):
    assert jobs.submit_sweep(home, SPEC, [20, 40], "k") == jobs.submit_sweep(home, SPEC, [20, 40], "k")
    assert len(jobs.list_runs(home)) == len(list(home.runs_dir.iterdir())) == 8


def test_a_key_that_was_a_comparisons_makes_no_sweep(home):
    jobs.submit(home, replace(SPEC, samples=20), "k")
    with pytest.raises(Refused, match="single comparison"):
        jobs.submit_sweep(home, SPEC, [20, 40], "k")


@pytest.mark.parametrize(
    ("sizes", "sentence"),
    [
        ([20], "A sweep needs at least 2 different sizes"),
        ([], "at least 2"),
        ([20, 60_000], "only 50,000 training"),
        ([20, 5], "12 classes"),
        ([20, 0], "samples is 0"),
    ],
)
def test_what_can_not_be_trained_at_every_size_is_refused_as_a_whole(home, sizes, sentence):
    with pytest.raises(Refused, match=sentence):
        jobs.submit_sweep(home, SPEC, sizes)
    assert not home.path.exists()


def test_an_unknown_sweep_is_refused(home):
    with pytest.raises(Refused, match="There is no sweep"):
        jobs.sweep(home, new_id())


def test_sweeps_are_listed_the_newest_first_and_comparisons_are_none(home):
    jobs.submit(home, replace(SPEC, samples=20))
    older, newer = (jobs.submit_sweep(home, SPEC, sizes) for sizes in ([20, 40], [30, 60]))
    first, second = jobs.list_sweeps(home)
    assert (first["sweep_id"], second["sweep_id"]) == (newer, older)
    assert (first["sizes"], first["arms"], first["seeds"]) == ([30, 60], ["quick", "quick 2"], [0, 3])
    assert first["runs"] == {"queued": 8}


def test_a_sweep_is_stopped_after_some_runs_keeps_them_and_goes_on(lab, home):
    arms = (ArmConfig(name="quick", strategy="scratch"), ArmConfig(name="slow", strategy="scratch"))
    sweep_id = jobs.submit_sweep(home, replace(SPEC, arms=arms, seeds=(0,)), [20, 40])
    runs = jobs.sweep(home, sweep_id)["runs"]
    lab.train(runs[1].run_id)
    lab.supervisor.tick()
    jobs.stop_all(home, [run.run_id for run in runs])
    lab.supervisor.tick()
    stopped = jobs.sweep(home, sweep_id)["runs"]
    assert [run.status for run in stopped] == ["finished", "stopped", "stopped", "stopped"]
    assert {run.run_id for run in jobs.resume_sweep(home, sweep_id)} == {run.run_id for run in stopped[1:]}
    assert [run.status for run in jobs.sweep(home, sweep_id)["runs"]] == ["finished", *["queued"] * 3]
    with pytest.raises(Refused, match="no run that could be resumed"):
        jobs.resume_sweep(home, sweep_id)


def test_a_sweep_goes_on_with_all_its_runs_or_with_none(home, monkeypatch):
    sweep_id = jobs.submit_sweep(home, SPEC, [20, 40])
    jobs.stop_all(home, [run.run_id for run in jobs.sweep(home, sweep_id)["runs"]])
    requeue = database.requeue

    def meanwhile(home, rows, *arguments, **values):
        requeue(home, rows[-1:], *arguments, **values)  # another tab, after this one has looked
        requeue(home, rows, *arguments, **values)

    monkeypatch.setattr(database, "requeue", meanwhile)
    with pytest.raises(Refused, match="is queued already"):
        jobs.resume_sweep(home, sweep_id)
    assert [row.status for row in database.read_runs(home)].count("queued") == 1


def test_a_size_whose_runs_are_deleted_leaves_the_sweep(home):
    sweep_id = jobs.submit_sweep(home, replace(SPEC, seeds=(0,)), [20, 40])
    for run in jobs.sweep(home, sweep_id)["runs"]:
        jobs.stop(home, run.run_id)
        if run.samples == 20:
            jobs.delete(home, run.run_id)
    assert [run.samples for run in jobs.sweep(home, sweep_id)["runs"]] == [40, 40]


def test_a_home_from_before_sweeps_is_brought_up_to_date(home, monkeypatch):
    with monkeypatch.context() as older:
        older.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:1])
        with database.writing(home) as connection:
            spec = '{"dataset": "blossoms", "arms": [{"name": "a", "strategy": "scratch"}], "seeds": [0]}'
            values = ("e" * 26, spec)
            connection.execute("INSERT INTO main.experiments (id, created, spec) VALUES (?, 1.0, ?)", values)
    assert database.read_experiment(home, "e" * 26)["sweep_id"] is None
    assert jobs.list_sweeps(home) == []


@pytest.mark.parametrize(
    ("info", "sizes"),
    [
        (Info(2568), (100, 300, 1000, 2568)),
        (Info(9000), (100, 300, 1000, 3000, 9000)),
        (Info(3200), (100, 300, 1000, 3200)),
        (Info(5000, classes=102), (300, 1000, 3000, 5000)),
        (Info(50_000, origin="drawn"), (100, 300, 1000, 3000)),
    ],
)
def test_the_preset_is_cut_to_what_the_set_has(info, sizes):
    assert preset_sizes("standard", info) == parse_sizes(" standard ", info) == sizes


def test_a_set_that_is_too_small_for_two_sizes_is_refused():
    assert preset_sizes("standard", Info(60, classes=3)) == (60,)
    with pytest.raises(Refused, match="A sweep needs at least 2 different sizes"):
        parse_sizes("standard", Info(60, classes=3))


@pytest.mark.parametrize(
    ("info", "title"),
    [
        (Info(2568), "100 / 300 / 1,000 / all 2,568"),
        (Info(9000), "100 / 300 / 1,000 / 3,000 / all 9,000"),
        (Info(50_000, origin="drawn"), "100 / 300 / 1,000 / 3,000"),
    ],
)
def test_a_presets_title_promises_no_size_that_is_not_trained(info, title):
    assert preset_title("standard", info, info.train) == title


def test_log_spaced_sizes_lie_evenly_on_a_log_axis():
    sizes = preset_sizes("log", Info(2568))
    assert sizes[-1] == 2568 and len(sizes) == 5
    steps = [later / earlier for earlier, later in pairwise(sizes)]
    assert max(steps) / min(steps) < 1.1


def test_sizes_are_written_as_text():
    assert parse_sizes("1_000, 100,all,300", Info(2568)) == (100, 300, 1000, 2568)
    for text in ("many", "1.5,100", ""):
        with pytest.raises(Refused, match=f"such as 100,300,1000 or all, not '{text}'"):
            parse_sizes(text, Info(2568))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("100,60000", "Each size must be a number of training pictures from 5 (the classes) to 2,568, not 60000."),
        ("3,000", "Each size must be a number of training pictures from 5 (the classes) to 2,568, not 0."),
        ("100,100", "A sweep needs at least 2 different sizes; a comparison does one."),
    ],
)
def test_sizes_the_set_does_not_have_are_refused(text, said):
    with pytest.raises(Refused) as refused:
        parse_sizes(text, Info(2568))
    assert str(refused.value) == said
