"""A run on a node of a cluster: in the home itself where the node sees that, else in a folder of the node's own.

There the home's side (transfer.py) puts what the run needs and fetches what its trainer has written, by the methods here;
all of them may take a while, and nothing here knows who calls.
"""

import os
import re
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import psutil
from msgspec import Struct

from tl.jobs.launchers.guard import guarded
from tl.jobs.launchers.launcher import amount
from tl.jobs.launchers.local import LocalLauncher
from tl.jobs.launchers.node_cache import (
    DEFAULT_GIGABYTES,
    GIGABYTES,
    NodeCache,
    check,
    default_folder,
    sha256_of_open,
)
from tl.jobs.launchers.parcels import Item, Parcel
from tl.jobs.launchers.ray_settings import AUTO, SHARED
from tl.jobs.memory import gpu_utilisation
from tl.store.files import keep_private, lock_file
from tl.store.home import Run

INLINE_BYTES = 1 << 16  # files that go along with the answer that names them
TRIES, AGAIN_SECONDS = 10, 0.02  # to find a moment in which nothing is being replaced
SILENCES = 20  # answers without an exit status, then it has none
LOG = "log.txt"  # it only grows: what the home has of it is not sent again
# What is replaced or grows all the time, and that nothing else depends on.
MOVING = re.compile(r"(progress\.json|log\.txt|resources\.parquet|tensorboard/.*)")
OWN = re.compile(r"checkpoints/previous(_best)?\.safetensors")  # each side keeps its own: what it had before

Stamp = tuple[int, int, int]  # inode, bytes, time of the last change
NOTHING: Stamp = (0, 0, 0)  # of no file


class RunAddress(Struct, frozen=True, kw_only=True):
    """What a node is told of a run: where it is, and how it is brought."""

    folder: str  # of the run, in its home
    place: str  # the same below the home's root
    kind: str  # of tl.jobs.launchers.ray_settings.KINDS
    identity: str  # of the home
    identity_path: str
    identity_inode: int
    paths: dict[str, str]  # variables of the environment that name folders which a node may not have


