"""Weights with a model card beside them: those that come with TL Lab, and those that were pretrained here."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from tl.backbones import IMAGENET_INPUT, Input
from tl.languages import say
from tl.networks import UNKNOWN_PICTURES, pictures_in_words
from tl.sources.licences import UNKNOWN
from tl.sources.source import Source
from tl.store.files import read_json
from tl.store.home import Home

BUNDLED_DIR = Path(__file__).parents[1] / "bundled"  # <name>.safetensors, and its model card <name>.json


def bundled(backbone: str) -> list[Source]:
    """What comes with TL Lab."""
    cards = sorted(BUNDLED_DIR.glob("*.json"))
    found = (_from_card(path, path.with_suffix(".safetensors"), path.stem, "bundled") for path in cards)
    return [entry for entry in found if entry and entry.backbone == backbone]


def library(home: Home, backbone: str) -> list[Source]:
    """What was pretrained here, by name."""
    cards = sorted(home.library_dir.glob("*/card.json"))
    found = (of_library(home, path.parent.name) for path in cards)
    return [entry for entry in found if entry and entry.backbone == backbone]


def of_library(home: Home, name: str) -> Source | None:
    """The weights in a folder of the library; None where they can't be used."""
    folder = home.library_dir / name
    return _from_card(folder / "card.json", folder / "weights.safetensors", name, "library")


def _from_card(card_path: Path, weights: Path, key: str, state: str) -> Source | None:
    """The source a model card describes; None where the card is unreadable or the weights are missing."""
    card = read_json(card_path)
    if not isinstance(card, dict) or not card.get("backbone") or not weights.is_file():
        return None
    try:
        wanted = _input(card)
    except msgspec.ValidationError:
        return None
    data = card.get("source_data") or UNKNOWN_PICTURES
    shown = pictures_in_words(data)
    return Source(
        key=key,
        title=say("Bundled: {pictures}", pictures=shown) if state == "bundled" else f"{key}: {shown}",
        backbone=card["backbone"],
        file=weights,
        place=weights,
        sha256=card.get("sha256") or "",
        size_bytes=weights.stat().st_size,
        input=wanted,
        licence=card.get("licence") or UNKNOWN,
        source_data=data,
        accuracy=card.get("accuracy"),
        card=card,
        state=state,
    )


def _input(card: dict[str, Any]) -> Input:
    """What the weights expect; cards of earlier versions don't say: they all expect what torchvision's weights do."""
    if "input" in card:
        return msgspec.convert(card["input"], Input)
    size = card.get("resolution")
    return replace(IMAGENET_INPUT, size=size) if isinstance(size, int) else IMAGENET_INPUT
