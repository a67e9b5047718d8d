"""What the steps of an epoch add up to, without waiting for a GPU: it is asked a few steps later, and at the end."""

from collections import deque

import torch

from tl.train.devices.ranks import ALONE, Ranks

AHEAD = 8  # steps a GPU may be behind: the next batches are prepared meanwhile, and a loss is looked at so much later


class EpochSums:
    """Losses, right answers and pictures of an epoch, added up where they are computed.

    Each step's loss is looked at when the device has come so far: at once where nothing computes beside Python, else
    `ahead` steps later.
    """

    def __init__(self, device: torch.device, ahead: int | None = None):
        self._asynchronous = device.type == "cuda"
        self._ahead = ahead if ahead is not None else AHEAD if self._asynchronous else 0
        self._total: torch.Tensor | float = 0.0  # (3,) float64
        self._waiting: deque[tuple[int, torch.Tensor, torch.cuda.Event | None]] = deque()

    def add(self, step: int, loss: torch.Tensor, told: torch.Tensor) -> tuple[int, float] | None:
        """Count a step with its loss, (), and what `Learner.batch_sums` says, (3,); the first (step, loss) found not finite."""
        self._total = self._total + told
        done = None
        copy = loss.detach().to("cpu", non_blocking=self._asynchronous)
        if self._asynchronous:
            done = torch.cuda.Event()
            done.record()
        self._waiting.append((step, copy, done))
        return self._looked_at(self._ahead)

    def rest(self) -> tuple[int, float] | None:
        """Look at the steps not looked at yet; the first (step, loss) not finite."""
        return self._looked_at(0)

    def means(self, ranks: Ranks = ALONE) -> tuple[float, float]:
        """Loss and accuracy of the epoch, whichever device computed its pictures."""
        losses, right, pictures = ranks.sum(torch.as_tensor(self._total)).tolist()
        return losses / pictures, right / pictures

    def _looked_at(self, left: int) -> tuple[int, float] | None:
        while len(self._waiting) > left:
            step, loss, done = self._waiting.popleft()
            if done is not None:
                done.synchronize()
            if not loss.isfinite():
                return step, loss.item()
        return None
