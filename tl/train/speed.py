"""How fast this machine trains a network: a few steps on random pictures. What cost estimates rest on."""

import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import psutil
import torch
from torch import nn

from tl import machine
from tl.backbones import IMAGENET_INPUT
from tl.config import ArmConfig, Experiment, RunConfig, new_id
from tl.output import spell_out
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
# Of a step of training and one of evaluation together: where they take longer, two at once would take minutes.
SHORT_STEPS_SECONDS = 5.0
PROCESS_STARTED = time.monotonic() - time.process_time()


def measure(
    home: Home, backbone: str, resolution: int, batch_size: int, beside: subprocess.Popen[str] | None = None
) -> dict[str, Any]:
    """Pictures a second on the device a run would use, in the precision it would choose.

    In training everything, in training the head on features that were kept, and in evaluation. `..._gain_of_two`: how many
    times as much two runs compute at once, each with half of the processors, as one with all of them; None where they never
    do, as on a GPU, and where memory has no room for the second one or a step takes long. `beside`: a process that is this module, begun before.
    """
    device = choose_device()
    share = threads.govern(device)
    share.resume()
    build = partial(new_network, backbone, CLASSES, resolution, device)
    network = build()
    startup_seconds = time.monotonic() - PROCESS_STARTED
    precision = choose_precision(home, build, backbone, resolution, batch_size, device)
    steps = Steps(network, _config(backbone, resolution, batch_size), precision, device)
    kinds = steps.kinds()
    speeds = {name: _rate(*kind, SECONDS) for name, kind in kinds.items()}
    room = machine.free_memory() > psutil.Process().memory_info().rss
    short = sum(pictures / speeds[name] for name, (_, pictures) in kinds.items()) < SHORT_STEPS_SECONDS
    gains = dict.fromkeys(kinds)
    if beside and device.type == "cpu" and share.all > 1 and room and short:
        share.pause()  # and with it looking around for processors that are free
        gains |= _gains_of_two(beside, steps, speeds, share.all // 2)
        share.resume()
    steps.freeze()
    speeds["head_only"] = _rate(steps.train_head, batch_size, SECONDS)
    return {f"{name}_images_per_second": speed for name, speed in speeds.items()} | {
        **{f"{name}_gain_of_two": gain for name, gain in gains.items()},
        "startup_seconds": startup_seconds,
        # That whoever watches takes a part of; where one is left over, the page is drawn there.
        "cores": share.all if device.type == "cpu" and share.all == machine.cores() else None,
        "precision": precision,
        "device": device_name(device),
    }


def _config(backbone: str, resolution: int, batch_size: int) -> RunConfig:
    arm = ArmConfig(name="probe", strategy="linear_probe")
    shared: dict[str, Any] = {"backbone": backbone, "resolution": resolution, "batch_size": batch_size}
    (config,) = Experiment(dataset="blossoms", arms=(arm,), **shared).runs(new_id())
    return config


class Steps:
    """What a run does with a network, step by step, on random pictures."""

    def __init__(self, network: nn.Module, config: RunConfig, precision: str, device: torch.device):
        self.config, side = config, config.resolution
        self.network, self.precision, self.device = network, precision, device
        self.stages = Stages(network, config.backbone)
        self.optimizer = make_optimizer(self.stages, config)
        (self.head,) = config.phases
        self.pixels = np.random.default_rng(0).integers(0, 256, (config.batch_size, side, side, 3), dtype=np.uint8)
        self.many = np.resize(self.pixels, (at_once(side, device), *self.pixels.shape[1:]))  # one step of evaluation
        self.target = torch.arange(config.batch_size, device=device) % CLASSES
        chain = Chain(network, config.backbone)
        cut = chain.cut(set(self.head.rates))
        pieces = chain.pieces([cut]) if cut else [nn.Identity(), network]
        self.before, self.after = pieces
        self.prepared = (side, device, IMAGENET_INPUT)

    def kinds(self) -> dict[str, tuple[Callable[[], None], int]]:
        """name -> (a step, its pictures) of what is measured of the whole network."""
        return {"train": (self.train_everything, self.config.batch_size), "eval": (self.evaluate, len(self.many))}

    def train_everything(self) -> None:
        """One step of full training, with the preparing of its batch."""
        self.stages.train_mode()
        rng = np.random.default_rng(0)
        self._step(self.network, augmented_input(self.pixels, *self.prepared, rng, SMALLEST_AREA))

    def evaluate(self) -> None:
        """One step of evaluation."""
        self.network.eval()
        labels = np.zeros(len(self.many), np.int64)
        with use_precision(self.precision, self.device):
            evaluate(self.network, plain_inputs(self.many, *self.prepared), labels, len(self.many))

    def freeze(self) -> None:
        """From here on only the head trains, on features of one batch."""
        self.stages.apply(self.head)
        self.stages.train_mode()
        with torch.no_grad(), use_precision(self.precision, self.device):
            self.features = run_pieces([self.before], to_input(self.pixels, *self.prepared)).float()

    def train_head(self) -> None:
        """One step of the head."""
        self.stages.train_mode()
        self._step(self.after, self.features)

    def _step(self, part: nn.Module, batch: torch.Tensor) -> None:
        with use_precision(self.precision, self.device):
            scores = part(batch)
        loss = nn.functional.cross_entropy(scores.float(), self.target)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        set_rates(self.optimizer, self.head, 0.0)
        self.optimizer.step()
        loss.item()  # waits for a GPU


def _rate(work: Callable[[], object], pictures: int, seconds: float) -> float:
    """Pictures a second."""
    work()
    began, done = time.monotonic(), 0
    while time.monotonic() - began < seconds:
        work()
        done += pictures
        threads.tick()
    return done / (time.monotonic() - began)


def _gains_of_two(
    other: subprocess.Popen[str], steps: Steps, alone: Mapping[str, float], num_threads: int
) -> dict[str, float]:
    """How many times as many pictures a second as `alone` two processes compute at once, with `num_threads` each; of nothing
    where the second one ended early, as where memory is short."""
    config, usual, gains = steps.config, torch.get_num_threads(), dict[str, float]()
    assert other.stdin and other.stdout
    torch.set_num_threads(num_threads)
    try:
        what = (config.backbone, config.resolution, config.batch_size, steps.precision, num_threads)
        print(*what, file=other.stdin, flush=True)
        other.stdout.readline()  # it is ready
        for name, (work, pictures) in steps.kinds().items():
            print(name, SECONDS, file=other.stdin, flush=True)
            own = _rate(work, pictures, SECONDS)
            gains[name] = (own + float(other.stdout.readline())) / alone[name]
    except (OSError, ValueError):
        return {}
    finally:
        other.kill()
        torch.set_num_threads(usual)
    return gains


def _answer_beside(backbone: str, resolution: int, batch_size: int, precision: str, num_threads: int) -> None:
    """What the second process does: measures what stdin names, line by line, until it ends."""
    torch.set_num_threads(num_threads)
    device = torch.device("cpu")
    network = new_network(backbone, CLASSES, resolution, device)
    steps = Steps(network, _config(backbone, resolution, batch_size), precision, device)
    kinds = steps.kinds()
    for work, _ in kinds.values():
        work()
    print("ready", flush=True)
    for line in sys.stdin:
        name, seconds = line.split()
        print(_rate(*kinds[name], float(seconds)), flush=True)


def _end_with_parent() -> None:
    """End this process, in the middle of a step, too, as soon as whoever began it has ended: a run is to compute then."""
    parent = select.poll()
    parent.register(sys.stdin, 0)  # nothing but its being closed
    parent.poll()
    os._exit(0)


if __name__ == "__main__":
    spell_out()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if asked := sys.stdin.readline().split():  # nothing where nobody asks
        network_name, side, batch, chosen, count = asked
        _answer_beside(network_name, int(side), int(batch), chosen, int(count))
