"""Hardware samples with an NVML that works, is absent, throws or hangs (a fake pynvml module)."""

import os
import sys
import threading
import time
from types import ModuleType, SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from tl.store.metrics import RESOURCES, read_table
from tl.train.hardware import nvml, resources
from tl.train.hardware.resources import ResourceMonitor

FIELDS = (
    "nvmlDeviceGetPowerUsage",
    "nvmlDeviceGetTotalEnergyConsumption",
    "nvmlDeviceGetUtilizationRates",
    "nvmlDeviceGetComputeRunningProcesses",
)


class NotSupportedError(Exception):
    """Stands for pynvml's NVMLError_NotSupported."""


def fake_nvml() -> ModuleType:
    """A board of 200 W that works; `asked` remembers how the device was found."""
    module = ModuleType("pynvml")
    started = time.monotonic()
    module.asked = []

    def handle(name):
        module.asked.append(name)
        return name

    def by_uuid(name):
        if name != "GPU-1234":
            raise NotSupportedError(name)
        return handle(name)

    module.nvmlInit = lambda: None
    module.nvmlDeviceGetHandleByUUID = by_uuid
    module.nvmlDeviceGetHandleByIndex = handle
    module.nvmlDeviceGetPowerUsage = lambda device: 200_000
    module.nvmlDeviceGetTotalEnergyConsumption = lambda device: int((time.monotonic() - started) * 200_000)
    module.nvmlDeviceGetUtilizationRates = lambda device: SimpleNamespace(gpu=80, memory=10)
    own = SimpleNamespace(pid=os.getpid(), usedGpuMemory=123_000_000)
    other = SimpleNamespace(pid=1, usedGpuMemory=9)
    module.nvmlDeviceGetComputeRunningProcesses = lambda device: [other, own]
    return module


@pytest.fixture
def pynvml(monkeypatch):
    """The fake in place of the real module; short intervals."""
    module = fake_nvml()
    monkeypatch.setitem(sys.modules, "pynvml", module)
    monkeypatch.setattr(nvml, "INTERVAL_SECONDS", 0.05)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return module


def watch(path, seconds=0.3, **options):
    """Run a monitor for a while; returns (its table, its mark at the end)."""
    monitor = ResourceMonitor(path, interval=0.05, **options)
    monitor.start()
    monitor.epoch_mark()
    began = time.monotonic()
    time.sleep(seconds)
    mark = monitor.epoch_mark() | {"seconds": time.monotonic() - began}
    monitor.stop()
    return read_table(path, RESOURCES), mark


def test_a_board_that_works_is_measured(pynvml, tmp_path):
    frame, mark = watch(tmp_path / "resources.parquet", gpu=True, uuid="1234")
    assert pynvml.asked == ["GPU-1234"]
    last = frame.iloc[-1]
    assert (last.gpu_memory_bytes, last.gpu_utilisation, last.gpu_power_watts) == (123_000_000, 0.8, 200.0)
    assert mark["gpu_utilisation"] == pytest.approx(0.8)
    assert mark["energy_joules"] == pytest.approx(200 * mark["seconds"], rel=0.5)


def used(pid, percent, after=0):
    """What a process had of the board, as NVML tells it; `after` microseconds from now."""
    return SimpleNamespace(pid=pid, timeStamp=round(time.time() * 1e6) + after, smUtil=percent)


def test_what_others_had_of_the_board_is_told_apart_from_the_own_share(pynvml, tmp_path):
    pynvml.nvmlDeviceGetProcessUtilization = lambda device, since: [used(os.getpid(), 50), used(1, 20), used(2, 10)]
    assert watch(tmp_path / "resources.parquet", gpu=True)[1]["gpu_others"] == pytest.approx(0.3)


@pytest.mark.parametrize("case", ["not supported", "old samples", "a namespace of its own"])
def test_what_others_had_is_not_told_where_nobody_knows(pynvml, tmp_path, case):
    old = -10_000_000
    if case != "not supported":
        after = old if case == "old samples" else 0
        pynvml.nvmlDeviceGetProcessUtilization = lambda device, since: [used(1, 90, after)]
    if case == "a namespace of its own":
        pynvml.nvmlDeviceGetComputeRunningProcesses = lambda device: [SimpleNamespace(pid=1, usedGpuMemory=9)]
    mark = watch(tmp_path / "resources.parquet", gpu=True)[1]
    assert mark["gpu_others"] is None and mark["gpu_utilisation"] == pytest.approx(0.8)


