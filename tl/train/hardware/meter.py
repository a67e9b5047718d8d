"""What a run takes of the machine, from mark to mark, by all of its devices together."""

from pathlib import Path

import torch

from tl.train.devices.ranks import Ranks
from tl.train.hardware import threads
from tl.train.hardware.device import gpu_identity
from tl.train.hardware.resources import ResourceMonitor, together


class Meter:
    """Measures what the processes `ranks` of a run take on `device`; samples go to `path`, the run's resources.parquet.

    `number`: threads that compute, None: as many as the machine can spare.
    """

    def __init__(self, path: Path, device: torch.device, number: int | None, ranks: Ranks):
        self._gpu, self._ranks = device.type == "cuda", ranks
        self.threads = threads.govern(device, number, ranks.count)
        self.monitor = ResourceMonitor(path, **gpu_identity(device))

    def mark(self) -> None:
        """What is taken from here on counts."""
        if self._gpu:
            torch.cuda.reset_peak_memory_stats()
        self.monitor.epoch_mark()
        self.threads.take_share()

    def taken(self) -> dict[str, float | None]:
        """What was taken since the last mark, which this is the next of, by columns of the metrics."""
        load, share = self.monitor.epoch_mark(), self.threads.take_share()
        own = {
            "memory_peak_bytes": torch.cuda.max_memory_allocated() if self._gpu else load["memory_bytes"],
            "gpu_utilisation": load["gpu_utilisation"],
            "energy_joules": load["energy_joules"],
            **(share.row() if share else {}),
            **({"others_load": load["gpu_others"]} if self._gpu else {}),
        }
        return together(self._ranks.gathered(own), self._gpu)
