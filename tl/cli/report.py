"""`python -m tl report`, `export`, `import`: an experiment or a sweep for others, as one HTML file or as a bundle."""

import argparse
from pathlib import Path
from typing import Any

from tl.cli.parser import add_command, add_verdict_options, check_output, verdict_options
from tl.output import print_json


def add_commands(commands: Any) -> None:
    """Declare `report`, `export` and `import`."""
    report_parser = add_command(commands, "report", report, "Write an ended experiment or sweep as one HTML file.")
    export_parser = add_command(commands, "export", export, "Pack an ended experiment or sweep for another TL Lab.")
    for parser, kind in ((report_parser, "html"), (export_parser, "zip")):
        parser.add_argument("id", metavar="ID", help="of an experiment or a sweep")
        parser.add_argument("--output", type=Path, metavar=f"FILE.{kind}", help=f"default: ID.{kind}")
    add_verdict_options(report_parser, measure=True)
    parser = add_command(commands, "import", import_, "Add an experiment or sweep that another TL Lab has exported.")
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
    from tl.report.intake import import_bundle

    kind, ident = import_bundle(arguments.home, arguments.bundle)
    if arguments.json:
        print_json({f"{kind}_id": ident, "home": str(arguments.home.path)})
    else:
        print(f"{kind.capitalize()} {ident} is here; the page Runs opens it, `python -m tl report` writes it down.")
    return 0


def _written(arguments: argparse.Namespace, kind: str, data: bytes) -> int:
    from tl.store.files import for_the_user, write_bytes

    path = arguments.output or Path(f"{arguments.id}.{kind}")
    check_output(path)
    with for_the_user():
        write_bytes(path, data)
    if arguments.json:
        document = {"id": arguments.id, "file": str(path.absolute()), "bytes": len(data)}
        print_json(document)
    else:
        print(f"{path}: {len(data):,} bytes")
    return 0
