"""Checkpoints that are damaged, of another run or of a newer TL Lab: the one before is used, or one sentence refuses.

DAMAGES=200 damages a run's files more often.
"""

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys

import pytest
import torch
from quick import MEASURED, PICTURES, evaluated
from safetensors.torch import load_file, save_file

from tl.config import RunConfig
from tl.jobs.launchers.launcher import child_environment
from tl.store.files import read_json, write_json
from tl.store.metrics import read_metrics
from tl.store.seal import NO_DIGEST
from tl.train.checkpoints import checkpoint, sealed

DAMAGES = int(os.environ.get("DAMAGES", "20"))


@pytest.fixture
def halfway(quick, monkeypatch, command):
    """A run that was stopped after its second epoch; `end()` is what tells two finished runs apart."""
    with monkeypatch.context() as patch:
        patch.setattr("tl.train.run.Trainer._finished", lambda trainer: trainer.history.epochs >= 2)
        patch.setattr("tl.train.run.keep_best_network", lambda run: None)  # a stopped run keeps its checkpoints
        assert command(quick.folder) == 0
    quick.result.unlink()
    return quick


def flip(path, bit: int) -> None:
    data = bytearray(path.read_bytes())
    data[bit // 8] ^= 1 << bit % 8
    path.write_bytes(data)


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
    with pytest.raises(checkpoint.BadCheckpoint, match="of epoch 1, not of the best one"):
        checkpoint.load_best(halfway.checkpoints, network, 2)
    (halfway.checkpoints / checkpoint.BEST).unlink()
    with pytest.raises(checkpoint.BadCheckpoint, match="is missing"):
        checkpoint.load_best(halfway.checkpoints, network, 2)


def test_a_checkpoint_of_a_newer_version_is_refused_with_the_versions(halfway, monkeypatch, command):
    monkeypatch.setattr(sealed, "SCHEMA", 0)
    assert command(halfway.folder) == 1
    result = read_json(halfway.result)
    assert result["reason"] == "bad_checkpoint"
    assert f"schema 1, torch {torch.__version__}" in result["message"]


def test_another_version_of_torch_goes_on_and_says_so(halfway, monkeypatch, command):
    monkeypatch.setattr(torch, "__version__", "9.9")
    assert command(halfway.folder) == 0
    assert read_json(halfway.result)["notes"][0].startswith("Resumed with torch 9.9, begun with ")


def test_settings_that_changed_under_a_run_are_refused_by_name(halfway, command):
    write_json(halfway.config, read_json(halfway.config) | {"batch_size": 7})
    assert command(halfway.folder) == 1
    result = read_json(halfway.result)
    assert result["reason"] == "bad_checkpoint"
    assert "batch_size 32, config.json says 7" in result["message"]


def rewritten(path, change) -> None:
    """The checkpoint with `change` made to what it says of its run, sealed as its writer would have done."""
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    about = {name: json.loads(header["__metadata__"][name]) for name in ("epoch", "config", "history")}
    change(about)
    header["__metadata__"] |= {name: json.dumps(value) for name, value in about.items()} | {"sha256": NO_DIGEST}
    text = json.dumps(header, separators=(",", ":")).encode()
    whole = len(text).to_bytes(8, "little") + text + data[8 + size :]
    path.write_bytes(whole.replace(NO_DIGEST.encode(), hashlib.sha256(whole).hexdigest().encode(), 1))


def test_a_checkpoint_from_before_a_setting_was_there_goes_on(halfway, command):
    """Its run has a config.json of that time, or one that says what that version did."""

    def without(about):
        for name in RunConfig.EARLIER:
            del about["config"][name]
        del about["config"]["arm"]["anchor"]

    write_json(halfway.config, RunConfig.from_json(read_json(halfway.config)).to_json() | RunConfig.EARLIER)
    rewritten(halfway.checkpoints / checkpoint.LAST, without)
    assert command(halfway.folder) == 0
    assert read_json(halfway.result)["epochs"] == 3


def test_a_setting_that_an_earlier_version_had_otherwise_is_refused_by_name(halfway, command):
    write_json(halfway.config, read_json(halfway.config) | {"patience_steps": 77})
    rewritten(halfway.checkpoints / checkpoint.LAST, lambda about: about["config"].pop("patience_steps"))
    assert command(halfway.folder) == 1
    assert "patience_steps 0, config.json says 77" in read_json(halfway.result)["message"]


def test_a_history_from_before_something_was_noted_goes_on_as_if_nothing_was(halfway, command):
    rewritten(halfway.checkpoints / checkpoint.LAST, lambda about: about["history"].pop("phase_stale"))
    assert command(halfway.folder) == 0
    assert read_json(halfway.result)["epochs"] == 3


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda about: about["config"].update(warp=9), "was written by a newer TL Lab, which has the setting warp"),
        (
            lambda about: about["config"]["arm"].update(warp=9),
            "was written by a newer TL Lab, which has the setting warp",
        ),
        (
            lambda about: about["history"].update(warped=1),
            "is of a newer TL Lab (its history has warped); resume with that one",
        ),
    ],
    ids=("setting", "setting of the arm", "history"),
)
def test_what_only_a_newer_version_knows_is_refused_in_one_sentence(halfway, command, change, words):
    rewritten(halfway.checkpoints / checkpoint.LAST, change)
    assert command(halfway.folder) == 1
    result = read_json(halfway.result)
    assert result["reason"] == "bad_checkpoint" and result["epochs"] == 2
    assert words in result["message"]


