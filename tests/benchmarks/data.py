"""Getting pictures: drawing them, taking in a zip."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.pictures import ROOT, archive, flowers_zip
from tests.benchmarks.row import Row
from tests.benchmarks.scale import Scale
from tl.datasets import prepare
from tl.store.home import Home

DRAWN = 5000


def blossoms(home: Home, scale: Scale) -> list[Row]:
    """Pictures drawn a second at 64 px by the process pool, start-up included."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        store = prepare(Home(folder), "blossoms", 64, min(DRAWN, scale.many_pictures))
        speed = store.ready / (time.monotonic() - began)
        return [Row(what="blossoms drawn, 64 px", measured=speed, unit="pictures/s", at_least=500)]


def ingest_flowers(home: Home, scale: Scale) -> list[Row]:
    """Seconds to ingest 3,670 photographs, start-up included."""
    return [_ingest(flowers_zip(), 10)]


def ingest_cifar10(home: Home, scale: Scale) -> list[Row]:
    """Seconds to ingest 60,000 pictures, start-up included."""
    return [_ingest(archive("TL_CIFAR10_ZIP", "cifar10-images.zip"), 60)]


def _ingest(path: Path, at_most: float) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tl", "ingest", str(path), "--name", "bench", "--home", folder, "--json"]
        began = time.monotonic()
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        seconds = time.monotonic() - began
        entry = json.loads(done.stdout)
        pictures = entry["train"] + entry["validation"] + entry["test"]
        return Row(what=f"{path.name} taken in", measured=seconds, unit="s", at_most=at_most, note=f"{pictures:,}")
