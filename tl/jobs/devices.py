"""On how many devices a run may compute here: GPUs or, where there are none, processes of the processor."""

from dataclasses import replace

from tl import machine
from tl.config import RunConfig, refusal
from tl.jobs import memory
from tl.languages import later
from tl.store.documents import read_config
from tl.store.files import write_json
from tl.store.home import Home
from tl.words import number_of


def check(devices: int) -> None:
    """Refuse more of them than there are."""
    if devices == 1:
        return
    there, kind = memory.gpus(), "GPU"
    if not there:
        there, kind = machine.cores(), "processor"
    if devices > there:
        text = later("devices is {devices}, but this machine has {there}; it must be at most {most}.")
        raise refusal(text, devices=devices, there=number_of(there, kind), most=there)


def go_on_with(home: Home, run_id: str, devices: int) -> None:
    """Let a run that is to be resumed go on with so many. Raises Refused."""
    check(devices)
    config = read_config(home.run(run_id))
    if isinstance(config, RunConfig):  # else its trainer says what is wrong with it
        write_json(home.run(run_id).config, replace(config, devices=devices).to_json())
