"""What a node of a cluster keeps of homes that it does not see: parcels by their digests, each whole or not there.

    kept/DIGEST/        the files of a parcel, and what its users make of them (pictures at other resolutions)
    kept/DIGEST.json    sizes and times of the files when their hashes were last looked at
    kept/DIGEST.lock    held by who uses the parcel, by who brings it alone; its time is that of the last use

What was not used for longest goes where room is needed. A lock is freed by the kernel with the process that holds it.
"""

import fcntl
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tl.config import refusal
from tl.jobs.launchers.parcels import Item, Parcel, sha256_of
from tl.store.files import locked, read_json, sync_folder, used_bytes, write_json

FOLDER, GIGABYTES = "TL_RAY_CACHE", "TL_RAY_CACHE_GB"  # variables of the environment, of the node
DEFAULT_GIGABYTES = 20.0


class PieceDamaged(Exception):
    """What arrived is not what was sent."""


def default_folder() -> Path:
    """Where this node keeps things: $TL_RAY_CACHE, else in the user's cache."""
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(os.environ.get(FOLDER) or f"{cache}/tl-lab").expanduser().absolute()


class NodeCache:
    """The parcels of a node, shared by all that train there; `most_bytes`: what they may take of the disk."""

    def __init__(self, folder: Path, most_bytes: float):
        self._kept, self._most = folder / "kept", most_bytes
        self._locks: dict[str, int] = {}  # digest -> the open lock, of what this process uses or brings
        self._coming: dict[str, Path] = {}  # digest -> folder of what is being brought
        self._kept.mkdir(parents=True, exist_ok=True)

    def use(self, parcel: Parcel) -> Path | None:
        """Folder of a parcel that is here, sound, and stays as long as this process lives; None: it has to be brought."""
        digest = parcel.digest
        if digest not in self._locks and not self._lock(digest, fcntl.LOCK_SH):
            return None  # somebody brings it
        if self._sound(parcel):
            os.utime(self._kept / f"{digest}.lock")
            return self._kept / digest
        self._free(digest)
        return None

    def begin(self, parcel: Parcel) -> bool:
        """Make room for a parcel that is to be brought; False where another process brings it. Raises Refused, OSError."""
        digest = parcel.digest
        if not self._lock(digest, fcntl.LOCK_EX):
            return False
        if self._sound(parcel):  # another has brought it meanwhile
            self._free(digest)
            return False
        try:
            with locked(self._kept / "room.lock"):
                self._clear(digest)
                self._make_room(parcel)
                folder = self._kept / f".{digest}.{secrets.token_hex(4)}"
                for item in parcel.items:
                    _reserve(folder, item)
                folder.mkdir(exist_ok=True)
        except BaseException:
            self._free(digest)
            raise
        self._coming[digest] = folder
        return True

    def write(self, digest: str, path: str, offset: int, data: bytes) -> None:
        """A piece of one of the files of a parcel that is being brought."""
        with open(self._coming[digest] / path, "r+b") as file:
            file.seek(offset)
            file.write(data)

    def complete(self, parcel: Parcel) -> None:
        """Give the parcel its name, once all of its bytes are those that were sent. Raises PieceDamaged; then it is gone."""
        digest, folder = parcel.digest, self._coming.pop(parcel.digest)
        try:
            check(folder, parcel.items)
            for name, stands_for in parcel.links.items():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).symlink_to(stands_for)
            for item in parcel.items:
                with open(folder / item.path, "rb") as file:
                    os.fsync(file.fileno())
            self._note(parcel, folder)
            folder.rename(self._kept / digest)
            sync_folder(self._kept)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            self._free(digest)

    def close(self) -> None:
        """Use nothing any more."""
        for digest in list(self._locks):
            self._free(digest)

    def _sound(self, parcel: Parcel) -> bool:
        """Whether it is here, all files as they were sent; those whose size or time changed are looked at again."""
        folder = self._kept / parcel.digest
        if not folder.is_dir():
            return False
        if read_json(self._kept / f"{parcel.digest}.json") == _stamps(parcel, folder):
            return True
        try:
            check(folder, parcel.items)
        except PieceDamaged:
            return False
        self._note(parcel, folder)
        return True

    def _note(self, parcel: Parcel, folder: Path) -> None:
        write_json(self._kept / f"{parcel.digest}.json", _stamps(parcel, folder), durable=False)

    def _make_room(self, parcel: Parcel) -> None:
        for path in self._kept.glob(".*.*"):  # whoever brought these was killed
            with self._alone(path.name.split(".")[1]) as ours:
                if ours:
                    shutil.rmtree(path, ignore_errors=True)
        free = shutil.disk_usage(self._kept).free
        used = used_bytes(self._kept)
        for lock in sorted(self._kept.glob("*.lock"), key=_last_use):
            if used + parcel.size <= self._most and parcel.size <= free:
                return
            with self._alone(lock.stem) as ours:
                if ours:
                    self._clear(lock.stem)
            used, free = used_bytes(self._kept), shutil.disk_usage(self._kept).free
        if used + parcel.size > self._most or parcel.size > free:
            raise refusal(
                "The node {node} has no room for {place} ({size:.1f} GB): of the {most:g} GB that it may keep ({variable}) "
                "{used:.1f} GB are in use, and {free:.1f} GB of its disk are free.",
                node=os.uname().nodename,
                place=parcel.place,
                size=parcel.size / 1e9,
                most=self._most / 1e9,
                variable=GIGABYTES,
                used=used / 1e9,
                free=free / 1e9,
            )

    def _clear(self, digest: str) -> None:
        """Remove a parcel; its lock stays, for who waits for it."""
        gone = self._kept / f".{digest}.{secrets.token_hex(4)}"
        with suppress(FileNotFoundError):
            (self._kept / digest).rename(gone)  # at once for everybody
        (self._kept / f"{digest}.json").unlink(missing_ok=True)
        for path in self._kept.glob(f".{digest}.*"):
            shutil.rmtree(path, ignore_errors=True)

    @contextmanager
    def _alone(self, digest: str) -> Iterator[bool]:
        """Whether nobody uses or brings the parcel, this process neither; nobody does for as long as the block runs."""
        ours = digest != "room" and digest not in self._locks and self._lock(digest, fcntl.LOCK_EX)
        try:
            yield ours
        finally:
            if ours:
                self._free(digest)

    def _lock(self, digest: str, kind: int) -> bool:
        self._free(digest)
        descriptor = os.open(self._kept / f"{digest}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._locks[digest] = descriptor
        return True

    def _free(self, digest: str) -> None:
        if (descriptor := self._locks.pop(digest, None)) is not None:
            os.close(descriptor)


def check(folder: Path, items: tuple[Item, ...]) -> None:
    """Raise PieceDamaged where a file is not the one that was sent."""
    for item in items:
        try:
            sound = (folder / item.path).stat().st_size == item.size and sha256_of(folder / item.path) == item.sha256
        except FileNotFoundError:
            sound = False
        if not sound:
            raise PieceDamaged(f"{item.path} did not arrive as it was sent")  # not shown


def sha256_of_open(file: int, size: int) -> str:
    """Of the first `size` bytes of an open file."""
    digest, place = hashlib.sha256(), 0
    while place < size and (piece := os.pread(file, min(1 << 20, size - place), place)):
        digest.update(piece)
        place += len(piece)
    return digest.hexdigest()


def _reserve(folder: Path, item: Item) -> None:
    """Make the file with all its blocks, so that what is on its way counts, too."""
    path = folder / item.path
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as file:
        if item.size:
            os.posix_fallocate(file.fileno(), 0, item.size)


def _stamps(parcel: Parcel, folder: Path) -> dict[str, list[int]] | None:
    """[bytes, time of the last change] of each file; None where one is gone."""
    try:
        found = {item.path: (folder / item.path).stat() for item in parcel.items}
    except FileNotFoundError:
        return None
    return {path: [about.st_size, about.st_mtime_ns] for path, about in found.items()}


def _last_use(lock: Path) -> int:
    try:
        return lock.stat().st_mtime_ns
    except FileNotFoundError:
        return 0
