"""All runs' TensorBoard event files as one zip, for where TensorBoard itself isn't opened."""

import hashlib
import io
import zipfile
from contextlib import suppress
from pathlib import Path

from tl.jobs.tensorboard.run_links import names
from tl.store.home import Home


def pack(home: Home) -> bytes:
    """The zip; in it the folders that TensorBoard shows: `tensorboard --logdir FOLDER` does so anywhere."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in _files(home).items():
            with suppress(FileNotFoundError):  # deleted in this moment
                archive.write(path, name)
    return memory.getvalue()


def fingerprint(home: Home) -> str | None:
    """Sixteen digits that change with the files and differ between owners, for the download's name; None: no files."""
    digest, any_there = hashlib.sha256(repr(home.owner).encode()), False
    for name, path in _files(home).items():
        with suppress(FileNotFoundError):
            stamp = path.stat()
            digest.update(f"{path} {name} {stamp.st_mtime_ns} {stamp.st_size}\n".encode())
            any_there = True
    return digest.hexdigest()[:16] if any_there else None


def _files(home: Home) -> dict[str, Path]:
    """Name in the zip -> event file."""
    found = {}
    for name, folder in sorted(names(home).items()):
        for path in sorted(folder.glob("events.out.tfevents.*")):
            if path.is_file() and not path.is_symlink():
                found[f"tensorboard/{name}/{path.name}"] = path
    return found
