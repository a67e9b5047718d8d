"""What of a network's state can change in a run: its checkpoints hold that, and a digest of all the rest."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import nn

from tl.backbones import BACKBONES
from tl.phases import HEAD, Phase
from tl.train.methods.method import Method


@dataclass(frozen=True)
class Moving:
    """The part of a network that a run changes, where that isn't all of it."""

    names: frozenset[str]  # in its state
    added: frozenset[str]  # those of them that the plain network does not have
    rest: str  # SHA-256 of all else, which the run begins with and ends with


def moving_part(network: nn.Module, backbone: str, phases: Iterable[Phase], method: Method) -> Moving | None:
    """What `phases` and `method` change of a network that is as training starts from it; None: they may change all."""
    training = {name for phase in phases for name in phase.rates}
    parameters, state = dict(network.named_parameters()), network.state_dict()

    def moves(name: str) -> bool:
        if stage_of(method.owner(name), backbone) not in training:
            return False
        return method.trains(name) if name in parameters else method.statistics

    names = frozenset(filter(moves, state))
    added = frozenset(name for name in names if method.owner(name) != name)
    if len(names) == len(state) and not added and not method.adapts:  # else it is told from the network of the end
        return None
    digest = hashlib.sha256()
    for name in sorted(state.keys() - names):
        digest.update(name.encode())
        digest.update(raw(state[name]))
    return Moving(names, added, digest.hexdigest())


def stage_of(name: str, backbone: str) -> str:
    """The stage of a parameter or buffer; HEAD, which always trains, for a buffer outside of all stages."""
    try:
        return BACKBONES[backbone].stage_of(name)
    except KeyError:
        return HEAD


def raw(value: torch.Tensor) -> memoryview:
    """The bytes of a tensor in the order of its dimensions; no copy where it lies so on the CPU."""
    return memory_of(value.detach().cpu().contiguous())


def memory_of(value: torch.Tensor) -> memoryview:
    """The memory of a contiguous tensor on the CPU."""
    memory: memoryview = value.reshape(-1).view(torch.uint8).numpy().data
    return memory
