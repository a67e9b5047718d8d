"""`python -m tl backbones`: the short list, and every network of timm's by words."""

import json

import pytest

from tl.__main__ import main
from tl.backbones import BACKBONES


@pytest.fixture(autouse=True)
def empty_caches(tmp_path, monkeypatch):
    """Nothing was downloaded yet."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))


def test_without_words_it_is_the_short_list(home, capsys):
    assert main(["backbones", "--home", str(home)]) == 0
    said = capsys.readouterr().out
    assert all(f"\n{name} " in said for name in BACKBONES)
    assert "mobilenet_v2-tiny-imagenet-64" in said, "what comes with TL Lab is here"
    assert "more of timm's are found by words" in said


def test_words_find_timms_with_what_is_known_of_them(home, capsys):
    assert main(["backbones", "vit", "tiny", "--home", str(home), "--json"]) == 0
    found = {each["name"]: each for each in json.loads(capsys.readouterr().out)["backbones"]}
    vit = found["timm:vit_tiny_patch16_224"]
    assert (vit["family"], vit["parameters"], vit["accuracy"], vit["licence"]) == (
        "ViT",
        5_717_416,
        0.75454,
        "apache-2.0",
    )
    assert vit["gflops"] == pytest.approx(1.1, abs=0.2) and vit["gflops_side"] == 224
    assert vit["weights"][0] == "augreg_in21k_ft_in1k" and vit["weights_here"] == []


def test_what_a_licence_forbids_stands_in_words(home, capsys):
    assert main(["backbones", "convnextv2_atto", "--home", str(home)]) == 0
    assert "cc-by-nc-4.0 (commercial use is forbidden)" in capsys.readouterr().out


def test_nothing_found_is_one_sentence(home, capsys):
    assert main(["backbones", "xyzzy", "--home", str(home)]) == 2
    assert capsys.readouterr().err == (
        "No network has 'xyzzy' in its name, family, weights or licence; use fewer or shorter words.\n"
    )
