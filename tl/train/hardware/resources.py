"""Hardware load of a run over time, sampled once a second beside the training into resources.parquet. No torch."""

import sys
import threading
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import psutil

from tl.store.files import write_parquet
from tl.store.metrics import MAX_RESOURCE_ROWS, RESOURCES, read_table, typed_frame
from tl.train.hardware.nvml import GpuSampler

INTERVAL_SECONDS = 1.0
WRITE_SECONDS = 5.0


# What processes that compute a run took of the machine, as one figure.
TOGETHER: dict[str, Callable[[list[float]], float]] = {
    **dict.fromkeys(("threads", "cpu_seconds", "waited_seconds", "energy_joules", "memory_peak_bytes"), sum),
    "gpu_utilisation": fmean,
    "others_load": max,
}


def together(each: Sequence[Mapping[str, Any]], gpu: bool) -> dict[str, Any]:
    """What each process took, by columns of the metrics, as what all did; None where one can't tell. On GPUs, memory is
    that of the fullest one."""
    if len(each) == 1:
        return dict(each[0])
    how = TOGETHER | ({"memory_peak_bytes": max} if gpu else {})
    columns = {name: [own[name] for own in each if own.get(name) is not None] for name in each[0]}
    return {name: how[name](values) if len(values) == len(each) else None for name, values in columns.items()}


class ResourceMonitor:
    """Samples this process (and its GPU where `gpu`) until `stop`; nothing that goes wrong here disturbs the run.

    `path` is the run's resources.parquet; the rows of an earlier attempt are kept. For `uuid` and `index`
    see GpuSampler; without `gpu` NVML is never touched.
    """

    def __init__(
        self,
        path: Path,
        *,
        gpu: bool = False,
        uuid: str | None = None,
        index: int = 0,
        interval: float = INTERVAL_SECONDS,
    ):
        self.path, self.interval = path, interval
        self._process = psutil.Process()
        self._process.cpu_percent()  # the first call only starts the measurement
        self._gpu = GpuSampler(uuid, index) if gpu else None
        self._rows = read_table(path, RESOURCES).to_dict("records")
        last = self._rows[-1]["elapsed_seconds"] if self._rows else None
        self._started = time.monotonic() - (last + interval if last is not None else 0.0)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="resources", daemon=True)
        self._energy, self._peak = self.energy(), 0

    def start(self) -> None:
        """Begin to sample."""
        self._thread.start()

    def stop(self) -> None:
        """Sample once more, write, and end."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)
        if self._gpu:
            self._gpu.stop()

    def epoch_mark(self) -> dict[str, Any]:
        """Load since the last mark (call it when an epoch begins to compute, and when it ends), None where not measurable.

        Keys: memory_bytes (of this process, resident, page cache aside, the most that was seen); gpu_utilisation (0..1,
        mean); gpu_others (0..1, mean, what other processes had of the board); energy_joules (of the whole board).
        """
        before, self._energy = self._energy, self.energy()
        utilisation, others = self._gpu.take_means() if self._gpu else (None, None)
        memory, self._peak = max(self._peak, _resident(self._process)), 0
        return {
            "memory_bytes": memory,
            "gpu_utilisation": utilisation,
            "gpu_others": others,
            "energy_joules": _difference(self._energy, before),
        }

    def energy(self) -> float | None:
        """The board's energy counter now, joules from an arbitrary moment; None where not measurable."""
        sample = self._gpu.poll() if self._gpu else None
        return sample.energy_joules if sample else None

    def _run(self) -> None:
        written = time.monotonic()
        ending = False
        while not ending:
            ending = self._ended.wait(self.interval)
            self._rows.append(self._sample())
            if len(self._rows) > MAX_RESOURCE_ROWS:
                self._rows, self.interval = self._rows[::2], self.interval * 2
            if ending or time.monotonic() - written >= WRITE_SECONDS:
                self._write()
                written = time.monotonic()

    def _sample(self) -> dict[Hashable, Any]:
        sample = self._gpu.latest() if self._gpu else None
        memory = _resident(self._process)
        self._peak = max(self._peak, memory)
        return {
            "elapsed_seconds": time.monotonic() - self._started,
            "time": time.time(),
            "cpu_percent": self._process.cpu_percent(),
            "memory_bytes": memory,
            "gpu_memory_bytes": sample.memory_bytes if sample else None,
            "gpu_utilisation": sample.utilisation if sample else None,
            "gpu_power_watts": sample.power_watts if sample else None,
        }

    def _write(self) -> None:
        try:
            write_parquet(self.path, typed_frame(self._rows, RESOURCES), durable=False)
        except OSError as error:  # a full disk: the run itself will meet it and say so
            print(f"{self.path.name} could not be written: {error}", file=sys.stderr)  # not shown


def _resident(process: psutil.Process) -> int:
    """Resident memory, page cache aside: mapped pictures and features are the kernel's to take back."""
    info = process.memory_info()
    return int(info.rss - getattr(info, "shared", 0))


def _difference(later: float | None, earlier: float | None) -> float | None:
    if later is None or earlier is None or later < earlier:  # a counter that went back was reset
        return None
    return later - earlier
