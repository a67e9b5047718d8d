"""`python -m tests.benchmarks [NAME ...]`: what is measured, not asserted. A table on stdout, JSON beside it with --json FILE.

Every figure is from this run on this machine; where a goal is a ratio, both sides are measured here.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"


def blossoms() -> dict:
    """Pictures drawn a second at 64 px by the process pool, start-up included."""
    from tl.datasets import prepare
    from tl.store.home import Home

    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        store = prepare(Home(folder), "blossoms", 64, 5000)
        seconds = time.monotonic() - began
        return {"pictures_per_second": store.ready / seconds, "goal": "at least 500"}


def _ingest(name: str, goal: float) -> dict:
    archive = DATA / name
    if not archive.exists():
        return {"skipped": f"{archive} is not there"}
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tl", "ingest", str(archive), "--name", "bench", "--home", folder, "--json"]
        began = time.monotonic()
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        seconds = time.monotonic() - began
        entry = json.loads(done.stdout)
        pictures = entry["train"] + entry["validation"] + entry["test"]
        return {"seconds": seconds, "pictures": pictures, "goal": f"at most {goal:g} s, start-up included"}


def ingest_flowers() -> dict:
    """Seconds to ingest 3,670 photographs."""
    return _ingest("flower-photos.zip", 10)


def ingest_cifar10() -> dict:
    """Seconds to ingest 60,000 pictures."""
    return _ingest("cifar10-images.zip", 60)


def first_paint() -> dict:
    """Seconds from opening the address to the first heading, ours against an empty Streamlit app, alternating."""
    from tests.benchmarks.paint import first_paints

    ours, empty = first_paints(ROOT / "app.py", rounds=5)
    return {"ours_seconds": ours, "empty_app_seconds": empty, "ratio": ours / empty, "goal": "ratio at most 1.5"}


def start_up() -> dict:
    """Seconds until `python -m tl --help` answers, against the bare interpreter."""

    def seconds(*arguments: str) -> float:
        began = time.monotonic()
        subprocess.run([sys.executable, *arguments], cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
        return time.monotonic() - began

    pairs = [(seconds("-m", "tl", "--help"), seconds("-c", "pass")) for _ in range(5)]
    return {"seconds": median(a for a, _ in pairs), "bare_interpreter_seconds": median(b for _, b in pairs)}


BENCHMARKS: dict[str, Callable[[], dict]] = {
    "blossoms": blossoms,
    "ingest_flowers": ingest_flowers,
    "ingest_cifar10": ingest_cifar10,
    "first_paint": first_paint,
    "start_up": start_up,
}


def machine() -> dict:
    """What the figures were measured on."""
    names = [line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    return {
        "processor": names[0] if names else platform.processor(),
        "cores": os.cpu_count(),
        "load_before": os.getloadavg()[0],
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def main() -> None:
    """Run the benchmarks named, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", choices=[*BENCHMARKS, []], help="default: all")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    document: dict = {"machine": machine(), "results": {}}
    print(json.dumps(document["machine"]))
    for name in options.names or BENCHMARKS:
        result = document["results"][name] = BENCHMARKS[name]()
        shown = ", ".join(
            f"{key} {value:.3g}" if isinstance(value, float) else f"{key} {value}" for key, value in result.items()
        )
        print(f"{name:16} {shown}", flush=True)
    if options.json:
        options.json.write_text(json.dumps(document, indent=1))


if __name__ == "__main__":
    main()
