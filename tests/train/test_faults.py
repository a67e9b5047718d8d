"""The n-th operation on a run's files fails, or is the trainer's last: nothing is lost, and the run goes on from there.

FAULTS=all tries every n; else a few of each kind, spread over the run.
"""

import os
import shutil
from contextlib import suppress

import pytest
import torch
from faults import KINDS, Faults, Killed
from quick import MEASURED
from safetensors.torch import load_file

from tests.row_lab import run_row
from tl.jobs.endings import ending
from tl.jobs.launchers.launcher import Ended
from tl.store.files import read_json
from tl.store.metrics import read_metrics

REASONS = {"ENOSPC": "disk_full", "EIO": "disk_error", "EACCES": "not_writable"}
FEW = 7  # of each kind
ROW = run_row(status="running")


def tensors(run, name="last") -> dict[str, torch.Tensor]:
    path = run.checkpoints / f"{name}.safetensors"
    return load_file(path) if path.exists() else {}


def same(first: dict, second: dict) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[key], second[key]) for key in first)


def rows(run) -> list[dict]:
    return read_metrics(run.metrics).drop(columns=MEASURED).to_dict("records")


@pytest.fixture
def whole(quick, monkeypatch, command):
    """The run as it goes where nothing fails: `whole.states[e]` are the tensors after epoch e."""

    class Whole:
        states = [{}]

    with monkeypatch.context() as patch:
        faults = Faults(quick.folder).install(patch)
        step = faults._step

        def record(operation, path):
            if operation == "fsync" and str(path) == str(quick.checkpoints) and faults.commits() == len(Whole.states):
                Whole.states.append(tensors(quick))
            step(operation, path)

        faults._step = record
        assert command(quick.folder) == 0
    Whole.operations, Whole.rows = len(faults.done), rows(quick)
    Whole.result, Whole.best = read_json(quick.result), tensors(quick, "best")
    assert len(Whole.states) == 4
    assert [row["epoch"] for row in Whole.rows] == [1, 2, 3]
    return Whole


def start_anew(run) -> None:
    for path in run.folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path != run.config:
            path.unlink()


def checkpointed(run) -> dict:
    """The tensors a resume would start from."""
    for name in ("last", "previous"):
        if found := tensors(run, name):
            return found
    return {}


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_fails_the_run_is_whole_named_and_goes_on_to_the_same_end(
    quick, last_is_kept, whole, kind, monkeypatch, capsys, command
):
    every = os.environ.get("FAULTS") == "all"
    step = 1 if every else whole.operations / FEW
    first = 1 if every else 1 + list(KINDS).index(kind) * 2
    numbers = sorted({int(first + step * i) for i in range(whole.operations) if first + step * i <= whole.operations})
    fired, harmless = 0, []
    for nth in numbers:
        start_anew(quick)
        with monkeypatch.context() as patch:
            faults = Faults(quick.folder, nth, kind).install(patch)
            try:
                status = command(quick.folder)
            except Killed:
                status = None
        what = f"{kind}, operation {nth} of {whole.operations}: {faults.fired[:1]}"
        fired += bool(faults.fired)
        assert same(checkpointed(quick), whole.states[faults.commits()]), what
        seen = rows(quick)
        assert seen == whole.rows[: len(seen)], what
        assert len(seen) in (faults.commits(), faults.commits() - 1), what
        if kind == "kill":
            assert status is None, what
        elif status == 0:
            harmless += faults.fired
        else:
            end = ending(quick, ROW, Ended(exit_code=status), True)
            expected = ("failed", REASONS[kind.split()[0]])
            if ("replace", "result.json") in faults.done and faults.lasts:  # all was there, and stays readable
                expected = ("finished", None)
            assert (end["status"], end["reason"]) == expected, what
        assert command(quick.folder) == 0, what
        result = read_json(quick.result)
        assert result["test_loss"] == whole.result["test_loss"], what
        assert result["best_epoch"] == whole.result["best_epoch"], what
        assert result["notes"] == [], what
        assert same(tensors(quick), whole.states[-1]), what
        assert same(tensors(quick, "best"), whole.best), what
        assert rows(quick) == whole.rows, what
        assert not [path for path in quick.folder.rglob(".*")], what
        capsys.readouterr()
    assert not harmless
    print(f"{kind}: {fired} of {whole.operations} operations failed one at a time, {len(harmless)} of them harmless")
    assert len(numbers) >= FEW
    assert fired >= len(numbers) - 2  # a full disk still lets go of files: the run's last operations


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_that_can_not_let_go_of_its_checkpoints_has_finished_all_the_same(quick, kind, monkeypatch, command):
    with monkeypatch.context() as patch:
        faults = Faults(quick.folder).install(patch)
        assert command(quick.folder) == 0
    unlinks = [place for place, (operation, _) in enumerate(faults.done, 1) if operation == "unlink"]
    assert len(unlinks) == 4, "an earlier result, then previous, last, the best before"
    start_anew(quick)
    with monkeypatch.context() as patch:
        Faults(quick.folder, unlinks[1], kind).install(patch)
        with suppress(Killed):
            assert command(quick.folder) == 0
    assert ending(quick, ROW, Ended(), True)["status"] == "finished"
    assert quick.best.exists() and (len(list(quick.checkpoints.iterdir())) > 1) == (
        not kind.startswith("ENOSPC")
    )  # a full disk lets go of files


def test_what_is_read_of_the_epochs_is_made_again_from_the_checkpoint(quick, command, last_is_kept):
    assert command(quick.folder) == 0
    seen = rows(quick)
    quick.metrics.unlink()
    shutil.rmtree(quick.tensorboard)
    assert command(quick.folder) == 0
    assert rows(quick) == seen
    assert list(quick.tensorboard.iterdir())
