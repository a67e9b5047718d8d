"""Weights of timm's networks, which a model hub holds as safetensors: where its cache has them, or where to get them.

The cache is huggingface_hub's own, laid out as its documentation says; huggingface_hub itself is imported only to
download (tl.train.obtain).
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from tl import timm_networks
from tl.backbones import BACKBONES, HubWeights
from tl.sources import licences
from tl.sources.source import Source

HUB = "https://huggingface.co"
BYTES_PER_PARAMETER = 4  # the hub's files are in single precision: so much is told before one is here
SHA256 = re.compile(r"[0-9a-f]{64}")
YES = ("1", "ON", "YES", "TRUE")  # as huggingface_hub reads its switches


def hub(backbone: str) -> list[Source]:
    """What the hub has for `backbone`, the ones that timm recommends first."""
    return [_source(backbone, weights) for weights in BACKBONES[backbone].hub]


def _source(backbone: str, weights: HubWeights) -> Source:
    file = cached(weights.repository, weights.file)
    digest = file.resolve().name if file else ""
    return Source(
        key=weights.key,
        title=f"{weights.key} (timm)",
        backbone=backbone,
        file=file,
        place=file or repository_folder(weights.repository) / weights.file,
        url=f"{endpoint()}/{weights.repository}/resolve/main/{weights.file}",
        repository=weights.repository,
        sha256=digest if SHA256.fullmatch(digest) else "",
        size_bytes=file.stat().st_size if file else BYTES_PER_PARAMETER * BACKBONES[backbone].parameters,
        input=weights.input,
        licence=licences.stated(weights.licence),
        source_data=weights.source_data,
        accuracy=weights.accuracy,
        state="cached" if file else "download",
    )


def endpoint() -> str:
    """Address of the hub: $HF_ENDPOINT, else that of everybody's."""
    return (os.environ.get("HF_ENDPOINT") or HUB).rstrip("/")


def offline() -> bool:
    """Whether $HF_HUB_OFFLINE says that the hub is not to be asked."""
    return (os.environ.get("HF_HUB_OFFLINE") or "").upper() in YES


def cache_folder() -> Path:
    """Where huggingface_hub keeps what it downloads: $HF_HUB_CACHE, else `hub` in $HF_HOME or in the user's cache."""
    home = os.environ.get("HF_HOME") or os.path.join(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "huggingface")
    return Path(os.path.expandvars(os.environ.get("HF_HUB_CACHE") or os.path.join(home, "hub"))).expanduser()


def repository_folder(repository: str) -> Path:
    """A repository's folder in the cache."""
    return cache_folder() / f"models--{repository.replace('/', '--')}"


def cached(repository: str, file: str) -> Path | None:
    """A repository's file in the cache, of the newest version seen; None where it is not there."""
    folder = repository_folder(repository)
    try:
        commit = (folder / "refs" / "main").read_text(encoding="utf-8").strip()
    except OSError:
        return None
    path = folder / "snapshots" / commit / file
    return path if path.is_file() else None


def networks_in_cache() -> Iterator[str]:
    """The networks of timm's, as timm:NAME, of which some weights are in the cache."""
    if not cache_folder().is_dir():
        return
    here = {path.name for path in cache_folder().glob("models--*")}
    for name in timm_networks.names() if here else ():
        if any(
            repository_folder(weights.repository).name in here and cached(weights.repository, weights.file)
            for weights in BACKBONES[name].hub
        ):
            yield name
