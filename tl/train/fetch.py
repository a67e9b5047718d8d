"""Download CIFAR-10 or Flowers-102 through torchvision into a zip of class folders.

`python -m tl.train.fetch cifar10|flowers102 DEST.zip [--root DIR]`: progress bars on stderr; exit 1 with one sentence
where it fails. A process of its own because torchvision imports torch, which pages never do.
"""

import argparse
import errno
import io
import os
import shutil
import socket
import sys
import urllib.error
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from torchvision.datasets import CIFAR10, Flowers102
from torchvision.datasets.utils import check_integrity
from tqdm import tqdm

from tl.datasets.torchvision_sets import DOWNLOADABLE
from tl.languages import for_stderr, say
from tl.output import spell_out
from tl.store.home import Home

SILENCE_SECONDS = 30  # a server that says nothing for so long has failed


class NotDownloaded(RuntimeError):
    """The download failed; the text is one sentence."""


def cifar10(root: Path) -> Iterator[tuple[str, bytes]]:
    """(path, PNG) of each picture of the train and test parts; downloads what `root` lacks."""
    for split in ("train", "test"):
        pictures = CIFAR10(root, train=split == "train", download=True)
        for number, (picture, label) in enumerate(pictures):
            png = io.BytesIO()
            picture.save(png, "PNG", compress_level=1)
            yield f"{split}/{pictures.classes[label]}/{number:05d}.png", png.getvalue()


def flowers102(root: Path) -> Iterator[tuple[str, bytes]]:
    """(path, JPEG) of each picture of the train, val and test parts; downloads what `root` lacks."""
    if (root / "flowers-102" / "jpg").exists() and not has_flowers102(root):  # unpacking was interrupted
        shutil.rmtree(root / "flowers-102" / "jpg")
    for split in ("train", "val", "test"):
        pictures = Flowers102(root, split, download=True)
        for file, label in zip(pictures._image_files, pictures._labels, strict=True):
            yield f"{split}/{Flowers102.classes[label]}/{file.name}", file.read_bytes()


def has_cifar10(root: Path) -> bool:
    """Whether all of CIFAR-10 lies unpacked in `root`."""
    try:
        return len(CIFAR10(root, train=False)) > 0
    except RuntimeError:
        return False


def has_flowers102(root: Path) -> bool:
    """Whether all of Flowers-102 lies unpacked in `root`; torchvision itself looks for the folder only."""
    try:
        parts = [Flowers102(root, split) for split in ("train", "val", "test")]
    except RuntimeError:
        return False
    return all(file.exists() for part in parts for file in part._image_files)


@dataclass(frozen=True)
class TorchvisionSource:
    """How a data set is read and which files torchvision downloads for it."""

    pictures: Callable[[Path], Iterator[tuple[str, bytes]]]
    unpacked_in: Callable[[Path], bool]
    files: dict[str, str]  # path below the root -> md5


def sources() -> dict[str, TorchvisionSource]:
    """The table, with what torchvision says of its files at this moment."""
    flowers = {f"flowers-102/{name}": md5 for name, md5 in Flowers102._file_dict.values()}
    return {
        "cifar10": TorchvisionSource(cifar10, has_cifar10, {CIFAR10.filename: CIFAR10.tgz_md5}),
        "flowers102": TorchvisionSource(flowers102, has_flowers102, flowers),
    }


def usual_places() -> list[Path]:
    """Folders where people who use torchvision keep its data sets."""
    cache = Path(os.environ.get("TORCH_HOME") or Path.home() / ".cache" / "torch")
    working = Path.cwd()
    return [working / "data", working / "datasets", working, cache / "datasets", cache, Path.home() / "data"]


def adopt(root: Path, source: TorchvisionSource) -> Path:
    """The folder to read from: a usual place that has everything, else `root` with the whole files found linked in.

    What is there already is not downloaded again.
    """
    for place in (root, *usual_places()):
        if source.unpacked_in(place):
            return place
    for name, md5 in source.files.items():
        if check_integrity(root / name, md5):
            continue
        if (root / name).is_symlink():  # to a file that has changed since: nothing is written through it
            (root / name).unlink()
        found = next((place / name for place in usual_places() if check_integrity(place / name, md5)), None)
        if found:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).unlink(missing_ok=True)
            (root / name).symlink_to(found.absolute())
    return root


def fetch(name: str, packed: Path, root: Path) -> None:
    """Write the zip `packed`. Raises NotDownloaded."""
    source, title = sources()[name], DOWNLOADABLE[name].info.title
    socket.setdefaulttimeout(SILENCE_SECONDS)
    partial = packed.with_name(f"{packed.name}.part")
    try:
        root.mkdir(parents=True, exist_ok=True)
        place = adopt(root, source)
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED) as archive:
            for path, data in tqdm(
                source.pictures(place), desc=say("packing {dataset}", dataset=title), unit=say(" pictures")
            ):
                archive.writestr(path, data)
        os.replace(partial, packed)
    except (OSError, RuntimeError, EOFError) as problem:
        files = [root / file for file in source.files]
        raise NotDownloaded(
            say(
                "{dataset} could not be downloaded: {reason}, or put {files} into {folder}.",
                dataset=title,
                reason=reason(problem),
                files=", ".join(file.name for file in files),
                folder=files[0].parent,
            )
        ) from problem
    finally:
        partial.unlink(missing_ok=True)


def reason(problem: Exception) -> str:
    """What went wrong and what to try, in words."""
    if isinstance(problem, urllib.error.HTTPError):
        return say(
            "the server answered {code} {reason}; try again later", code=problem.code, reason=str(problem.reason)
        )
    cause = problem.reason if isinstance(problem, urllib.error.URLError) else problem
    if isinstance(cause, TimeoutError):
        return say("the server does not answer; try again later")
    if isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT):
        return say("the disk is full; free some space")
    if isinstance(problem, urllib.error.URLError):
        return say("no network; connect")
    if isinstance(problem, (ConnectionError, RuntimeError, EOFError)):
        return say("the file arrived damaged or cut off; try again")
    return say("{problem}; try again", problem=problem)


def main() -> int:
    """Command line; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tl.train.fetch", description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=list(sources()))
    parser.add_argument("packed", type=Path, metavar="DEST.zip")
    words = "where torchvision's files lie or go"  # not shown
    parser.add_argument("--root", type=Path, default=Home().downloads_dir, help=words)
    arguments = parser.parse_args()
    try:
        fetch(arguments.name, arguments.packed, arguments.root.absolute())
    except NotDownloaded as problem:
        print(for_stderr(problem), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    spell_out()
    sys.exit(main())
