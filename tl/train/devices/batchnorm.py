"""BatchNorm that normalises by the whole batch where each device has a share of it, on GPUs and on CPUs.

torch's SyncBatchNorm does so on GPUs only, takes the place of modules that other libraries have derived from, and knows
no share that counts less than once; here `batch_norm` itself is answered otherwise while a network trains.
"""

from collections.abc import Callable
from typing import Any

import torch
import torch.distributed as dist
from torch.nn import functional
from torch.overrides import TorchFunctionMode


class OfTheBatch(TorchFunctionMode):
    """While it is open, batch_norm in training takes mean and variance of all shares of the batch.

    `batch()` gives how many pictures the batch has, and what each picture of this process's share counts in it.
    """

    def __init__(self, batch: Callable[[], tuple[int, float]]):
        super().__init__()
        self._batch = batch

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Everything else is computed as ever."""
        kwargs = kwargs or {}
        if func is functional.batch_norm and kwargs["training"]:
            return batch_norm(*args, batch=self._batch(), **kwargs)
        return func(*args, **kwargs)


def batch_norm(
    given: torch.Tensor,
    running_mean: torch.Tensor | None,
    running_var: torch.Tensor | None,
    *,
    batch: tuple[int, float],
    weight: torch.Tensor | None,
    bias: torch.Tensor | None,
    training: bool,
    momentum: float,
    eps: float,
) -> torch.Tensor:
    """What functional.batch_norm makes of (N, C, ...) in training, where N pictures are one share of a `batch`."""
    pictures, each = batch
    values = given if given.dtype == torch.float64 else given.float()
    around = [axis for axis in range(values.dim()) if axis != 1]
    number = pictures * (values[:1].numel() // values.shape[1])  # of values of a channel in the batch
    variance, mean = (found.double() for found in torch.var_mean(values, around, correction=0))
    own = torch.stack([mean, variance + mean.square()]) * (each * len(values) / pictures)
    mean, squares = _Sum.apply(own)
    variance = (squares - mean.square()).clamp_min(0)
    if running_mean is not None and running_var is not None:
        with torch.no_grad():
            running_mean.lerp_(mean.to(running_mean.dtype), momentum)
            running_var.lerp_((variance * (number / max(1, number - 1))).to(running_var.dtype), momentum)
    scale = (variance + eps).rsqrt() if weight is None else (variance + eps).rsqrt() * weight
    shift = -mean * scale if bias is None else bias - mean * scale
    scale, shift = (side.to(values.dtype).view(-1, *[1] * (values.dim() - 2)) for side in (scale, shift))
    normalised: torch.Tensor = values * scale + shift
    return normalised.to(given.dtype)


class _Sum(torch.autograd.Function):
    """The sum over all processes; so is its gradient, since each of them goes on with it."""

    @staticmethod
    def forward(ctx: Any, values: torch.Tensor) -> torch.Tensor:
        return _summed(values)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> torch.Tensor:
        return _summed(gradients[0])


def _summed(values: torch.Tensor) -> torch.Tensor:
    total = values.clone()
    dist.all_reduce(total)
    return total
