"""Get a torchvision data set: a process that may import torch downloads and zips it, then the ordinary ingest takes over."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tl.datasets.info import DatasetInfo
from tl.datasets.intake.incoming import ingest_zip
from tl.datasets.pool import environment
from tl.datasets.torchvision_sets import DOWNLOADABLE
from tl.languages import READ_BY_US, english, later, read_sentence, say
from tl.store.download import DownloadFailed
from tl.store.files import locked
from tl.store.home import Home

COMMAND = ["-m", "tl.train.fetch"]
PERCENT = re.compile(r"(\d+)%\|")  # how torchvision's progress bars begin


def download(home: Home, info: DatasetInfo, progress: Callable[[int, int, str], None] | None = None) -> None:
    """Make the data set of a torchvision set, once. Raises DownloadFailed with one sentence where that fails."""
    what = say("waiting until another process has downloaded {title}", title=info.title)
    with locked(home.locks_dir / f"download-{info.name}.lock", progress, what):
        if (home.dataset_dir(info.name) / "dataset.json").exists():
            return
        home.downloads_dir.mkdir(parents=True, exist_ok=True)
        packed = home.downloads_dir / f"{info.name}.zip"
        try:
            _fetch(home, info, packed, progress)
            title, note = english(info.title), DOWNLOADABLE[info.name].note
            ingest_zip(home, packed, info.name, title=title, origin=info.origin, note=note, progress=progress)
        finally:
            packed.unlink(missing_ok=True)


def _fetch(home: Home, info: DatasetInfo, packed: Path, progress: Callable[[int, int, str], None] | None) -> None:
    command = [sys.executable, *COMMAND, info.name, str(packed), "--root", str(home.downloads_dir)]
    process = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        env=environment() | READ_BY_US,
        encoding="utf-8",
        errors="replace",
    )
    assert process.stderr
    last = ""
    try:
        for line in process.stderr:  # universal newlines: a bar's carriage returns end lines, too
            percent = PERCENT.search(line)
            if not percent:
                last = line.strip() or last
            elif progress:
                progress(int(percent[1]), 100, say("downloading {title}", title=info.title))
        status = process.wait()
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
    told = read_sentence(last)
    if status == 1 and (told != last or last.startswith(english(info.title))):  # ours, and not the end of a traceback
        raise DownloadFailed(told)
    if status:
        text = later("{title} could not be downloaded: the download ended with status {status} ({last}); try again.")
        raise DownloadFailed(say(text, title=info.title, status=status, last=last))
