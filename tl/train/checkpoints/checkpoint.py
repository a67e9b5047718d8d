"""Checkpoints: one safetensors file is the commit record of an epoch (weights, optimizer, metric history, patience).

Each carries the SHA-256 of its own bytes, and the one before is kept, of the best network, too: what is damaged is never
used. Where a part of the network stays as it is throughout the run, a checkpoint has that part's digest in its place. Written and read tensor by tensor: a large network's is never in memory as a whole. Everything random is a function
of (seed, epoch), so no random state needs saving.
"""

import hashlib
import json
import struct
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from tl.config import Newer, Refused, RunConfig, newer
from tl.languages import later, listed, say
from tl.store.files import sync_folder, write_pieces
from tl.store.seal import DIGEST, NO_DIGEST
from tl.train.checkpoints.history import History
from tl.train.checkpoints.moving import Moving, memory_of, raw
from tl.train.checkpoints.sealed import (
    LAST,
    PART_SCHEMA,
    PREVIOUS,
    WHOLE_SCHEMA,
    BadCheckpoint,
    CheckpointDamaged,
    Sealed,
    history_of,
    opened,
)
from tl.words import number_of

BEST, PREVIOUS_BEST = "best.safetensors", "previous_best.safetensors"
DTYPES = {torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64"}
TYPES = {name: dtype for dtype, name in DTYPES.items()}


def save_last(
    folder: Path,
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    history: History,
    config: RunConfig,
    moving: Moving | None = None,
) -> None:
    """Commit an epoch of the run `config`: from here it resumes. The checkpoint before is kept."""
    tensors = {f"network.{name}": value for name, value in _state(network, moving).items()}
    for index, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{key}": value for key, value in state.items() if torch.is_tensor(value)}
    about = {"epoch": history.epochs, "config": config.to_json(), "history": asdict(history)}
    write_pieces(folder / LAST, _sealed(tensors, about | _rest(moving)), keep=folder / PREVIOUS)


def save_best(folder: Path, network: nn.Module, epoch: int, config: RunConfig, moving: Moving | None = None) -> None:
    """Keep the network of the best epoch, and the best before: the epoch may be lost and, done again, be none."""
    about = {"epoch": epoch, "config": config.to_json()} | _rest(moving)
    write_pieces(folder / BEST, _sealed(_state(network, moving), about), keep=folder / PREVIOUS_BEST)


def _state(network: nn.Module, moving: Moving | None) -> dict[str, torch.Tensor]:
    """What a checkpoint holds of the network."""
    state: dict[str, torch.Tensor] = network.state_dict()
    return state if moving is None else {name: value for name, value in state.items() if name in moving.names}


def _rest(moving: Moving | None) -> dict[str, str]:
    """What it says of all else."""
    return {} if moving is None else {"rest": moving.rest}


def _sealed(tensors: dict[str, torch.Tensor], about: dict[str, Any]) -> Iterator[bytes | memoryview]:
    """The bytes of a safetensors file in pieces: its header, which has the digest of them all, and each tensor.

    A tensor that has to be copied for it (from a GPU, or from another layout) is copied twice, and gone in between.
    """
    ordered = sorted(tensors.items(), key=lambda entry: -entry[1].element_size())  # so that all lie aligned
    schema = PART_SCHEMA if "rest" in about else WHOLE_SCHEMA
    versions = {"schema": str(schema), "torch": torch.__version__, "sha256": NO_DIGEST}
    entries: dict[str, dict[str, Any]] = {
        "__metadata__": versions | {key: json.dumps(value) for key, value in about.items()}
    }
    place = 0
    for name, value in ordered:
        offsets = [place, place := place + value.nbytes]
        entries[name] = {"dtype": DTYPES[value.dtype], "shape": list(value.shape), "data_offsets": offsets}
    header = json.dumps(entries, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    header = struct.pack("<Q", len(header)) + header
    digest = hashlib.sha256(header)
    for _, value in ordered:
        digest.update(raw(value))
    start = header.index(DIGEST) + len(DIGEST)
    yield header[:start] + digest.hexdigest().encode() + header[start + len(NO_DIGEST) :]
    for _, value in ordered:
        yield raw(value)


def load_last(
    folder: Path,
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    config: RunConfig,
    moving: Moving | None = None,
) -> tuple[History, str] | None:
    """Put network and optimizer back as `save_last` found them; gives the history and the version of torch it is from.

    A damaged checkpoint is removed and the one before used, which the history's notes say. None where there is none;
    raises BadCheckpoint where none is usable, or it belongs to other settings.
    """
    damaged = []
    for path in (folder / LAST, folder / PREVIOUS):
        if not path.exists():
            continue
        try:
            with opened(path) as sealed:
                before = _belongs(path, sealed.about["config"], config)
                history = history_of(sealed)
                _restore(sealed, network, optimizer, moving)
        except CheckpointDamaged:
            damaged.append(path)
            continue
        for bad in damaged:
            bad.unlink()  # it would become the previous one, in place of the only good one
            history.note(say("Resumed from epoch {epoch}: the last checkpoint was damaged.", epoch=history.epochs))
        if before.devices != config.devices:
            there, here = (number_of(each.devices, "device") for each in (before, config))
            text = later("Resumed on {here} after epoch {epoch}, before on {there}.")
            history.note(say(text, here=here, epoch=history.epochs, there=there))
        return history, sealed.about["torch"]
    if damaged:
        text = later("{files} in {folder} are damaged and can't be used; start a new run with the same settings.")
        raise BadCheckpoint(say(text, files=listed(path.name for path in damaged), folder=folder))
    return None


def _belongs(path: Path, settings: dict[str, Any], config: RunConfig) -> RunConfig:
    """The settings of the run it is of. Raises BadCheckpoint where they are others than `config`; both mean what their
    version meant by them. On how many devices a run goes on is no matter."""
    try:
        before = RunConfig.from_json(settings)
    except Newer as found:
        raise BadCheckpoint(newer(str(path), found)) from None
    except Refused as problem:
        raise BadCheckpoint(
            say("{file} has settings that can't be used ({problem}); start a new run.", file=path, problem=problem)
        ) from None
    own, theirs = config.to_json(), replace(before, devices=config.devices).to_json()
    for name in sorted({*own, *theirs}):
        if own.get(name) != theirs.get(name):
            text = later(
                "{file} belongs to a run with {name} {theirs}, but config.json says {own}; put that back, or start a "
                "new run."
            )
            raise BadCheckpoint(say(text, file=path, name=name, theirs=repr(theirs.get(name)), own=repr(own.get(name))))
    return before


def _restore(sealed: Sealed, network: nn.Module, optimizer: torch.optim.Optimizer, moving: Moving | None) -> None:
    weights = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    _fill(sealed, network, moving, "network.")
    state: dict[int, dict[str, torch.Tensor]] = {}
    for name, entry in sealed.entries.items():
        if name.startswith("optimizer."):
            _, index, key = name.split(".")
            weight = weights[int(index)]
            if entry["shape"] == list(weight.shape):  # fused optimizers read raw memory: it must lie as the weights lie
                value = torch.empty_like(weight, dtype=TYPES[entry["dtype"]], requires_grad=False)
            else:
                value = torch.empty(entry["shape"], dtype=TYPES[entry["dtype"]])
            _read(sealed, name, value)
            state.setdefault(int(index), {})[key] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def _fill(sealed: Sealed, network: nn.Module, moving: Moving | None, prefix: str = "") -> None:
    """Put the network's weights back. Raises BadCheckpoint, and leaves it as it is, where it has others."""
    own = network.state_dict()
    if moving is not None and "rest" in sealed.about:
        if sealed.about["rest"] != moving.rest:
            text = later(
                "{file} belongs to a run that began with other pretrained weights than are here now; put those back, "
                "or start a new run."
            )
            raise BadCheckpoint(say(text, file=sealed.path))
        own = _state(network, moving)
    elif moving is not None:  # of an earlier version, or of the end: a whole plain network
        own = {name: value for name, value in own.items() if name not in moving.added}
    theirs = {name.removeprefix(prefix): entry for name, entry in sealed.entries.items() if name.startswith(prefix)}
    wrong = next((name for name in own if name not in theirs or theirs[name]["shape"] != list(own[name].shape)), None)
    if wrong or theirs.keys() != own.keys():  # the pictures have other classes now
        wrong = wrong or min(theirs.keys() - own.keys())
        shapes = [_size(theirs[wrong]["shape"] if wrong in theirs else None)]
        shapes.append(_size(list(own[wrong].shape) if wrong in own else None))
        text = later("{file} doesn't fit the network ({name} is {there} there and {here} here); start a new run.")
        raise BadCheckpoint(say(text, file=sealed.path, name=wrong, there=shapes[0], here=shapes[1]))
    for name, value in own.items():
        _read(sealed, prefix + name, value)


def _size(shape: list[int] | None) -> str:
    """[3, 4] -> "3 x 4"."""
    return say("missing") if shape is None else " x ".join(map(str, shape)) or say("one number")


@torch.no_grad()
def _read(sealed: Sealed, name: str, target: torch.Tensor) -> None:
    """Fill `target` with a tensor of its shape; at once where it lies on the CPU as in the file."""
    dtype = TYPES[sealed.entries[name]["dtype"]]
    straight = target.device.type == "cpu" and target.dtype == dtype and target.is_contiguous()
    value = target if straight else torch.empty(target.shape, dtype=dtype)
    if value.numel():
        sealed.read_into(name, memory_of(value.detach()))
    if not straight:
        target.copy_(value)


def reconcile_best(
    folder: Path, network: nn.Module, history: History, config: RunConfig, moving: Moving | None = None
) -> None:
    """Make the best network on the disk that of `history`, which `load_last` gave; `network` is of its last epoch.

    Raises BadCheckpoint where it is lost: better to hear it before more hours are spent.
    """
    wanted = history.best_epoch
    if not wanted or _epoch(folder / BEST) == wanted:
        return
    if wanted == history.epochs:
        save_best(folder, network, wanted, config, moving)
    elif _epoch(folder / PREVIOUS_BEST) == wanted:  # the other is of the epoch whose checkpoint was damaged
        (folder / PREVIOUS_BEST).replace(folder / BEST)
        sync_folder(folder)
    else:
        load_best(folder, None, wanted)


def _epoch(path: Path) -> int | None:
    """Which epoch a network is of; None where it is missing or damaged."""
    try:
        with opened(path) as sealed:
            return int(sealed.about["epoch"])
    except (FileNotFoundError, CheckpointDamaged):
        return None


def load_best(folder: Path, network: nn.Module | None, epoch: int, moving: Moving | None = None) -> bool:
    """Put the network back as it was in the best epoch; None only looks. Gives whether it was kept as a whole.

    Raises BadCheckpoint.
    """
    path = folder / BEST
    try:
        with opened(path) as sealed:
            if sealed.about["epoch"] != epoch:
                text = later(
                    "{file} is from epoch {epoch}, not from the best one; start a new run with the same settings."
                )
                raise BadCheckpoint(say(text, file=path, epoch=sealed.about["epoch"]))
            if network is not None:
                _fill(sealed, network, moving)
            return "rest" not in sealed.about
    except FileNotFoundError:
        raise BadCheckpoint(say("{file} is missing; start a new run with the same settings.", file=path)) from None
    except CheckpointDamaged:
        raise BadCheckpoint(say("{file} is damaged; start a new run with the same settings.", file=path)) from None
