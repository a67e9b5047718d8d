"""`python -m tl pretrain`: train a backbone on any image set and write weights and a model card for the library.

The recipe is the field's for short schedules: SGD with Nesterov momentum or AdamW, a warm-up followed by a cosine,
random resized crops, an exponential moving average of the weights, and for long schedules label smoothing, CutMix (Yun
et al. 2019, arXiv 1905.04899), small pictures first (Tan and Le 2021, arXiv 2104.00298) and a teacher, which may be an
earlier generation of the same network (Furlanello et al. 2018, arXiv 1805.04770). The test split is used once, at the end.
"""

import argparse
import datetime
import hashlib
import math
import re
import shlex
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn
from tqdm import tqdm

from tl.backbones import BACKBONES, IMAGENET_INPUT, Input, listed, unknown
from tl.config import NAME_PATTERN, Refused, refusal
from tl.datasets import name_of, prepare, source_of
from tl.datasets.info import DatasetInfo
from tl.languages import say
from tl.output import spell_out
from tl.sources import AUTO, BUNDLED, IMAGENET, Source, source
from tl.store.device_lock import Turn
from tl.store.files import write_bytes, write_json
from tl.store.home import Home
from tl.store.pictures import PictureStore
from tl.strategies import RANDOM
from tl.train.batches import number_of_batches, training_batches
from tl.train.evaluate import at_once, evaluate, plain_inputs
from tl.train.hardware import threads
from tl.train.hardware.device import choose_device
from tl.train.hardware.precision import choose_precision, use_precision
from tl.train.network import load_pretrained, new_network
from tl.train.obtain import weights_here
from tl.train.sums import EpochSums

RESERVED = (AUTO, BUNDLED, IMAGENET, RANDOM)  # keys of other sources, or of none
WARM_UP = 0.05  # part of the steps
SMALL = 0.75  # small pictures have this fraction of the side
CUTMIX_UNTIL = 0.85  # of the epochs: the last ones see whole pictures
MOMENTUM, AVERAGE = 0.9, 0.999
TEACHING, TEMPERATURE = 0.5, 2.0  # the teacher's part of the loss; softens both sides' scores (arXiv 1503.02531)


