"""Failures have names: what ends a run is said in its result, in one sentence with advice, or at least by exit status."""

import errno
import re
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from quick import evaluated

from tl.backbones import IMAGENET_INPUT
from tl.config import Refused
from tl.failures import EXIT_REASONS, EXIT_STATUS, FAILURES
from tl.languages import read_sentence, say, speaking, store_sentence
from tl.store.download import DownloadFailed, WrongHash
from tl.store.files import read_json, write_json
from tl.store.home import Home
from tl.store.metrics import read_metrics
from tl.train import __main__ as main_module
from tl.train import run as run_module
from tl.train.__main__ import explain
from tl.train.checkpoints.checkpoint import BadCheckpoint
from tl.train.devices.peers import DeviceLost
from tl.train.epochs import Diverged
from tl.train.frozen import FrozenPart
from tl.train.learner import Learner


def no_memory() -> Exception:
    return torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has 23.65 GiB in all.")


@pytest.mark.parametrize(
    ("error", "reason", "words"),
    [
        (Diverged("the training loss became nan in epoch 1, step 1"), "diverged", "lower learning rate"),
        (no_memory(), "out_of_gpu_memory", "2.00 GiB"),
        (RuntimeError("CUDA error: out of memory"), "out_of_gpu_memory", "smaller batch"),
        (RuntimeError("CUDA error: an illegal memory access was encountered"), "gpu_lost", "illegal memory"),
        (torch.AcceleratorError("CUDA error: device-side assert triggered"), "gpu_lost", "resume"),
        (RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"), "gpu_lost", "CUDNN_STATUS"),
        (MemoryError(), "out_of_memory", "smaller batch"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), "out_of_memory", "smaller batch"),
        (OSError(errno.ENOSPC, "No space left on device", "x"), "disk_full", r"\(x\); free some space"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "disk_full", "quota"),
        (OSError(errno.EACCES, "Permission denied", "x"), "not_writable", "x"),
        (OSError(errno.EROFS, "Read-only file system", "x"), "not_writable", "x"),
        (OSError(errno.EIO, "Input/output error", "x"), "disk_error", "x"),
        (OSError(errno.EMFILE, "Too many open files", "x"), "too_many_files", "ulimit"),
        (DownloadFailed("No connection."), "download_failed", "No connection"),
        (WrongHash("Another file."), "wrong_hash", "Another file"),
        (BadCheckpoint("Damaged."), "bad_checkpoint", "Damaged"),
        (Refused("No pictures."), "bad_data", "No pictures"),
        (KeyError("x"), "internal_error", "KeyError"),
        (ValueError("a\nb" * 500), "internal_error", "log"),
    ],
)
def test_a_failure_has_a_name_and_one_sentence(error, reason, words):
    name, message = explain(error)
    assert name == reason
    assert message.endswith(".")
    assert "\n" not in message
    assert len(message) < 500
    assert re.search(words, message)


def test_how_a_process_ended_can_be_said_again_in_another_language():
    stored = store_sentence(explain(DeviceLost("device_lost", say("Not found.")))[1])
    with speaking("zh"):
        assert say("Not found.") in read_sentence(stored) and "Not found." not in read_sentence(stored)


def test_exit_statuses_are_free_and_tell_failures_apart():
    assert len(EXIT_REASONS) == len(FAILURES)
    others = set(EXIT_STATUS.values()) - {2}
    assert not others & {0, 1, 120, 126, 127}  # done, failed, Python can't flush, the shell's
    assert all(64 < status < 120 for status in others)


def test_a_validation_loss_that_is_not_finite_ends_the_run_with_its_best_kept(make_run, monkeypatch, command):
    losses = iter([(0.9, 0.5), (0.8, 0.625), (float("nan"), 0.1)])
    monkeypatch.setattr("tl.train.learner.evaluate_together", lambda *args: evaluated(*next(losses)))
    run, _ = make_run(epochs=5)
    assert command(run.folder) == 1
    result = read_json(run.result)
    assert (result["reason"], result["epochs"], result["best_epoch"]) == ("diverged", 2, 2)
    assert result["best_val_accuracy"] == 0.625
    assert "validation loss became nan in epoch 3" in result["message"]
    assert read_metrics(run.metrics)["val_loss"].tolist() == [0.9, 0.8]
    assert (run.checkpoints / "best.safetensors").exists()


@pytest.mark.parametrize(
    ("name", "data"),
    [("dataset.json", b"[]"), ("index.parquet", b"PAR1 cut"), ("pictures-32.u8", b"cut")],
)
def test_a_damaged_data_set_is_bad_data_and_named(make_run, stripes_home, tmp_path, command, name, data):
    original, _ = make_run()
    home = Home(tmp_path / "home")
    shutil.copytree(stripes_home.dataset_dir("stripes"), home.dataset_dir("stripes"))
    (home.dataset_dir("stripes") / name).write_bytes(data)
    run = home.run(shutil.copytree(original.folder, home.run(original.folder.name).folder).name)
    assert command(run.folder) == 1
    result = read_json(run.result)
    assert result["reason"] == "bad_data"
    assert f"{name} is damaged; delete" in result["message"]


@pytest.fixture
def small_gpu(monkeypatch):
    """A GPU whose memory takes `small_gpu(n)` pictures at once."""

    def pictures(most: int):
        original = FrozenPart.after

        def after(part, batch):
            if len(batch) > most and torch.is_grad_enabled():
                raise no_memory()
            return original(part, batch)

        monkeypatch.setattr(FrozenPart, "after", after)

    return pictures


