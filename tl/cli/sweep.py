"""`python -m tl sweep` and `sweeps`: the same comparison at several sizes, and what came of it."""

import argparse
import time
from typing import Any

from tl import jobs
from tl.analysis.sweep_results import SweepFinding
from tl.analysis.unplanned import notes
from tl.cli.compare import INTERRUPTED, exit_status, heading, stop_all, tell_power
from tl.cli.experiment_options import add_experiment_options, experiment_of
from tl.cli.parser import add_command, add_verdict_options, verdict_options
from tl.cli.text_table import data_set_names, listing
from tl.cli.watch import tell, wait
from tl.jobs.sizes import PRESETS, parse_sizes
from tl.languages import joined, later, say, semicolons
from tl.output import print_json
from tl.store.home import Home
from tl.store.queue import database
from tl.words import count, duration, number_of, percent, status_name

DEFAULT_SIZES = next(iter(PRESETS))
TIMES = {  # bound of what an arm is worth in pictures -> how it is said
    "at_least": later("at least {ratio:.1f} times"),
    "at_most": later("at most {ratio:.1f} times"),
    None: later("{ratio:.1f} times"),
}


def add_commands(commands: Any) -> None:
    parser = add_command(
        commands, "sweep", sweep, say("Do the same comparison at several sizes, find the break-even."), trains=True
    )
    add_experiment_options(parser, without=("samples",))
    text = say(
        "numbers of training pictures (100,300,1000,all) or a preset cut to what the set has: {presets}; default {default}",
        presets=semicolons(f"{name} = {say(title)}" for name, (title, _) in PRESETS.items()),
        default=DEFAULT_SIZES,
    )
    parser.add_argument("--sizes", default=DEFAULT_SIZES, help=text)
    add_verdict_options(parser)
    text = say("List all sweeps, or show the results of one.")
    parser = add_command(commands, "sweeps", sweeps, text)
    parser.add_argument("sweep_id", metavar="SWEEP_ID", nargs="?")
    add_verdict_options(parser, measure=True)


def sweep(arguments: argparse.Namespace) -> int:
    """Exit status as of `compare`: 0 all runs finished, or were stopped because somebody wanted it; 1: one failed."""
    from tl.datasets import describe_for  # pandas

    home, experiment = arguments.home, experiment_of(arguments)
    options = verdict_options(arguments, experiment)
    sizes = parse_sizes(arguments.sizes, describe_for(home, experiment))
    sweep_id = jobs.submit_sweep(home, experiment, sizes)
    tell_power(home, experiment)
    return watch(home, sweep_id, arguments.json, **options)


def sweeps(arguments: argparse.Namespace) -> int:
    """Always 0."""
    if arguments.sweep_id is not None:
        _show(arguments.home, arguments.sweep_id, arguments.json, **verdict_options(arguments))
        return 0
    found = jobs.list_sweeps(arguments.home)
    if arguments.json:
        print_json({"sweeps": found})
        return 0
    rows = [
        {
            later("sweep"): entry["sweep_id"],
            later("data set"): data_set_names(arguments.home, entry["dataset"], entry["target_dataset"]),
            later("network"): ", ".join(entry["networks"]),
            later("sizes"): ", ".join(map(count, entry["sizes"])),
            later("arms"): ", ".join(entry["arms"]),
            later("seeds"): len(entry["seeds"]),
            later("runs"): ", ".join(f"{number} {status_name(status)}" for status, number in entry["runs"].items()),
            later("queued at"): time.strftime("%Y-%m-%d %H:%M", time.localtime(entry["created"])),
        }
        for entry in found
    ]
    print(listing(rows) if rows else say("No sweeps yet; `python -m tl sweep` makes one."))
    return 0


def is_sweep(home: Home, some_id: str) -> bool:
    """Whether this is the id of a sweep, where a run's may be given as well."""
    return any(found["sweep_id"] == some_id for found in database.read_sweeps(home))


def stop(home: Home, sweep_id: str, as_json: bool) -> int:
    """End every run of a sweep that has not ended, show what is there; always 0."""
    jobs.stop_all(home, [run.run_id for run in jobs.sweep(home, sweep_id)["runs"]])
    _show(home, sweep_id, as_json)
    return 0


def resume(home: Home, sweep_id: str, as_json: bool) -> int:
    """Go on with every run of a sweep that has not finished; exit status as of `sweep`."""
    jobs.resume_sweep(home, sweep_id)
    return watch(home, sweep_id, as_json)


def watch(home: Home, sweep_id: str, as_json: bool, **options: Any) -> int:
    """Wait for one size after the other, as they are trained, then print what was found; `options` of sweep_result."""
    experiments = database.read_sweep(home, sweep_id)["experiments"]
    tell(say("Sweep {id}", id=sweep_id))
    runs = []
    try:
        for experiment_id, experiment in experiments.items():
            tell(number_of(experiment.samples, "training picture"))  # not shown
            own = {row.run_id for row in database.read_runs(home, experiment_id)}
            runs += wait(home, experiment_id, own)
    except KeyboardInterrupt:
        stop_all(home, experiments)
        tell(f"  python -m tl resume {sweep_id} --home {home.path}")  # not shown
        return INTERRUPTED
    _show(home, sweep_id, as_json, **options)
    for experiment_id, experiment in () if as_json else experiments.items():
        for line in notes(experiment.arms, [run for run in runs if run.experiment_id == experiment_id]):
            print(joined([say("{pictures}.", pictures=number_of(experiment.samples, "picture")), line]))
    return exit_status(runs)


def _show(home: Home, sweep_id: str, as_json: bool, **options: Any) -> None:
    from tl.analysis.sweep import sweep_result  # pandas

    found = sweep_result(home, sweep_id, **options)
    if as_json:
        print_json(found.to_json())
        return
    experiment_id, experiment = next(iter(database.read_sweep(home, sweep_id)["experiments"].items()))
    sizes, run_ids = ", ".join(map(count, found.sizes)), [row.run_id for row in database.read_runs(home, experiment_id)]
    print(f"{heading(home, experiment, sizes, run_ids)}\n\n{as_text(found)}")


def as_text(found: SweepFinding) -> str:
    """The result of a sweep for people."""
    from tl.analysis.sweep_wording import covers  # scipy

    rows = [_row(found, size, arm) for size in found.sizes for arm in found.arms]
    return f"{listing(rows)}\n\n{say('Test: {what}.', what=covers(found))}\n{found.text}"


def _row(found: SweepFinding, size: int, arm: str) -> dict[str, str | int]:
    entry, compared = found.arms[arm][size], found.comparisons.get(arm)
    reached = entry.accuracy
    worth = compared.worth_in_pictures.get(size) if compared else None
    saved = compared.time_to_target[size].saved if compared and not found.works_on else None
    return {
        later("pictures"): size,
        later("arm"): arm,
        later("test"): "-" if reached is None else percent(reached.mean),
        later("95 % interval"): "-"
        if reached is None or reached.low is None
        else say("{low} to {high}", low=percent(reached.low), high=percent(reached.high)),
        later("seeds"): entry.seeds,
        later("training time"): "-" if entry.seconds is None else duration(entry.seconds),
        later("worth in pictures"): say(TIMES[worth.bound], ratio=worth.ratio) if worth else "-" if compared else "",
        later("time saved"): ("-" if saved is None else percent(saved, 0)) if compared else "",
    }
