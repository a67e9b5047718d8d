"""A trainer's own memory (page cache aside) while it trains on many pictures against few."""

import re
import time
from pathlib import Path

from tests.benchmarks.row import Row, share
from tests.benchmarks.runs import new_run, start, stop, wait_for_first_step
from tests.benchmarks.scale import Scale
from tl.config import Training
from tl.datasets import prepare
from tl.store.files import read_json
from tl.store.home import Home

PERIOD_SECONDS = 0.05
MOST = 1.2


def memory(home: Home, scale: Scale) -> list[Row]:
    """Highest RssAnon of a trainer while the first epoch trains, at 64 px."""
    prepare(home, "blossoms", 64, scale.many_pictures)
    _peak_bytes(home, scale, scale.pictures)  # not counted: may choose the precision, which the others then know
    few, many = (_peak_bytes(home, scale, samples) / 2**20 for samples in (scale.pictures, scale.many_pictures))
    what = f"trainer's memory at {scale.many_pictures:,} pictures"
    return [share(what, many, "MiB", f"{scale.pictures:,} pictures", few, at_most=MOST)]


def _peak_bytes(home: Home, scale: Scale, samples: int) -> int:
    """Watches at most `memory_seconds`: validation, the same for any number of training pictures, is left out."""
    settings = Training(dataset="blossoms", samples=samples, batch_size=scale.batch_size)
    run = new_run(home, "scratch", settings)
    process = start(run)
    try:
        end = wait_for_first_step(run, process) + scale.memory_seconds
        peak = anonymous_bytes(process.pid)
        while time.monotonic() < end and (read_json(run.progress) or {}).get("phase") == "training":
            peak = max(peak, anonymous_bytes(process.pid))
            time.sleep(PERIOD_SECONDS)
        return peak
    finally:
        stop(process)


def anonymous_bytes(pid: int) -> int:
    """Resident memory of a process that belongs to no file; 0 once it has ended."""
    found = re.search(r"RssAnon:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(encoding="utf-8"))
    return int(found[1]) * 1024 if found else 0
