"""Files that are whole or absent: written under a temporary name in the same folder, flushed, then renamed."""

import fcntl
import io
import json
import os
import secrets
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the page's first paint doesn't wait for pandas
    import pandas as pd


@contextmanager
def locked(path: Path):
    """Hold an exclusive lock on the file `path` (made where absent); the kernel frees it if the holder dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def write_bytes(path: Path, data: bytes, durable: bool = True) -> None:
    """Replace `path` by `data`. A reader sees the old or the new content, never a mix.

    `durable` also waits until the disk has it; leave it off only for what may be lost (progress).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        with open(temporary, "wb") as file:
            file.write(data)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if durable:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename in `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_json(path: Path, document, durable: bool = True) -> None:
    """`write_bytes` of a JSON document."""
    write_bytes(path, json.dumps(document, indent=1, ensure_ascii=False).encode(), durable)


def read_json(path: Path, default=None):
    """The JSON document at `path`; `default` where there is none or it is not JSON."""
    try:
        return json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return default


def write_parquet(path: Path, frame: "pd.DataFrame", durable: bool = True) -> None:
    """`write_bytes` of a DataFrame as Parquet (a Parquet file can't be appended to)."""
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    write_bytes(path, buffer.getvalue(), durable)


def read_parquet(path: Path) -> "pd.DataFrame | None":
    """The table at `path`, read whole (never mapped: the file is replaced while it is read); None where absent."""
    try:
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if len(data) < 12 or data[:4] != b"PAR1" or data[-4:] != b"PAR1":
        return None
    import pandas as pd

    return pd.read_parquet(io.BytesIO(data))
