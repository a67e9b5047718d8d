"""What can be transferred to a backbone: bundled weights, ImageNet weights, models pretrained here. No torch.

Where the files lie and what is known about them; `tl.store.download` fetches, the trainer loads.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tl.backbones import BACKBONES
from tl.config import Refused
from tl.store.files import read_json
from tl.store.home import Home

BUNDLED_DIR = Path(__file__).parent / "bundled"  # <name>.safetensors, and its model card <name>.json
AUTO, BUNDLED, IMAGENET = "auto", "bundled", "imagenet"  # keys that can't be a model's name


@dataclass(frozen=True, kw_only=True)
class PretrainedSource:
    """Weights for one backbone, and where they come from."""

    key: str  # what `weights` of a RunConfig names
    title: str  # as the page shows it
    backbone: str  # key of BACKBONES
    file: Path | None  # the weights; None: still to be downloaded
    url: str | None  # where they are downloaded from; None: only as a file
    sha256: str  # hex digest of the file, or the part of it that is known; "": unknown
    size_bytes: int  # of the file; of a download as its publisher rounds it
    licence: str
    source_data: str  # the pictures they were trained on
    accuracy: float | None  # top-1 on the source's own validation pictures, fraction 0..1
    card: dict | None  # the whole model card, where there is one
    state: str  # "bundled", "library" (pretrained here), "cached" (downloaded before) or "download"

    @property
    def place(self) -> Path:
        """The file the weights are in, or will be in once downloaded."""
        return self.file or checkpoints_folder() / self.url.rsplit("/", 1)[1]


def checkpoints_folder() -> Path:
    """Where torch.hub keeps downloaded weights: $TORCH_HOME, else $XDG_CACHE_HOME/torch, else ~/.cache/torch."""
    cache = os.getenv("XDG_CACHE_HOME", "~/.cache")
    return Path(os.getenv("TORCH_HOME", os.path.join(cache, "torch"))).expanduser() / "hub" / "checkpoints"


def sources(home: Home, backbone: str) -> list[PretrainedSource]:
    """Everything that can be transferred to `backbone`: bundled, ImageNet, then own models by name; keys are unique."""
    _check_backbone(backbone)
    found: dict[str, PretrainedSource] = {}
    for entry in (*_bundled(backbone), *_imagenet(backbone), *_library(home, backbone)):
        found.setdefault(entry.key, entry)
    return list(found.values())


def resolve(home: Home, backbone: str, key: str) -> str:
    """The key of a source that exists: "auto" is the bundled one, else ImageNet. Raises Refused for unknown keys, and
    for "auto" where nobody publishes weights."""
    known = sources(home, backbone)
    if key in (AUTO, BUNDLED):
        published = [entry.key for entry in known if entry.state == "bundled" or (key, entry.key) == (AUTO, IMAGENET)]
        if published:
            return published[0]
    elif key in {entry.key for entry in known}:
        return key
    if BACKBONES[backbone].imagenet is None and not any(entry.state == "bundled" for entry in known):
        raise Refused(none_published(backbone, [entry.key for entry in known]))
    names = ", ".join((AUTO, *(entry.key for entry in known)))
    raise Refused(f"There are no pretrained weights {key!r} for {backbone}; there is: {names}.")


def none_published(backbone: str, own: Sequence[str]) -> str:
    """Why nothing can be transferred to a network without published weights, and what to do; `own`: models of the
    library."""
    named = f"name your own ({', '.join(own)}) or make more" if own else "make your own"
    return (
        f"Nobody publishes pretrained weights for {BACKBONES[backbone].title}: {named} with `python -m tl pretrain "
        f"--backbone {backbone} --dataset NAME`, or compare only arms that start with random weights."
    )


def source(home: Home, backbone: str, key: str) -> PretrainedSource:
    """The source that `key` stands for ("auto" included). Raises Refused for unknown keys."""
    wanted = resolve(home, backbone, key)
    return next(entry for entry in sources(home, backbone) if entry.key == wanted)


def _check_backbone(backbone: str) -> None:
    if backbone not in BACKBONES:
        raise Refused(f"backbone is {backbone!r}; it must be one of {', '.join(BACKBONES)}.")


def _bundled(backbone: str) -> list[PretrainedSource]:
    cards = sorted(BUNDLED_DIR.glob("*.json"))
    found = (_from_card(path, path.with_suffix(".safetensors"), path.stem, "bundled") for path in cards)
    return [entry for entry in found if entry and entry.backbone == backbone]


def _library(home: Home, backbone: str) -> list[PretrainedSource]:
    cards = sorted(home.library_dir.glob("*/card.json"))
    found = (_from_card(path, path.with_name("weights.safetensors"), path.parent.name, "library") for path in cards)
    return [entry for entry in found if entry and entry.backbone == backbone]


def _from_card(card_path: Path, weights: Path, key: str, state: str) -> PretrainedSource | None:
    """The source a model card describes; None where the card is unreadable or the weights are missing."""
    card = read_json(card_path)
    if not isinstance(card, dict) or not card.get("backbone") or not weights.is_file():
        return None
    data = card.get("source_data") or "unknown pictures"
    title = f"{'Bundled' if state == 'bundled' else card.get('name') or key}: {data}"
    return PretrainedSource(
        key=key,
        title=title,
        backbone=card["backbone"],
        file=weights,
        url=None,
        sha256=card.get("sha256") or "",
        size_bytes=weights.stat().st_size,
        licence=card.get("licence") or "unknown",
        source_data=data,
        accuracy=card.get("accuracy"),
        card=card,
        state=state,
    )


def _imagenet(backbone: str) -> list[PretrainedSource]:
    weights = BACKBONES[backbone].imagenet
    if weights is None:
        return []
    place = checkpoints_folder() / weights.file_name
    cached = place.is_file()
    found = PretrainedSource(
        key=IMAGENET,
        title="ImageNet (torchvision)",
        backbone=backbone,
        file=place if cached else None,
        url=weights.url,
        sha256=weights.sha256_prefix,
        size_bytes=place.stat().st_size if cached else round(weights.size_mb * 2**20),
        licence=weights.licence,
        source_data="ImageNet-1k, 1.28 million photos in 1,000 classes",
        accuracy=weights.accuracy,
        card=None,
        state="cached" if cached else "download",
    )
    return [found]
