"""How fast this machine trains a network: a few steps on random pictures. What cost estimates rest on."""

import time
from functools import partial

import numpy as np
import torch
from torch import nn

from tl.backbones import BACKBONES
from tl.config import ArmConfig
from tl.strategies import STRATEGIES
from tl.train.batches import augmented_input
from tl.train.device import choose_device
from tl.train.evaluate import evaluate
from tl.train.network import Stages, build_network
from tl.train.run import SMALLEST_AREA, device_name

CLASSES = 10
SECONDS = 1.5  # per measurement, after one step that is not counted
PROCESS_STARTED = time.monotonic() - time.process_time()


def measure(backbone: str, resolution: int, batch_size: int) -> dict:
    """Pictures a second in training (everything, head only) and evaluation, on the device a run would use."""
    device = choose_device()
    network = build_network(backbone, CLASSES, resolution).to(device)
    startup_seconds = time.monotonic() - PROCESS_STARTED
    stages = Stages(network, backbone)
    pixels = np.random.default_rng(0).integers(0, 256, (batch_size, resolution, resolution, 3), dtype=np.uint8)
    labels = np.arange(batch_size) % CLASSES
    speeds = {}
    for name, strategy in (("train", "scratch"), ("head_only", "linear_probe")):
        arm = ArmConfig(name=name, strategy=strategy)
        stages.apply(STRATEGIES[strategy].phases(BACKBONES[backbone].stage_names, arm)[0])
        trainable = [parameter for parameter in network.parameters() if parameter.requires_grad]
        optimizer = torch.optim.Adam(trainable, lr=0.0, fused=True)
        speeds[name] = _rate(partial(_step, network, stages, optimizer, pixels, labels, resolution, device), batch_size)
    speeds["eval"] = _rate(partial(evaluate, network, pixels, labels, resolution, device), batch_size)
    return {f"{name}_images_per_second": speed for name, speed in speeds.items()} | {
        "startup_seconds": startup_seconds,
        "device": device_name(device),
    }


def _step(network, stages, optimizer, pixels, labels, resolution: int, device) -> None:
    stages.train_mode()
    batch = augmented_input(pixels, resolution, device, np.random.default_rng(0), SMALLEST_AREA)
    loss = nn.functional.cross_entropy(network(batch), torch.from_numpy(labels).to(device))
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    loss.item()  # waits for a GPU


def _rate(work, pictures: int) -> float:
    work()
    began, done = time.monotonic(), 0
    while time.monotonic() - began < SECONDS:
        work()
        done += pictures
    return done / (time.monotonic() - began)
