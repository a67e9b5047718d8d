"""A file of weights of one's own: looked through, held against the network, then a source like any other."""

import hashlib

import pytest
import torch
from safetensors.torch import save_file

from tl.config import Refused
from tl.sources import source
from tl.train.network import build_network, load_pretrained
from tl.train.own_weights import adopt
from tl.train.weights import read_weights

BACKBONE, SIDE = "timm:test_resnet", 64


@pytest.fixture
def state():
    torch.manual_seed(3)
    return {name: value.contiguous() for name, value in build_network(BACKBONE, 5, SIDE).state_dict().items()}


def test_a_file_that_fits_joins_the_library_and_is_used_by_its_key(home, tmp_path, state):
    file = tmp_path / "My Weights.safetensors"
    save_file(state, file)
    key, told = adopt(home, file, BACKBONE, SIDE, "CC-BY-4.0")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert key == f"my-weights-{digest[:8]}"
    assert "tensors fit timm:test_resnet, the head (fc.bias, fc.weight) is left out" in told
    found = source(home, BACKBONE, key)
    assert (found.state, found.sha256) == ("library", digest)
    assert found.licence == "CC-BY-4.0 (as stated by who brought the file)"
    network = build_network(BACKBONE, 3, SIDE)
    load_pretrained(network, BACKBONE, found.place)
    assert network.state_dict()["layer1.0.conv1.weight"].equal(state["layer1.0.conv1.weight"])
    assert adopt(home, file, BACKBONE, SIDE, None)[0] == key, "the same file has the same key"
    assert source(home, BACKBONE, key).licence == "unknown"


def test_what_does_not_fit_is_said_by_name(home, tmp_path, state):
    del state["layer1.0.conv1.weight"]
    state["conv1.0.weight"] = torch.zeros(1, 2)
    save_file(state, tmp_path / "w.safetensors")
    with pytest.raises(Refused, match=r"does not fit timm:test_resnet") as refusal:
        adopt(home, tmp_path / "w.safetensors", BACKBONE, SIDE, None)
    assert "layer1.0.conv1.weight" in str(refusal.value) and "\n" not in str(refusal.value)
    assert not home.library_dir.exists() or not list(home.library_dir.iterdir())


def test_a_network_of_torchvisions_says_what_is_missing(home, tmp_path):
    state = {name: value.contiguous() for name, value in build_network("resnet18", 5, SIDE).state_dict().items()}
    del state["layer4.1.conv2.weight"]
    state["conv1.weight"] = torch.zeros(1, 2)
    state["extra"] = torch.zeros(1)
    save_file(state, tmp_path / "w.safetensors")
    told = r"1 of its 120? tensors are missing \(layer4.1.conv2.weight\) and 1 of its \d+ .* another shape \(conv1.weight\)"
    with pytest.raises(Refused, match=told.replace("120?", r"\d+")):
        adopt(home, tmp_path / "w.safetensors", "resnet18", SIDE, None)


def test_a_pickle_is_refused_with_the_way_to_convert_it(home, tmp_path, state):
    torch.save(state, tmp_path / "w.safetensors")
    with pytest.raises(Refused, match=r"may run code when it is loaded; .*safetensors.torch.save_file\(torch.load"):
        adopt(home, tmp_path / "w.safetensors", BACKBONE, SIDE, None)


def test_weights_of_a_vit_fit_at_another_size_of_picture(home, tmp_path):
    name = "timm:test_vit"
    state = {key: value.contiguous() for key, value in build_network(name, 5, 160).state_dict().items()}
    save_file(state, tmp_path / "w.safetensors")
    key, told = adopt(home, tmp_path / "w.safetensors", name, SIDE, None)
    assert f"fit {name}" in told
    kept = read_weights(source(home, name, key).place, name)
    assert kept["pos_embed"].shape == state["pos_embed"].shape, "it is kept as it came"
