"""Checkpoints: one safetensors file is the commit record of an epoch (weights, optimizer, metric history, patience).

Each carries the SHA-256 of its own bytes, and the one before is kept, of the best network, too: what is damaged is never
used. Everything random is a function of (seed, epoch), so no random state needs saving.
"""

import hashlib
import json
import struct
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors.torch import load
from torch import nn

from tl.config import Refused, RunConfig
from tl.store.files import sync_folder, write_bytes
from tl.train.history import History
from tl.train.sealed import DIGEST, LAST, NO_DIGEST, PREVIOUS, SCHEMA, BadCheckpoint, DamagedError, opened

BEST, PREVIOUS_BEST = "best.safetensors", "previous_best.safetensors"
DTYPES = {torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64"}


def save_last(folder: Path, network: nn.Module, optimizer: torch.optim.Optimizer, history: History, config) -> None:
    """Commit an epoch of the run `config`: from here it resumes. The checkpoint before is kept."""
    tensors = {f"network.{name}": value for name, value in network.state_dict().items()}
    for index, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{key}": value for key, value in state.items() if torch.is_tensor(value)}
    about = {"epoch": history.epochs, "config": config.to_json(), "history": asdict(history)}
    write_bytes(folder / LAST, *_sealed(tensors, about), keep=folder / PREVIOUS)


def save_best(folder: Path, network: nn.Module, epoch: int, config: RunConfig) -> None:
    """Keep the network of the best epoch, and the best before: the epoch may be lost and, done again, be none."""
    pieces = _sealed(network.state_dict(), {"epoch": epoch, "config": config.to_json()})
    write_bytes(folder / BEST, *pieces, keep=folder / PREVIOUS_BEST)


def _sealed(tensors: dict[str, torch.Tensor], about: dict) -> list:
    """The bytes of a safetensors file in pieces: its header, which has the digest of them all, and each tensor."""
    ordered = sorted(tensors.items(), key=lambda entry: -entry[1].element_size())  # so that all lie aligned
    versions = {"schema": str(SCHEMA), "torch": torch.__version__, "sha256": NO_DIGEST}
    entries: dict[str, dict] = {"__metadata__": versions | {key: json.dumps(value) for key, value in about.items()}}
    pieces, place = [], 0
    for name, value in ordered:
        raw = value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
        offsets = [place, place := place + raw.nbytes]
        entries[name] = {"dtype": DTYPES[value.dtype], "shape": list(value.shape), "data_offsets": offsets}
        pieces.append(raw)
    header = json.dumps(entries, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    header = struct.pack("<Q", len(header)) + header
    digest = hashlib.sha256(header)
    for raw in pieces:
        digest.update(raw)
    start = header.index(DIGEST) + len(DIGEST)
    return [header[:start], digest.hexdigest().encode(), header[start + len(NO_DIGEST) :], *pieces]


def load_last(
    folder: Path, network: nn.Module, optimizer: torch.optim.Optimizer, config: RunConfig
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
            about, data = opened(path)
        except DamagedError:
            damaged.append(path)
            continue
        _belongs(path, about["config"], config)
        _restore(path, network, optimizer, load(data))
        history = History(**about["history"])
        for bad in damaged:
            bad.unlink()  # it would become the previous one, in place of the only good one
            history.notes.append(f"Resumed from epoch {history.epochs}: the last checkpoint was damaged.")
        return history, about["torch"]
    if damaged:
        names = " and ".join(path.name for path in damaged)
        raise BadCheckpoint(f"{names} in {folder} can't be used: damaged; start a new run with the same settings.")
    return None


def _belongs(path: Path, settings: dict, config: RunConfig) -> None:
    own = json.loads(json.dumps(config.to_json()))
    with suppress(Refused, KeyError, TypeError):  # of an earlier version: what it lacks means what it did then
        settings = json.loads(json.dumps(RunConfig.from_json(settings).to_json()))
    for name in sorted(own.keys() | settings.keys()):
        if own.get(name) != settings.get(name):
            raise BadCheckpoint(
                f"{path} is of a run with {name} {settings.get(name)!r}, config.json says {own.get(name)!r}; put that"
                " back, or start a new run."
            )


def _restore(path: Path, network: nn.Module, optimizer: torch.optim.Optimizer, tensors: dict) -> None:
    weights = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    state: dict[int, dict] = {}
    for name, value in tensors.items():
        if name.startswith("optimizer."):
            _, index, key = name.split(".")
            weight = weights[int(index)]
            if value.shape == weight.shape:  # fused optimizers read raw memory: it must lie as the weights lie
                value = torch.empty_like(weight, requires_grad=False).copy_(value)
            state.setdefault(int(index), {})[key] = value
    _fill(path, network, {n.removeprefix("network."): v for n, v in tensors.items() if n.startswith("network.")})
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def _fill(path: Path, network: nn.Module, tensors: dict[str, torch.Tensor]) -> None:
    try:
        network.load_state_dict(tensors)
    except RuntimeError as problem:  # the pictures have other classes now
        first = str(problem).splitlines()[-1].strip().rstrip(".")
        raise BadCheckpoint(f"{path} doesn't fit the network ({first}); start a new run.") from None


def settle_best(folder: Path, network: nn.Module, history: History, config: RunConfig) -> None:
    """Make the best network on the disk that of `history`, which `load_last` gave; `network` is of its last epoch.

    Raises BadCheckpoint where it is lost: better to hear it before more hours are spent.
    """
    wanted = history.best_epoch
    if not wanted or _epoch(folder / BEST) == wanted:
        return
    if wanted == history.epochs:
        save_best(folder, network, wanted, config)
    elif _epoch(folder / PREVIOUS_BEST) == wanted:  # the other is of the epoch whose checkpoint was damaged
        (folder / PREVIOUS_BEST).replace(folder / BEST)
        sync_folder(folder)
    else:
        _best(folder, wanted)


def _epoch(path: Path) -> int | None:
    """Which epoch a network is of; None where it is missing or damaged."""
    try:
        return opened(path)[0]["epoch"]
    except (FileNotFoundError, DamagedError):
        return None


def load_best(folder: Path, network: nn.Module, epoch: int) -> None:
    """Put the network back as it was in the best epoch. Raises BadCheckpoint."""
    _fill(folder / BEST, network, _best(folder, epoch))


def _best(folder: Path, epoch: int) -> dict[str, torch.Tensor]:
    path = folder / BEST
    try:
        about, data = opened(path)
    except FileNotFoundError:
        raise BadCheckpoint(f"{path} is missing; start a new run with the same settings.") from None
    except DamagedError:
        raise BadCheckpoint(f"{path} is damaged; start a new run with the same settings.") from None
    if about["epoch"] != epoch:
        raise BadCheckpoint(
            f"{path} is of epoch {about['epoch']}, not of the best one; start a new run with the same settings."
        )
    return load(data)
