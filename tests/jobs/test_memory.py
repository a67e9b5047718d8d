"""How many trainers are let in at once."""

import stat
from dataclasses import replace

import pytest

from tl import machine
from tl.backbones import BACKBONES
from tl.config import ArmConfig, Experiment
from tl.jobs import memory
from tl.store.files import write_json
from tl.store.home import Home

ARM = ArmConfig(name="scratch", strategy="scratch")
SPEC = Experiment(dataset="blossoms", arms=(ARM,), backbone="mobilenet_v2", resolution=64, batch_size=64)


def need(home, **settings) -> float:
    return memory.trainer_bytes(home, replace(SPEC, **settings), [])


def test_a_small_network_on_small_pictures_needs_less_than_two_gigabytes(tmp_path):
    assert 1.5e9 < need(Home(tmp_path)) < 2e9  # measured: 1.5 to 1.8 GB


@pytest.mark.parametrize("larger", [{"resolution": 224}, {"batch_size": 256}, {"backbone": "vgg16"}])
def test_more_is_needed_for_larger_pictures_batches_and_networks(tmp_path, larger):
    assert need(Home(tmp_path), **larger) > need(Home(tmp_path)) + 1e9


def test_the_weights_a_strategy_starts_from_take_their_room_where_it_keeps_them(tmp_path):
    plain, anchored, low_rank = (
        need(
            Home(tmp_path),
            backbone="vgg16",
            arms=(ArmConfig(name="one", strategy="full_finetuning"), ArmConfig(name="other", strategy=strategy)),
        )
        for strategy in ("scratch", "l2_sp", "lora")
    )
    assert anchored - plain == low_rank - plain == 4 * BACKBONES["vgg16"].parameters


@pytest.mark.parametrize("backbone", BACKBONES)
def test_every_backbone_has_an_estimate(tmp_path, backbone):
    assert need(Home(tmp_path), backbone=backbone) > 1e9


def test_what_was_measured_counts_more_than_the_estimate(tmp_path):
    home, measured, killed = Home(tmp_path), "0" * 26, "1" * 26
    write_json(home.run(measured).result, {"memory_peak_bytes": 3e9})
    write_json(home.run(killed).result, {"memory_peak_bytes": None})
    assert memory.trainer_bytes(home, SPEC, [killed, measured]) == pytest.approx(3.3e9)


def test_as_many_fit_as_the_memory_holds(monkeypatch):
    monkeypatch.setattr(memory, "free_gpu_bytes", lambda: None)
    monkeypatch.setattr(machine, "free_memory", lambda: 5e9)
    assert [memory.trainers_that_fit(size) for size in (1e9, 2e9, 6e9)] == [5, 2, 0]


def test_on_a_gpu_both_memories_count(monkeypatch):
    monkeypatch.setattr(machine, "free_memory", lambda: 16e9)
    monkeypatch.setattr(memory, "free_gpu_bytes", lambda: 24e9)
    assert [memory.trainers_that_fit(size) for size in (1e9, 7e9, 30e9)] == [5, 3, 0]


def driver(monkeypatch, tmp_path, script: str) -> None:
    """Put a driver's program first that answers by a shell script."""
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


@pytest.mark.parametrize(
    ("script", "free"),
    [("echo 2048; echo 1", 2**31), ("echo '[N/A]'", None), ("exit 9", None), ("exit 0", None)],
)
def test_the_driver_is_asked_for_the_gpus_memory(monkeypatch, tmp_path, script, free):
    driver(monkeypatch, tmp_path, script)
    assert memory.free_gpu_bytes() == free
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert memory.free_gpu_bytes() is None


@pytest.mark.parametrize(
    ("script", "holders"),
    [("echo 12; echo 345", {12, 345}), ("echo '[Insufficient Permissions]'", set()), ("exit 9", set()), ("", set())],
)
def test_the_driver_is_asked_who_holds_the_gpus_memory(monkeypatch, tmp_path, script, holders):
    driver(monkeypatch, tmp_path, script)
    assert memory.gpu_processes() == holders