def parse(argv: list[str]) -> argparse.Namespace:
    """The command line of `python -m tl pretrain`."""
    parser = argparse.ArgumentParser(prog="python -m tl pretrain", description=__doc__.splitlines()[0])  # not shown
    parser.add_argument("--dataset", required=True, help=say("a data set (see `python -m tl datasets`)"))
    parser.add_argument("--backbone", default="mobilenet_v2", help=listed())
    parser.add_argument("--resolution", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--optimizer", choices=("sgd", "adamw"), default="sgd", help=say("SGD has Nesterov momentum"))
    parser.add_argument("--learning-rate", type=float, default=0.2, help=say("peak"))
    parser.add_argument("--weight-decay", type=float, default=1e-4)
    parser.add_argument(
        "--smallest-area", type=float, default=0.5, help=say("of a random crop, part of the picture's area")
    )
    parser.add_argument("--label-smoothing", type=float, default=0.0)
    parser.add_argument("--cutmix", type=float, default=0.0, help=say("chance of a batch"))
    parser.add_argument(
        "--small-until", type=float, default=0.0, help=say("part of the epochs at three quarters of the side")
    )
    parser.add_argument("--weights", help=say("start from this source of the library instead of from random weights"))
    parser.add_argument(
        "--teacher", help=say("a source of the library with the same classes whose scores are learned, too")
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--name", help=say("in the library; default: BACKBONE-DATASET-RESOLUTION"))
    parser.add_argument("--source", default="", help=say("what the pictures are, for the model card"))
    parser.add_argument("--licence", default="not stated", help=say("of the weights, for the model card"))  # not shown
    parser.add_argument("--output", type=Path, help=say("folder of the result; default: $TL_HOME/library/NAME"))
    parser.add_argument("--home", type=Path, help=say("default: $TL_HOME or .tl"))
    return parser.parse_args(argv)


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
        bar = tqdm(
            batches, total=steps_per_epoch, desc=f"epoch {epoch + 1}/{options.epochs}", mininterval=5
        )  # not shown
        for number, (batch, target) in enumerate(bar):
            for group in optimizer.param_groups:
                group["lr"] = options.learning_rate * rate_factor(epoch * steps_per_epoch + number, steps)
            order, kept = None, 1.0
            if done < CUTMIX_UNTIL and rng.random() < options.cutmix:
                order, kept = cutmix(batch, rng)
            with use_precision(precision, device):
                scores = network(batch)
            scores = scores.float()
            loss = nn.functional.cross_entropy(scores, target, label_smoothing=options.label_smoothing) * kept
            if order is not None:
                loss += nn.functional.cross_entropy(scores, target[order], label_smoothing=options.label_smoothing) * (
                    1 - kept
                )
            if teacher:
                with torch.inference_mode(), use_precision(precision, device):
                    taught = teacher(batch)
                loss = (1 - TEACHING) * loss + TEACHING * distance(scores, taught.float().clone())
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            average.update_parameters(network)
            loss = loss.detach()
            _look(epoch, sums.add(number + 1, loss, torch.stack([loss, loss, torch.ones_like(loss)])))
            threads.tick()
        _look(epoch, sums.rest())
        mean, _ = sums.means()
        seconds = time.monotonic() - began
        tqdm.write(f"epoch {epoch + 1} {resolution} px loss {mean:.4f} {seconds:.0f} s", file=sys.stderr)  # not shown
        hand_over()
    return average.module


def _look(epoch: int, lost: tuple[int, float] | None) -> None:
    if lost:
        raise refusal("training diverged in epoch {epoch}; use a lower --learning-rate.", epoch=epoch + 1)


def publish(network: nn.Module, card: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Write half-precision weights and the model card; the card last: it says that the weights are whole."""
    state = {
        name: (value.half() if value.is_floating_point() else value).contiguous()
        for name, value in network.cpu().state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    weights = folder / "weights.safetensors"
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / ".weights.part"
    save_file(state, temporary)
    data = temporary.read_bytes()
    temporary.unlink()
    write_bytes(weights, data)
    card |= {"sha256": hashlib.sha256(data).hexdigest(), "size_bytes": len(data)}
    write_json(folder / "card.json", card)
    return card


def without(card: dict[str, Any], *names: str) -> dict[str, Any]:
    """The card without some of its entries."""
    return {name: value for name, value in card.items() if name not in names}


def main(argv: list[str]) -> int:
    """Pretrain in turns with the home's trainers, evaluate once, write weights and card; exit status 0, 2: refused."""
    options = parse(argv)
    home = Home(options.home)
    options.dataset = name_of(home, options.dataset)
    if options.backbone not in BACKBONES:
        raise Refused(unknown(options.backbone))
    if not BACKBONES[options.backbone].takes(options.resolution):
        raise Refused(BACKBONES[options.backbone].refusal(options.backbone, options.resolution))
    name = options.name or f"{_in_a_name(options.backbone)}-{options.dataset}-{options.resolution}"
    if not NAME_PATTERN.fullmatch(name) or name in RESERVED:
        raise refusal(
            "{name!r} can't be a model's name; use up to 40 of a-z, 0-9, '-' and '_', but not a source's key.",
            name=name,
        )
    info = source_of(home, options.dataset)
    store = prepare(home, options.dataset, options.resolution, None)
    turn = Turn(home.locks_dir)
    try:
        if not turn.try_take():
            print(say("waiting for a turn"), file=sys.stderr, flush=True)
            turn.take()
        network, card = _pretrained(options, home, info, store, turn)
    finally:
        turn.close()
    card = {"name": name} | card | {"command": shlex.join(["python", "-m", "tl", "pretrain", *argv])}
    folder = options.output or home.library_dir / name
    card = publish(network, card, folder)
    print(
        say(
            "{folder}: {accuracy:.1%} top-1 on {pictures} test pictures",
            folder=folder,
            accuracy=card["accuracy"],
            pictures=store.sizes["test"],
        ),
        file=sys.stderr,
    )
    return 0


def _in_a_name(backbone: str) -> str:
    """What of a network's name may stand in a model's."""
    return re.sub("[^a-z0-9_-]", "-", backbone.lower().removeprefix("timm:"))


def _pretrained(
    options: argparse.Namespace, home: Home, info: DatasetInfo, store: PictureStore, turn: Turn
) -> tuple[nn.Module, dict[str, Any]]:
    """The network and what its card says of it; the caller has the turn, which is given up after each epoch."""

    device = choose_device()
    share = threads.govern(device)
    share.resume()

    def hand_over() -> None:
        share.pause()
        turn.give()
        turn.take()
        share.resume()

    # Nothing is chosen by a validation split here, so its pictures train too; rows lie test, validation, train.
    rows = slice(store.rows("validation").start, store.rows("train").stop)
    shape = (len(store.labels), store.resolution, store.resolution, 3)
    pixels, labels = np.memmap(store.path, np.uint8, "r", shape=shape)[rows], store.labels[rows]
    began = time.monotonic()
    start = source(home, options.backbone, options.weights) if options.weights else None
    build = partial(new_network, options.backbone, len(info.classes), options.resolution, device)
    precision = choose_precision(home, build, options.backbone, options.resolution, options.batch_size, device)
    expects = start.input if start else IMAGENET_INPUT
    taught_by, teacher = source(home, options.backbone, options.teacher) if options.teacher else None, None
    if taught_by:
        known = taught_by.card or {}  # published weights have none
        if known.get("class_names") != list(info.classes):
            raise refusal(
                "{teacher!r} knows other classes than {dataset!r}; name a --teacher of its own.",
                teacher=options.teacher,
                dataset=options.dataset,
            )
        if (taught_by.input.mean, taught_by.input.std) != (expects.mean, expects.std):
            raise refusal(
                "{teacher!r} expects pictures normalised in another way; name another --teacher.",
                teacher=options.teacher,
            )
        teacher = build().eval()
        load_pretrained(teacher, options.backbone, _place(home, taught_by), len(info.classes))
    waited = turn.waited_seconds
    place = _place(home, start) if start else None
    network = train(options, pixels, labels, len(info.classes), device, precision, place, expects, teacher, hand_over)
    seconds = time.monotonic() - began - (turn.waited_seconds - waited)
    # What ships is half precision, so that is what is measured.
    network.half().float().eval()
    pictures = plain_inputs(store.pixels("test"), options.resolution, device, expects)
    found = evaluate(network, pictures, store.labels_of("test"), at_once(options.resolution, device))
    card = {
        "backbone": options.backbone,
        "resolution": options.resolution,
        "input": asdict(replace(expects, size=options.resolution, interpolation="bicubic")),
        "source_data": options.source or info.title,
        "classes": len(info.classes),
        "images": len(pixels),
        "test_images": store.sizes["test"],
        "epochs": options.epochs,
        "started_from": without(start.card, "class_names") if start and start.card else options.weights,
        # Its history lies with the teacher; where it is what this one started from, above.
        "teacher": without(taught_by.card or {}, "class_names", "started_from", "teacher") if taught_by else None,
        "accuracy": found.accuracy,
        "loss": found.loss,
        "seconds": seconds,
        "device": str(device),
        "date": datetime.date.today().isoformat(),
        "licence": options.licence,
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "precision": "float16",
        "versions": {"torch": torch.__version__},
        "class_names": list(info.classes),
    }
    return network, card


def _place(home: Home, weights: Source) -> Path:
    """Their file, downloaded where need be."""
    return weights_here(home, weights.backbone, weights.key, lambda *_: None)


if __name__ == "__main__":
    spell_out()
    try:
        sys.exit(main(sys.argv[1:]))
    except Refused as problem:
        print(problem, file=sys.stderr)
        sys.exit(2)
