"""`python -m tl final-model`: a finished run's recipe trained once more, on all pictures."""

import argparse
import sys
from typing import Any

from tl import jobs
from tl.cli.parser import add_command
from tl.cli.watch import FAILED, wait
from tl.languages import say
from tl.output import print_json
from tl.words import number_of, status_name


def add_commands(commands: Any) -> None:
    parser = add_command(
        commands,
        "final-model",
        final_model,
        say("Train a finished run's recipe on all pictures, including those for validation and test."),
        trains=True,
    )
    parser.add_argument("run_id", metavar="RUN_ID")


def final_model(arguments: argparse.Namespace) -> int:
    """0: it has finished; 1: it failed; 130 after Ctrl-C."""
    from tl.jobs.final_model import submit_final

    experiment_id = submit_final(arguments.home, arguments.run_id)
    (run_id,) = (run.run_id for run in jobs.list_runs(arguments.home, experiment_id))
    try:
        [run] = wait(arguments.home, experiment_id, {run_id})
    except KeyboardInterrupt:
        print(f"\n{say('Stopping ...')}", file=sys.stderr, flush=True)
        jobs.stop(arguments.home, run_id)
        print(say("Stopped; `python -m tl resume {id}` goes on with it.", id=run_id), file=sys.stderr)
        return 130
    if arguments.json:
        print_json(run.to_json())
    elif run.status == "finished":
        print(
            say(
                "Run {id} was trained for {epochs} on all {pictures:,} pictures; no picture was left to test it.",
                id=run.run_id,
                epochs=number_of(run.epochs, "epoch"),
                pictures=run.samples,
            )
        )
        print(say("`python -m tl export-model {id}` writes it as a zip.", id=run.run_id))
    else:
        status = status_name(run.status)
        print(run.message or say("Run {id} is {status}.", id=run.run_id, status=status), file=sys.stderr)
    return int(run.status in FAILED)