def test_a_batch_too_large_for_the_gpu_is_halved_and_that_is_said(make_run, train, small_gpu, capsys):
    small_gpu(2)
    run, config = make_run(epochs=2, batch_size=8)
    result = train(run, config)
    assert (result["status"], result["epochs"], result["batch_parts"]) == ("finished", 2, 4)
    (note,) = result["notes"]
    assert "epoch 1, step 1" in note
    assert "each batch of 8" in note
    assert "in 4 parts" in note
    assert note in capsys.readouterr().out
    assert read_metrics(run.metrics)["images_seen"].tolist() == [32, 64]


def test_a_resumed_run_goes_on_with_the_parts_it_had(make_run, train, small_gpu, monkeypatch, last_is_kept):
    small_gpu(4)
    run, config = make_run(epochs=2, batch_size=8)
    monkeypatch.setattr("tl.train.run.Trainer._finished", lambda trainer: trainer.history.epochs == 1)
    train(run, config)
    monkeypatch.undo()  # now the memory would be enough: the result must not depend on that
    result = train(run, config)
    assert (result["epochs"], result["batch_parts"], len(result["notes"])) == (2, 2, 1)


def test_a_run_whose_trainer_was_killed_for_memory_goes_on_with_half_a_batch_at_a_time(make_run, train, small_gpu):
    small_gpu(4)  # more at once would be noticed
    run, config = make_run(epochs=2, batch_size=8)
    write_json(run.memory_kills, {"kills": 1})
    result = train(run, config)
    assert (result["status"], result["batch_parts"], len(result["notes"])) == ("finished", 2, 1)
    assert "ended the trainer for lack of memory in epoch 1: each batch of 8" in result["notes"][0]
    assert "in 2 parts" in result["notes"][0] and "BatchNorm" in result["notes"][0]
    assert read_metrics(run.metrics)["images_seen"].tolist() == [32, 64]


def test_a_gpu_that_can_t_take_an_eighth_of_a_batch_ends_the_run_by_name(make_run, small_gpu, command):
    small_gpu(0)
    run, _ = make_run(batch_size=32)
    assert command(run.folder) == 1
    result = read_json(run.result)
    assert result["reason"] == "out_of_gpu_memory"
    assert "smaller batch size" in result["message"]


def test_the_gradients_of_parts_add_up_to_those_of_the_batch(quick_learner):
    batch, target = torch.randn(7, 3, 32, 32), torch.tensor([0, 1, 0, 1, 1, 0, 1])
    found = []
    for parts in (1, 2, 8):
        quick_learner.parts = parts
        quick_learner.network.eval()  # BatchNorm's own statistics are the one difference
        loss, scores = quick_learner._gradients(batch, target)
        gradients = [p.grad.clone() for p in quick_learner.network.parameters() if p.grad is not None]
        found.append((loss, scores, gradients))
    for loss, scores, gradients in found[1:]:
        assert loss.item() == pytest.approx(found[0][0].item(), rel=1e-5)
        torch.testing.assert_close(scores, found[0][1])
        for own, whole in zip(gradients, found[0][2], strict=True):
            torch.testing.assert_close(own, whole, rtol=1e-3, atol=1e-5)


@pytest.fixture
def quick_learner(make_run):
    run, config = make_run(precision="fp32")

    class Store:
        classes = ("a", "b")
        folder = run.folder  # of pictures without a name
        sizes, beside = {"train": 8}, None

        def of(self, split):
            return self

        def pixels(self, split, count=None):
            return np.zeros((8, 32, 32, 3), np.uint8)

        def labels_of(self, split, count=None):
            return np.zeros(8, np.int64)

    learner = Learner(config, Store(), torch.device("cpu"), None, IMAGENET_INPUT, run.folder, lambda: None)
    learner.begin(1, config.phases[0])
    return learner


DAMAGED = {"no JSON": b"{", "a list": b"[1]", "not text": b"\xff\xfe", "a field too few": b"{}", "null": b"null"}


@pytest.mark.parametrize("case", DAMAGED)
def test_a_damaged_config_is_refused_in_one_sentence(quick, case, capsys, command):
    quick.config.write_bytes(DAMAGED[case])
    assert command(quick.folder) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert str(quick.config) in said
    assert (read_json(quick.result)["status"], read_json(quick.result)["reason"]) == ("failed", "bad_config")


def test_a_folder_that_is_no_run_is_left_alone(tmp_path, capsys, command):
    assert command(tmp_path) == 2
    assert not list(tmp_path.iterdir())
    assert "is missing" in capsys.readouterr().err


@pytest.mark.parametrize(("asked", "status"), [(True, "stopped"), (False, "failed")])
def test_what_a_stop_takes_down_with_it_is_no_failure(quick, command, monkeypatch, asked, status):
    """Who stops a run signals its whole group: a process that draws pictures for it may die of that before the run sees it."""

    def dies(*_, **__):
        raise RuntimeError("`python -m tl.datasets.drawer` does not start: -15")

    monkeypatch.setattr(run_module, "prepare_for", dies)
    monkeypatch.setattr(main_module, "StopSignal", lambda turn: SimpleNamespace(check=lambda: None, asked=asked))
    assert command(quick.folder) == (0 if asked else 1)
    assert read_json(quick.result)["status"] == status
