"""`python -m tl shifted`: how the arms of a finished comparison bear blurred, noisy, compressed and darker pictures."""

import argparse
import sys
from typing import Any

from tl.cli.parser import add_command
from tl.cli.text_table import text_table
from tl.config import Refused, refusal
from tl.languages import say
from tl.output import print_json
from tl.store.home import Home


def add_commands(commands: Any) -> None:
    """Declare `shifted`."""
    parser = add_command(
        commands,
        "shifted",
        shifted,
        say("Ask a comparison's networks about shifted test pictures: which arm holds up better."),
    )
    parser.add_argument("id", metavar="EXPERIMENT_ID")


def shifted(arguments: argparse.Namespace) -> int:
    """0; 1: some networks could not be asked, the document says why. Raises Refused where none could."""
    from tl.analysis.inspection.shifted_record import EXPLAINED, head, shifted_record, table_rows
    from tl.jobs.measurements.shifted import measure, problem
    from tl.store.database import read_experiment, read_runs
    from tl.store.rows import refuse_final

    home: Home = arguments.home
    experiment = read_experiment(home, arguments.id)["experiment"]
    refuse_final(arguments.id, experiment)
    rows = [row for row in read_runs(home, arguments.id) if row.status == "finished"]
    if not rows:
        raise refusal("No run of {id} has finished; wait for one, or resume it.", id=arguments.id)
    measure(home, [row.run_id for row in rows])
    failed = {row.run_id: why for row in rows if (why := problem(home, row.run_id))}
    found = shifted_record(home, experiment, rows, _train_pictures(home, experiment.dataset))
    if not found.arms:
        raise Refused(next(iter(failed.values()), say("No network could be asked.")))
    for run_id, why in failed.items():
        print(f"{run_id}: {why}", file=sys.stderr)
    if arguments.json:
        print_json({"experiment_id": arguments.id} | found.to_json() | {"failed": failed})
    else:
        print("\n".join([text_table(head(), table_rows(found)), "", *found.text, say(EXPLAINED)]))
    return int(bool(failed))


def _train_pictures(home: Home, dataset: str) -> int | None:
    from tl import datasets

    try:
        return datasets.describe(home, dataset).train
    except Refused:
        return None
