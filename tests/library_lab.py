"""Finished runs with a real checkpoint of a tiny network, without the training; and files as a stranger might make them."""

import json

import torch
from safetensors.torch import save_file

from tests import page_lab
from tl.config import ArmConfig
from tl.store.documents import read_config
from tl.store.home import Home
from tl.train.checkpoints.checkpoint import save_best
from tl.train.network import build_network

BACKBONE, SIDE, CLASSES = "timm:test_resnet", 64, 12


def network(seed: int = 0) -> torch.nn.Module:
    """A network whose weights, running means and all, are its own."""
    torch.manual_seed(seed)
    made = build_network(BACKBONE, CLASSES, SIDE)
    for name, value in made.state_dict().items():
        if "running" in name:
            value.uniform_(0.5, 1.5)
    return made.eval()


def finished(home: Home, strategy: str = "scratch", seed: int = 0, **settings) -> str:
    """A finished run of the tiny network that has `network(seed)` as its best; its id."""
    arms = (ArmConfig(name=strategy, strategy=strategy),)
    shared = {"backbone": BACKBONE, "resolution": SIDE} | settings
    [row] = page_lab.rows(home, page_lab.submit(home, arms=arms, **shared))
    page_lab.end(home, row, "finished", test_images=40)
    run = home.run(row.run_id)
    run.checkpoints.mkdir()
    save_best(run.checkpoints, network(seed), 6, read_config(run))
    return row.run_id


def card(**changes) -> dict:
    """The model card of an exported file."""
    expects = {"mean": [0.5] * 3, "std": [0.5] * 3, "size": SIDE, "interpolation": "bicubic"}
    told = {
        "name": "theirs",
        "backbone": BACKBONE,
        "resolution": SIDE,
        "input": expects,
        "source_data": "their pictures",
    }
    return told | changes


def exported(path, about: object, state: dict[str, torch.Tensor] | None = None):
    """A file as the library exports them, with the card `about`: a text as it is, all else as JSON."""
    given = network().state_dict() if state is None else state
    tensors = {name: value.contiguous() for name, value in given.items() if not name.startswith("fc.")}
    text = about if isinstance(about, str) else json.dumps(about)
    save_file(tensors, path, {} if about is None else {"tl_lab_card": text})
    return path