class NodeRun:
    """One run and its trainer."""

    def __init__(self, about: RunAddress):
        self._cache: NodeCache | None = None
        self._launcher: LocalLauncher | None = None
        self._handle = ""
        self._silent = 0  # how often a trainer that has ended had no exit status
        self._told: dict[str, Stamp] = {}  # what the home has
        self._number = 0  # of the last look, whose files are open
        self._seen: dict[str, Stamp] = {}
        self._files: dict[str, int] = {}
        self.run = Run(Path(about.folder))
        if about.kind == SHARED or (about.kind == AUTO and sees(about)):
            os.environ.update(about.paths)
            self._start()
            return
        keep_private()
        root = default_folder()
        self._cache = NodeCache(root, 1e9 * amount(GIGABYTES, DEFAULT_GIGABYTES))
        self._home = root / "homes" / about.identity
        os.environ["TL_HOME"] = str(self._home)
        self.run = Run(self._home / about.place)
        self._lock: int | None = None  # of the run's folder
        self._variables: dict[str, str] = {}

    @property
    def away(self) -> bool:
        """Whether it has to be brought what it needs, and its results fetched."""
        return self._cache is not None

    @property
    def seconds(self) -> float | None:
        """For how long its trainer has worked; None where it does not yet."""
        return self._launcher.seconds(self._handle) if self._launcher else None

    def ended(self) -> dict[str, Any] | None:
        """How the trainer ended, as the fields of Ended; None as long as it has not."""
        if self._launcher is None or self._launcher.alive(self._handle):
            return None
        ended = self._launcher.ended(self._handle)
        self._silent += ended.exit_code is None
        # Of one with threads that are still ending the system can't tell yet.
        return None if ended.exit_code is None and self._silent < SILENCES else vars(ended)

    def ask(self) -> None:
        """The trainer to end, with what it has."""
        if self._launcher:
            self._launcher.ask(self.run.folder.name, self._handle)

    def end(self, grace_seconds: float) -> None:
        """The trainer, after so long. Raises TimeoutError where something of it survives."""
        if self._launcher:
            self._launcher.terminate(self.run.folder.name, self._handle, grace_seconds)

    def wants(self, parcels: list[dict[str, Any]]) -> dict[str, Any]:
        """Which parcels (their digests) have to be brought now; "busy": others are on their way already, ask again.

        Raises Refused where there is no room, OSError.
        """
        missing: list[str] = []
        busy = not self._has_folder()
        for parcel in () if busy else msgspec.convert(parcels, list[Parcel]):
            if folder := self._used.use(parcel):
                self._link(parcel, folder)
            elif self._used.begin(parcel):
                missing.append(parcel.digest)
            else:
                busy = True
        return {"missing": missing, "busy": busy}

    def put(self, digest: str, path: str, offset: int, data: bytes) -> None:
        """A piece of a file of a parcel, or, where `digest` is "", of the run's own folder."""
        if digest:
            self._used.write(digest, path, offset, data)
            return
        if self._launcher:
            return  # as in `begin`
        file = self.run.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        with open(file, "ab" if offset else "wb") as open_file:
            open_file.write(data)

    def complete(self, parcel: dict[str, Any]) -> None:
        """All pieces of a parcel are there. Raises PieceDamaged."""
        self._used.complete(msgspec.convert(parcel, Parcel))

    def begin(self, items: list[dict[str, Any]]) -> None:
        """Start the trainer; `items`: the files of the run's own folder, which are there now. Raises PieceDamaged."""
        if self._launcher:
            return  # whoever brought it did not hear of it
        check(self.run.folder, msgspec.convert(items, tuple[Item, ...]))
        self._told = self._stamps()
        os.environ.update(self._variables)
        self._start()

    def look(self, number: int | None) -> dict[str, Any] | None:
        """What has changed since the look with this number, all as it was at one moment; None: the trainer is just writing.

        None as the number: all there is. {"number", "files": [[path, bytes, SHA-256, its content where it is small]], "gone":
        paths, "begun": path -> so many first bytes of it are in the home, and its content here goes on from there}. The
        files stay readable by `piece` until the next look.
        """
        if number is None:
            self._told = {}
        elif number == self._number:
            self._told = self._seen or self._told
        if not self._open():
            return None
        self._number += 1
        files: list[tuple[str, int, str, bytes | None]] = []
        (inode, size, _), (had, begun, _) = self._seen.get(LOG, NOTHING), self._told.get(LOG, NOTHING)
        start = {LOG: begun} if inode == had and begun <= size else {}
        for path, file in self._files.items():
            begun, size = start.get(path, 0), self._seen[path][1]
            data = os.pread(file, size - begun, begun) if size - begun <= INLINE_BYTES else None
            files.append((path, size, sha256_of_open(file, size), data))
        gone = sorted(self._told.keys() - self._seen.keys())
        return {"number": self._number, "files": files, "gone": gone, "begun": start}

    def piece(self, path: str, offset: int, size: int) -> tuple[bytes, bytes | None]:
        """Of a file of the last look; and progress.json as it is now, so that a large file does not hold that up."""
        progress = self.run.progress.read_bytes() if self.run.progress.exists() else None
        return os.pread(self._files[path], size, offset), progress

    def close(self) -> None:
        """Leave nothing of the run on the node."""
        if self._cache:
            self._close_files()
            shutil.rmtree(self.run.folder, ignore_errors=True)
            self._cache.close()
            if self._lock is not None:
                self._lock_path(self.run.folder).unlink(missing_ok=True)
                os.close(self._lock)
                self._lock = None

    @property
    def _used(self) -> NodeCache:
        assert self._cache is not None
        return self._cache

    def _start(self) -> None:
        self._launcher, self._handle = guarded(self.run)

    @staticmethod
    def _lock_path(folder: Path) -> Path:
        return folder.with_name(f".{folder.name}.lock")

    def _has_folder(self) -> bool:
        """Make the run's folder, empty, once nobody else works in it; what others left there who were killed goes."""
        if self._lock is not None:
            return True
        runs = self.run.folder.parent
        runs.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        lock = lock_file(os.open(path := self._lock_path(self.run.folder), flags, 0o600))
        if lock is None:
            return False
        if not path.exists() or path.stat().st_ino != os.fstat(lock).st_ino:  # its last holder has just removed it
            os.close(lock)
            return False
        self._lock = lock
        LocalLauncher().terminate(self.run.folder.name, None)
        shutil.rmtree(self.run.folder, ignore_errors=True)
        for folder in runs.iterdir():
            if folder.name.startswith(".") or not folder.is_dir():
                continue
            lock = lock_file(os.open(self._lock_path(folder), flags, 0o600))
            if lock is not None:
                shutil.rmtree(folder, ignore_errors=True)
                self._lock_path(folder).unlink(missing_ok=True)
                os.close(lock)
        self.run.folder.mkdir()
        return True

    def _link(self, parcel: Parcel, folder: Path) -> None:
        """Let the node's home have it at its place."""
        place = self._home / parcel.place
        self._variables |= {name: str(self._home / below) for name, below in parcel.variables.items()}
        if place.is_symlink() and place.readlink() == folder:
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        made = place.with_name(f".{place.name}.{os.getpid()}.{os.urandom(4).hex()}")
        made.symlink_to(folder)
        os.replace(made, place)

    def _stamps(self) -> dict[str, Stamp]:
        found = {}
        for path in self.run.folder.rglob("*"):
            name = str(path.relative_to(self.run.folder))
            with suppress(FileNotFoundError):
                about = path.stat()
                if path.is_file() and not any(part.startswith(".") for part in name.split("/")) and not OWN.match(name):
                    found[name] = (about.st_ino, about.st_size, about.st_mtime_ns)
        return found

    def _open(self) -> bool:
        """Open what has changed, all as it was at one moment; False where there was none."""
        for _ in range(TRIES):
            self._close_files()
            before = self._stamps()
            with suppress(FileNotFoundError):
                for path, stamp in before.items():
                    if stamp != self._told.get(path):
                        self._files[path] = os.open(self.run.folder / path, os.O_RDONLY | os.O_CLOEXEC)
                after = self._stamps()
                if _still(before) == _still(after):
                    self._seen = before
                    for path, file in self._files.items():  # of what moves, the file that is open
                        about = os.fstat(file)
                        self._seen[path] = (about.st_ino, about.st_size, about.st_mtime_ns)
                    return True
            time.sleep(AGAIN_SECONDS)
        return False

    def _close_files(self) -> None:
        for file in self._files.values():
            os.close(file)
        self._files = {}


def sees(about: RunAddress) -> bool:
    """Whether this machine sees the very home of the run: not another one at the same place, nor a copy."""
    try:
        own = Path(about.identity_path)
        same = own.stat().st_ino == about.identity_inode and own.read_text(encoding="ascii").strip() == about.identity
    except (OSError, ValueError):
        return False
    return same and Run(Path(about.folder)).config.exists()


def load() -> dict[str, float | None]:
    """What this machine does: shares of its processors and GPUs that are busy in a second, bytes of memory in use."""
    busy, memory = psutil.cpu_percent(interval=1.0), psutil.virtual_memory()
    return {"cpu_load": busy / 100, "used_bytes": memory.total - memory.available, "gpu_load": gpu_utilisation()}


def _still(stamps: dict[str, Stamp]) -> dict[str, Stamp]:
    return {path: stamp for path, stamp in stamps.items() if not MOVING.fullmatch(path)}
