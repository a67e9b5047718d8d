"""What was deleted: out of the way at once, removed when there is time."""

import shutil
from pathlib import Path

from tl.config import new_id
from tl.store.home import Home


def to_trash(home: Home, folder: Path) -> None:
    """Take a folder of this home away at once for every reader; removing it, by `empty_trash`, takes its time."""
    home.trash_dir.mkdir(parents=True, exist_ok=True)
    folder.rename(home.trash_dir / new_id())


def empty_trash(home: Home) -> None:
    """Remove what was deleted, also by a process that did not get to the end of it."""
    shutil.rmtree(home.trash_dir, ignore_errors=True)
