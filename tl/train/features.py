"""`python -m tl.train.features`: what reaches the head, for samples of pictures and several pretrained networks.

One forward pass each, kept in the home's cache (tl.store.features); the last line on stdout is a JSON list that says
what became of each candidate. Scores and forecasts are made of it elsewhere: see tl.analysis.forecasts.hints and
tl.analysis.forecasts.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from tl.backbones import BACKBONES, Input
from tl.config import Refused, Training, refusal
from tl.datasets import home_of, prepare
from tl.datasets.giving_way import WAITING
from tl.languages import for_stderr, say
from tl.output import spell_out
from tl.sources import AUTO, input_of, source
from tl.store.device_lock import DeviceLock
from tl.store.features import RANDOM, TRAIN, FeatureKey, Features, fingerprint, write_features
from tl.store.home import Home
from tl.store.pictures import SPLITS, PictureStore
from tl.train.evaluate import at_once, plain_inputs, slices
from tl.train.hardware import threads
from tl.train.hardware.device import choose_device
from tl.train.network import build_network, load_pretrained
from tl.train.obtain import weights_here
from tl.train.weights import read_weights

SEED = 0  # of random weights
NO_HEAD = 2  # outputs of a network whose own head is unknown; they are not looked at
STATISTICS_PICTURES = 256  # pictures from which a random network's BatchNorm takes its statistics


def parse(argv: list[str]) -> argparse.Namespace:
    """The command line; a candidate is BACKBONE:WEIGHTS:HASH, WEIGHTS a source's key or "random"."""
    parser = argparse.ArgumentParser(prog="python -m tl.train.features", description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--samples", type=int, required=True)
    parser.add_argument("--resolution", type=int, required=True)
    words = "also the first so many pictures of another split: %(metavar)s, repeatable"  # not shown
    parser.add_argument("--also", type=_split, action="append", default=[], metavar="SPLIT:SAMPLES", help=words)
    parser.add_argument("candidates", nargs="+", metavar="BACKBONE:WEIGHTS:HASH")
    return parser.parse_args(argv)


def _split(text: str) -> tuple[str, int]:
    split, _, samples = text.partition(":")
    if split not in SPLITS:
        raise ValueError(text)
    return split, int(samples)


def main(argv: list[str]) -> int:
    """Exit status 0: every candidate has its line in the answer, 2: the pictures can't be had."""
    options = parse(argv)
    home = Home(options.home)
    device_lock = DeviceLock(home.locks_dir)
    try:
        home.policy.check_pictures(
            Training(dataset=options.dataset, samples=options.samples, resolution=options.resolution)
        )
        store = prepare(home, options.dataset, options.resolution, options.samples, _preparing)
    except Refused as problem:
        print(for_stderr(problem), file=sys.stderr)
        return 2
    answers, share = [], threads.govern(choose_device())
    for candidate in options.candidates:
        backbone, weights, digest = candidate.rsplit(":", 2)  # timm:NAME has one of its own
        key = FeatureKey(
            dataset=options.dataset,
            fingerprint=fingerprint(home_of(home, options.dataset), options.dataset),
            samples=options.samples,
            resolution=options.resolution,
            backbone=backbone,
            weights=weights,
            weights_hash=digest,
        )
        _take(device_lock)  # a run that trains meanwhile goes on between two candidates
        share.resume()
        try:
            answers.append(_answer(home, key, store, [(TRAIN, options.samples), *options.also]))
        finally:
            share.pause()
            device_lock.give()
        what = answers[-1].get("error") or say("looked at in {seconds:.1f} s.", seconds=answers[-1]["seconds"])
        about = say("{backbone} with {weights}: {what}", backbone=backbone, weights=weights, what=what)
        print(about, file=sys.stderr, flush=True)
    print(json.dumps(answers))
    return 0


def _take(device_lock: DeviceLock) -> None:
    """Take the lock, and say so first where it has to be waited for."""
    if device_lock.wanted() or not device_lock.try_take():
        print(say(WAITING), file=sys.stderr, flush=True)
        device_lock.take()


def _preparing(done: int, total: int, what: str) -> None:
    print(say("{what}: {done} of {total}", what=what, done=done, total=total), file=sys.stderr, flush=True)


def _answer(home: Home, key: FeatureKey, store: PictureStore, samples: list[tuple[str, int]]) -> dict[str, float | str]:
    began = time.monotonic()
    try:
        for split, number in samples:
            one = replace(key, split=split, samples=number)
            write_features(home, one, extract(home, one, store))
    except Refused as problem:
        return {"error": for_stderr(problem)}
    return {"seconds": time.monotonic() - began}


def extract(home: Home, key: FeatureKey, store: PictureStore) -> Features:
    """The features of the sample that `key` names, whose pictures `store` has ready. Raises Refused where the weights don't fit the network."""
    pixels, labels = store.pixels(key.split, key.samples), store.labels_of(key.split, key.samples)
    device = choose_device()
    torch.manual_seed(SEED)
    if key.weights == RANDOM:
        classes = None
        network = build_network(key.backbone, NO_HEAD, key.resolution).to(device)
        expects = input_of(home, key.backbone, AUTO)
        assert key.split == TRAIN, "its statistics come from training pictures, and would differ between splits"
        gather_batchnorm_statistics(network, _batches(pixels[:STATISTICS_PICTURES], key.resolution, device, expects))
    else:
        weights = source(home, key.backbone, key.weights)
        if weights.file is None:  # nothing is downloaded here
            raise refusal("{file} is missing; download the weights first.", file=weights.place)
        path, expects = weights_here(home, key.backbone, key.weights), weights.input
        classes = classes_of_head(path, key.backbone)
        network = build_network(key.backbone, classes or NO_HEAD, key.resolution)
        load_pretrained(network, key.backbone, path, classes)
        network.to(device)
    features, probabilities = before_the_head(network, key.backbone, _batches(pixels, key.resolution, device, expects))
    return Features(features, np.array(labels), probabilities if classes else None)


def classes_of_head(path: Path, backbone: str) -> int | None:
    """How many classes the head in a file of weights tells apart; None where it has no head."""
    bias = read_weights(path, backbone).get(BACKBONES[backbone].head + ".bias")
    return None if bias is None else len(bias)


@torch.inference_mode()
def before_the_head(
    network: nn.Module, backbone: str, batches: Iterator[torch.Tensor]
) -> tuple[np.ndarray, np.ndarray]:
    """(N, D) inputs of the head and (N, Z) softmax of its outputs, both float32."""
    network.eval()
    caught: list[np.ndarray] = []
    head = network.get_submodule(BACKBONES[backbone].head)
    hook = head.register_forward_pre_hook(lambda _, inputs: caught.append(inputs[0].float().cpu().numpy()))
    probabilities = []
    try:
        for batch in batches:
            probabilities.append(network(batch).float().softmax(1).cpu().numpy())
    finally:
        hook.remove()
    return np.concatenate(caught), np.concatenate(probabilities)


@torch.inference_mode()
def gather_batchnorm_statistics(network: nn.Module, batches: Iterator[torch.Tensor]) -> None:
    """Give the BatchNorm layers of a random network the statistics of the pictures: without, its signals fade or grow.

    A network that trains from scratch gets them in its first steps; no weight changes.
    """
    network.eval()
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.reset_running_stats()
            module.momentum = None  # a plain mean over the batches
            module.train()
    for batch in batches:
        if len(batch) > 1:
            network(batch)


def _batches(pixels: np.ndarray, resolution: int, device: torch.device, expects: Input) -> Iterator[torch.Tensor]:
    inputs = plain_inputs(pixels, resolution, device, expects)
    for rows in slices(len(pixels), at_once(resolution, device)):
        yield inputs(rows)
        threads.tick()


if __name__ == "__main__":
    spell_out()
    sys.exit(main(sys.argv[1:]))
