"""`python -m tl shifted` and `both-sets`: the networks of a finished comparison are asked about pictures again: blurred, noisy,
compressed and darker ones, or those of both its data sets."""

import argparse
import sys
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from tl.cli.parser import add_command
from tl.cli.text_table import listing, text_table
from tl.config import Experiment, Refused, refusal
from tl.languages import later, say
from tl.output import print_json
from tl.store.home import Home

if TYPE_CHECKING:
    from tl.store.both_sets import Apart, BothSets
    from tl.store.queue.rows import RunRow


def add_commands(commands: Any) -> None:
    text = say("Ask a comparison's networks about shifted test pictures: which arm holds up better.")
    add_command(commands, "shifted", shifted, text).add_argument("id", metavar="EXPERIMENT_ID")
    text = say("Say how well a comparison's networks tell its two data sets apart, before and after training.")
    add_command(commands, "both-sets", both_sets, text).add_argument("id", metavar="EXPERIMENT_ID")


def shifted(arguments: argparse.Namespace) -> int:
    """0; 1: some networks could not be asked, the document says why. Raises Refused where none could."""
    from tl.analysis.inspection.shifted_record import EXPLAINED, head, shifted_record, table_rows
    from tl.jobs.measurements.shifted import measure, problem

    experiment = _experiment(arguments)
    rows, failed = _asked(arguments, measure, problem)
    found = shifted_record(arguments.home, experiment, rows, _train_pictures(arguments.home, experiment.dataset))
    _tell_failed(found.arms, failed)
    if arguments.json:
        print_json({"experiment_id": arguments.id} | found.to_json() | {"failed": failed})
    else:
        print("\n".join([text_table(head(), table_rows(found)), "", *found.text, say(EXPLAINED)]))
    return int(bool(failed))


def both_sets(arguments: argparse.Namespace) -> int:
    """Exit status and errors as of `shifted`; Refused where the comparison has one data set only, too."""
    from tl.analysis.adaptation.both_sets import EXPLAINED, change, direction
    from tl.jobs.measurements.both_sets import measure, problem
    from tl.store.both_sets import read_both_sets

    if _experiment(arguments).target_dataset is None:
        raise refusal(
            "{id} has only one data set; this needs a comparison with two (--target-dataset).", id=arguments.id
        )
    rows, failed = _asked(arguments, measure, problem)
    kept = [(row, read_both_sets(arguments.home.run(row.run_id).both_sets)) for row in rows]
    found = [(row, own) for row, own in kept if own is not None]
    _tell_failed(found, failed)
    if arguments.json:
        runs = [_document(row, own, change(own)) for row, own in found]
        print_json({"experiment_id": arguments.id, "runs": runs, "failed": failed})
    else:
        told = [_line(row, own, direction(own)) for row, own in found]
        print("\n".join([listing(told), "", say(EXPLAINED)]))
    return int(bool(failed))


def _experiment(arguments: argparse.Namespace) -> Experiment:
    from tl.store.queue.database import read_experiment
    from tl.store.queue.rows import refuse_final

    experiment: Experiment = read_experiment(arguments.home, arguments.id)["experiment"]
    refuse_final(arguments.id, experiment)
    return experiment


def _asked(
    arguments: argparse.Namespace,
    measure: Callable[[Home, list[str]], object],
    problem: Callable[[Home, str], str | None],
) -> tuple[list["RunRow"], dict[str, str]]:
    """The comparison's finished runs, once their networks were asked; id of those that could not be -> why."""
    from tl.store.queue.database import read_runs

    home: Home = arguments.home
    rows = [row for row in read_runs(home, arguments.id) if row.status == "finished"]
    if not rows:
        raise refusal("No run of {id} has finished; wait for one, or resume it.", id=arguments.id)
    measure(home, [row.run_id for row in rows])
    return rows, {row.run_id: why for row in rows if (why := problem(home, row.run_id))}


def _tell_failed(found: Collection[object], failed: dict[str, str]) -> None:
    """Say on stderr which networks could not be asked; Refused where nothing is `found`."""
    if not found:
        raise Refused(next(iter(failed.values()), say("No network could answer.")))
    for run_id, why in failed.items():
        print(f"{run_id}: {why}", file=sys.stderr)


def _train_pictures(home: Home, dataset: str) -> int | None:
    from tl import datasets

    try:
        return datasets.describe(home, dataset).train
    except Refused:
        return None


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
