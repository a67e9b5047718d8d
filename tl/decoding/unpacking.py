"""The process that unpacks tar and 7z: `python -P -m tl.decoding.unpacking`, a JSON task on stdin, a JSON answer on stdout.

What it may take of memory is limited before it opens the archive; what it writes is a plain zip within the task's bounds.
"""

import importlib
import json
import lzma
import os
import resource
import sys
import tarfile
import zlib
from pathlib import Path
from typing import Any

from tl.decoding.packer import Packer, TooLarge
from tl.decoding.sandbox import limit

MEMORY_BYTES = 512 * 1024**2  # besides its own: the largest dictionary of 7z's presets is 64 MB, of its "ultra" 256


class _Whole(tarfile.TarInfo):
    """An entry whose head has to be whole: of one that is cut off, tarfile says nothing but ends there."""

    @classmethod
    def fromtarfile(cls, tarfile_: tarfile.TarFile) -> "_Whole":
        try:
            return super().fromtarfile(tarfile_)
        except tarfile.TruncatedHeaderError as problem:  # type: ignore[attr-defined]  # not in typeshed
            raise tarfile.ReadError(str(problem)) from None


def unpack_tar(task: dict[str, Any], packer: Packer) -> None:
    """Every file of a tar, however it is packed. Raises TooLarge."""
    most = _most(task)
    with tarfile.open(task["source"], "r|*", tarinfo=_Whole) as archive:
        total = 0
        for member in archive:
            if member.isdir():
                continue
            if member.issym() or member.islnk():
                raise TooLarge("link", name=member.name)
            if not member.isfile():
                raise TooLarge("device", name=member.name)
            total += member.size
            if total > most:
                raise TooLarge("ratio", most=task["bounds"]["ratio"])
            file = archive.extractfile(member)
            if file is not None:
                packer.add(member.name, file)


def unpack_7z(task: dict[str, Any], packer: Packer) -> None:
    """Every file of a 7z archive, unpacked into the task's folder first. Raises TooLarge."""
    try:
        py7zr = importlib.import_module("py7zr")  # only 7z needs it
    except ImportError:
        raise TooLarge("library") from None
    folder, bounds = Path(task["folder"]), task["bounds"]
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (bounds["entry_bytes"], hard))
    try:
        with py7zr.SevenZipFile(task["source"]) as archive:
            if archive.needs_password():
                raise TooLarge("encrypted")
            entries = archive.list()
            if len(entries) > bounds["entries"]:
                raise TooLarge("files", number=len(entries), most=bounds["entries"])
            if sum(entry.uncompressed or 0 for entry in entries) > min(_most(task), bounds["unpacked_bytes"]):
                raise TooLarge("ratio", most=bounds["ratio"])
            if link := next((entry.filename for entry in entries if getattr(entry, "is_symlink", False)), None):
                raise TooLarge("link", name=link)
            archive.extractall(path=folder)
    except (py7zr.exceptions.ArchiveError, py7zr.exceptions.PasswordRequired) as problem:
        raise TooLarge("damaged", what=type(problem).__name__) from None
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    for place, _, files in os.walk(folder):
        for name in sorted(files):
            path = Path(place, name)
            if not path.is_symlink():
                with open(path, "rb") as file:
                    packer.add(str(path.relative_to(folder)), file)


def _most(task: dict[str, Any]) -> int:
    """Bytes that the archive may unpack to, by its own size."""
    bounds = task["bounds"]
    return int(max(bounds["ratio_from"], bounds["ratio"] * os.stat(task["source"]).st_size))


def main() -> None:
    """Do the one task: {"source", "kind", "folder", "out", "bounds"} -> {}, or {"refused": what of it, "values"}."""
    task = json.load(sys.stdin)
    limit(MEMORY_BYTES)
    answer: dict[str, Any] = {}
    try:
        with Packer(Path(task["out"]), task["bounds"]) as packer:
            (unpack_7z if task["kind"] == "7z" else unpack_tar)(task, packer)
    except TooLarge as problem:
        answer = {"refused": problem.what, "values": problem.values}
    except (tarfile.TarError, EOFError, lzma.LZMAError, zlib.error, ValueError) as problem:
        answer = {"refused": "damaged", "values": {"what": type(problem).__name__}}
    except MemoryError:
        answer = {"refused": "memory", "values": {}}
    except OSError as problem:
        if problem.errno is None:
            answer = {"refused": "damaged", "values": {"what": type(problem).__name__}}
        else:
            answer = {"errno": problem.errno, "message": str(problem)}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
