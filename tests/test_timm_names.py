"""timm's networks by name, without timm: every entry of the generated table keeps to the rule of the table by hand."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tl import timm_networks
from tl.backbones import BACKBONES, unknown
from tl.config import Refused, Training
from tl.timm_networks import FILE, PREFIX, names, network, search

ROOT = Path(__file__).parents[1]
VIT = "timm:vit_tiny_patch16_224"
DINO = "timm:vit_small_patch14_dinov2"


def test_the_table_is_of_the_timm_that_is_pinned() -> None:
    (pinned,) = re.findall(r"^timm==(\S+)$", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert timm_networks._table()["timm"] == pinned
    assert FILE.stat().st_size < 1e6


def test_nearly_all_of_timm_is_offered() -> None:
    """1,371 networks in version 1.0.31; what is left out says why."""
    left_out = timm_networks._table()["left_out"]
    assert len(names()) > 1000
    assert len(names()) + len(left_out) > 1300
    assert len({network(name).family for name in names()}) > 50
    assert sum(len(network(name).hub) for name in names()) > 1400
    assert all(reason and reason[0].islower() and not reason.endswith(".") for reason in left_out.values())


def test_every_entry_keeps_to_the_rule_of_the_table() -> None:
    """The generator has checked it against the networks; here: that it came through, whole."""
    for name in names():
        table = BACKBONES[name]
        prefixes = [prefix for some in table.stages.values() for prefix in some]
        assert 2 <= len(table.stages) <= 8 and all(table.stages.values()), name
        assert len(set(prefixes)) == len(prefixes), name
        inside = [(a, b) for a in (*prefixes, *table.heads) for b in prefixes if a != b and a.startswith(f"{b}.")]
        assert not inside, f"{name}: {inside[0]}"
        assert table.parameters > 1e5 and table.activation_bytes > 1e4 and (table.gflops or 1) > 0, name
        assert any(table.takes(side) for side in timm_networks.SIDES), name
        assert all(0.5 < weights.accuracy < 0.95 for weights in table.hub if weights.accuracy is not None), name
        assert len({weights.key for weights in table.hub}) == len(table.hub), name


def test_published_accuracies_are_those_of_timms_own_table() -> None:
    """Three of them, as results/results-imagenet.csv in timm's repository has them."""
    known = {
        "resnet50.a1_in1k": 0.81214,
        "vit_tiny_patch16_224.augreg_in21k_ft_in1k": 0.75454,
        "lcnet_050.ra2_in1k": 0.6312,
    }
    for full, accuracy in known.items():
        name, tag = full.split(".")
        (weights,) = [each for each in BACKBONES[PREFIX + name].hub if each.key == tag]
        assert weights.accuracy == accuracy
        assert weights.repository == f"timm/{full}"


def test_timms_networks_are_known_but_not_among_those_of_the_short_list() -> None:
    assert VIT in BACKBONES and VIT not in list(BACKBONES)
    assert "timm:nothing" not in BACKBONES and "timm:" not in BACKBONES and None not in BACKBONES
    assert len(BACKBONES) == len(list(BACKBONES)) < 30
    with pytest.raises(KeyError):
        BACKBONES["timm:nothing"]
    table = BACKBONES[VIT]
    assert (table.family, table.head, table.timm, table.parameters) == (
        "ViT",
        "head",
        "vit_tiny_patch16_224",
        5_717_416,
    )
    assert table.stages["stage1"] == ("blocks.0", "blocks.1", "blocks.2")
    assert {"cls_token", "pos_embed", "patch_embed"} <= set(table.stages["stem"])


def test_what_a_network_can_look_at_is_said() -> None:
    assert BACKBONES[VIT].takes(32) and BACKBONES[VIT].takes(224)
    assert BACKBONES[DINO].sides == (112, 224)
    with pytest.raises(Refused, match="resolution is 64; it must be one of 112, 224 for timm:vit_small_patch14_dinov2"):
        Training(dataset="blossoms", backbone=DINO, resolution=64)
    assert Training(dataset="blossoms", backbone=DINO, resolution=112).backbone == DINO


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("timm:vit_tiny_patch16", "did you mean .*timm:vit_tiny_patch16_224.*python -m tl backbones"),
        ("timm:resnet50.a1_in1k", "say --backbone timm:resnet50 --weights a1_in1k"),
        ("resnet99", "it must be one of mobilenet_v2, .* or timm:NAME"),
        ("timm:xyzzyxyzzy", "has no network 'xyzzyxyzzy'"),
    ],
)
def test_an_unknown_network_is_refused_with_the_nearest(name: str, told: str) -> None:
    with pytest.raises(Refused, match=told):
        Training(dataset="blossoms", backbone=name)
    assert "\n" not in unknown(name)


def test_one_that_is_left_out_says_why() -> None:
    name, reason = next(iter(timm_networks._table()["left_out"].items()))
    assert unknown(PREFIX + name) == f"timm's network {name} can't be used here: {reason}."


def test_networks_are_found_by_words_of_name_family_weights_and_licence() -> None:
    assert VIT in search(["vit", "tiny"])
    assert DINO in search(["dinov2"])
    assert search(["cc-by-nc-4.0"]) and VIT not in search(["cc-by-nc-4.0"])
    assert search(["timm:", "xyzzy"]) == []
    assert search(["timm:"]) == list(names())


def test_neither_torch_nor_timm_is_imported_for_it() -> None:
    check = "from tl.timm_networks import names; import sys; sys.exit(len(names()) < 9 or bool({'torch', 'timm'} & {*sys.modules}))"
    assert subprocess.run([sys.executable, "-c", check], cwd=ROOT).returncode == 0
