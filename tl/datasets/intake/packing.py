"""What people bring that is not one plain zip: a folder, several zips, zips in a zip, tar and 7z; packed as one zip first.

Whatever comes of it is then checked as any zip from outside: nothing here trusts a name or a size.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO

from tl.config import Refused, refusal
from tl.datasets.archive import Member, UploadLimits, check_kind, read_contents
from tl.datasets.lookup import content
from tl.datasets.pool import environment
from tl.decoding.heads import is_junk
from tl.decoding.packer import Packer, TooLarge
from tl.languages import later, plural

UNPACKER = ["-P", "-m", "tl.decoding.unpacking"]
SECONDS = 3_600.0  # that unpacking may take
TARS = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00")  # compressed, and tar inside
SEVEN = b"7z\xbc\xaf\x27\x1c"
BESIDE = (".txt", ".md", ".csv", ".json", ".pdf")  # what may lie beside zips in a zip
INNER = "zips.part"
BOUNDS = ("entries", "entry_bytes", "unpacked_bytes", "name_bytes")
REFUSALS = {  # what of it the programs that unpack refuse, which know no language -> a sentence
    "entries": later("{shown} holds more than {most:,} files, which is the most accepted."),
    "name_bytes": later("{shown}: a name has {number:,} bytes; at most {most:,} are accepted."),
    "entry_bytes": later("{shown}: the file {name!r:.200} has more than {most:,} MB, which is the most accepted."),
    "unpacked_bytes": later("{shown} unpacks to more than {most:,} MB, which is the most accepted."),
    "damaged": later(
        "{shown} is damaged or cut off ({what}); copy it again, or pack the class folders into a plain zip."
    ),
    "link": later("{shown}: the entry {name!r:.200} is a link; replace it by the picture and pack again."),
    "device": later("{shown}: the entry {name!r:.200} is a device, not a file; remove it and pack again."),
    "ratio": later("{shown} unpacks to more than {most:,} times its size, which is the most accepted."),
    "files": later("{shown} holds {number:,} files; at most {most:,} are accepted."),
    "library": later("{shown} is a 7z archive; install py7zr to read it, or pack the class folders into a plain zip."),
    "encrypted": later("{shown} is encrypted; pack the folders without a password."),
    "memory": later("{shown} needs too much memory to unpack; pack the class folders into a plain zip."),
}
RATIOS = {"ratio": 200, "ratio_from": 100 * 1024**2}  # of a whole tar or 7z, which can be smaller than any zip


def one_zip(
    sources: Sequence[tuple[Path, str]], folder: Path, limits: UploadLimits, encoding: str | None = None
) -> tuple[Path, str]:
    """(a plain zip of all that is in `sources`, paths and what messages call them; its name in messages).

    The zip is `sources[0]` itself where that is one already, else a file in `folder`. `encoding`: of names whose zip doesn't
    say it. Raises Refused.
    """
    plain = [(_plain(path, shown, folder, limits, number), shown) for number, (path, shown) in enumerate(sources)]
    if len(plain) > 1:
        every: str = plural("{number} archive", "{number} archives", len(plain))
        stems = (name.rpartition("/")[2].partition(".")[0] or "archive" for _, name in plain)
        named = [(path, name, stem) for (path, name), stem in zip(plain, stems, strict=True)]
        return _joined(named, folder / "joined.part", every, limits, encoding), every
    path, shown = plain[0]
    inner = _zips_inside(read_contents(path, limits, shown, encoding).members)
    if inner:
        return _unnested(path, inner, folder, shown, limits, encoding), shown
    return path, shown


def pack_files(files: Sequence[tuple[str, BinaryIO]], out: Path, shown: str, limits: UploadLimits) -> None:
    """Open files, by the paths they are to have, as one zip. Raises Refused."""
    with _packer(out, shown, limits) as packer:
        for name, file in files:
            file.seek(0)
            packer.add(name, file)


@contextmanager
def _packer(out: Path, shown: str, limits: UploadLimits) -> Iterator[Packer]:
    """A zip to write. Raises Refused where it becomes too large."""
    try:
        with Packer(out, _bounds(limits)) as packer:
            yield packer
    except TooLarge as problem:
        raise refusal(REFUSALS[problem.what], **problem.values, shown=shown) from None


def too_large(shown: str, size: int, limits: UploadLimits) -> Refused:
    """What is said of more bytes than may come."""
    text = later("{shown} has {size:,.1f} MB; at most {most:,.0f} MB are accepted.")
    return refusal(text, shown=shown, size=size / 10**6, most=limits.archive_bytes / 10**6)


def _plain(path: Path, shown: str, folder: Path, limits: UploadLimits, number: int) -> Path:
    """A zip of the same content: the file itself where it is one."""
    out = folder / f"packed-{number}.part"
    if path.is_dir():
        _packed(path, out, shown, limits)
        return out
    kind = _kind(path)
    if kind is None:
        check_kind(path, limits, shown)
        return path
    if (size := path.stat().st_size) > limits.archive_bytes:
        raise too_large(shown, size, limits)
    _unpacked(path, kind, out, shown, folder, limits)
    return out


def _kind(path: Path) -> str | None:
    """ "tar" or "7z", by the first bytes; None for all else."""
    if not path.is_file():
        return None
    with open(path, "rb") as file:
        head = file.read(512)
    if head.startswith(SEVEN):
        return "7z"
    return "tar" if head[257:262] == b"ustar" or head.startswith(TARS) else None


def _bounds(limits: UploadLimits) -> dict[str, int]:
    return {name: value for name, value in asdict(limits).items() if name in BOUNDS} | RATIOS


def _packed(source: Path, out: Path, shown: str, limits: UploadLimits) -> None:
    """A folder of this computer; links in it are not followed."""
    with _packer(out, shown, limits) as packer:
        for place, folders, files in os.walk(source):
            folders.sort()
            for name in sorted(files):
                path = Path(place, name)
                if path.is_file() and not path.is_symlink() and not is_junk(name):
                    with open(path, "rb") as file:
                        packer.add(path.relative_to(source).as_posix(), file)


def _unpacked(source: Path, kind: str, out: Path, shown: str, folder: Path, limits: UploadLimits) -> None:
    """A tar or 7z archive, read by a process that can take no more memory than it is given."""
    into = folder / f"{out.name}.files"
    into.mkdir()
    task = {"source": str(source), "kind": kind, "folder": str(into), "out": str(out)}
    try:
        ended = subprocess.run(
            [sys.executable, *UNPACKER],
            input=json.dumps(task | {"bounds": _bounds(limits)}),
            capture_output=True,
            encoding="utf-8",
            env=environment(),
            timeout=SECONDS if limits.minutes is None else 60 * limits.minutes,
        )
        answer = json.loads(ended.stdout)
        if "refused" in answer:  # a process that a stranger's archive has taken over can say nothing else
            raise refusal(REFUSALS[answer["refused"]], **answer["values"] | {"shown": shown})
    except subprocess.TimeoutExpired:
        raise refusal(
            "Unpacking {shown} took too long; pack the class folders into a plain zip.", shown=shown
        ) from None
    except Refused:
        raise
    except (ValueError, KeyError, TypeError):
        raise refusal("{shown} can't be unpacked; pack the class folders into a plain zip.", shown=shown) from None
    if "errno" in answer:
        raise OSError(answer["errno"], answer["message"])


def _zips_inside(members: Sequence[Member]) -> list[Member]:
    """The zips in a zip, where there is nothing else to train on."""
    files = [member for member in members if not member.name.endswith("/") and not is_junk(member.name)]
    inner = [member for member in files if member.name.lower().endswith(".zip")]
    others = [member for member in files if member not in inner and not member.name.lower().endswith(BESIDE)]
    return inner if not others else []


def _unnested(
    path: Path, inner: Sequence[Member], folder: Path, shown: str, limits: UploadLimits, encoding: str | None
) -> Path:
    """The content of the zips in a zip, each in a folder called like it."""
    found: list[tuple[Path, str, str]] = []
    for number, member in enumerate(inner):
        part, data = folder / f"{number}.{INNER}", content(path, member)
        if data is None:
            raise refusal("{shown}: {name!r:.200} in it is damaged; pack it again.", shown=shown, name=member.name)
        part.write_bytes(data)
        found.append((part, member.name, member.name[: -len(".zip")]))
    return _joined(found, folder / "joined.part", shown, limits, encoding)


def _joined(
    zips: Sequence[tuple[Path, str, str]], out: Path, shown: str, limits: UploadLimits, encoding: str | None
) -> Path:
    """One zip of several, (path, name in messages, folder for its content); the folder is left out where all have one."""
    with _packer(out, shown, limits) as packer:
        for path, name, place in zips:
            found = read_contents(path, limits, name, encoding).members
            members = [each for each in found if not each.name.endswith("/") and each.size <= limits.entry_bytes]
            file = os.open(path, os.O_RDONLY)
            try:
                for member in members:
                    if not is_junk(member.name):
                        inside = _inside(place, member.name)
                        packer.copy(inside, file, *member[1:])
            finally:
                os.close(file)
    for path, _, _ in zips:
        if path.parent == out.parent:
            path.unlink()
    return out


def _inside(place: str, name: str) -> str:
    """'cat.zip' with '1.jpg' or 'cat/1.jpg' in it -> 'cat/1.jpg'."""
    return name if name.split("/")[0].casefold() == place.rpartition("/")[2].casefold() else f"{place}/{name}"
