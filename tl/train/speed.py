"""How fast this machine trains a network: a few steps on random pictures. What cost estimates rest on."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from tl.backbones import IMAGENET_INPUT
from tl.config import ArmConfig, Experiment, new_id
from tl.store.home import Home
from tl.train.batches import SMALLEST_AREA, augmented_input, to_input
from tl.train.evaluate import at_once, evaluate, plain_inputs
from tl.train.frozen.pieces import Chain, run_pieces
from tl.train.hardware import threads
from tl.train.hardware.device import choose_device, device_name
from tl.train.hardware.precision import choose_precision, use_precision
from tl.train.network import Stages, new_network
from tl.train.optimizer import make_optimizer, set_rates

CLASSES = 10
SECONDS = 1.5  # per measurement, after one step that is not counted
PROCESS_STARTED = time.monotonic() - time.process_time()


def measure(home: Home, backbone: str, resolution: int, batch_size: int) -> dict[str, Any]:
    """Pictures a second on the device a run would use, in the precision it would choose.

    In training everything, in training the head on features that were kept, and in evaluation.
    """
    device = choose_device()
    share = threads.govern(device)
    share.resume()
    arm = ArmConfig(name="probe", strategy="linear_probe")
    experiment = Experiment(
        dataset="blossoms", arms=(arm,), backbone=backbone, resolution=resolution, batch_size=batch_size
    )
    (config,) = experiment.runs(new_id())
    build = partial(new_network, backbone, CLASSES, resolution, device)
    network = build()
    startup_seconds = time.monotonic() - PROCESS_STARTED
    precision = choose_precision(home, build, backbone, resolution, batch_size, device)
    stages = Stages(network, backbone)
    optimizer = make_optimizer(stages, config)
    pixels = np.random.default_rng(0).integers(0, 256, (batch_size, resolution, resolution, 3), dtype=np.uint8)
    target = torch.arange(batch_size, device=device) % CLASSES
    (head,) = config.phases
    chain = Chain(network, backbone)
    cut = chain.cut(set(head.rates))
    before, after = chain.pieces([cut]) if cut else (nn.Identity(), network)
    many = np.resize(pixels, (at_once(resolution, device), *pixels.shape[1:]))  # one step of evaluation

    def train_everything() -> None:
        stages.train_mode()
        _step(
            network,
            augmented_input(pixels, resolution, device, IMAGENET_INPUT, np.random.default_rng(0), SMALLEST_AREA),
        )

    def train_head() -> None:
        stages.train_mode()
        _step(after, features)

    def _step(part: nn.Module, batch: torch.Tensor) -> None:
        with use_precision(precision, device):
            scores = part(batch)
        loss = nn.functional.cross_entropy(scores.float(), target)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        set_rates(optimizer, head, 0.0)
        optimizer.step()
        loss.item()  # waits for a GPU

    def evaluate_pictures() -> None:
        network.eval()
        with use_precision(precision, device):
            evaluate(
                network,
                plain_inputs(many, resolution, device, IMAGENET_INPUT),
                np.zeros(len(many), np.int64),
                len(many),
            )

    speeds = {"train": _rate(train_everything, batch_size)}
    speeds["eval"] = _rate(evaluate_pictures, len(many))
    stages.apply(head)
    stages.train_mode()
    with torch.no_grad(), use_precision(precision, device):
        features = run_pieces([before], to_input(pixels, resolution, device, IMAGENET_INPUT)).float()
    speeds["head_only"] = _rate(train_head, batch_size)
    return {f"{name}_images_per_second": speed for name, speed in speeds.items()} | {
        "startup_seconds": startup_seconds,
        "cores": share.most if device.type == "cpu" else None,
        "precision": precision,
        "device": device_name(device),
    }


def _rate(work: Callable[[], object], pictures: int) -> float:
    work()
    began, done = time.monotonic(), 0
    while time.monotonic() - began < SECONDS:
        work()
        done += pictures
        threads.tick()
    return done / (time.monotonic() - began)
