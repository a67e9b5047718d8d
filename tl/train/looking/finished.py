"""The network of a finished run, as it was in its best epoch: what is asked of it afterwards begins here."""

from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from tl.backbones import BACKBONES, Input
from tl.config import Refused, RunConfig, refusal
from tl.sources import input_of
from tl.store.home import Run
from tl.store.origin import with_network
from tl.train.batches import to_input
from tl.train.checkpoints.checkpoint import load_best
from tl.train.checkpoints.sealed import BadCheckpoint, CheckpointDamaged, opened
from tl.train.hardware.precision import use_precision
from tl.train.network import new_network


@dataclass(frozen=True)
class Finished:
    """A network that has learned all it will, in evaluation mode."""

    network: nn.Module
    config: RunConfig  # of the run that trained it
    classes: int  # that it tells apart
    expects: Input  # how pictures are normalised
    device: torch.device

    def inputs(self, pixels: np.ndarray | torch.Tensor) -> torch.Tensor:
        """(N, S, S, 3) uint8 -> what the network takes, as in its run."""
        return to_input(pixels, self.config.resolution, self.device, self.expects)

    def precise(self) -> AbstractContextManager[None]:
        """Compute as precisely as its run did: then it answers as there."""
        return use_precision(self.config.precision, self.device)


def finished(run: Run, device: torch.device) -> Finished:
    """The network of `run`, its adapters merged, its head as it was computed. Raises Refused where it isn't here."""
    place = with_network(run)
    if place is None:
        raise refusal("The network of this run is not here: it was trained elsewhere, or its files were deleted.")
    try:
        with opened(place.best) as sealed:
            epoch, whole = int(sealed.about["epoch"]), "rest" not in sealed.about
            config = RunConfig.from_json(sealed.about["config"])
            bias = sealed.entries.get(f"{BACKBONES[config.backbone].head}.bias")
    except (CheckpointDamaged, FileNotFoundError):
        raise refusal("The network of this run can't be read: its file is damaged.") from None
    if not whole or bias is None:  # a part of it only, as it was in training
        raise refusal("This run has not finished, so its network is not complete.")
    classes = int(bias["shape"][0])
    network = new_network(config.backbone, classes, config.resolution, device)
    try:
        load_best(place.checkpoints, network, epoch)
    except BadCheckpoint as problem:
        raise Refused(str(problem)) from None
    network.eval().requires_grad_(False)
    return Finished(network, config, classes, input_of(run.home, config.backbone, config.weights), device)
