"""Checkpoints: one safetensors file is the commit record of an epoch (weights, optimizer, metric history, patience).

Everything random is a function of (seed, epoch), so no random state needs saving.
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import nn

from tl.store.files import write_bytes

LAST, BEST = "last.safetensors", "best.safetensors"


@dataclass
class History:
    """What a run has done so far."""

    rows: list[dict] = field(default_factory=list)  # of metrics.parquet
    best_epoch: int = 0  # highest validation accuracy, the earlier of equals with a lower loss; 0: none yet
    best_accuracy: float = -1.0
    best_loss: float = float("inf")  # at the best epoch
    lowest_loss: float = float("inf")  # of validation: what early stopping watches
    epochs_without_lower_loss: int = 0
    stopped_early: bool = False
    phase_starts: list[int] = field(default_factory=list)  # epoch in which each phase of the strategy really began
    phase_lowest: float = float("inf")  # validation loss in this phase
    phase_stale: int = 0  # epochs of this phase without a lower one
    learning_rate: float | None = None  # chosen for the head, before schedule and phase
    rate_test_seconds: float = 0.0

    @property
    def epochs(self) -> int:
        """Epochs done."""
        return len(self.rows)


def save_last(folder: Path, network: nn.Module, optimizer: torch.optim.Optimizer, history: History) -> None:
    """Commit an epoch: from here a run resumes."""
    tensors = {f"network.{name}": value for name, value in network.state_dict().items()}
    for index, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{key}": value for key, value in state.items() if torch.is_tensor(value)}
    _write(folder / LAST, tensors, {"history": json.dumps(asdict(history))})


def save_best(folder: Path, network: nn.Module, description: dict) -> None:
    """Keep the network of the best epoch."""
    _write(folder / BEST, dict(network.state_dict()), {"description": json.dumps(description)})


def _write(path: Path, tensors: dict[str, torch.Tensor], metadata: dict[str, str]) -> None:
    plain = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    write_bytes(path, save(plain, metadata))


def load_last(folder: Path, network: nn.Module, optimizer: torch.optim.Optimizer) -> History | None:
    """Put network and optimizer back as `save_last` found them; None where there is no checkpoint."""
    path = folder / LAST
    if not path.exists():
        return None
    with safe_open(path, "pt") as file:
        history = History(**json.loads(file.metadata()["history"]))
        tensors = {name: file.get_tensor(name) for name in file.keys()}
    network.load_state_dict({n.removeprefix("network."): v for n, v in tensors.items() if n.startswith("network.")})
    weights = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    state: dict[int, dict] = {}
    for name, value in tensors.items():
        if name.startswith("optimizer."):
            _, index, key = name.split(".")
            weight = weights[int(index)]
            if value.shape == weight.shape:  # fused optimizers read raw memory: it must lie as the weights lie
                value = torch.empty_like(weight, requires_grad=False).copy_(value)
            state.setdefault(int(index), {})[key] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    return history


def load_best(folder: Path, network: nn.Module) -> None:
    """Put the network back as it was in the best epoch."""
    with safe_open(folder / BEST, "pt") as file:
        network.load_state_dict({name: file.get_tensor(name) for name in file.keys()})
