"""Features as the trainer's own network sees them: by the real command, on real pictures, with the bundled weights."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from tl.backbones import BACKBONES, IMAGENET_INPUT
from tl.config import Refused, new_id
from tl.datasets import prepare
from tl.sources import source
from tl.store.features import FeatureKey, fingerprint, read_features
from tl.store.files import write_json
from tl.store.home import Home
from tl.train import features as module
from tl.train.batches import to_input
from tl.train.network import build_network, load_pretrained

ROOT = Path(__file__).parents[2]
BUNDLED = "mobilenet_v2-tiny-imagenet-64"
SAMPLES = 20


@pytest.fixture
def key(stripes_home):
    """The bundled weights on the set of stripes."""
    return FeatureKey(
        dataset="stripes",
        fingerprint=fingerprint(stripes_home, "stripes"),
        samples=SAMPLES,
        resolution=32,
        backbone="mobilenet_v2",
        weights=BUNDLED,
        weights_hash=source(stripes_home, "mobilenet_v2", BUNDLED).sha256,
    )


@pytest.fixture
def store(stripes_home):
    """Its pictures."""
    return prepare(stripes_home, "stripes", 32, SAMPLES)


def test_the_command_keeps_features_of_every_candidate_and_says_which_had_none(stripes_home, key, store):
    random = replace(key, weights="random", weights_hash="0")
    names = [f"mobilenet_v2:{weights}:{digest}" for weights, digest in ((BUNDLED, key.weights_hash), ("random", "0"))]
    command = [sys.executable, "-m", "tl.train.features", "--home", str(stripes_home.path), "--dataset", "stripes"]
    command += ["--samples", str(SAMPLES), "--resolution", "32", *names, "mobilenet_v2:gone:x"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    bundled, drawn, gone = json.loads(done.stdout.splitlines()[-1])
    assert bundled["seconds"] > 0 and drawn["seconds"] > 0
    assert "no pretrained weights 'gone'" in gone["error"]
    for one, head in ((key, True), (random, False)):
        found = read_features(stripes_home, one)
        assert found.features.shape == (SAMPLES, 1280)
        np.testing.assert_array_equal(found.labels, store.labels_of("train", SAMPLES))
        assert (found.source_probabilities is not None) is head


def test_other_splits_are_kept_beside_the_training_pictures(stripes_home, key, store, capsys):
    arguments = ["--home", str(stripes_home.path), "--dataset", "stripes", "--samples", str(SAMPLES)]
    arguments += ["--resolution", "32", "--also", "test:5", "--also", "validation:3"]
    assert module.main([*arguments, f"mobilenet_v2:{BUNDLED}:{key.weights_hash}"]) == 0
    assert "error" not in capsys.readouterr().out
    network_sees = {}
    for split, number in (("train", SAMPLES), ("test", 5), ("validation", 3)):
        found = read_features(stripes_home, replace(key, split=split, samples=number))
        assert found.features.shape == (number, 1280)
        np.testing.assert_array_equal(found.labels, store.labels_of(split, number))
        network_sees[split] = found.features[:3]
    assert not np.allclose(network_sees["test"], network_sees["train"])
    for wrong in ("test", "all:5", "test:many"):
        with pytest.raises(SystemExit):
            module.parse([*arguments, "--also", wrong, "mobilenet_v2:random:0"])


def test_an_unknown_data_set_is_refused_in_one_sentence(stripes_home, capsys):
    arguments = ["--home", str(stripes_home.path), "--dataset", "none", "--samples", "9", "--resolution", "32"]
    assert module.main([*arguments, "mobilenet_v2:random:0"]) == 2
    assert "There is no data set 'none'" in capsys.readouterr().err


def test_a_visitors_disk_is_asked_before_pictures_are_decoded_for_a_look(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TL_HOSTED", "1")
    monkeypatch.setenv("TL_LIMIT_DISK_MEGABYTES", "100")
    home = Home(tmp_path).of(new_id())
    told = {"train": 4_000, "validation": 100, "test": 100, "native_resolution": 96}
    write_json(home.dataset_dir("mine") / "dataset.json", told)
    arguments = ["--home", str(home.path), "--dataset", "mine", "--samples", "4000", "--resolution", "96"]
    assert module.main([*arguments, "mobilenet_v2:random:0"]) == 2
    assert "this needs about 116 MB more" in capsys.readouterr().err


def test_the_features_are_what_the_head_turns_into_scores(stripes_home, key, store):
    found = module.extract(stripes_home, key, store)
    state = load_file(source(stripes_home, "mobilenet_v2", BUNDLED).place)
    head = BACKBONES["mobilenet_v2"].head
    weight, bias = state[f"{head}.weight"].double(), state[f"{head}.bias"].double()
    scores = torch.from_numpy(found.features).double() @ weight.T + bias
    np.testing.assert_allclose(scores.softmax(1).numpy(), found.source_probabilities, atol=1e-4)
    assert found.source_probabilities.shape == (SAMPLES, 202)


def test_every_kind_of_network_gives_the_input_of_its_head(stripes_home, store, monkeypatch):
    pixels = store.pixels("train", 4)
    for backbone in ("resnet18", "mobilenet_v3_small", "densenet121"):
        network = build_network(backbone, 5, 32).eval()
        features, probabilities = module.before_the_head(
            network, backbone, iter([to_input(np.array(pixels), 32, torch.device("cpu"), IMAGENET_INPUT)])
        )
        head = network.get_submodule(BACKBONES[backbone].head)
        with torch.inference_mode():
            own = head(torch.from_numpy(features)).softmax(1).numpy()
            whole = network(to_input(np.array(pixels), 32, torch.device("cpu"), IMAGENET_INPUT)).softmax(1).numpy()
        np.testing.assert_allclose(own, probabilities, atol=1e-5)
        np.testing.assert_allclose(whole, probabilities, atol=1e-5)


def test_random_weights_stay_random_and_their_signals_neither_fade_nor_grow(stripes_home, key, store):
    found = module.extract(stripes_home, replace(key, backbone="resnet18", weights="random"), store)
    assert 0.01 < found.features.std() < 100
    again = module.extract(stripes_home, replace(key, backbone="resnet18", weights="random"), store)
    np.testing.assert_array_equal(found.features, again.features)


def test_weights_without_a_head_have_features_but_no_source_probabilities(stripes_home, key, store, tmp_path):
    network = build_network("mobilenet_v2", 3, 32)
    head = BACKBONES["mobilenet_v2"].head
    bare = tmp_path / "bare.safetensors"
    save_file({name: value.contiguous() for name, value in network.state_dict().items() if head not in name}, bare)
    assert module.classes_of_head(bare, "mobilenet_v2") is None
    load_pretrained(network, "mobilenet_v2", bare)
    with pytest.raises(Refused, match="absent"):
        module.classes_of_head(tmp_path / "gone.pth", "mobilenet_v2")


def test_torchvisions_own_files_show_their_head(tmp_path, monkeypatch):
    monkeypatch.setattr("tl.store.weights_file.check_published", lambda file, *_: None)  # as if published
    place = tmp_path / "resnet18.pth"
    torch.save(build_network("resnet18", 7, 32).state_dict(), place)
    assert module.classes_of_head(place, "resnet18") == 7