def test_without_a_gpu_nvml_is_never_touched_and_the_process_is_measured(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", None)  # importing it would raise
    monitor = ResourceMonitor(tmp_path / "resources.parquet", interval=0.05)
    monitor.start()
    end = time.monotonic() + 0.6
    while time.monotonic() < end:
        np.ones((200, 200)).sum()
    mark = monitor.epoch_mark()
    monitor.stop()
    frame = read_table(monitor.path, RESOURCES)
    assert "nvml" not in {thread.name for thread in threading.enumerate()}
    assert len(frame) >= 3
    assert frame.elapsed_seconds.is_monotonic_increasing
    assert frame.memory_bytes.iloc[-1] > 1e6
    assert mark["memory_bytes"] > 1e6
    assert frame.cpu_percent.max() > 1
    assert frame[["gpu_memory_bytes", "gpu_utilisation", "gpu_power_watts"]].isna().all().all()
    assert mark["gpu_utilisation"] is None
    assert mark["energy_joules"] is None


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_the_board_lacks_is_null_and_the_others_are_there(pynvml, tmp_path, field):
    def refuse(device):
        raise NotSupportedError

    setattr(pynvml, field, refuse)
    frame, mark = watch(tmp_path / "resources.parquet", gpu=True)
    last = frame.iloc[-1]
    columns = {FIELDS[0]: "gpu_power_watts", FIELDS[2]: "gpu_utilisation", FIELDS[3]: "gpu_memory_bytes"}
    for name, column in columns.items():
        assert pd.isna(last[column]) == (name == field)
    assert mark["energy_joules"] is not None, "without a counter the power is added up"


def test_power_added_up_is_the_energy_where_there_is_no_counter(pynvml, tmp_path):
    del pynvml.nvmlDeviceGetTotalEnergyConsumption
    _, mark = watch(tmp_path / "resources.parquet", gpu=True)
    assert mark["energy_joules"] == pytest.approx(200 * mark["seconds"], rel=0.5)


def break_init(module):
    """A driver that doesn't fit."""

    def refuse():
        raise NotSupportedError("driver mismatch")

    module.nvmlInit = refuse


def lose_all_fields(module):
    """The GPU has fallen off the bus: everything raises."""
    for name in FIELDS:
        delattr(module, name)


@pytest.mark.parametrize("damage", [break_init, lose_all_fields])
def test_an_nvml_that_throws_costs_null_values(pynvml, tmp_path, damage):
    damage(pynvml)
    frame, mark = watch(tmp_path / "resources.parquet", gpu=True)
    assert frame.gpu_utilisation.isna().all()
    assert frame.memory_bytes.notna().all()
    assert mark["gpu_utilisation"] is None
    assert mark["energy_joules"] is None
    assert frame.gpu_memory_bytes.isna().all()


def test_a_missing_nvml_costs_null_values(pynvml, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", None)
    frame, mark = watch(tmp_path / "resources.parquet", gpu=True)
    assert frame.gpu_utilisation.isna().all()
    assert frame.memory_bytes.notna().all()
    assert mark["energy_joules"] is None


@pytest.mark.parametrize("name", ["nvmlInit", "nvmlDeviceGetUtilizationRates"])
def test_an_nvml_that_hangs_makes_nobody_wait_twice(pynvml, tmp_path, name):
    release = threading.Event()
    setattr(pynvml, name, lambda *arguments: release.wait(20))
    begun = time.monotonic()
    frame, mark = watch(tmp_path / "resources.parquet", gpu=True, seconds=0.2)
    assert time.monotonic() - begun < 0.2 + nvml.PATIENCE_SECONDS + 3
    assert len(frame) >= 2
    assert frame.gpu_utilisation.isna().all()
    assert mark["energy_joules"] is None
    release.set()


def test_a_resumed_run_goes_on_after_its_rows(tmp_path):
    path = tmp_path / "resources.parquet"
    first, _ = watch(path)
    both, _ = watch(path)
    assert both.iloc[: len(first)].equals(first)
    assert len(both) > len(first)
    assert both.elapsed_seconds.is_monotonic_increasing


def test_a_long_run_is_thinned_out(tmp_path, monkeypatch):
    monkeypatch.setattr(resources, "MAX_RESOURCE_ROWS", 8)
    monitor = ResourceMonitor(tmp_path / "resources.parquet", interval=0.01)
    monitor.start()
    time.sleep(0.5)
    monitor.stop()
    frame = read_table(monitor.path, RESOURCES)
    assert 3 <= len(frame) <= 8
    assert monitor.interval >= 0.04
    assert frame.elapsed_seconds.iloc[-1] > 0.3, "the whole run is covered"


def test_a_disk_that_is_full_does_not_disturb(tmp_path, monkeypatch, capsys):
    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(resources, "write_parquet", full)
    watch(tmp_path / "resources.parquet")
    assert "No space left" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("visible", "options", "asked"),
    [
        ("", {"index": 1}, 1),
        ("3,2", {"index": 1}, 2),
        ("GPU-1234", {}, "GPU-1234"),
        ("3", {"uuid": "GPU-1234"}, "GPU-1234"),
        ("3", {"uuid": "unknown"}, 3),
    ],
)
def test_the_board_is_the_one_cuda_uses(pynvml, tmp_path, monkeypatch, visible, options, asked):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    watch(tmp_path / "resources.parquet", seconds=0.05, gpu=True, **options)
    assert pynvml.asked == [asked]


def test_memory_of_an_epoch_is_the_most_that_was_seen_in_it(tmp_path, monkeypatch):
    monitor = ResourceMonitor(tmp_path / "resources.parquet")
    seen = iter([300, 900, 200, 250, 200])
    monkeypatch.setattr(resources, "_resident", lambda process: next(seen))
    for _ in range(2):
        monitor._sample()
    assert monitor.epoch_mark()["memory_bytes"] == 900
    monitor._sample()
    assert monitor.epoch_mark()["memory_bytes"] == 250, "what was before the mark does not count"
