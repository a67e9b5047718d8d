"""One run on several devices: each of its processes computes a share of every batch, and all take the same step.

What torch's DistributedDataParallel does, as functions that the one loop asks. That class wraps a network which is called
as a whole and whose every weight gets a gradient; here only the pieces behind the frozen part run, what trains changes
from phase to phase, LoRA moves weights by hand, and a share may go through in parts. With one device nothing is asked of
anybody.
"""

import os
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import nn

from tl.config import Refused
from tl.languages import later, say
from tl.train.devices.batchnorm import OfTheBatch
from tl.words import number_of

T = TypeVar("T")

TIMEOUT = timedelta(days=30)  # who dies closes the connection; waiting for the other arm's epoch may take long
BUCKET = 1 << 23  # gradients that are added up at once: 32 MB
LOOPBACK = "lo"  # all are on this machine: nobody else is listened to


class TooFewDevices(Refused):
    """The machine has fewer devices than the run is to compute on."""


class Ranks:
    """`number`, from 0, of the `count` processes that compute a run; `sync`: BatchNorm normalises by the whole batch.

    All of them call the same methods in the same order. The first is the trainer that others know: it decides what takes
    chance or a clock, and writes.
    """

    def __init__(self, number: int = 0, count: int = 1, sync: bool = False):
        self.number, self.count, self.sync = number, count, sync and count > 1
        self._pictures, self._weight = 1, 1.0  # of the batch that is computed now; what each of a share counts in it

    @property
    def first(self) -> bool:
        """Whether this is the process that decides and writes."""
        return self.number == 0

    def part(self, pictures: int) -> slice:
        """Which of so many pictures are this process's; each is somebody's, once."""
        return slice(pictures * self.number // self.count, pictures * (self.number + 1) // self.count)

    def share(self, pictures: int) -> slice:
        """Which rows of a batch of so many pictures this process computes, until it asks for the next batch's.

        A batch with fewer than two for each is computed whole by all, and counts once: BatchNorm can't train on a
        single picture.
        """
        whole = self.count == 1 or pictures < 2 * self.count
        self._pictures, self._weight = pictures, 1 / self.count if whole else 1.0
        return slice(0, pictures) if whole else self.part(pictures)

    def in_batch(self, own: int) -> int:
        """Pictures of the batch of which this process has `own`."""
        return own if self.count == 1 else self._pictures

    def of_mean(self, own: int) -> float:
        """What the mean over the `own` pictures of a share counts in the mean over the batch."""
        return 1.0 if self.count == 1 else own * self._weight / self._pictures

    def mean(self, of_share: torch.Tensor, own: int) -> torch.Tensor:
        """The mean over the batch from those over the shares, of which this one has `own` pictures."""
        return of_share if self.count == 1 else self.sum(of_share * self.of_mean(own))

    def counted(self, sums: torch.Tensor) -> torch.Tensor:
        """Sums over this process's pictures of a batch, so that those of all add up to the batch's."""
        return sums if self.count == 1 else sums * self._weight

    def sum(self, values: torch.Tensor) -> torch.Tensor:
        """Added up over all."""
        if self.count == 1:
            return values
        total = values.clone()
        dist.all_reduce(total)
        return total

    @torch.no_grad()
    def add_gradients(self, weights: Iterable[torch.Tensor]) -> None:
        """Give the weights, which have gradients in all processes or in none, the sum of them."""
        if self.count == 1:
            return
        for some in _buckets([weight.grad for weight in weights if weight.grad is not None]):
            together = torch.cat([gradient.reshape(-1) for gradient in some])
            dist.all_reduce(together)
            for gradient, summed in zip(some, together.split([each.numel() for each in some]), strict=True):
                gradient.copy_(summed.view(gradient.shape))

    @torch.no_grad()
    def average_statistics(self, network: nn.Module) -> None:
        """Let BatchNorm answer by the mean of the statistics that each process has gathered from its shares."""
        if self.count == 1 or self.sync:
            return
        for module in network.modules():
            if isinstance(module, nn.modules.batchnorm._NormBase):
                for statistic in (module.running_mean, module.running_var):
                    if statistic is not None:
                        statistic.copy_(self.sum(statistic) / self.count)

    def training(self) -> AbstractContextManager[Any]:
        """While it is open, BatchNorm that trains normalises as it is to."""
        return OfTheBatch(lambda: (self._pictures, self._weight)) if self.sync else nullcontext()

    def gathered(self, value: T) -> list[T]:
        """Everybody's, in order."""
        if self.count == 1:
            return [value]
        found: list[Any] = [None] * self.count
        dist.all_gather_object(found, value)
        return found

    def broadcast(self, work: Callable[[], T]) -> T:
        """What `work` gives in the first process; it is done there only, and the others wait."""
        if self.count == 1:
            return work()
        found = [work() if self.first else None]
        dist.broadcast_object_list(found, src=0)
        return found[0]  # type: ignore[return-value]  # it is there now

    def first_before_others(self, work: Callable[[], T]) -> T:
        """`work` done by everybody, by the first one before the others begin: it makes what they find."""
        found = work() if self.first else None
        self.wait()
        return found if self.first else work()  # type: ignore[return-value]  # as it was for the first

    def once(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Call what is to be done once, as writing a file is."""
        if self.first:
            function(*arguments)

    def wait(self) -> None:
        """Until all are here. On the CPU, whatever computes: a GPU that waits would be busy with it."""
        self.sum(torch.zeros(1))

    def close(self, alone: bool = False) -> None:
        """The run has ended; nobody is asked any more. `alone`: the others may be gone, and a GPU would wait for them."""
        if self.count > 1 and dist.is_initialized() and not (alone and torch.cuda.is_available()):
            dist.destroy_process_group()


ALONE = Ranks()


def join_process_group(number: int, count: int, meeting: Path, sync: bool) -> Ranks:
    """Become `number` of `count` processes that meet at a file of their own. Raises TooFewDevices."""
    if count == 1:
        return ALONE
    backend = "gloo"
    if torch.cuda.is_available():
        if (there := torch.cuda.device_count()) < count:
            text = later(
                "This run needs {count} devices, but this machine has {there}; resume it with --devices {number}."
            )
            raise TooFewDevices(say(text, count=count, there=number_of(there, "GPU"), number=there))
        torch.cuda.set_device(number)
        backend = "cpu:gloo,cuda:nccl"
    for name in ("GLOO_SOCKET_IFNAME", "NCCL_SOCKET_IFNAME"):
        os.environ.setdefault(name, LOOPBACK)
    store = dist.FileStore(str(meeting), count)  # type: ignore[attr-defined]  # documented, but not in its list
    dist.init_process_group(backend, store=store, rank=number, world_size=count, timeout=TIMEOUT)
    return Ranks(number, count, sync)


def _buckets(gradients: list[torch.Tensor]) -> Iterable[list[torch.Tensor]]:
    some: list[torch.Tensor] = []
    size = 0
    for gradient in gradients:
        some.append(gradient)
        size += gradient.numel()
        if size >= BUCKET:
            yield some
            some, size = [], 0
    if some:
        yield some
