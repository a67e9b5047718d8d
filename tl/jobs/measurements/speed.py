"""How fast this machine trains a network: measured once in the background, kept in the home, never beside a run.

`known_or_begun` starts `python -m tl.jobs.measurements.speed HOME BACKBONE RESOLUTION BATCH_SIZE` and reads what it left.
"""

import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from msgspec import Struct

from tl import machine
from tl.backbones import BACKBONES
from tl.config import RESOLUTIONS
from tl.jobs import background
from tl.languages import say, store_sentence
from tl.store.device_lock import GAVE_WAY
from tl.store.documents import Finite, Positive, of_type
from tl.store.files import locked, read_json, write_json
from tl.store.home import Home

LIMIT_SECONDS = 180.0  # a network that needs longer for a few steps is too slow here anyway
AGAIN_SECONDS = 2.0  # after which one is tried again that gave way to an upload, or to whatever else computes
RETRY_SECONDS = 60.0  # after a failure
STRAINED_SECONDS = 600.0  # for so long a speed is believed that was measured while others used the machine
STRAINED_LOAD = 0.75  # processes wanting to run, per core, before the probe starts
LOCK = "probing.lock"  # under which one process measures
BATCHES = (16, 32, 64)  # that are usual
_BY_OPERATIONS = ("train_images_per_second", "eval_images_per_second")
COMMAND = (sys.executable, "-m", "tl.train", "--probe")


def known_or_begun(home: Home, backbone: str, resolution: int, batch_size: int) -> dict[str, Any] | None:
    """Measured speeds (see `python -m tl.train --probe`), or None while they are being measured. Returns at once.

    Starts the measurement where there is none and nothing trains or waits. `{"error": sentence}` where it failed
    lately.
    """
    known = cached(home, backbone, resolution, batch_size)
    if known is None:
        background.begin(home, LOCK, "tl.jobs.measurements.speed", [backbone, str(resolution), str(batch_size)])
    return known


def cached(home: Home, backbone: str, resolution: int, batch_size: int) -> dict[str, Any] | None:
    """What was measured before on this machine and still holds."""
    entry = _entries(home).get(_key(backbone, resolution, batch_size))
    if entry is None:
        return None
    lasts = RETRY_SECONDS if "error" in entry else STRAINED_SECONDS if entry.get("strained") else float("inf")
    return entry if time.time() - entry["time"] < lasts else None


def nearest(home: Home, backbone: str, resolution: int, batch_size: int) -> dict[str, Any] | None:
    """Speeds of this network at this resolution, by what was measured on this machine: of itself, else at the next
    resolution, else of another network, in proportion to their operations. None where nothing was, or of a network whose
    operations are not known.

    What to begin with may be chosen by it; nobody is shown such a number.
    """
    entries, wanted = _entries(home), _operations(backbone, resolution)
    if not wanted:
        return None
    sides = sorted(RESOLUTIONS, key=lambda side: abs(side - resolution))
    for network in (backbone, *(other for other in BACKBONES if other != backbone)):
        for side in sides:
            for size in dict.fromkeys((batch_size, *BATCHES)):
                entry = entries.get(_key(network, side, size))
                if entry is not None and "error" not in entry and (theirs := _operations(network, side)):
                    return entry | {name: entry[name] * theirs / wanted for name in _BY_OPERATIONS}
    return None


def _operations(backbone: str, resolution: int) -> float:
    table = BACKBONES[backbone]
    return (table.gflops or 0.0) * (resolution / table.gflops_side) ** 2


def _measure(home: Home, backbone: str, resolution: int, batch_size: int) -> dict[str, Any] | None:
    """Run the probe and keep its result; it gives way when a run is queued or starts, and to whatever else computes."""
    command = [*COMMAND, backbone, str(resolution), str(batch_size)]
    strained = os.getloadavg()[0] > STRAINED_LOAD * (os.cpu_count() or 1)
    result = _result(home, command)
    if result is not None:
        with locked(home.locks_dir / "probes.lock"):
            entry = result | {"time": time.time(), "strained": strained}
            write_json(home.probes_path, _entries(home) | {_key(backbone, resolution, batch_size): entry})
    return result


class _Failed(Struct, frozen=True):
    error: str
    time: Finite


class _Speeds(Struct, frozen=True):
    train_images_per_second: Positive
    head_only_images_per_second: Positive
    eval_images_per_second: Positive
    startup_seconds: Finite
    time: Finite
    train_gain_of_two: Positive | None = None  # not measured by earlier versions
    eval_gain_of_two: Positive | None = None


def _entries(home: Home) -> dict[str, dict[str, Any]]:
    """All that was measured; what can't be (the file is damaged) is measured again."""
    document = of_type(read_json(home.probes_path), dict[str, dict[str, Any]]) or {}
    return {key: entry for key, entry in document.items() if key.startswith("precision ") or _known(entry)}


def _known(entry: dict[str, Any]) -> bool:
    return of_type(entry, _Failed if "error" in entry else _Speeds) is not None


def _result(home: Home, command: list[str]) -> dict[str, Any] | None:
    end = time.monotonic() + LIMIT_SECONDS
    try:
        while (ended := background.run(home, command, LIMIT_SECONDS)) and ended.returncode == GAVE_WAY:
            if time.monotonic() > end:
                return None
            time.sleep(AGAIN_SECONDS)
    except subprocess.TimeoutExpired:
        return _failure(say("The probe took longer than {seconds:.0f} s.", seconds=LIMIT_SECONDS))
    if ended is None:
        return None
    lines = ended.stdout.strip().splitlines()
    try:
        speeds = json.loads(lines[-1]) if ended.returncode == 0 else None
    except (IndexError, ValueError):
        speeds = None
    if not isinstance(speeds, dict):
        errors = ended.stderr.strip().splitlines()
        return None if background.busy(home) else _failure(errors[-1] if errors else say("The probe failed."))
    return speeds


def _failure(sentence: str) -> dict[str, str]:
    return {"error": store_sentence(sentence) or ""}


def _key(backbone: str, resolution: int, batch_size: int) -> str:
    """What a speed depends on. Which GPU is used is not known without torch; the device files say whether it changed."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "all")
    threads = f", {allowed} threads" if (allowed := os.environ.get("OMP_NUM_THREADS")) else ""  # not shown
    boards = ",".join(sorted(path.name for path in Path("/dev").glob("nvidia[0-9]*")))
    return f"{backbone} {resolution}px batch {batch_size} on {platform.node()}, {machine.cores()} cores{threads}, gpu {visible} of {boards}"  # not shown


if __name__ == "__main__":
    # Started by `known_or_begun`, which handed over the lock: measure at once.
    home_path, network, side, batch = sys.argv[1:]
    _measure(Home(home_path), network, int(side), int(batch))
