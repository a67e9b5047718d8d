"""Files that are whole or absent: written under a temporary name in the same folder, flushed, then renamed."""

import fcntl
import io
import json
import os
import re
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the page's first paint doesn't wait for pandas
    import pandas as pd

PRIVATE = 0o077  # umask
POLL_SECONDS = 0.2  # between two looks whether a lock is free
_TEMPORARY = re.compile(r"\..+\.\d+\.[0-9a-f]{8}")  # as `write_bytes` makes them
_umasks: list[int] = []  # that of the user, once it is not in force


def keep_private() -> None:
    """Make what this process and those it starts write readable by this user alone; call it where a process begins."""
    _umasks.append(os.umask(PRIVATE))


@contextmanager
def for_the_user() -> Iterator[None]:
    """Write what the user takes away from the home, with the permissions that their own umask leaves."""
    ours = os.umask(_umasks[0]) if _umasks else None
    try:
        yield
    finally:
        if ours is not None:
            os.umask(ours)


@contextmanager
def locked(path: Path, progress: Callable[[int, int, str], None] | None = None, what: str = "") -> Iterator[None]:
    """Hold an exclusive lock on the file `path` (made where absent); the kernel frees it if the holder dies.

    Where it may take long until the holder is done: `progress(0, 0, what)` is called meanwhile, and may raise to give up.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "ab") as file:
        while progress:
            with suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            progress(0, 0, what)
            time.sleep(POLL_SECONDS)
        else:
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def lock_file(descriptor: int) -> int | None:
    """The open file with an exclusive lock on it, until it is closed everywhere or its holders die.

    Where another process holds it: closed, and None.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def write_bytes(path: Path, data: bytes, durable: bool = True) -> None:
    """Replace `path` by `data`, see `write_pieces`."""
    write_pieces(path, [data], durable)


def write_pieces(
    path: Path, pieces: Iterable[bytes | memoryview], durable: bool = True, keep: Path | None = None
) -> None:
    """Replace `path` by `pieces`, one after the other. A reader sees the old or the new content, no mix.

    `durable` also waits until the disk has it; leave it off only for what may be lost (progress). What was there goes
    on as `keep`, where given: killed between the two renames, a process leaves that and no `path`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        with open(temporary, "wb") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        if keep and path.exists():
            os.replace(path, keep)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):  # what went wrong first is what has to be said
            temporary.unlink(missing_ok=True)
        raise
    if durable:
        sync_folder(path.parent)


def sweep(folder: Path, still_seconds: float = 0.0) -> None:
    """Remove what killed writers left behind under temporary names in `folder` and below.

    Nobody may be writing, or not for longer than `still_seconds` without getting on.
    """
    for path in folder.rglob(".*"):
        if _TEMPORARY.fullmatch(path.name):
            with suppress(FileNotFoundError):
                if not still_seconds or time.time() - path.stat().st_mtime > still_seconds:
                    path.unlink()


def sync_folder(folder: Path) -> None:
    """Make a rename in `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_json(path: Path, document: Any, durable: bool = True) -> None:
    """`write_bytes` of a JSON document."""
    write_bytes(path, json.dumps(document, indent=1, ensure_ascii=False).encode(), durable=durable)


def read_json(path: Path, default: Any = None) -> Any:
    """The JSON document at `path`; `default` where there is none or it is not JSON."""
    try:
        return json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return default


def write_parquet(path: Path, frame: "pd.DataFrame", durable: bool = True) -> None:
    """`write_bytes` of a DataFrame as Parquet with checksums (a Parquet file can't be appended to)."""
    write_bytes(path, parquet_bytes(frame), durable=durable)


def parquet_bytes(frame: "pd.DataFrame") -> bytes:
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False, write_page_checksum=True)
    return buffer.getvalue()


def read_parquet(path: Path) -> "pd.DataFrame | None":
    """The table at `path`, read whole (never mapped: the file is replaced while it is read).

    None where it is absent or damaged: what is in such tables is made again or shown as not available.
    """
    data = whole_parquet(path)
    if data is None:
        return None
    import pandas as pd

    try:
        return pd.read_parquet(io.BytesIO(data), page_checksum_verification=True)
    except Exception:  # pyarrow and pandas raise dozens of kinds for damaged bytes; nothing else can go wrong here
        return None


def whole_parquet(path: Path) -> bytes | None:
    """The whole file; None where it is absent or no Parquet file from beginning to end."""
    with suppress(FileNotFoundError, NotADirectoryError):
        data = path.read_bytes()
        if len(data) >= 12 and data[:4] == data[-4:] == b"PAR1":
            return data
    return None


def used_bytes(folder: Path) -> int:
    """What a folder takes of the disk; what vanishes meanwhile counts nothing."""
    total = 0
    folders: list[Path | str] = [folder]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    total += entry.stat(follow_symlinks=False).st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
        except (FileNotFoundError, NotADirectoryError):
            continue
    return total
