"""`python -m tests.benchmarks [NAME ...]`: what is measured, not asserted. A table on stdout, JSON beside it with --json.

Every figure is from this run on this machine; where a goal is a ratio, both sides are measured here, in turns.
"""

import argparse
import json
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.alternating import alternating
from tests.benchmarks.cifar10 import cifar10
from tests.benchmarks.data import blossoms, ingest_cifar10, ingest_flowers
from tests.benchmarks.epochs import epochs
from tests.benchmarks.limit import limit
from tests.benchmarks.linear_probe import linear_probe
from tests.benchmarks.machine import machine
from tests.benchmarks.memory import memory
from tests.benchmarks.paint import first_paint
from tests.benchmarks.row import Row, Skipped, as_text
from tests.benchmarks.saving import saving
from tests.benchmarks.scale import Scale, choose
from tests.benchmarks.start import start, start_up
from tl.store.home import Home

BENCHMARKS: dict[str, Callable[[Home, Scale], list[Row]]] = {
    "blossoms": blossoms,
    "ingest_flowers": ingest_flowers,
    "ingest_cifar10": ingest_cifar10,
    "first_paint": first_paint,
    "start_up": start_up,
    "start": start,
    "limit": limit,
    "epochs": epochs,
    "linear_probe": linear_probe,
    "saving": saving,
    "alternating": alternating,
    "memory": memory,
    "cifar10": cifar10,
}


def parser() -> argparse.ArgumentParser:
    """The command's options; --help lists the benchmarks."""
    lines = [f"  {name:16}{benchmark.__doc__.splitlines()[0]}" for name, benchmark in BENCHMARKS.items()]
    options = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description=__doc__.splitlines()[0],
        epilog="benchmarks:\n" + "\n".join(lines),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    options.add_argument("names", nargs="*", metavar="NAME", help="default: all")
    options.add_argument("--json", type=Path, metavar="FILE", help="write all figures")
    options.add_argument("--home", type=Home, metavar="DIR", help="keep pictures between calls; default: nothing stays")
    options.add_argument("--tiny", action="store_true", help="see that it runs; the figures mean nothing then")
    return options


def main() -> int:
    """Run the benchmarks named, or all; exit status 1 where one failed, 2 for a name that is none."""
    options = parser().parse_args()
    if unknown := [name for name in options.names if name not in BENCHMARKS]:
        parser().error(f"there is no benchmark {', '.join(unknown)}; there is: {', '.join(BENCHMARKS)}")
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # contestants end with us
    with tempfile.TemporaryDirectory() as folder:
        home = options.home or Home(folder)
        document = measure(home, options.names or list(BENCHMARKS), options.tiny)
    if options.json:
        options.json.write_text(json.dumps(document, indent=1))
    return int(any("failed" in result for result in document["results"].values()))


def measure(home: Home, names: list[str], tiny: bool) -> dict:
    """Run benchmarks and print their tables; all figures as a JSON-ready dict."""
    document: dict = {"machine": machine(), "tiny": tiny, "results": {}}
    print(json.dumps(document["machine"], indent=1), flush=True)
    scale = choose(tiny)
    for name in names:
        began = time.monotonic()
        result: dict = {}
        try:
            rows = BENCHMARKS[name](home, scale)
            result["rows"], text = [row.to_json() for row in rows], as_text(rows)
        except Skipped as reason:
            result["skipped"], text = str(reason), f"skipped: {reason}"
        except RuntimeError as problem:  # the others can still be measured
            result["failed"], text = str(problem), f"FAILED: {problem}"
        result["seconds"] = time.monotonic() - began
        document["results"][name] = result
        print(f"\n{name} ({result['seconds']:.0f} s)\n{text}", flush=True)
    return document


if __name__ == "__main__":
    sys.exit(main())