def test_a_checkpoint_that_is_replaced_while_it_is_read_is_read_to_its_end(halfway):
    path = halfway.checkpoints / checkpoint.LAST
    network = torch.nn.Sequential(torch.nn.Linear(4, 2), torch.nn.BatchNorm1d(2))
    expected = load_file(path)["network.0.weight"]
    with sealed.opened(path) as opened:
        shutil.copy(halfway.checkpoints / checkpoint.BEST, path.with_name("other"))
        path.with_name("other").replace(path)
        checkpoint._fill(opened, network, None, "network.")
    assert torch.equal(network[0].weight, expected)


MEMORY = """
import sys, torch
from pathlib import Path
from torch import nn
from tl.config import ArmConfig, Experiment
from tl.train.checkpoints import checkpoint
from tl.train.checkpoints.history import History

folder = Path(sys.argv[1])
(config,) = Experiment(arms=(ArmConfig(name="scratch", strategy="scratch"),), dataset="none").runs("0" * 26)
network = nn.Sequential(*(nn.Linear(1024, 1024) for _ in range(10)))
optimizer = torch.optim.Adam(network.parameters())
for parameter in network.parameters():
    parameter.grad = torch.ones_like(parameter)
optimizer.step()
optimizer.zero_grad()

def peak():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]) * 1024

def more(work):
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    before = peak()
    work()
    print(peak() - before)

more(lambda: checkpoint.save_last(folder, network, optimizer, History(rows=[{}], best_epoch=1), config))
more(lambda: checkpoint.save_best(folder, network, 1, config))
optimizer.state.clear()
more(lambda: checkpoint.load_last(folder, network, optimizer, config))
more(lambda: checkpoint.settle_best(folder, network, History(rows=[{}], best_epoch=1), config))
more(lambda: checkpoint.load_best(folder, network, 1))
"""


@pytest.mark.skipif(
    not os.access("/proc/self/clear_refs", os.W_OK), reason="this system does not tell a peak of memory"
)
def test_a_large_networks_checkpoint_is_never_in_memory_as_a_whole(tmp_path):
    """42 MB of weights, 126 MB with the optimizer's state: besides what they fill, saving and loading take little."""
    command = [sys.executable, "-c", MEMORY, str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, env=child_environment())
    assert (tmp_path / checkpoint.LAST).stat().st_size > 125e6
    save_last, save_best, load_last, settle_best, load_best = map(int, ended.stdout.split())
    assert load_last < 84e6 + 16e6, "the optimizer's state, and some"
    assert max(save_last, save_best, settle_best, load_best) < 16e6, ended.stdout


def test_pictures_with_other_classes_are_refused(halfway, monkeypatch, command):
    from quick import QuickLearner

    class Wider(QuickLearner):
        def __init__(self, *args):
            super().__init__(*args)
            self.network[0] = torch.nn.Linear(4, 3)

    monkeypatch.setattr("tl.train.run.Learner", Wider)
    assert command(halfway.folder) == 1
    assert "doesn't fit the network" in read_json(halfway.result)["message"]


class Settings:
    def to_json(self):
        return {}


def metadata(path) -> dict:
    data = path.read_bytes()
    return json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]


def test_checkpoints_are_plain_safetensors_whatever_the_types(tmp_path):
    network = torch.nn.Module()
    for name, dtype in (("a", torch.float32), ("b", torch.bfloat16), ("c", torch.int64), ("d", torch.float16)):
        network.register_buffer(name, torch.arange(6).reshape(1, 2, 1, 3).to(dtype, memory_format=torch.channels_last))
    network.register_buffer("number", torch.tensor(7))
    checkpoint.save_best(tmp_path, network, 4, Settings())
    found = load_file(tmp_path / checkpoint.BEST)
    assert found.keys() == network.state_dict().keys()
    assert all(torch.equal(found[name], value) for name, value in network.state_dict().items())
    save_file(found, tmp_path / "theirs")
    assert (tmp_path / "theirs").stat().st_size <= (tmp_path / checkpoint.BEST).stat().st_size
    about = metadata(tmp_path / checkpoint.BEST)
    assert (about["schema"], about["torch"], about["epoch"]) == ("1", torch.__version__, "4")


def damaged(path) -> bool:
    try:
        with sealed.opened(path):
            return False
    except sealed.DamagedError:
        return True


def test_every_single_flipped_bit_and_every_length_of_a_checkpoint_is_found(tmp_path):
    checkpoint.save_best(tmp_path, torch.nn.Linear(2, 1), 1, Settings())
    path = tmp_path / checkpoint.BEST
    whole = path.read_bytes()
    checkpoint.load_best(tmp_path, torch.nn.Linear(2, 1), 1)
    assert not damaged(path)
    for bit in range(len(whole) * 8):
        path.write_bytes(whole)
        flip(path, bit)
        assert damaged(path)
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert damaged(path)
    path.write_bytes(whole + b"\0")
    assert damaged(path)


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
