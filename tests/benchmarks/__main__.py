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
from dataclasses import replace
from pathlib import Path

from tests.benchmarks.adapting import adapting
from tests.benchmarks.alternating import alternating
from tests.benchmarks.busy import busy
from tests.benchmarks.certainty import certainty
from tests.benchmarks.data import blossoms, ingest_cifar10, ingest_flowers
from tests.benchmarks.epochs import epochs
from tests.benchmarks.forecast import forecast_backtest
from tests.benchmarks.gpu import gpu
from tests.benchmarks.inspecting import inspect
from tests.benchmarks.labels import labels
from tests.benchmarks.limit import limit
from tests.benchmarks.linear_probe import linear_probe
from tests.benchmarks.load import load
from tests.benchmarks.machine import hold_to, instruction_sets, machine
from tests.benchmarks.memory import memory
from tests.benchmarks.mutants import mutants
from tests.benchmarks.paint import first_paint
from tests.benchmarks.ranking import ranking
from tests.benchmarks.row import Row, Skipped, as_text
from tests.benchmarks.saving import saving
from tests.benchmarks.scale import FULL, Scale, choose
from tests.benchmarks.scheduling import scheduling
from tests.benchmarks.short_runs import short_runs
from tests.benchmarks.small import small
from tests.benchmarks.soak import soak
from tests.benchmarks.start import start, start_up
from tl.output import spell_out
from tl.store.home import Home

BENCHMARKS: dict[str, Callable[[Home, Scale], list[Row]]] = {
    "blossoms": blossoms,
    "ingest_flowers": ingest_flowers,
    "ingest_cifar10": ingest_cifar10,
    "first_paint": first_paint,
    "inspect": inspect,
    "start_up": start_up,
    "start": start,
    "short_runs": short_runs,
    "limit": limit,
    "epochs": epochs,
    "linear_probe": linear_probe,
    "saving": saving,
    "alternating": alternating,
    "adapting": adapting,
    "busy": busy,
    "memory": memory,
    "small": small,
    "certainty": certainty,
    "load": load,
    "soak": soak,
    "scheduling": scheduling,
    "forecast": forecast_backtest,
    "labels": labels,
    "ranking": ranking,
    "gpu": gpu,
    "mutants": mutants,
}
ON_REQUEST = ("soak", "mutants")  # take an hour and more
AMOUNTS = {  # fields of Scale that can be set
    "visitors": (FULL.visitors, f"load: visitors of the hosted demo; default {FULL.visitors}"),
    "browsers": (FULL.browsers, f"load: how many of them have a browser, at most; default {FULL.browsers}"),
    "soak_minutes": (FULL.soak_minutes, f"soak: how long; default {FULL.soak_minutes:g}"),
    "mutants": (FULL.mutants, f"mutants: changes a module, at most; default {FULL.mutants}"),
    "runs": (FULL.runs, f"scheduling: how many runs; default {FULL.runs:,}"),
    "nodes": (FULL.nodes, f"scheduling: of the cluster; default {FULL.nodes}"),
    "soak_runs": (FULL.soak_runs, f"soak: tiny runs in that time; default {FULL.soak_runs}"),
    **{
        name: (getattr(FULL, name), f"certainty: repeats a row; default {getattr(FULL, name)}")
        for name in ("simulated_comparisons", "simulated_splits", "simulated_sweeps")
    },
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
    options.add_argument("names", nargs="*", metavar="NAME", help=f"default: all but {', '.join(ON_REQUEST)}")
    options.add_argument("--json", type=Path, metavar="FILE", help="write all figures")
    options.add_argument("--home", type=Home, metavar="DIR", help="keep pictures between calls; default: nothing stays")
    for name, (value, words) in AMOUNTS.items():
        options.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=None, metavar="N", help=words)
    options.add_argument("--isa", choices=["avx2"], help="hold this processor's instructions to these: most laptops'")
    options.add_argument("--tiny", action="store_true", help="see that it runs; the figures mean nothing then")
    return options


def main() -> int:
    """Run the benchmarks named, or all; exit status 1 where one failed, 2 for a name that is none."""
    options = parser().parse_args()
    modules = tuple(name for name in options.names if name.startswith("tl.") and "mutants" in options.names)
    options.names = [name for name in options.names if name not in modules]
    if unknown := [name for name in options.names if name not in BENCHMARKS]:
        parser().error(f"there is no benchmark {', '.join(unknown)}; there is: {', '.join(BENCHMARKS)}")
    if options.isa:
        try:
            hold_to(options.isa)
        except ValueError as problem:
            parser().error(str(problem))
    signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # a shell's background jobs ignore it, and so would contestants
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # contestants end with us
    with tempfile.TemporaryDirectory() as folder:
        home = options.home or Home(folder)
        names = options.names or [name for name in BENCHMARKS if name not in ON_REQUEST]
        amounts = {name: value for name in AMOUNTS if (value := getattr(options, name)) is not None}
        document = measure(home, names, options.tiny, amounts | {"mutated": modules})
    if options.json:
        options.json.write_text(json.dumps(document, indent=1), encoding="utf-8")
    return int(any("failed" in result for result in document["results"].values()))


def measure(home: Home, names: list[str], tiny: bool, amounts: dict) -> dict:
    """Run benchmarks and print their tables, with these amounts instead of the usual; all figures as a JSON-ready dict."""
    document: dict = {"machine": machine(), "tiny": tiny, "amounts": amounts, "results": {}}
    print(json.dumps(document["machine"], indent=1), flush=True)
    scale = replace(choose(tiny), **amounts)
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
        print(f"\n{name} ({result['seconds']:.0f} s, {instruction_sets()})\n{text}", flush=True)
    return document


if __name__ == "__main__":
    spell_out()
    sys.exit(main())
