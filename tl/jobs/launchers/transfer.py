"""The home's side of a run whose node does not see the home: brings what it needs, fetches what its trainer writes.

Nothing here knows how a node is reached. What comes back is in the home whole or not at all, the checkpoint first: so a
run that is interrupted goes on after the last epoch that came back, and shows no later one.
"""

import hashlib
import os
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import msgspec

from tl.config import refusal
from tl.jobs.launchers.node_cache import PieceDamaged
from tl.jobs.launchers.parcels import Packed, Parcel, items_of_run, packed, sha256_of
from tl.store.documents import read_result
from tl.store.files import sweep, sync_folder, write_bytes
from tl.store.home import Run
from tl.store.trash import keep_best_network

if TYPE_CHECKING:
    from tl.jobs.launchers.node_run import NodeRun

PIECE_BYTES = 4 << 20
PIECES_AT_ONCE = 4  # of all runs together: what is in memory, and in Ray's object store, at once
AGAIN_SECONDS = 0.5  # between two looks, at a parcel that others bring and at what a trainer has written
SENDINGS = 3  # tries to bring a parcel undamaged
# In this order, each with the name under which what it replaces is kept: `last` needs the best network that it names.
CHECKPOINTS = {
    "checkpoints/best.safetensors": "checkpoints/previous_best.safetensors",
    "checkpoints/last.safetensors": "checkpoints/previous.safetensors",
}
LAST_OF_ALL = "result.json"  # says that the run has ended
UNHURRIED = ("progress.json", "log.txt", "resources.parquet")  # what need not be on the disk for good at once

_slots = threading.BoundedSemaphore(PIECES_AT_ONCE)


class Over(Exception):
    """The run is no longer this home's, or nobody waits for it any more."""


