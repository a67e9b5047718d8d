"""`python -m tl runs`, `stop`, `resume`, `delete`: what is trained, was trained and will be."""

import argparse
import sys
import time
from typing import Any

from tl import jobs
from tl.cli import sweep
from tl.cli.parser import add_command, answer
from tl.cli.text_table import data_set_names, listing
from tl.cli.watch import FAILED, describe_end, percent, said_of, wait
from tl.config import refusal
from tl.jobs.deletion import EXPERIMENT, RUN, SWEEP
from tl.jobs.listing import RunEntry
from tl.languages import later, say
from tl.output import print_json
from tl.words import memory, number_of, status_name

DELETED = {
    RUN: later("Run {id} has been deleted: {size}."),
    EXPERIMENT: later("Experiment {id} has been deleted: {runs}, {size}."),
    SWEEP: later("Sweep {id} has been deleted: {runs}, {size}."),
}


def add_commands(commands: Any) -> None:
    add_command(commands, "runs", runs, say("List all runs, the newest first."))
    for name, run, text in (
        ("stop", stop, say("End a run; the best epoch it has finished is kept.")),
        ("resume", resume, say("Go on with a run that has not finished; waits until it has ended.")),
    ):
        parser = add_command(commands, name, run, text, trains=run is resume)
        parser.add_argument("run_id", metavar="RUN_ID", help=say("of a run, or of a sweep for all its runs"))
        if name == "resume":
            more = say("go on with this many; default: as before")
            parser.add_argument("--devices", type=int, metavar="INT", help=more)
    parser = add_command(
        commands, "delete", delete, say("Permanently delete a run, an experiment or a sweep with all its files.")
    )
    parser.add_argument("id", metavar="ID", help=say("of a run, an experiment or a sweep"))
    parser.add_argument(
        "--stop", action="store_true", help=say("first stop its runs that are training or waiting, instead of refusing")
    )


def runs(arguments: argparse.Namespace) -> int:
    """Always 0."""
    found = jobs.list_runs(arguments.home)
    if arguments.json:
        print_json({"runs": [run.to_json() for run in found]})
        return 0
    pairs = {(run.dataset, run.target_dataset) for run in found}
    titles = {pair: data_set_names(arguments.home, *pair) for pair in pairs}
    rows = [
        {
            later("run"): run.run_id,
            later("status"): status_name(run.status),
            later("arm"): run.arm,
            later("seed"): run.seed,
            later("epochs"): f"{run.epochs}/{run.max_epochs}",
            later("validation"): percent(run.best_val_accuracy),
            later("test"): percent(run.test_accuracy),
            later("data set"): titles[run.dataset, run.target_dataset],
            later("pictures"): run.samples,
            later("network"): run.backbone,
            later("queued at"): time.strftime("%Y-%m-%d %H:%M", time.localtime(run.created)),
        }
        for run in found
    ]
    print(listing(rows) if rows else say("No runs yet; `python -m tl compare` starts some."))
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
            raise refusal("--devices is for a single run; name one run of the sweep.")
        return sweep.resume(arguments.home, arguments.run_id, arguments.json)
    how = (arguments.home, arguments.run_id)
    run = jobs.resume(*how) if arguments.devices is None else jobs.resume_on(*how, arguments.devices)
    try:
        [run] = wait(arguments.home, run.experiment_id, {run.run_id})
    except KeyboardInterrupt:
        print(f"\n{say('Stopping ...')}", file=sys.stderr, flush=True)
        jobs.stop(arguments.home, run.run_id)
        print(say("Stopped; the same command goes on with it."), file=sys.stderr)
        return 130
    _report(run, arguments.json)
    return int(run.status in FAILED)


def delete(arguments: argparse.Namespace) -> int:
    """0: it is gone. Refused with one sentence where it can't be deleted."""
    whole = jobs.find(arguments.home, arguments.id)
    size = whole.num_bytes()
    whole = jobs.delete(arguments.home, arguments.id, stop_first=arguments.stop)
    document = {"deleted": whole.ident, "kind": whole.kind, "runs": len(whole.rows), "bytes": size}
    runs = number_of(len(whole.rows), "run")
    return answer(arguments, document, say(DELETED[whole.kind], id=whole.ident, runs=runs, size=memory(size)))


def _report(run: RunEntry, as_json: bool) -> None:
    if as_json:
        print_json(run.to_json())
    else:
        print(said_of(run, describe_end(run)))
