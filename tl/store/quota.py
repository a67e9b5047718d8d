"""What a visitor of a hosted TL Lab may still store and queue: every refusal is one sentence. Not hosted, none is made.

Asked where things happen: of runs in the transaction that queues them, so that two tabs can't get past together.
"""

import os
import sqlite3
from pathlib import Path

from tl.backbones import BACKBONES
from tl.config import Experiment, Refused
from tl.limits import limits
from tl.store.database import Admission, read_runs
from tl.store.everybody import load
from tl.store.home import Home

# A trainer's checkpoints: weights, the optimizer's two moments and the best weights, each twice (the one before stays).
RUN_BYTES_PER_PARAMETER = 32
DELETE_SOME = "delete some on the Runs page"


def check_settings(experiment: Experiment, training_pictures: int) -> None:
    """Refuse an experiment that is larger than a visitor's may be; `training_pictures` of the whole data set."""
    bounds = limits()
    samples = training_pictures if experiment.samples is None else experiment.samples
    _check("samples", samples, bounds.samples)
    _check("resolution", experiment.resolution, bounds.resolution, "px")
    _check("epochs", max(arm.epochs or experiment.epochs for arm in experiment.arms), bounds.epochs)
    _check("arms x seeds", len(experiment.arms) * len(experiment.seeds), bounds.runs_together, "runs")


def _check(name: str, value: int, most: int | None, unit: str = "") -> None:
    if most is not None and value > most:
        raise Refused(f"{name} is {value:,}; this demo takes at most {most:,} {unit}".rstrip() + ".")


def admission(home: Home) -> Admission:
    """What refuses runs that were just put into `home` where there are too many now, or the disk can't take them."""
    bounds = limits()

    def admit(connection: sqlite3.Connection) -> None:
        now = load(home, connection)
        _check_runs("yours that train or wait", len(now.networks), bounds.runs_active, "wait or stop some")
        _check_runs("all visitors that train or wait", now.everybody, bounds.runs_everybody, "try again later")
        _check_runs("yours in all", now.kept, bounds.runs_kept, DELETE_SOME)
        check_disk(home, sum(RUN_BYTES_PER_PARAMETER * BACKBONES[name].parameters for name in now.networks))

    return admit


def check_kept(home: Home, more: int) -> None:
    """Refuse `more` runs where these would be too many; asked before they are read, `admission` asks for good."""
    most = limits().runs_kept
    if most is not None:
        _check_runs("yours in all", len(read_runs(home)) + more, most, DELETE_SOME)


def _check_runs(whose: str, number: int, most: int | None, advice: str) -> None:
    if most is not None and number > most:
        raise Refused(f"With this there would be {number:,} runs of {whose}; this demo allows {most:,}: {advice}.")


def check_disk(home: Home, more_bytes: int = 0) -> None:
    """Refuse where the workspace with `more_bytes` besides takes more of the disk than a visitor's may."""
    most = limits().disk_megabytes
    if most is None or home.owner is None:
        return
    used = used_bytes(home.path)
    if used + more_bytes > most * 10**6:
        raise Refused(
            f"Your pictures and runs take {used / 10**6:,.0f} MB of the disk and this needs about "
            f"{more_bytes / 10**6:,.0f} MB more; this demo keeps at most {most:,} MB of a visitor: delete some runs on the "
            "Runs page, or a data set below its pictures, first."
        )


def used_bytes(folder: Path) -> int:
    """What a folder takes of the disk; what vanishes meanwhile counts nothing."""
    total, folders = 0, [folder]
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
