"""Checkpoints that are damaged, of another run or of a newer TL Lab: the one before is used, or one sentence refuses.

DAMAGES=200 damages a run's files more often.
"""

import json
import os
import random
import shutil

import pytest
import torch
from checkpoint_lab import Settings, flip, metadata
from quick import MEASURED, PICTURES, evaluated
from safetensors.torch import load_file

from tl.store.files import read_json
from tl.store.metrics import read_metrics
from tl.train.checkpoints import checkpoint, sealed

DAMAGES = int(os.environ.get("DAMAGES", "20"))


def damage(path, chance: random.Random) -> str:
    """Flip one bit or cut the file off somewhere."""
    size = path.stat().st_size
    if chance.random() < 0.3:
        length = chance.randrange(size)
        path.write_bytes(path.read_bytes()[:length])
        return f"{path.name} cut off after {length} of {size} bytes"
    place = chance.randrange(size * 8)
    flip(path, place)
    return f"{path.name} with bit {place} of {size} bytes flipped"


def end(run) -> tuple:
    result = read_json(run.result)
    rows = read_metrics(run.metrics).drop(columns=MEASURED).to_dict("records")
    states = [load_file(run.checkpoints / f"{name}.safetensors") for name in ("last", "best")]
    values = [{key: value.tolist() for key, value in state.items()} for state in states]
    return result["status"], result["test_loss"], result["best_epoch"], rows, values


def test_the_epoch_before_is_used_and_said_where_the_last_checkpoint_is_damaged(halfway, capsys, command):
    flip(halfway.checkpoints / checkpoint.LAST, 9_000)
    assert command(halfway.folder) == 0
    said = "Resumed from epoch 1: the last checkpoint was damaged."
    assert read_json(halfway.result)["notes"] == [said]
    assert read_json(halfway.progress)["notes"] == [said]
    assert said in capsys.readouterr().out
    assert read_json(halfway.result)["epochs"] == 3


def test_a_run_without_a_whole_checkpoint_is_refused_by_name(halfway, command):
    for name in (checkpoint.LAST, checkpoint.PREVIOUS):
        flip(halfway.checkpoints / name, 9_000)
    assert command(halfway.folder) == 1
    result = read_json(halfway.result)
    assert (result["status"], result["reason"]) == ("failed", "bad_checkpoint")
    assert "last.safetensors and previous.safetensors" in result["message"]
    assert "start a new run" in result["message"]


def test_the_only_good_checkpoint_is_never_replaced_by_a_damaged_one(halfway, monkeypatch, command):
    flip(halfway.checkpoints / checkpoint.LAST, 9_000)
    good = (halfway.checkpoints / checkpoint.PREVIOUS).read_bytes()

    def killed(*args, **options):
        assert not (halfway.checkpoints / checkpoint.LAST).exists()
        assert (halfway.checkpoints / checkpoint.PREVIOUS).read_bytes() == good
        raise KeyboardInterrupt

    monkeypatch.setattr("tl.train.run.save_last", killed)
    with pytest.raises(KeyboardInterrupt):
        command(halfway.folder)


def test_a_damaged_best_network_is_made_again_where_it_is_the_last_one(halfway, command):
    best = halfway.checkpoints / checkpoint.BEST
    whole = best.read_bytes()
    flip(best, len(whole) * 8 - 5)
    assert command(halfway.folder) == 0
    assert json.loads(metadata(best)["epoch"]) == 3 == read_json(halfway.result)["best_epoch"]


def test_a_damaged_best_network_is_refused_before_more_is_trained(quick, monkeypatch, command):
    def stop():
        raise RuntimeError

    values = iter([(0.5, 0.9), (0.6, 0.8)])
    monkeypatch.setattr(
        "quick.QuickLearner.evaluate", lambda *args: evaluated(*(next(values, None) or stop()), pictures=PICTURES)
    )
    assert command(quick.folder) == 1  # in epoch 3
    best = quick.checkpoints / checkpoint.BEST
    assert json.loads(metadata(best)["epoch"]) == 1
    flip(best, best.stat().st_size * 8 - 5)
    assert command(quick.folder) == 1
    result = read_json(quick.result)
    assert (result["reason"], result["epochs"]) == ("bad_checkpoint", 2)
    assert "best.safetensors is damaged; start a new run" in result["message"]


