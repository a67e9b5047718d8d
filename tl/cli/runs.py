"""`python -m tl runs`, `stop`, `resume`, `delete`: what is trained, was trained and will be."""

import argparse
import sys
import time
from typing import Any

from tl import jobs
from tl.cli import sweep
from tl.cli.parser import add_command
from tl.cli.table import sets_told, table
from tl.cli.watch import FAILED, describe_end, percent, wait
from tl.config import Refused
from tl.jobs.deletion import RUN
from tl.jobs.listing import RunEntry
from tl.output import print_json
from tl.words import memory, number_of


def add_commands(commands: Any) -> None:
    """Declare `runs`, `stop`, `resume` and `delete`."""
    add_command(commands, "runs", runs, "List all runs, the newest first.")
    for name, run, text in (
        ("stop", stop, "End a run; the best epoch it has finished is kept."),
        ("resume", resume, "Go on with a run that has not finished; waits until it has ended."),
    ):
        parser = add_command(commands, name, run, text, trains=run is resume)
        parser.add_argument("run_id", metavar="RUN_ID", help="of a run, or of a sweep for all its runs")
        if name == "resume":
            parser.add_argument("--devices", type=int, metavar="INT", help="go on with so many; default: as before")
    parser = add_command(
        commands, "delete", delete, "Permanently delete a run, an experiment or a sweep with all its files."
    )
    parser.add_argument("id", metavar="ID", help="of a run, an experiment or a sweep")
    parser.add_argument(
        "--stop", action="store_true", help="first stop what trains or waits of it, instead of refusing"
    )


def runs(arguments: argparse.Namespace) -> int:
    """Always 0."""
    found = jobs.list_runs(arguments.home)
    if arguments.json:
        print_json({"runs": [run.to_json() for run in found]})
        return 0
    pairs = {(run.dataset, run.target_dataset) for run in found}
    titles = {pair: sets_told(arguments.home, *pair) for pair in pairs}
    head = ("run", "status", "arm", "seed", "epochs", "validation", "test", "data set", "pictures", "network", "queued")
    rows = [
        (
            run.run_id,
            run.status,
            run.arm,
            run.seed,
            f"{run.epochs}/{run.max_epochs}",
            percent(run.best_val_accuracy),
            percent(run.test_accuracy),
            titles[run.dataset, run.target_dataset],
            run.samples,
            run.backbone,
            time.strftime("%Y-%m-%d %H:%M", time.localtime(run.created)),
        )
        for run in found
    ]
    print(table(head, rows) if rows else "No runs yet; `python -m tl compare` makes some.")
    for run in found:
        if run.newer:
            print(run.newer)
    return 0


def stop(arguments: argparse.Namespace) -> int:
    """0 once the run has ended, also if it had before."""
    if sweep.is_sweep(arguments.home, arguments.run_id):
        return sweep.stop(arguments.home, arguments.run_id, arguments.json)
    run = jobs.stop(arguments.home, arguments.run_id)
    _report(run, arguments.json)
    return 0


def resume(arguments: argparse.Namespace) -> int:
    """0: the run finished or was stopped again; 1: it failed."""
    if sweep.is_sweep(arguments.home, arguments.run_id):
        if arguments.devices is not None:
            raise Refused("--devices is for a single run; name one of the sweep's.")
        return sweep.resume(arguments.home, arguments.run_id, arguments.json)
    how = (arguments.home, arguments.run_id)
    run = jobs.resume(*how) if arguments.devices is None else jobs.resume_on(*how, arguments.devices)
    try:
        [run] = wait(arguments.home, run.experiment_id, {run.run_id})
    except KeyboardInterrupt:
        print("\nStopping ...", file=sys.stderr, flush=True)
        jobs.stop(arguments.home, run.run_id)
        print("Stopped; the same command goes on with it.", file=sys.stderr)
        return 130
    _report(run, arguments.json)
    return int(run.status in FAILED)


def delete(arguments: argparse.Namespace) -> int:
    """0: it is gone. Refused with one sentence where it can't be deleted."""
    whole = jobs.find(arguments.home, arguments.id)
    size = whole.num_bytes()
    whole = jobs.delete(arguments.home, arguments.id, stop_first=arguments.stop)
    if arguments.json:
        print_json({"deleted": whole.ident, "kind": whole.kind, "runs": len(whole.rows), "bytes": size})
        return 0
    runs = "" if whole.kind == RUN else f"{number_of(len(whole.rows), 'run')}, "
    print(f"{whole.kind.capitalize()} {whole.ident} is deleted: {runs}{memory(size)}.")
    return 0


def _report(run: RunEntry, as_json: bool) -> None:
    if as_json:
        print_json(run.to_json())
    else:
        print(f"{run.arm}, seed {run.seed}: {describe_end(run)}")
