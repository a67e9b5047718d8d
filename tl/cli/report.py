"""`python -m tl report`, `export`, `import`: an experiment or a sweep for others, as one HTML file or as a bundle."""

import argparse
from pathlib import Path
from typing import Any

from tl.cli.parser import add_command, add_verdict_options, answer, check_output, verdict_options
from tl.languages import later, say

ARRIVED = {
    "experiment": later(
        "Experiment {id} has been imported. Open it on the Runs page, or write its report with `python -m tl report`."
    ),
    "sweep": later(
        "Sweep {id} has been imported. Open it on the Runs page, or write its report with `python -m tl report`."
    ),
}


def add_commands(commands: Any) -> None:
    text = say("Write an ended experiment or sweep as one HTML file.")
    report_parser = add_command(commands, "report", report, text)
    text = say("Pack an ended experiment or sweep for another TL Lab.")
    export_parser = add_command(commands, "export", export, text)
    for parser, kind in ((report_parser, "html"), (export_parser, "zip")):
        parser.add_argument("id", metavar="ID", help=say("of an experiment or a sweep"))
        parser.add_argument("--output", type=Path, metavar=f"FILE.{kind}", help=say("default: ID.{kind}", kind=kind))
    add_verdict_options(report_parser, measure=True)
    text = say("Add an experiment or sweep that another TL Lab has exported.")
    parser = add_command(commands, "import", import_, text)
    parser.add_argument("bundle", type=Path, metavar="FILE.zip")


def report(arguments: argparse.Namespace) -> int:
    """0: the file is written."""
    options = verdict_options(arguments)
    from tl.report import report as reports  # pandas, altair

    return _written(arguments, "html", reports.report(arguments.home, arguments.id, **options).encode())


def export(arguments: argparse.Namespace) -> int:
    """0: the file is written."""
    from tl.report.bundle import export_bundle

    return _written(arguments, "zip", export_bundle(arguments.home, arguments.id))


def import_(arguments: argparse.Namespace) -> int:
    """0: what the bundle holds is here."""
    from tl.report.bundle_import import import_bundle

    kind, ident = import_bundle(arguments.home, arguments.bundle)
    return answer(arguments, {f"{kind}_id": ident, "home": str(arguments.home.path)}, say(ARRIVED[kind], id=ident))


def _written(arguments: argparse.Namespace, kind: str, data: bytes) -> int:
    from tl.store.files import for_the_user, write_bytes

    path = arguments.output or Path(f"{arguments.id}.{kind}")
    check_output(path)
    with for_the_user():
        write_bytes(path, data)
    document = {"id": arguments.id, "file": str(path.absolute()), "bytes": len(data)}
    return answer(arguments, document, say("{path}: {size:,} bytes", path=path, size=len(data)))
