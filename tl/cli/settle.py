"""`python -m tl settle` and `add-seeds`: more seeds for a comparison that is there."""

import argparse
from typing import Any

from tl import jobs
from tl.analysis.settle import next_look
from tl.cli.compare import finish
from tl.cli.parser import add_command, add_verdict_options, verdict_options
from tl.cli.until_settled import add_bounds, plan_from
from tl.cli.watch import tell
from tl.config import refusal
from tl.languages import later, say
from tl.store.queue import database
from tl.store.queue.schema import ACTIVE
from tl.words import number_of


def add_commands(commands: Any) -> None:
    text = say("Add seeds to a comparison at planned looks until its outcome is decided; waits until it is.")
    parser = add_command(commands, "settle", settle, text, trains=True)
    parser.add_argument("experiment_id", metavar="EXPERIMENT_ID")
    add_bounds(parser)
    add_verdict_options(parser, measure=True)
    text = say("Add seeds to a comparison that has ended; waits until they are trained.")
    parser = add_command(commands, "add-seeds", add_seeds, text, trains=True)
    parser.add_argument("experiment_id", metavar="EXPERIMENT_ID")
    text = say("this many seeds in all; default: the next number at which it is judged")
    parser.add_argument("--up-to", type=int, metavar="INT", help=text)
    add_verdict_options(parser, measure=True)


def settle(arguments: argparse.Namespace) -> int:
    """Exit status as of `compare`."""
    home, experiment_id = arguments.home, arguments.experiment_id
    options = verdict_options(arguments, database.read_experiment(home, experiment_id)["experiment"])
    known = _ended(arguments)
    if not jobs.begin_settling(home, experiment_id, plan_from(arguments, options)):
        plan = database.read_experiment(home, experiment_id)["settling"]
        seeds, minutes = number_of(plan.at_most_seeds, "seed"), number_of(plan.at_most_minutes, "minute")
        text = later("Seeds are being added to it already: at most {seeds} and {minutes}.")
        tell(say(text, seeds=seeds, minutes=minutes))
    return finish(home, experiment_id, arguments.json, options, known)


def add_seeds(arguments: argparse.Namespace) -> int:
    """Exit status as of `compare`."""
    home, experiment_id = arguments.home, arguments.experiment_id
    experiment = database.read_experiment(home, experiment_id)["experiment"]
    options = verdict_options(arguments, experiment)
    up_to = next_look(len(experiment.seeds)) if arguments.up_to is None else arguments.up_to
    if up_to is None:
        seeds = len(experiment.seeds)
        raise refusal("There are {seeds} seeds already; say with --up-to how many you want in all.", seeds=seeds)
    known = _ended(arguments)
    jobs.add_seeds(home, experiment_id, up_to)
    return finish(home, experiment_id, arguments.json, options, known)


def _ended(arguments: argparse.Namespace) -> set[str]:
    """Runs that are no news."""
    rows = database.read_runs(arguments.home, arguments.experiment_id)
    return {row.run_id for row in rows if row.status not in ACTIVE}
