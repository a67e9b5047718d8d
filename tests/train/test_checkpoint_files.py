"""The file of a checkpoint: plain safetensors, every damage is found, and it is never in memory as a whole."""

import os
import subprocess
import sys

import pytest
import torch
from checkpoint_lab import Settings, flip, metadata
from safetensors.torch import load_file, save_file

from tl.jobs.launchers.launcher import child_environment
from tl.train.checkpoints import checkpoint, sealed

MEMORY = """
import sys, torch
from pathlib import Path
from torch import nn
from tl.config import ArmConfig, Experiment
from tl.train.checkpoints import checkpoint
from tl.train.checkpoints.history import History

folder = Path(sys.argv[1])
(config,) = Experiment(arms=(ArmConfig(name="scratch", strategy="scratch"),), dataset="none").runs("0" * 26)
network = nn.Sequential(*(nn.Linear(1024, 1024) for _ in range(10)))
optimizer = torch.optim.Adam(network.parameters())
for parameter in network.parameters():
    parameter.grad = torch.ones_like(parameter)
optimizer.step()
optimizer.zero_grad()

def peak():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]) * 1024

def more(work):
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    before = peak()
    work()
    print(peak() - before)

more(lambda: checkpoint.save_last(folder, network, optimizer, History(rows=[{}], best_epoch=1), config))
more(lambda: checkpoint.save_best(folder, network, 1, config))
optimizer.state.clear()
more(lambda: checkpoint.load_last(folder, network, optimizer, config))
more(lambda: checkpoint.reconcile_best(folder, network, History(rows=[{}], best_epoch=1), config))
more(lambda: checkpoint.load_best(folder, network, 1))
"""


@pytest.mark.skipif(
    not os.access("/proc/self/clear_refs", os.W_OK), reason="this system does not tell a peak of memory"
)
def test_a_large_networks_checkpoint_is_never_in_memory_as_a_whole(tmp_path):
    """42 MB of weights, 126 MB with the optimizer's state: besides what they fill, saving and loading take little."""
    command = [sys.executable, "-c", MEMORY, str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, env=child_environment())
    assert (tmp_path / checkpoint.LAST).stat().st_size > 125e6
    save_last, save_best, load_last, reconcile_best, load_best = map(int, ended.stdout.split())
    assert load_last < 84e6 + 16e6, "the optimizer's state, and some"
    assert max(save_last, save_best, reconcile_best, load_best) < 16e6, ended.stdout


def test_checkpoints_are_plain_safetensors_whatever_the_types(tmp_path):
    network = torch.nn.Module()
    for name, dtype in (("a", torch.float32), ("b", torch.bfloat16), ("c", torch.int64), ("d", torch.float16)):
        network.register_buffer(name, torch.arange(6).reshape(1, 2, 1, 3).to(dtype, memory_format=torch.channels_last))
    network.register_buffer("number", torch.tensor(7))
    checkpoint.save_best(tmp_path, network, 4, Settings())
    found = load_file(tmp_path / checkpoint.BEST)
    assert found.keys() == network.state_dict().keys()
    assert all(torch.equal(found[name], value) for name, value in network.state_dict().items())
    save_file(found, tmp_path / "theirs")
    assert (tmp_path / "theirs").stat().st_size <= (tmp_path / checkpoint.BEST).stat().st_size
    about = metadata(tmp_path / checkpoint.BEST)
    assert (about["schema"], about["torch"], about["epoch"]) == ("1", torch.__version__, "4")


def damaged(path) -> bool:
    try:
        with sealed.opened(path):
            return False
    except sealed.CheckpointDamaged:
        return True


def test_every_single_flipped_bit_and_every_length_of_a_checkpoint_is_found(tmp_path):
    checkpoint.save_best(tmp_path, torch.nn.Linear(2, 1), 1, Settings())
    path = tmp_path / checkpoint.BEST
    whole = path.read_bytes()
    checkpoint.load_best(tmp_path, torch.nn.Linear(2, 1), 1)
    assert not damaged(path)
    for bit in range(len(whole) * 8):
        path.write_bytes(whole)
        flip(path, bit)
        assert damaged(path)
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert damaged(path)
    path.write_bytes(whole + b"\0")
    assert damaged(path)
