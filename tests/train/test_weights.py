"""What the trainer reads of a file of weights, and what it refuses to."""

import hashlib
import os
import pickle
from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file

from tl.backbones import BACKBONES
from tl.config import Refused
from tl.store import weights_file
from tl.train import weights
from tl.train.network import build_network, load_pretrained
from tl.train.weights import read_weights


class Evil:
    """Runs a command when it is unpickled."""

    def __reduce__(self):
        return eval, ("[].append(1 / 0)",)


def test_safetensors_are_read(tmp_path):
    save_file({"a": torch.ones(2, dtype=torch.bfloat16)}, tmp_path / "w.safetensors")
    assert read_weights(tmp_path / "w.safetensors", "resnet18")["a"].tolist() == [1, 1]


@pytest.mark.parametrize("name", ["w.safetensors", "w.pth", "w.pt", "resnet18-f37072fd.pth"])
def test_a_pickle_of_a_stranger_is_refused_whatever_its_name(tmp_path, name):
    (tmp_path / name).write_bytes(pickle.dumps(Evil()))
    with pytest.raises(Refused, match="pickle|is not the file its publisher names"):
        read_weights(tmp_path / name, "resnet18")


def test_the_file_torchvision_publishes_is_read(tmp_path, monkeypatch):
    torch.save({"fc.bias": torch.zeros(7)}, tmp_path / "w.pth")
    digest = hashlib.sha256((tmp_path / "w.pth").read_bytes()).hexdigest()
    published = replace(BACKBONES["resnet18"].imagenet, url=f"https://a/w-{digest[:8]}.pth")
    monkeypatch.setitem(weights.BACKBONES, "resnet18", replace(BACKBONES["resnet18"], imagenet=published))
    assert len(read_weights(tmp_path / "w.pth", "resnet18")["fc.bias"]) == 7


@pytest.mark.parametrize(
    ("name", "save", "check"), [("w.safetensors", save_file, "check"), ("w.pth", torch.save, "check_published")]
)
def test_what_was_checked_is_read_and_not_what_has_taken_its_name(tmp_path, monkeypatch, name, save, check):
    save({"fc.bias": torch.ones(2)}, tmp_path / name)
    (tmp_path / "other").write_bytes(pickle.dumps(Evil()))
    checked = getattr(weights_file, check)

    def check_then_replace(file, *published):
        checked(file, *published)
        os.replace(tmp_path / "other", tmp_path / name)

    monkeypatch.setattr(weights_file, check, check_then_replace)
    digest = hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
    published = replace(BACKBONES["resnet18"].imagenet, url=f"https://a/w-{digest[:8]}.pth")
    monkeypatch.setitem(weights.BACKBONES, "resnet18", replace(BACKBONES["resnet18"], imagenet=published))
    assert read_weights(tmp_path / name, "resnet18")["fc.bias"].tolist() == [1, 1]


@pytest.mark.parametrize("change", ["shape", "missing", "not finite"])
def test_weights_that_do_not_fit_the_network_are_refused(tmp_path, change):
    state = {name: value.contiguous() for name, value in build_network("resnet18", 3, 32).state_dict().items()}
    if change == "shape":
        state["conv1.weight"] = torch.zeros(64, 3, 3, 3)
    elif change == "missing":
        del state["conv1.weight"]
    else:
        state["conv1.weight"][0, 0, 0, 0] = float("inf")
    save_file(state, tmp_path / "w.safetensors")
    with pytest.raises(Refused, match=r"conv1\.weight"):
        load_pretrained(build_network("resnet18", 3, 32), "resnet18", tmp_path / "w.safetensors")
