"""`python -m tl pretrain`: train a backbone on any image set and write weights and a model card for the library.

How is in tl/train/pretraining.py. The test split is used once, at the end.
"""

import argparse
import datetime
import hashlib
import re
import shlex
import sys
import time
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save
from torch import nn

from tl.backbones import BACKBONES, IMAGENET_INPUT, listed, unknown
from tl.config import NAME_PATTERN, Refused, refusal
from tl.config.training import AUTO, BUNDLED, IMAGENET
from tl.datasets import name_of, prepare, source_of
from tl.datasets.info import DatasetInfo
from tl.languages import later, say
from tl.output import spell_out
from tl.sources import source
from tl.store.device_lock import DeviceLock
from tl.store.files import write_bytes, write_json
from tl.store.home import Home
from tl.store.pictures import PictureStore
from tl.strategies import RANDOM
from tl.train.evaluate import at_once, evaluate, plain_inputs
from tl.train.hardware import threads
from tl.train.hardware.device import choose_device
from tl.train.hardware.precision import choose_precision
from tl.train.network import load_pretrained, new_network
from tl.train.obtain import weights_here
from tl.train.pretraining import train

RESERVED = (AUTO, BUNDLED, IMAGENET, RANDOM)  # keys of other sources, or of none


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
        "--smallest-area", type=float, default=0.5, help=say("smallest share of the picture's area in a random crop")
    )
    parser.add_argument("--label-smoothing", type=float, default=0.0)
    parser.add_argument("--cutmix", type=float, default=0.0, help=say("probability of using it on a batch"))
    parser.add_argument(
        "--small-until", type=float, default=0.0, help=say("part of the epochs at three quarters of the side")
    )
    parser.add_argument("--weights", help=say("start from this source of the library instead of from random weights"))
    parser.add_argument(
        "--teacher", help=say("a source in the library with the same classes, whose scores are learned, too")
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--name", help=say("in the library; default: BACKBONE-DATASET-RESOLUTION"))
    parser.add_argument("--source", default="", help=say("what the pictures are, for the model card"))
    parser.add_argument("--licence", default="not stated", help=say("of the weights, for the model card"))  # not shown
    parser.add_argument("--output", type=Path, help=say("folder of the result; default: $TL_HOME/library/NAME"))
    parser.add_argument("--home", type=Path, help=say("default: $TL_HOME or .tl"))
    return parser.parse_args(argv)


def publish(network: nn.Module, card: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Write half-precision weights and the model card; the card last: it says that the weights are whole."""
    state = {
        name: (value.half() if value.is_floating_point() else value).contiguous()
        for name, value in network.cpu().state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    data = save(state)
    write_bytes(folder / "weights.safetensors", data)
    card |= {"sha256": hashlib.sha256(data).hexdigest(), "size_bytes": len(data)}
    write_json(folder / "card.json", card)
    return card


def _without(card: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in card.items() if name not in names}


def main(argv: list[str]) -> int:
    """Pretrain, giving way to the home's trainers, evaluate once, write weights and card; exit status 0, 2: refused."""
    options = parse(argv)
    home = Home(options.home)
    options.dataset = name_of(home, options.dataset)
    if options.backbone not in BACKBONES:
        raise Refused(unknown(options.backbone))
    if not BACKBONES[options.backbone].takes(options.resolution):
        raise Refused(BACKBONES[options.backbone].why_not(options.backbone, options.resolution))
    network_name = re.sub("[^a-z0-9_-]", "-", options.backbone.lower().removeprefix("timm:"))
    name = options.name or f"{network_name}-{options.dataset}-{options.resolution}"
    if not NAME_PATTERN.fullmatch(name) or name in RESERVED:
        text = later(
            "{name!r} can't be a model's name; use up to 40 characters: a-z, 0-9, '-' and '_', but not a source's key."
        )
        raise refusal(text, name=name)
    info = source_of(home, options.dataset)
    store = prepare(home, options.dataset, options.resolution, None)
    device_lock = DeviceLock(home.locks_dir)
    try:
        if not device_lock.try_take():
            print(say("waiting for a turn"), file=sys.stderr, flush=True)
            device_lock.take()
        network, card = _pretrained(options, home, info, store, device_lock)
    finally:
        device_lock.close()
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


def _pretrained(
    options: argparse.Namespace, home: Home, info: DatasetInfo, store: PictureStore, device_lock: DeviceLock
) -> tuple[nn.Module, dict[str, Any]]:
    """The network and what its card says of it; the caller has the device lock, which is given up after each epoch."""

    device = choose_device()
    share = threads.govern(device)
    share.resume()

    def hand_over() -> None:
        share.pause()
        device_lock.give()
        device_lock.take()
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
            text = later("{teacher!r} has other classes than {dataset!r}; name a --teacher with the same ones.")
            raise refusal(text, teacher=options.teacher, dataset=options.dataset)
        if (taught_by.input.mean, taught_by.input.std) != (expects.mean, expects.std):
            text = later("{teacher!r} expects pictures normalised in another way; name another --teacher.")
            raise refusal(text, teacher=options.teacher)
        teacher = build().eval()
        load_pretrained(
            teacher, options.backbone, weights_here(home, options.backbone, taught_by.key), len(info.classes)
        )
    waited = device_lock.waited_seconds
    place = weights_here(home, options.backbone, start.key) if start else None
    network = train(options, pixels, labels, len(info.classes), device, precision, place, expects, teacher, hand_over)
    seconds = time.monotonic() - began - (device_lock.waited_seconds - waited)
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
        "started_from": _without(start.card, "class_names") if start and start.card else options.weights,
        # Its history lies with the teacher; where it is what this one started from, above.
        "teacher": _without(taught_by.card or {}, "class_names", "started_from", "teacher") if taught_by else None,
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


if __name__ == "__main__":
    spell_out()
    try:
        sys.exit(main(sys.argv[1:]))
    except Refused as problem:
        print(problem, file=sys.stderr)
        sys.exit(2)
