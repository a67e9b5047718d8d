"""How far a run is: a bar never falls back while it goes on, whatever phase it is in; the same for page and terminal."""

import re
import shutil
from dataclasses import fields, replace
from itertools import pairwise

import pytest

from tl.cli.watch import Bars
from tl.config import ArmConfig, Experiment
from tl.jobs.listing import RunEntry
from tl.jobs.progress import epochs_done, share_done
from tl.store.documents import Progress
from tl.store.files import write_json
from tl.store.home import Home
from tl.store.metrics import write_metrics

UNKNOWN = dict.fromkeys(entry.name for entry in fields(RunEntry))


def entry(epochs: int, status: str = "running", **progress) -> RunEntry:
    """A run of four epochs of which `epochs` are in its metrics."""
    told = {"run_id": "r" * 26, "arm": "scratch", "seed": 0, "status": status, "epochs": epochs, "max_epochs": 4}
    return RunEntry(**UNKNOWN | told | {"progress": Progress(**progress) if progress else None})


def life(before: int = 0) -> list[RunEntry]:
    """What a reader sees from start to end, one after the other, as tl.train.run writes it."""
    seen = [entry(before, "queued"), entry(before), entry(before, phase="starting"), entry(before, phase="preparing")]
    if not before:
        seen.append(entry(0, phase="training", epoch=1))  # the range test
    for epoch in range(before + 1, 5):
        seen += [entry(epoch - 1, phase="training", epoch=epoch, step=step, steps=20) for step in range(21)]
        seen += [entry(epoch - 1, phase="validating", epoch=epoch, step=step, steps=9) for step in range(10)]
        seen += [entry(epoch, phase="validating", epoch=epoch, step=9, steps=9)]  # its row is there
        seen += [entry(epoch, phase=phase, epoch=epoch) for phase in ("waiting", "training")]
    seen += [
        entry(4, phase="validating", epoch=4, step=1, steps=9),
        entry(4, phase="testing", epoch=4, step=1, steps=9),
    ]
    return [*seen, entry(4, phase="done", epoch=4), entry(4, "finished")]


@pytest.mark.parametrize("before", [0, 2])
def test_a_bar_never_falls_back_and_ends_full(before):
    done = [epochs_done(run) for run in life(before)]
    assert done == sorted(done)
    assert (done[0], done[-1]) == (before, 4)
    assert max(after - now for now, after in pairwise(done)) <= 0.05 + 1e-9, "nor does it jump"
    assert share_done([life(before)[-1], entry(2)]) == 0.75


def test_one_that_stopped_early_is_full_from_its_test_on():
    early = [entry(2, phase="validating", epoch=2), entry(2, phase="testing", epoch=2), entry(2, "finished")]
    assert [epochs_done(run) for run in early] == [2, 4, 4]


def test_what_was_trained_of_an_epoch_that_did_not_end_is_lost():
    assert epochs_done(entry(2, "stopped")) == 2


@pytest.fixture
def two(tmp_path) -> tuple[Home, RunEntry]:
    """A run of four epochs that goes on after two that took 90 s each, and has done a third in 10 s."""
    home = Home(tmp_path)
    (config,) = Experiment(dataset="blossoms", arms=(ArmConfig(name="scratch", strategy="scratch"),), epochs=4).runs(
        "e" * 26
    )
    told = {"run_id": config.run_id, "arm": "scratch", "seed": 0, "stage": "everything"}
    rows = [told | {"epoch": epoch, "train_seconds": 90.0, "eval_seconds": 0.0} for epoch in (1, 2)]
    rows.append(told | {"epoch": 3, "train_seconds": 5.0, "eval_seconds": 5.0})
    run = home.run(config.run_id)
    run.folder.mkdir(parents=True)
    write_json(run.config, config.to_json())
    write_metrics(run.metrics, rows)
    return home, replace(entry(3), run_id=config.run_id, best_val_accuracy=0.5)


def test_on_a_terminal_each_arm_has_a_bar_and_the_time_left_is_this_sessions(two, capsys):
    home, run = two
    resumed = Progress(phase="training", epoch=4, epochs_before=2, step=5, steps=10)
    ended = replace(run, run_id="e" * 26, arm="linear_probe", status="finished")
    with Bars(home) as bars:
        bars.show(runs := [replace(run, progress=Progress(phase="preparing")), ended], runs)
        preparing = capsys.readouterr().err
        bars.show(runs := [replace(run, progress=resumed), ended], runs)
    shown = capsys.readouterr().err
    assert re.search(r"scratch \|.*\| 3\.0/4 epochs, preparing, best 50\.0 %", preparing)
    assert "left" not in preparing and "0.0/4" not in preparing, "it begins where the run stands"
    assert {len(bar) for bar in re.findall(r"\|(.*?)\|", preparing + shown)} == {30}, "however long the words beside it"
    # At the speed of all three epochs it would be 0:32.
    assert re.search(r"scratch \|.*\| 3\.5/4 epochs, at most 0:05 left, training, best 50\.0 %", shown)
    assert re.search(r"linear_probe \|.*\| 4\.0/4 epochs, finished", shown)


def test_bars_stay_on_the_terminal_in_the_order_of_the_arms(two, capsys):
    home, run = two
    runs = [replace(run, run_id=f"{number}" * 26, arm=f"arm {number}", status="finished") for number in range(3)]
    with Bars(home) as bars:
        bars.show(runs, runs)
        capsys.readouterr()
    assert re.findall(r"arm \d", capsys.readouterr().err) == ["arm 0", "arm 1", "arm 2"]


def test_on_a_terminal_that_watches_one_run_the_turns_of_the_others_count(two, capsys):
    home, run = two
    run = replace(run, progress=Progress(phase="training", epoch=4, epochs_before=2, step=5, steps=10))
    beside = replace(run, run_id="b" * 26, arm="linear_probe")
    shutil.copytree(home.run(run.run_id).folder, home.run(beside.run_id).folder)
    with Bars(home) as bars:
        bars.show([run], [run, beside])
    shown = capsys.readouterr().err
    assert "3.5/4 epochs, at most 0:10 left" in shown and "linear_probe" not in shown
