"""Which pretrained weights there are for a backbone."""

import json

import pytest

from tl.backbones import BACKBONES, ImageNetWeights
from tl.config import Refused
from tl.sources import available, cards, resolve, source
from tl.sources.imagenet import checkpoints_folder
from tl.sources.licences import restricts, strictest
from tl.store.home import Home

CARD = {
    "name": "tiny",
    "backbone": "mobilenet_v2",
    "source_data": "Tiny ImageNet (64 px)",
    "accuracy": 0.41,
    "sha256": "ab" * 32,
    "licence": "research",
}


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty home; nothing bundled, nothing in torch's cache."""
    monkeypatch.setattr(cards, "BUNDLED_DIR", tmp_path / "bundled")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    return Home(tmp_path / "home")


def add(folder, weights: str, card: str, **changes):
    """Lay weights and their card into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / weights).write_bytes(b"12345")
    (folder / card).write_text(json.dumps(CARD | changes))


@pytest.mark.parametrize(
    "backbone", [name for name, backbone in BACKBONES.items() if isinstance(backbone.imagenet, ImageNetWeights)]
)
def test_imagenet_weights_are_there_for_every_backbone_that_has_some(home, backbone):
    (only,) = available(home, backbone)
    assert (only.key, only.state, only.file, only.backbone) == ("imagenet", "download", None, backbone)
    assert only.url.endswith(only.place.name)
    assert only.sha256 in only.place.name
    assert len(only.sha256) == 8
    assert only.size_bytes > 1e6
    assert 0.6 < only.accuracy < 0.9


def test_auto_is_bundled_where_there_is_one_else_imagenet(home):
    add(cards.BUNDLED_DIR, "mobilenet_v2-tiny.safetensors", "mobilenet_v2-tiny.json")
    assert resolve(home, "mobilenet_v2", "auto") == "mobilenet_v2-tiny" == resolve(home, "mobilenet_v2", "bundled")
    assert resolve(home, "resnet18", "auto") == "imagenet"
    found = source(home, "mobilenet_v2", "auto")
    assert found.state == "bundled"
    assert found.size_bytes == 5
    assert found.accuracy == 0.41
    assert found.card["name"] == "tiny"
    assert found.title == "Bundled: Tiny ImageNet (64 px)"
    assert found.file == found.place


def test_a_network_without_published_weights_offers_only_own_ones_and_says_what_to_do(home):
    assert available(home, "resnet18_cifar") == []
    for key in ("auto", "bundled", "imagenet"):
        with pytest.raises(Refused, match="Nobody publishes.*make your own with `python -m tl pretrain --backbone"):
            resolve(home, "resnet18_cifar", key)
    add(home.library_dir / "mine", "weights.safetensors", "card.json", name="mine", backbone="resnet18_cifar")
    with pytest.raises(Refused, match=r"name your own \(mine\)"):
        resolve(home, "resnet18_cifar", "auto")
    assert resolve(home, "resnet18_cifar", "mine") == "mine"


def test_own_models_are_offered_for_their_backbone_only(home):
    add(home.library_dir / "mine", "weights.safetensors", "card.json", name="mine")
    assert [(entry.key, entry.state) for entry in available(home, "mobilenet_v2")] == [
        ("imagenet", "download"),
        ("mine", "library"),
    ]
    assert [entry.key for entry in available(home, "resnet18")] == ["imagenet"]
    assert resolve(home, "mobilenet_v2", "auto") == "imagenet", "an own model is only used when it is named"


def test_an_own_model_cannot_take_the_name_of_another_source(home):
    add(home.library_dir / "imagenet", "weights.safetensors", "card.json")
    assert [entry.state for entry in available(home, "mobilenet_v2")] == ["download"]


def test_half_a_model_is_not_offered(home):
    add(home.library_dir / "no_weights", "other", "card.json")
    add(home.library_dir / "no_backbone", "weights.safetensors", "card.json", backbone=None)
    folder = home.library_dir / "broken_card"
    add(folder, "weights.safetensors", "card.json")
    (folder / "card.json").write_text("{")
    assert [entry.key for entry in available(home, "mobilenet_v2")] == ["imagenet"]


@pytest.mark.parametrize("key", ["nonsense", "bundled"])
def test_unknown_weights_are_refused_with_what_there_is(home, key):
    with pytest.raises(Refused, match=f"no pretrained weights '{key}' for resnet18; available: auto, imagenet"):
        resolve(home, "resnet18", key)


def test_an_unknown_backbone_is_refused(home):
    with pytest.raises(Refused, match="backbone is 'lenet'"):
        available(home, "lenet")


def test_a_file_in_torchs_cache_is_used(home):
    place = source(home, "resnet18", "imagenet").place
    place.parent.mkdir(parents=True)
    place.write_bytes(b"123")
    found = source(home, "resnet18", "imagenet")
    assert (found.state, found.file, found.size_bytes) == ("cached", place, 3)


def test_the_cache_folder_is_where_torch_hub_looks(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("TORCH_HOME", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert checkpoints_folder() == tmp_path / ".cache/torch/hub/checkpoints"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert checkpoints_folder() == tmp_path / "cache/torch/hub/checkpoints"
    monkeypatch.setenv("TORCH_HOME", "~/elsewhere")
    assert checkpoints_folder() == tmp_path / "elsewhere/hub/checkpoints"


def test_what_is_really_bundled_has_a_complete_card(tmp_path):
    found = [entry for name in BACKBONES for entry in available(Home(tmp_path), name) if entry.state == "bundled"]
    assert len(found) == len(list(cards.BUNDLED_DIR.glob("*.safetensors")))
    for entry in found:
        assert entry.size_bytes == entry.card["size_bytes"]
        assert len(entry.sha256) == 64
        assert 0 < entry.accuracy < 1


def test_of_several_licences_the_strictest_counts_and_it_is_said_whose_it_is():
    free, yours = ("Apache-2.0; trained on ImageNet-1k", "ImageNet-1k"), ("yours", "")
    unknown, research = ("unknown", "mine"), ("apple-amlr (for research only)", "theirs")
    assert strictest([yours, free]) == free
    assert strictest([free, unknown, yours]) == unknown
    assert strictest([unknown, research, free]) == research
    assert restricts("unknown") and restricts("apple-amlr") and not restricts("yours")
