"""AdaBN: the network is trained on the source; then BatchNorm's statistics become those of the target's pictures (Li et al.
2016, arXiv 1603.04779). Nothing trains on the target, and no label of it is used."""

from collections.abc import Iterable
from contextlib import ExitStack

import torch
from torch import nn

from tl.languages import later, say
from tl.train.methods.method import Method

NONE = later("The network has no BatchNorm, so AdaBN changes nothing: this arm is the network trained on the source.")


class AdaBn(Method):
    """Plain training, on the source alone; what it adapts is the trained network."""

    beside = False
    adapts = True

    @torch.no_grad()
    def adapt(self, network: nn.Module, batches: Iterable[torch.Tensor]) -> str | None:
        """Give every BatchNorm the mean and variance of what reaches it of the target's pictures, in `batches` of inputs.

        While it is measured, each batch is normalised by its own statistics, as in training: so what a layer sees comes from
        layers that are adapted already. Mean and variance are those of all pictures together, whatever the size of a batch.
        A sentence where there is nothing to adapt.
        """
        norms = [norm for norm in network.modules() if isinstance(norm, nn.modules.batchnorm._BatchNorm)]
        norms = [norm for norm in norms if norm.track_running_stats]
        if not norms:
            return say(NONE)
        seen = {norm: ChannelMoments() for norm in norms}
        network.eval()
        with ExitStack() as hooks:
            for norm, moments in seen.items():
                norm.train()
                hook = norm.register_forward_pre_hook(lambda _, inputs, moments=moments: moments.add(inputs[0]))
                hooks.callback(hook.remove)
            for batch in batches:
                network(batch)
        for norm, moments in seen.items():
            moments.put_into(norm)
        network.eval()
        return None


class ChannelMoments:
    """Mean and variance of each channel over all batches, in float64."""

    def __init__(self) -> None:
        self._count = 0
        self._mean = self._squares = torch.zeros(1, dtype=torch.float64)  # (C,) mean; sum of squares around it

    def add(self, values: torch.Tensor) -> None:
        """(N, C, ...) values of a batch; joined to the others as Chan et al. 1979 do, without loss of digits."""
        exact = values if values.dtype == torch.float64 else values.float()
        around = [axis for axis in range(values.dim()) if axis != 1]
        found = torch.var_mean(exact, around, correction=0)
        variance, mean = (each.cpu().double() for each in found)
        count = values.numel() // values.shape[1]
        squares = variance * count
        total = self._count + count
        apart = mean - self._mean
        self._squares = self._squares + squares + apart.square() * (self._count * count / total)
        self._mean = self._mean + apart * (count / total)
        self._count = total

    def put_into(self, norm: nn.modules.batchnorm._BatchNorm) -> None:
        """Make them the statistics by which `norm` normalises from now on; the variance unbiased, as its own is."""
        assert norm.running_mean is not None and norm.running_var is not None
        norm.running_mean.copy_(self._mean.to(norm.running_mean.dtype))  # first: not every device has float64
        norm.running_var.copy_((self._squares / max(1, self._count - 1)).to(norm.running_var.dtype))
