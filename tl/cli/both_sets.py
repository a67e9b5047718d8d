"""`python -m tl both-sets`: how mixed two data sets are in what a comparison's networks make of them, before and after."""

import argparse
import sys
from typing import TYPE_CHECKING, Any

from tl.cli.parser import add_command
from tl.cli.text_table import listing
from tl.config import Refused, refusal
from tl.languages import later, say
from tl.output import print_json
from tl.store.home import Home

if TYPE_CHECKING:
    from tl.store.both_sets import Apart, BothSets
    from tl.store.rows import RunRow


def add_commands(commands: Any) -> None:
    """Declare `both-sets`."""
    parser = add_command(
        commands,
        "both-sets",
        both_sets,
        say("Say how well a comparison's networks tell its two data sets apart, before and after training."),
    )
    parser.add_argument("id", metavar="EXPERIMENT_ID")


def both_sets(arguments: argparse.Namespace) -> int:
    """0; 1: some networks could not be asked, the document says why. Raises Refused where none could."""
    from tl.analysis.adaptation.both_sets import EXPLAINED, change, direction
    from tl.jobs.measurements.both_sets import measure, problem
    from tl.store.both_sets import read_both_sets
    from tl.store.database import read_experiment, read_runs
    from tl.store.rows import refuse_final

    home: Home = arguments.home
    experiment = read_experiment(home, arguments.id)["experiment"]
    refuse_final(arguments.id, experiment)
    if experiment.target_dataset is None:
        raise refusal("{id} has one data set only; this is asked about two (--target-dataset).", id=arguments.id)
    rows = [row for row in read_runs(home, arguments.id) if row.status == "finished"]
    if not rows:
        raise refusal("No run of {id} has finished; wait for one, or resume it.", id=arguments.id)
    measure(home, [row.run_id for row in rows])
    failed = {row.run_id: why for row in rows if (why := problem(home, row.run_id))}
    kept = {row.run_id: read_both_sets(home.run(row.run_id).both_sets) for row in rows}
    found = {run_id: own for run_id, own in kept.items() if own is not None}
    if not found:
        raise Refused(next(iter(failed.values()), say("No network could be asked.")))
    for run_id, why in failed.items():
        print(f"{run_id}: {why}", file=sys.stderr)
    asked = [row for row in rows if row.run_id in found]
    if arguments.json:
        runs = [_document(row, found[row.run_id], change(found[row.run_id])) for row in asked]
        print_json({"experiment_id": arguments.id, "runs": runs, "failed": failed})
    else:
        told = [_line(row, found[row.run_id], direction(found[row.run_id])) for row in asked]
        print("\n".join([listing(told), "", say(EXPLAINED)]))
    return int(bool(failed))


def _line(row: "RunRow", own: "BothSets", direction: str | None) -> dict[str, object]:
    return {
        later("arm"): row.arm,
        later("seed"): row.seed,
        later("before"): _said(own.before.apart),
        later("after"): _said(own.after.apart),
        later("the two sets are now"): say(direction) if direction else "",
    }


def _said(apart: "Apart | None") -> str:
    if apart is None:
        return say("too few pictures")
    return say("{value:.2f} ({low:.2f} to {high:.2f})", value=apart.value, low=apart.low, high=apart.high)


def _document(row: "RunRow", own: "BothSets", change: str | None) -> dict[str, Any]:
    from msgspec import to_builtins

    document: dict[str, Any] = to_builtins(own)
    return {"run_id": row.run_id, "arm": row.arm, "seed": row.seed, "text": change} | document
