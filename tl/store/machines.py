"""machines.json: where runs are carried out now and what runs where, as the supervisor's launcher said last."""

import msgspec
from msgspec import Struct

from tl.store.documents import Amount, Share, of_type
from tl.store.files import read_json, write_json
from tl.store.home import Home


class Machine(Struct, frozen=True, kw_only=True):
    """A machine, or a node of a cluster; None for what its launcher can't tell."""

    name: str
    alive: bool = True
    cores: Amount | None = None  # that runs may use
    gpus: Amount | None = None
    memory_bytes: Amount | None = None  # that runs may use
    used_bytes: Amount | None = None  # memory in use by whatever runs there
    cpu_load: Share | None = None  # of its processors
    gpu_load: Share | None = None  # of its GPUs
    trains: tuple[str, ...] = ()  # handles of trainers, as launchers say it; in the file their runs' ids


def write_machines(home: Home, machines: tuple[Machine, ...]) -> None:
    """For pages, which do not ask launchers."""
    write_json(home.machines_path, msgspec.to_builtins(machines), durable=False)


def read_machines(home: Home) -> tuple[Machine, ...]:
    """As they were last told; none where that can't be read."""
    return of_type(read_json(home.machines_path), tuple[Machine, ...]) or ()
