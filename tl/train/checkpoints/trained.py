"""The network of a finished run, put together again to answer: in float32, on the CPU, as its best epoch left it."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from tl import datasets
from tl.backbones import Input
from tl.config import RunConfig, refusal
from tl.datasets import DatasetInfo
from tl.sources import input_of
from tl.store.documents import read_config, read_result
from tl.store.home import Run
from tl.train.batches import to_input
from tl.train.checkpoints.checkpoint import load_best
from tl.train.network import build_network

CPU = torch.device("cpu")


@dataclass(frozen=True)
class TrainedModel:
    """What a run has learned, and what it takes to ask it."""

    config: RunConfig
    info: DatasetInfo  # of the pictures it learned
    asked: DatasetInfo  # of those that it is to work on: the same, or the target
    network: nn.Module  # plain, in evaluation mode
    expects: Input  # how pictures are normalised
    epoch: int  # the best one, whose network it is

    @property
    def side(self) -> int:
        """Of the square pictures it is given, pixels; smaller than its resolution where the data set has no more."""
        return min(self.config.resolution, self.asked.native_resolution)

    @torch.inference_mode()
    def probabilities(self, pixels: np.ndarray, temperature: float = 1.0) -> np.ndarray:
        """(N, side, side, 3) uint8 -> (N, C) float32."""
        batch = to_input(np.array(pixels), self.config.resolution, CPU, self.expects)
        found: np.ndarray = (self.network(batch).float() / temperature).softmax(1).numpy()
        return found


def trained(run: Run) -> TrainedModel:
    """The network of a run that has finished. Raises Refused where there is none, or its pictures were deleted."""
    config, result = read_config(run), read_result(run)
    if not isinstance(config, RunConfig) or result is None or result.status != "finished" or not result.best_epoch:
        raise refusal("Run {run} has not finished; only a finished run has a network to give.", run=run.folder.name)
    if not run.best.exists():
        raise refusal(
            "The network of run {run} is not here: it was trained elsewhere, or its file is gone.", run=run.folder.name
        )
    info, asked = datasets.describe_after(run.home, config), datasets.describe(run.home, config.sets[-1])
    network = build_network(config.backbone, len(info.classes), config.resolution)
    load_best(run.checkpoints, network, result.best_epoch)
    expects = input_of(run.home, config.backbone, config.weights)
    return TrainedModel(config, info, asked, network.eval(), expects, result.best_epoch)