def test_the_best_before_is_kept_for_a_best_epoch_that_is_lost_and_is_worse_when_it_comes_again(
    quick, monkeypatch, command
):
    def stop():
        raise RuntimeError

    values = iter([(0.5, 0.8), (0.6, 0.7), (0.4, 0.9)])
    monkeypatch.setattr(
        "quick.QuickLearner.evaluate", lambda *args: evaluated(*(next(values, None) or stop()), pictures=PICTURES)
    )
    for _ in range(2):  # resumed meanwhile, too
        assert command(quick.folder) == 1  # in the test, after epoch 3
    assert json.loads(metadata(quick.checkpoints / checkpoint.BEST)["epoch"]) == 3
    flip(quick.checkpoints / checkpoint.LAST, 9_000)
    values = iter([(0.7, 0.6), (0.5, 0.8), (0.5, 0.75)])  # epoch 3 on another machine, the best again, and the test
    assert command(quick.folder) == 0
    result = read_json(quick.result)
    assert (result["best_epoch"], result["test_accuracy"]) == (1, 0.75)
    assert json.loads(metadata(quick.checkpoints / checkpoint.BEST)["epoch"]) == 1
    assert [path.name for path in quick.checkpoints.iterdir()] == [checkpoint.BEST]


def test_a_best_network_of_another_epoch_is_refused(halfway):
    network = torch.nn.Linear(2, 2)
    checkpoint.save_best(halfway.checkpoints, network, 1, Settings())
    with pytest.raises(checkpoint.BadCheckpoint, match="from epoch 1, not from the best one"):
        checkpoint.load_best(halfway.checkpoints, network, 2)
    (halfway.checkpoints / checkpoint.BEST).unlink()
    with pytest.raises(checkpoint.BadCheckpoint, match="is missing"):
        checkpoint.load_best(halfway.checkpoints, network, 2)


def test_a_checkpoint_that_is_replaced_while_it_is_read_is_read_to_its_end(halfway):
    path = halfway.checkpoints / checkpoint.LAST
    network = torch.nn.Sequential(torch.nn.Linear(4, 2), torch.nn.BatchNorm1d(2))
    expected = load_file(path)["network.0.weight"]
    with sealed.opened(path) as opened:
        shutil.copy(halfway.checkpoints / checkpoint.BEST, path.with_name("other"))
        path.with_name("other").replace(path)
        checkpoint._fill(opened, network, None, "network.")
    assert torch.equal(network[0].weight, expected)


def test_pictures_with_other_classes_are_refused(halfway, monkeypatch, command):
    from quick import QuickLearner

    class Wider(QuickLearner):
        def __init__(self, *args):
            super().__init__(*args)
            self.network[0] = torch.nn.Linear(4, 3)

    monkeypatch.setattr("tl.train.run.Learner", Wider)
    assert command(halfway.folder) == 1
    assert "doesn't fit the network" in read_json(halfway.result)["message"]


def test_damaged_files_of_a_run_lead_to_the_same_end_or_a_clear_refusal(
    halfway, tmp_path, capsys, command, last_is_kept
):
    shutil.copytree(halfway.folder, tmp_path / "copy")
    assert command(halfway.folder) == 0
    whole = end(halfway)
    names = ["checkpoints/last.safetensors", "checkpoints/best.safetensors", "metrics.parquet", "config.json"]
    names += ["checkpoints/previous.safetensors", "resources.parquet", "progress.json", "tensorboard"]
    chance, ends = random.Random(5), {}
    for case in range(DAMAGES):
        shutil.rmtree(halfway.folder)
        shutil.copytree(tmp_path / "copy", halfway.folder)
        path = halfway.folder / names[case % len(names)]
        what = damage(next(path.iterdir()) if path.is_dir() else path, chance)
        capsys.readouterr()
        status = command(halfway.folder)
        said = capsys.readouterr().err
        result = read_json(halfway.result)
        outcome = result["reason"] or "the same end"
        ends[outcome] = ends.get(outcome, 0) + 1
        match status:
            case 0:
                assert end(halfway) == whole, what
            case 1:
                assert result["reason"] == "bad_checkpoint", (what, result["message"])
            case 2:
                assert result["reason"] == "bad_config", what
                assert said.count("\n") == 1, (what, said)
            case _:
                pytest.fail(f"{what}: exit status {status}")
    print(f"{DAMAGES} damages: {ends}")
    assert sum(ends.values()) == DAMAGES
    assert ends["the same end"] > DAMAGES / 4
