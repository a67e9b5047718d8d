"""What a run needs of its home where a node does not see that: data sets and weights, in parcels known by their content.

A node keeps them (node_cache.py) under their digests, so that what it has had once does not travel again.
"""

import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from tl.config import Refused, RunConfig
from tl.datasets import describe, home_of
from tl.datasets.download import download as download_set
from tl.datasets.info import DatasetInfo
from tl.datasets.intake.readable import FIRST_RESOLUTION
from tl.sources import Source, source
from tl.store import download
from tl.store.documents import Count, read_config
from tl.store.home import Home, Run
from tl.store.pictures import pixels_path

LEFT_OUT = ("export", "slurm")  # folders of a run that no trainer reads

_hashed: dict[tuple[str, int, int, int], str] = {}  # path, inode, bytes, time of the last change -> SHA-256


class Item(Struct, frozen=True):
    path: str  # in its parcel
    size: Count
    sha256: str


class Parcel(Struct, frozen=True, kw_only=True):
    """Files that belong together, and where they lie in a node's home; without any the node makes them itself."""

    place: str
    items: tuple[Item, ...]
    links: dict[str, str] = {}  # path -> what it stands for, both in the parcel
    variables: dict[str, str] = {}  # of a trainer's environment, each a place in the node's home

    @property
    def digest(self) -> str:
        """Its name: the same for the same files, whatever they are called elsewhere."""
        files: object = [msgspec.to_builtins(self.items), sorted(self.links.items())] if self.items else self.place
        return hashlib.sha256(json.dumps(files).encode()).hexdigest()

    @property
    def size(self) -> int:
        return sum(item.size for item in self.items)


class Packed(Struct, frozen=True):
    """A parcel, and the folder from which its files are taken."""

    parcel: Parcel
    folder: Path


def identity(home: Home) -> str:
    """What tells this home from every other; a machine that reads the same from its file sees this very home."""
    path = home.identity_path
    with suppress(FileNotFoundError):
        if text := path.read_text(encoding="ascii").strip():
            return text
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    made.write_text(f"{secrets.token_hex(16)}\n", encoding="ascii")
    with suppress(FileExistsError):  # another was quicker
        os.link(made, path)
    made.unlink()
    return path.read_text(encoding="ascii").strip()


def packed(run: Run) -> list[Packed]:
    """All that the run needs besides its own folder; a built-in set that is not here yet is downloaded. Raises Refused."""
    config = read_config(run)
    if not isinstance(config, RunConfig):
        return []  # its trainer says what is wrong with it
    found = [_dataset(run.home, name) for name in config.sets]
    if config.arm.pretrained and (weights := _weights(run.home, config)):
        found.append(weights)
    return found


def items_of_run(run: Run) -> tuple[Item, ...]:
    """The files of its own folder."""
    return _items(run.folder, [path for path in _files(run.folder) if path.parts[0] not in LEFT_OUT])


def sha256_of(path: Path) -> str:
    """Of a file; remembered as long as it stays as it is."""
    about = path.stat()
    key = (str(path), about.st_ino, about.st_size, about.st_mtime_ns)
    if key not in _hashed:
        _hashed[key] = download.sha256_of(path)
    return _hashed[key]


def _dataset(home: Home, name: str) -> Packed:
    home, info = home_of(home, name), describe(home, name)
    folder = home.dataset_dir(name)
    place = str(folder.relative_to(home.root))
    if info.origin == "drawn":
        return Packed(Parcel(place=place, items=()), folder)
    if not info.ready:
        download_set(home, info)
        info = describe(home, name)
    return Packed(Parcel(place=place, items=_items(folder, _of_dataset(folder, info))), folder)


def _of_dataset(folder: Path, info: DatasetInfo) -> list[Path]:
    """What a data set was made with: its pictures at other resolutions are made of that, on a node, too."""
    first = pixels_path(folder, min(FIRST_RESOLUTION, info.native_resolution)).stem
    made_later = [path.name for path in folder.glob("pictures-*.*") if path.stem != first]
    return [path for path in _files(folder) if path.suffix != ".lock" and str(path) not in made_later]


def _weights(home: Home, config: RunConfig) -> Packed | None:
    """None for those that are part of the program or of a package, and those that a node has to download itself."""
    try:
        weights = source(home, config.backbone, config.weights)
    except Refused:
        return None  # its trainer says what is wrong with them
    if weights.file is None or weights.state not in ("library", "cached"):
        return None
    if weights.state == "library":
        folder = weights.file.parent
        files = [path for path in _files(folder) if path.name in ("card.json", weights.file.name)]
        return Packed(Parcel(place=str(folder.relative_to(home.root)), items=_items(folder, files)), folder)
    if weights.repository is not None:
        return _of_hub(weights, weights.file)
    (item,) = _items(weights.file.parent, [Path(weights.file.name)])
    torch_home = f"torch/{item.sha256[:16]}"  # not shown
    place, variables = f"{torch_home}/hub/checkpoints", {"TORCH_HOME": torch_home}  # not shown
    return Packed(Parcel(place=place, items=(item,), variables=variables), weights.file.parent)


def _of_hub(weights: Source, file: Path) -> Packed:
    """A file of the hub's cache, with the layout that its library looks for: the version, its name, and the content."""
    repository = file.parents[2]
    blob = file.resolve()
    kept = blob.relative_to(repository.resolve()) if blob.is_relative_to(repository.resolve()) else None
    name = file.relative_to(repository)
    items = _items(repository, [Path("refs/main"), kept or name])
    links = {str(name): os.path.relpath(kept, name.parent)} if kept and kept != name else {}
    place = f"huggingface/{repository.name}"  # not shown
    variables = {"HF_HUB_CACHE": "huggingface"}
    return Packed(Parcel(place=place, items=items, links=links, variables=variables), repository)


def _files(folder: Path) -> Iterator[Path]:
    """Paths in `folder` of all files, without those that are only being written."""
    for path in sorted(folder.rglob("*")):
        within = path.relative_to(folder)
        if not any(part.startswith(".") for part in within.parts) and path.is_file():
            yield within


def _items(folder: Path, files: list[Path]) -> tuple[Item, ...]:
    return tuple(Item(str(path), (folder / path).stat().st_size, sha256_of(folder / path)) for path in files)