class Transfer:
    """Of one attempt of a run. Its methods take as long as they take; `stopped`, set by another thread, ends them with
    Over. `node`, wherever it is, raises OSError as well where it can't be asked now."""

    def __init__(self, run: Run, node: "NodeRun"):
        self._run, self._node = run, node
        self._number: int | None = None  # of the last look that is in the home; None: not known what of all is
        self.stopped = threading.Event()

    def supply(self) -> None:
        """Bring the node what it lacks, and start the trainer. Raises Refused, OSError, Over."""
        self._still_ours()
        parcels = {each.parcel.digest: each for each in packed(self._run)}
        told = [msgspec.to_builtins(each.parcel) for each in parcels.values()]
        tries: Counter[str] = Counter()
        while (wants := self._node.wants(told))["missing"] or wants["busy"]:
            for digest in wants["missing"]:
                one = parcels[digest]
                self._brought(digest, one, tries, self._node.complete, msgspec.to_builtins(one.parcel))
            if not wants["missing"]:
                self.stopped.wait(AGAIN_SECONDS)
            self._still_ours()
        while self._number is None:
            items = items_of_run(self._run)
            own = Packed(Parcel(place=f"runs/{self._run.folder.name}", items=items), self._run.folder)  # not shown
            if self._brought("", own, tries, self._node.begin, msgspec.to_builtins(items)):
                self._number = 0

    def fetch(self) -> bool:
        """Bring the home up to date; False where the trainer is just writing. Raises PieceDamaged, OSError, Over."""
        self._still_ours()
        answer = self._node.look(self._number)
        if answer is None:
            return False
        self._still_ours()
        files = {path: about for path, *about in answer["files"] if _within(path)}
        staged: dict[str, Path] = {}
        try:
            for path in _ordered(files):
                size, sha256, data = files[path]
                if self._number is None and _same(self._run.folder / path, size, sha256):
                    continue
                staged[path] = self._stage(path, size, sha256, data, answer.get("begun", {}).get(path, 0))
            self._still_ours()
            for path in list(staged):
                self._put_in_place(path, staged.pop(path))
        except PieceDamaged:
            self._number = None  # what is here may not be what was: the next look tells all
            raise
        finally:
            for temporary in staged.values():
                temporary.unlink(missing_ok=True)
        gone = answer["gone"]
        if self._number is None and LAST_OF_ALL in files:  # all there is was told: of what is gone, nothing
            gone = [path for path in CHECKPOINTS if path not in files]
        self._remove([path for path in gone if _within(path)])
        self._number = answer["number"]
        return True

    def _brought(
        self, digest: str, one: Packed, tries: Counter[str], accept: Callable[[Any], None], document: Any
    ) -> bool:
        """Send it; whether it arrived as it was sent. Raises Refused where it did not the last time, either."""
        for item in one.parcel.items:
            with open(one.folder / item.path, "rb") as file:
                for offset in range(0, max(item.size, 1), PIECE_BYTES):
                    self._still_ours()
                    with _slots:
                        data = file.read(min(PIECE_BYTES, item.size - offset))
                        self._node.put(digest, item.path, offset, data)
        tries[digest] += 1
        try:
            accept(document)
        except PieceDamaged:
            if tries[digest] < SENDINGS:
                return False
            raise refusal(
                "{place} arrived damaged {times} times; it changes while it is read, or the node's memory or disk is faulty.",
                place=one.parcel.place,
                times=SENDINGS,
            ) from None
        return True

    def _stage(self, path: str, size: int, sha256: str, data: bytes | None, begun: int) -> Path:
        """The file under a temporary name beside its place; its first `begun` bytes are those that are here. Raises
        PieceDamaged, and then there is none."""
        place = self._run.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        temporary = place.with_name(f".{place.name}.{os.getpid()}.{secrets.token_hex(4)}")
        try:
            digest = hashlib.sha256()
            with open(temporary, "wb") as file:
                here = [place.read_bytes()[:begun]] if begun and place.exists() else []
                for piece in chain(here, self._pieces(path, begun, size) if data is None else [data]):
                    digest.update(piece)
                    file.write(piece)
                file.flush()
                if path not in UNHURRIED:
                    os.fsync(file.fileno())
            if digest.hexdigest() != sha256:
                raise PieceDamaged(f"{path} did not arrive as it was sent")  # not shown
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        return temporary

    def _pieces(self, path: str, begun: int, size: int) -> Iterator[bytes]:
        for offset in range(begun, size, PIECE_BYTES):
            self._still_ours()
            with _slots:
                data, progress = self._node.piece(path, offset, min(PIECE_BYTES, size - offset))
            yield data
            if progress is not None:
                write_bytes(self._run.progress, progress, durable=False)

    def _put_in_place(self, path: str, temporary: Path) -> None:
        place = self._run.folder / path
        before = CHECKPOINTS.get(path)
        if before and place.exists():
            os.replace(place, self._run.folder / before)
        os.replace(temporary, place)
        if path not in UNHURRIED:
            sync_folder(place.parent)

    def _remove(self, gone: list[str]) -> None:
        for path in gone:
            (self._run.folder / path).unlink(missing_ok=True)
        result = read_result(self._run)
        if any(path in CHECKPOINTS for path in gone) and result and result.status == "finished":
            keep_best_network(self._run)

    def _still_ours(self) -> None:
        if self.stopped.is_set() or not self._run.config.exists():
            raise Over


def _within(path: str) -> bool:
    """Whether it names a file in a run's folder that readers look at, whatever a node says."""
    pure = PurePosixPath(path)
    return not pure.is_absolute() and bool(pure.parts) and not any(part.startswith(".") for part in pure.parts)


def _ordered(paths: dict[str, Any]) -> list[str]:
    """Checkpoints first, the result last."""
    rest = sorted(path for path in paths if path not in CHECKPOINTS and path != LAST_OF_ALL)
    return [path for path in (*CHECKPOINTS, *rest, LAST_OF_ALL) if path in paths]


def _same(place: Path, size: int, sha256: str) -> bool:
    with suppress(FileNotFoundError):
        return place.stat().st_size == size and sha256_of(place) == sha256
    return False


def swept(run: Run) -> Run:
    """The run, without what an earlier transfer that was killed left under temporary names."""
    sweep(run.folder)
    return run
