"""A run beside others that compute: what it gets of its fair share of the machine, and what that costs it alone."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from tests.benchmarks.pictures import ROOT, flowers_dataset
from tests.benchmarks.row import Row, share
from tests.benchmarks.runs import command, metrics, new_run
from tests.benchmarks.scale import Scale
from tl import machine
from tl.config import Training
from tl.jobs.launchers.launcher import child_environment
from tl.store.home import Home, Run

FAIR, ALONE = 0.8, 0.97  # of the fair share beside others; alone, of a fixed number of threads that spin as they like
COMES_AND_GOES = 3.0  # seconds
SPINNING = {"GOMP_SPINCOUNT": "300000"}  # libgomp's own default, given by name so that nothing of ours replaces it
_BUSY = "import time\nwhile True: pass"
_NOW_AND_THEN = f"""
import time
while True:
    end = time.monotonic() + {COMES_AND_GOES}
    while time.monotonic() < end: pass
    time.sleep({COMES_AND_GOES})
"""


def busy(home: Home, scale: Scale) -> list[Row]:
    """Pictures per second beside 0, 1, 2 and 4 busy processes, one that comes and goes, and a second home."""
    dataset, _ = flowers_dataset(home, 64, scale.busy_pictures, scale.saving_validation)
    settings = Training(dataset=dataset, batch_size=scale.batch_size, epochs=scale.busy_epochs)
    _speeds([_run(home, settings)])  # chooses the precision, uncounted
    cores = machine.cores()
    before = _speeds([_run(home, replace(settings, threads=cores))], SPINNING)[0]
    alone = _speeds([_run(home, settings)])[0]
    unit = "pictures/s"
    rows = [share("alone", alone, unit, f"{cores} threads, spinning", before, at_least=ALONE)]
    for others in (1, 2, 4):
        with beside([_BUSY] * others):
            speed = _speeds([_run(home, settings)])[0]
        rows.append(_fair(f"beside {others} busy", speed, alone, fair_share(cores, others)))
    with beside([_NOW_AND_THEN]):
        speed = _speeds([_run(home, settings)])[0]
    rows.append(_fair("beside one that comes and goes", speed, alone, (1 + fair_share(cores, 1)) / 2))
    two = _speeds([_run(home, settings), _run(Home(home.path / "second"), settings, of=home)])
    rows += [
        _fair(f"two homes at once, the {place}", speed, alone, 1 / 2) for place, speed in zip(("first", "second"), two)
    ]
    return rows


def fair_share(cores: int, others: int) -> float:
    """Of the machine, for a program that could use all of it beside `others` that can use a core each."""
    return max(cores - others, cores / (others + 1)) / cores


def _fair(what: str, speed: float, alone: float, part: float) -> Row:
    return share(what, speed, "pictures/s", f"{part:.0%} of alone", part * alone, at_least=FAIR)


@contextmanager
def beside(programs: list[str]) -> Iterator[None]:
    """Python programs that compute meanwhile."""
    others = [subprocess.Popen([sys.executable, "-c", program]) for program in programs]
    try:
        time.sleep(0.5)  # until they do
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def _run(home: Home, settings: Training, of: Home | None = None) -> Run:
    if of is not None:  # its pictures, but a queue and a turn of its own
        home.path.mkdir(exist_ok=True)
        for name in ("datasets", "cache"):
            if (of.path / name).exists() and not (home.path / name).exists():
                os.symlink(of.path / name, home.path / name)
    return new_run(home, "scratch", settings)


def _speeds(runs: list[Run], environment: dict[str, str] | None = None) -> list[float]:
    """Pictures per second of each, trained at once: over all epochs but the first, validation included."""
    started = []
    for run in runs:
        with open(run.log, "ab") as log:
            started.append(
                subprocess.Popen(
                    command(run), cwd=ROOT, env=child_environment() | (environment or {}), stdout=log, stderr=log
                )
            )
    for process in started:
        process.wait()
    return [_speed(run) for run in runs]


def _speed(run: Run) -> float:
    rows = metrics(run)
    elapsed, seen = (rows[name].astype(float) for name in ("elapsed_seconds", "images_seen"))
    return float((seen.iloc[-1] - seen.iloc[0]) / (elapsed.iloc[-1] - elapsed.iloc[0]))
