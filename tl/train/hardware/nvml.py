"""What NVML says about one GPU, read in a daemon thread: an NVML that is absent, throws or hangs costs null values."""

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

INTERVAL_SECONDS = 0.5
PATIENCE_SECONDS = 0.3  # how long a caller waits for a fresh sample; only once if NVML hangs


@dataclass(frozen=True, kw_only=True)
class GpuSample:
    """One sample of the GPU; None where it can't tell."""

    time: float  # time.monotonic()
    memory_bytes: int | None = None  # of this process
    utilisation: float | None = None  # 0..1, of the whole board over about the last half second
    others: float | None = None  # 0..1, of the board that other processes had, since the sample before
    power_watts: float | None = None  # of the whole board
    energy_joules: float | None = None  # of the whole board, counted from an arbitrary moment


def _measured(function: Callable[[], Any]) -> Any:
    """What `function()` returns, None where it fails: boards differ in what they support, field by field."""
    try:
        return function()
    except Exception:  # NVML errors, broken bindings, missing fields: all mean "can't tell"
        return None


class GpuSampler:
    """Polls the GPU of a CUDA process every half second.

    The device is found by `uuid` (str of torch's device property, with or without "GPU-"), else as entry `index` of
    CUDA_VISIBLE_DEVICES, else as NVML's device number `index`.
    """

    def __init__(self, uuid: str | None = None, index: int = 0):
        self.error: str | None = None  # why NVML can't be used, once that is known
        self._names = (uuid, index)
        self._latest: GpuSample | None = None
        self._utilisations: list[float] = []  # since the last `take_means`
        self._others: list[float] = []  # the same
        self._lock = threading.Lock()
        self._poll_now, self._polled, self._ended = threading.Event(), threading.Event(), threading.Event()
        self._answers = True  # False once a caller waited in vain: nobody waits again until NVML answers
        threading.Thread(target=self._run, name="nvml", daemon=True).start()

    def stop(self) -> None:
        """Poll no more. Does not wait: a hanging NVML never returns."""
        self._ended.set()
        self._poll_now.set()

    def latest(self) -> GpuSample | None:
        """The newest sample; None where there is none or it is stale."""
        with self._lock:
            sample = self._latest
        fresh = sample is not None and time.monotonic() - sample.time < 5 * INTERVAL_SECONDS
        return sample if fresh else None

    def poll(self) -> GpuSample | None:
        """A sample taken now, or `latest()` where NVML does not answer in time."""
        if self._answers and self.error is None:
            self._polled.clear()
            self._poll_now.set()
            self._answers = self._polled.wait(PATIENCE_SECONDS)
        return self.latest()

    def take_means(self) -> list[float | None]:
        """Mean utilisation of the board and mean share of it that other processes had, 0..1, since the last call;
        None: not told."""
        with self._lock:
            taken, self._utilisations, self._others = (self._utilisations, self._others), [], []
        return [sum(each) / len(each) if each else None for each in taken]

    def _run(self) -> None:
        try:
            import pynvml

            pynvml.nvmlInit()
            handle = _find_device(pynvml, *self._names)
        except Exception as error:  # no package, no driver, no such device: all mean "no NVML"
            self.error = f"{type(error).__name__}: {error}"
            self._polled.set()
            return
        others = _Others(pynvml, handle)
        while not self._ended.is_set():
            self._keep(replace(_sample(pynvml, handle, self._latest), others=_measured(others.poll)))
            self._polled.set()
            self._answers = True
            self._poll_now.wait(INTERVAL_SECONDS)
            self._poll_now.clear()

    def _keep(self, sample: GpuSample) -> None:
        with self._lock:
            self._latest = sample
            if sample.utilisation is not None:
                self._utilisations.append(sample.utilisation)
            if sample.others is not None:
                self._others.append(sample.others)


class _Others:
    """What other processes had of the board, which NVML tells per process where it names them."""

    def __init__(self, pynvml: Any, handle: Any):
        self._pynvml, self._handle = pynvml, handle
        self._seen = round(time.time() * 1e6)  # microseconds: NVML gives what is newer

    def poll(self) -> float | None:
        """Their share (0..1) since the last poll; None where nothing new is told or this process isn't among those
        named, as in a process namespace of its own: then nobody knows who is meant."""
        named = {entry.pid for entry in self._pynvml.nvmlDeviceGetComputeRunningProcesses(self._handle)}
        if os.getpid() not in named:
            return None
        samples = self._pynvml.nvmlDeviceGetProcessUtilization(self._handle, self._seen)
        new = {sample.pid: sample for sample in samples if sample.timeStamp > self._seen}
        if not new:
            return None
        self._seen = max(sample.timeStamp for sample in new.values())
        percent: int = sum(sample.smUtil for pid, sample in new.items() if pid != os.getpid())
        return min(1.0, percent / 100)


def _find_device(pynvml: Any, uuid: str | None, index: int) -> Any:
    """NVML's handle of the device; NVML counts all boards, CUDA only those in CUDA_VISIBLE_DEVICES."""
    names = [uuid] if uuid and uuid.startswith(("GPU-", "MIG-")) else [f"GPU-{uuid}", f"MIG-{uuid}"] if uuid else []
    for name in names:
        handle = _measured(partial(pynvml.nvmlDeviceGetHandleByUUID, name))
        if handle is not None:
            return handle
    visible = [entry.strip() for entry in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if entry.strip()]
    entry = visible[index] if index < len(visible) else str(index)
    if entry.isdigit():
        return pynvml.nvmlDeviceGetHandleByIndex(int(entry))
    return pynvml.nvmlDeviceGetHandleByUUID(entry)


def _sample(pynvml: Any, handle: Any, last: GpuSample | None) -> GpuSample:
    power = _measured(lambda: pynvml.nvmlDeviceGetPowerUsage(handle) / 1000)  # from mW
    energy = _measured(lambda: pynvml.nvmlDeviceGetTotalEnergyConsumption(handle) / 1000)  # from mJ
    now = time.monotonic()
    if energy is None and power is not None:  # boards before Volta have no counter: add the power up
        before = last.energy_joules if last and last.energy_joules is not None else 0.0
        energy = before + power * (now - last.time if last else 0.0)
    return GpuSample(
        time=now,
        memory_bytes=_measured(lambda: _own_memory(pynvml, handle)),
        utilisation=_measured(lambda: pynvml.nvmlDeviceGetUtilizationRates(handle).gpu / 100),
        power_watts=power,
        energy_joules=energy,
    )


def _own_memory(pynvml: Any, handle: Any) -> int | None:
    """Bytes of this process on the GPU; None where NVML doesn't list it (another process namespace)."""
    processes = pynvml.nvmlDeviceGetComputeRunningProcesses(handle)
    own: list[int] = [entry.usedGpuMemory for entry in processes if entry.pid == os.getpid()]
    return own[0] if own else None
