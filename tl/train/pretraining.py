"""How a backbone is pretrained: the field's recipe for short schedules.

SGD with Nesterov momentum or AdamW, a warm-up followed by a cosine, random resized crops, an exponential moving average
of the weights, and for long schedules label smoothing, CutMix (Yun et al. 2019, arXiv 1905.04899), small pictures first
(Tan and Le 2021, arXiv 2104.00298) and a teacher, which may be an earlier generation of the same network (Furlanello et
al. 2018, arXiv 1805.04770).
"""

import argparse
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from tl.backbones import IMAGENET_INPUT, Input
from tl.config import refusal
from tl.train.batches import number_of_batches, training_batches
from tl.train.epoch_sums import EpochSums
from tl.train.hardware import threads
from tl.train.hardware.precision import use_precision
from tl.train.network import load_pretrained, new_network

WARM_UP = 0.05  # part of the steps
SMALL = 0.75  # small pictures have this fraction of the side
CUTMIX_UNTIL = 0.85  # of the epochs: the last ones see whole pictures
MOMENTUM, AVERAGE = 0.9, 0.999
TEACHING, TEMPERATURE = 0.5, 2.0  # the teacher's part of the loss; softens both sides' scores (arXiv 1503.02531)


def cutmix(batch: torch.Tensor, rng: np.random.Generator) -> tuple[torch.Tensor, float]:
    """Paste one rectangle of each picture's neighbour (in place); gives the neighbours' order and the part kept."""
    order = torch.from_numpy(rng.permutation(len(batch))).to(batch.device)
    side = batch.shape[2]
    cut = max(1, round(side * math.sqrt(1 - rng.beta(1, 1))))
    top, left = rng.integers(0, side - cut + 1, 2) if cut < side else (0, 0)
    batch[:, :, top : top + cut, left : left + cut] = batch[order, :, top : top + cut, left : left + cut]
    return order, 1 - cut * cut / (side * side)


def distance(scores: torch.Tensor, taught: torch.Tensor) -> torch.Tensor:
    """Kullback-Leibler divergence of softened scores (n, classes) from the teacher's, on the scale of cross-entropy."""
    student, teacher = ((x / TEMPERATURE).log_softmax(1) for x in (scores, taught))
    return nn.functional.kl_div(student, teacher, log_target=True, reduction="batchmean") * TEMPERATURE**2


def rate_factor(step: int, steps: int) -> float:
    """Linear warm-up, then a half cosine to zero."""
    warm_up = max(1, round(WARM_UP * steps))
    if step < warm_up:
        return (step + 1) / warm_up
    return 0.5 * (1 + math.cos(math.pi * (step - warm_up) / max(1, steps - warm_up)))


def make_optimizer(network: nn.Module, kind: str, weight_decay: float) -> torch.optim.Optimizer:
    """No decay on biases and BatchNorm (one-dimensional weights)."""
    weights = [parameter for parameter in network.parameters() if parameter.ndim > 1]
    others = [parameter for parameter in network.parameters() if parameter.ndim <= 1]
    groups = [{"params": weights, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]
    if kind == "adamw":
        return torch.optim.AdamW(groups, lr=0.0, fused=True)
    return torch.optim.SGD(groups, lr=0.0, momentum=MOMENTUM, nesterov=True, fused=True)


def train(
    options: argparse.Namespace,
    pixels: np.ndarray,
    labels: np.ndarray,
    classes: int,
    device: torch.device,
    precision: str,
    start: Path | None,
    expects: Input = IMAGENET_INPUT,
    teacher: nn.Module | None = None,
    hand_over: Callable[[], None] = lambda: None,
) -> nn.Module:
    """Train on (n, R, R, 3) uint8 pixels, from the weights in the file `start`, on pictures as the network
    `expects` them; gives the network, weights averaged.

    `teacher`, in evaluation mode, scores the same batches; `hand_over` is called after each epoch."""
    torch.manual_seed(options.seed)
    network = new_network(options.backbone, classes, options.resolution, device)
    if start:
        load_pretrained(network, options.backbone, start, classes)
    average = torch.optim.swa_utils.AveragedModel(
        network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(AVERAGE), use_buffers=True
    )
    optimizer = make_optimizer(network, options.optimizer, options.weight_decay)
    steps_per_epoch = number_of_batches(len(pixels), options.batch_size)
    steps = steps_per_epoch * options.epochs
    small = max(32, round(options.resolution * SMALL / 16) * 16)
    for epoch in range(options.epochs):
        done = epoch / options.epochs
        resolution = small if done < options.small_until else options.resolution
        rng = np.random.default_rng([options.seed, epoch, 1])
        network.train()
        sums, began = EpochSums(device), time.monotonic()
        batches = training_batches(
            pixels,
            labels,
            resolution=resolution,
            batch_size=options.batch_size,
            seed=options.seed,
            epoch=epoch,
            device=device,
            expects=expects,
            smallest_area=options.smallest_area,
        )
        what = f"epoch {epoch + 1}/{options.epochs}"  # not shown
        bar = tqdm(batches, total=steps_per_epoch, desc=what, mininterval=5)
        for number, (batch, target) in enumerate(bar):
            for group in optimizer.param_groups:
                group["lr"] = options.learning_rate * rate_factor(epoch * steps_per_epoch + number, steps)
            order, kept = None, 1.0
            if done < CUTMIX_UNTIL and rng.random() < options.cutmix:
                order, kept = cutmix(batch, rng)
            with use_precision(precision, device):
                scores = network(batch)
            scores = scores.float()
            loss = _loss(scores, target, options.label_smoothing) * kept
            if order is not None:
                loss += _loss(scores, target[order], options.label_smoothing) * (1 - kept)
            if teacher:
                with torch.inference_mode(), use_precision(precision, device):
                    taught = teacher(batch)
                loss = (1 - TEACHING) * loss + TEACHING * distance(scores, taught.float().clone())
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            average.update_parameters(network)
            loss = loss.detach()
            _check_finite(epoch, sums.add(number + 1, loss, torch.stack([loss, loss, torch.ones_like(loss)])))
            threads.tick()
        _check_finite(epoch, sums.rest())
        mean, _ = sums.means()
        seconds = time.monotonic() - began
        tqdm.write(f"epoch {epoch + 1} {resolution} px loss {mean:.4f} {seconds:.0f} s", file=sys.stderr)  # not shown
        hand_over()
    return average.module


def _loss(scores: torch.Tensor, target: torch.Tensor, smoothing: float) -> torch.Tensor:
    return nn.functional.cross_entropy(scores, target, label_smoothing=smoothing)


def _check_finite(epoch: int, lost: tuple[int, float] | None) -> None:
    if lost:
        raise refusal("training diverged in epoch {epoch}; use a lower --learning-rate.", epoch=epoch + 1)
