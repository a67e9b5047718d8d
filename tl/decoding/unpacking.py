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
# Sentences that refuse, as in tl/decoding/packer.py.
DAMAGED = (
    "{shown} is damaged or cut off ({what}); copy it again, or pack the class folders into a plain zip."  # not shown
)
LINK = "{shown}: the entry {name!r:.200} is a link; replace it by the picture and pack again."  # not shown
DEVICE = "{shown}: the entry {name!r:.200} is a device, not a file; remove it and pack again."  # not shown
RATIO = "{shown} unpacks to more than {most:,} times its size, which is the most accepted."  # not shown
FILES = "{shown} holds {number:,} files; at most {most:,} are accepted."  # not shown
NO_LIBRARY = (
    "{shown} is a 7z archive; install py7zr to read it, or pack the class folders into a plain zip."  # not shown
)
ENCRYPTED = "{shown} is encrypted; pack the folders without a password."  # not shown
MEMORY = "{shown} needs too much memory to unpack; pack the class folders into a plain zip."  # not shown


class _Whole(tarfile.TarInfo):
    """An entry whose head has to be whole: of one that is cut off, tarfile says nothing but ends there."""

    @classmethod
    def fromtarfile(cls, tarfile_: tarfile.TarFile) -> "_Whole":
        try:
            return super().fromtarfile(tarfile_)
        except tarfile.TruncatedHeaderError as problem:  # type: ignore[attr-defined]  # not in typeshed
            raise tarfile.ReadError(str(problem)) from None


def unpack_tar(task: dict[str, Any], packer: Packer) -> None:
    """Every file of a tar, however it is packed. Raises TooMuch with the sentence that refuses it."""
    shown, most = task["shown"], _most(task)
    with tarfile.open(task["source"], "r|*", tarinfo=_Whole) as archive:
        total = 0
        for member in archive:
            if member.isdir():
                continue
            if member.issym() or member.islnk():
                raise TooLarge(LINK, shown=shown, name=member.name)
            if not member.isfile():
                raise TooLarge(DEVICE, shown=shown, name=member.name)
            total += member.size
            if total > most:
                raise TooLarge(RATIO, shown=shown, most=task["bounds"]["ratio"])
            file = archive.extractfile(member)
            if file is not None:
                packer.add(member.name, file)


def unpack_7z(task: dict[str, Any], packer: Packer) -> None:
    """Every file of a 7z archive, unpacked into the task's folder first. Raises TooMuch."""
    try:
        py7zr = importlib.import_module("py7zr")  # only 7z needs it
    except ImportError:
        raise TooLarge(NO_LIBRARY, shown=task["shown"]) from None
    shown, folder = task["shown"], Path(task["folder"])
    bounds = task["bounds"]
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (bounds["entry_bytes"], hard))
    try:
        with py7zr.SevenZipFile(task["source"]) as archive:
            if archive.needs_password():
                raise TooLarge(ENCRYPTED, shown=shown)
            entries = archive.list()
            if len(entries) > bounds["entries"]:
                raise TooLarge(FILES, shown=shown, number=len(entries), most=bounds["entries"])
            if sum(entry.uncompressed or 0 for entry in entries) > min(_most(task), bounds["unpacked_bytes"]):
                raise TooLarge(RATIO, shown=shown, most=bounds["ratio"])
            if link := next((entry.filename for entry in entries if getattr(entry, "is_symlink", False)), None):
                raise TooLarge(LINK, shown=shown, name=link)
            archive.extractall(path=folder)
    except (py7zr.exceptions.ArchiveError, py7zr.exceptions.PasswordRequired) as problem:
        raise TooLarge(DAMAGED, shown=shown, what=type(problem).__name__) from None
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
    """Do the one task: {"source", "shown", "kind", "folder", "out", "bounds"} -> {}, or {"refused": a sentence, "values"}."""
    task = json.load(sys.stdin)
    limit(MEMORY_BYTES)
    answer: dict[str, Any] = {}
    try:
        with Packer(Path(task["out"]), task["shown"], task["bounds"]) as packer:
            (unpack_7z if task["kind"] == "7z" else unpack_tar)(task, packer)
    except TooLarge as problem:
        answer = {"refused": problem.sentence, "values": problem.values}
    except (tarfile.TarError, EOFError, lzma.LZMAError, zlib.error, ValueError) as problem:
        answer = {"refused": DAMAGED, "values": {"what": type(problem).__name__}}
    except MemoryError:
        answer = {"refused": MEMORY, "values": {}}
    except OSError as problem:
        if problem.errno is None or isinstance(problem, tarfile.TarError):
            answer = {"refused": DAMAGED, "values": {"what": type(problem).__name__}}
        else:
            answer = {"errno": problem.errno, "message": str(problem)}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
