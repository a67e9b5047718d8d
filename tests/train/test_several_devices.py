"""One run on several devices: two processes of the CPU learn what one does, say who was lost, end and go on."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
import torch

from tests.jobs.lab import until
from tl.config import RunConfig
from tl.failures import EXIT_STATUS
from tl.jobs.launchers import processes
from tl.jobs.launchers.launcher import child_environment
from tl.store.device_lock import DeviceLock
from tl.store.files import read_json, write_json
from tl.store.metrics import read_metrics
from tl.store.predictions import read_predictions
from tl.train import __main__ as main_module
from tl.train.devices import peers, ranks
from tl.train.devices.ranks import ALONE, TooFewDevices, join_process_group

CPU = torch.device("cpu")
# Without BatchNorm and kinks: what rounding differs by at first stays small.
SMOOTH = {"backbone": "timm:test_vit", "optimizer": "sgd", "batch_size": 10, "epochs": 3, "precision": "fp32"}
LEARNED = ["train_loss", "train_accuracy", "val_loss", "val_accuracy", "learning_rate", "images_seen", "flops"]


def on(run, number: int) -> None:
    """Let the run go on with so many devices."""
    config = RunConfig.from_json(read_json(run.config))
    write_json(run.config, replace(config, devices=number).to_json())


def test_a_run_learns_the_same_on_one_and_two_devices_and_names_the_one_that_was_killed(make_run, command, monkeypatch):
    whole, _ = make_run(**SMOOTH)
    command(whole.folder)
    run, _ = make_run(**SMOOTH, devices=2)

    def kill_in_the_second_epoch():
        if len(read_metrics(run.metrics)) == 1:
            for child in psutil.Process().children():
                if child.is_running() and "tl.train.devices.peer" in child.cmdline():
                    killed.append(child.pid)
                    child.kill()

    def stop_after_the_second_epoch():
        if len(read_metrics(run.metrics)) == 2:
            raise main_module.Stopped

    killed: list[int] = []
    as_asked = [kill_in_the_second_epoch, stop_after_the_second_epoch, lambda: None]
    monkeypatch.setattr(
        main_module, "StopSignal", lambda device_lock: SimpleNamespace(check=lambda: as_asked[0](), asked=False)
    )
    assert command(run.folder) == 1
    result = read_json(run.result)
    assert (result["status"], result["reason"], result["epochs"], result["devices"]) == ("failed", "device_lost", 1, 2)
    assert result["message"] == (
        f"One of the run's devices was lost (device 2 of 2: its process {killed[0]} was killed by SIGKILL, as the"
        " system does where memory runs out); resume, or resume on fewer devices."
    )
    as_asked.pop(0)
    on(run, 1)
    assert command(run.folder) == 0 and read_json(run.result)["status"] == "stopped"
    as_asked.pop(0)
    on(run, 2)
    assert command(run.folder) == 0
    first, second = read_metrics(whole.metrics), read_metrics(run.metrics)
    assert np.allclose(first[LEARNED].astype(float), second[LEARNED].astype(float), rtol=1e-4)
    assert second["threads"][0] >= 2 <= second["threads"][2], "each process has one at least"
    for split in ("validation", "test"):
        one, two = (read_predictions(each.predictions, split) for each in (whole, run))
        assert (one.picture == two.picture).all() and (one.label == two.label).all()
        assert np.allclose(one.probabilities, two.probabilities, atol=2e-3)
    result = read_json(run.result)
    assert result["test_loss"] == pytest.approx(read_json(whole.result)["test_loss"], rel=1e-4)
    assert result["notes"] == [
        "Resumed on 1 device after epoch 1, before on 2 devices.",
        "Resumed on 2 devices after epoch 2, before on 1 device.",
    ]
    assert not list(run.folder.glob(".*")), "where they met is gone"
    assert not psutil.Process().children()


def test_a_stop_ends_all_processes_of_a_run(make_run, stripes_home):
    run, config = make_run(backbone="resnet18_narrow", epochs=50, precision="fp32", devices=2)
    device_lock = DeviceLock(stripes_home.locks_dir)
    environment = child_environment() | {processes.RUN_VARIABLE: config.run_id}
    command = [sys.executable, "-m", "tl.train", str(run.folder)]
    trainer = subprocess.Popen(command, env=environment, start_new_session=True)
    try:
        until(lambda: (read_json(run.progress) or {}).get("phase") == "training", 120)
        device_lock.take()  # an epoch later
        until(lambda: (read_json(run.progress) or {}).get("phase") == "waiting", 120)
        assert len(processes.of_run(config.run_id)) == 2
        os.killpg(trainer.pid, signal.SIGTERM)
        assert trainer.wait(60) == 0
        assert not processes.of_run(config.run_id)
        result = read_json(run.result)
        assert result["status"] == "stopped" and result["epochs"] >= 1
    finally:
        device_lock.close()
        trainer.kill()
        trainer.wait()


def test_fewer_gpus_than_the_run_asks_for_are_told_before_anything_starts(monkeypatch, tmp_path):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(TooFewDevices, match="needs 4 devices, but this machine has 2 GPUs; resume it with --devices 2"):
        join_process_group(0, 4, tmp_path / "meeting", sync=False)
    assert main_module.explain(TooFewDevices("so"))[0] == "bad_config"
    assert join_process_group(0, 1, tmp_path / "meeting", sync=True) is ALONE is ranks.ALONE


@pytest.mark.parametrize(
    ("strategy", "settings", "devices"),
    [
        ("scratch", {}, 2),
        ("linear_probe", {"epochs": 4}, 1),
        ("linear_probe", {"views": 0}, 2),
        ("nearest_mean", {}, 1),
        ("freeze_then_unfreeze", {"epochs": 4}, 2),
    ],
)
def test_an_arm_that_computes_only_a_head_takes_one_device(make_run, strategy, settings, devices):
    _, config = make_run(strategy, **settings, devices=2)
    assert config.devices_of(config.arm) == devices


def test_a_run_that_takes_one_of_its_devices_says_so(make_run, train, pretrained):
    run, config = make_run("nearest_mean", weights="own", devices=2)
    told = "Only its head is computed, on features that are kept: one of the 2 devices did all of it."
    assert train(run, config)["notes"] == [told] and read_json(run.result)["devices"] == 1


def test_the_trainers_own_command_takes_a_number_of_devices(quick, command, capsys):
    assert main_module.main([str(quick.folder), "--devices", "99"]) == 2
    assert "devices is 99; it must be 1 to 64." in capsys.readouterr().err
    assert "devices" not in read_json(quick.config) and not quick.result.exists()


@pytest.mark.parametrize(
    ("ends", "reason", "said"),
    [
        ({1: EXIT_STATUS["out_of_gpu_memory"]}, "out_of_gpu_memory", "device 2 of 3: its process "),
        ({1: EXIT_STATUS["internal_error"], 2: -9}, "device_lost", "device 3 of 3: its process "),
    ],
)
def test_a_lost_device_is_told_where_the_trainer_waits_for_it_for_good(make_run, monkeypatch, ends, reason, said):
    """As on a GPU, whose operations with one that is gone never fail."""
    code = "import os, sys, json; n = json.loads(sys.stdin.readline())['number']; end = json.loads(sys.argv[1]).get(str(n))"
    code += "\nos.kill(os.getpid(), -end) if end and end < 0 else sys.exit(end) if end else sys.stdin.read()"
    monkeypatch.setattr(peers, "COMMAND", (sys.executable, "-c", code, json.dumps(ends)))
    monkeypatch.setattr(peers, "NOTICE_SECONDS", 0.1)
    run, config = make_run(devices=3)
    others, told = peers.Peers(run, config), []
    try:
        others.watch(told.append)
        until(lambda: told)
        assert told[0].reason == reason and str(told[0]).startswith(said)
        assert main_module.explain(told[0])[0] == reason
    finally:
        others.end()
    assert not psutil.Process().children(), "the one that lived has seen the end of its input"


def ignored(pid: int) -> int:
    """The signals that a process ignores, a bit each."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    (line,) = (line for line in lines if line.startswith("SigIgn"))
    return int(line.split()[1], 16)


def test_a_device_ends_with_the_trainer_and_not_before(make_run):
    """The trainer, which is asked to stop at the same time, ends the others once it has written how the run ended."""
    run, config = make_run(devices=2)
    others = peers.Peers(run, config)
    (other,) = others._started
    try:
        until(lambda: ignored(other.pid) >> (signal.SIGTERM - 1) & 1)
        other.send_signal(signal.SIGTERM)
        assert other.poll() is None
        other.stdin.close()  # as the system does where the trainer is killed
        assert other.wait(30) == 0
    finally:
        others.end()
