"""`python -m tl report`, `export`, `import`: an experiment for others, as one HTML file or as a bundle."""

import json
from pathlib import Path

from tl.cli.parser import add_command, add_verdict_options, verdict_options
from tl.config import Refused


def add_commands(commands) -> None:
    """Declare `report`, `export` and `import`."""
    report_parser = add_command(commands, "report", report, "Write an ended experiment as one HTML file.")
    export_parser = add_command(commands, "export", export, "Pack an ended experiment for another TL Lab.")
    for parser, kind in ((report_parser, "html"), (export_parser, "zip")):
        parser.add_argument("experiment_id", metavar="EXPERIMENT_ID")
        parser.add_argument("--output", type=Path, metavar=f"FILE.{kind}", help=f"default: EXPERIMENT_ID.{kind}")
    add_verdict_options(report_parser)
    parser = add_command(commands, "import", import_, "Add an experiment that another TL Lab has exported.")
    parser.add_argument("bundle", type=Path, metavar="FILE.zip")


def report(arguments) -> int:
    """0: the file is written."""
    options = verdict_options(arguments)
    from tl.report.experiment import experiment_report  # pandas, altair

    document = experiment_report(arguments.home, arguments.experiment_id, **options)
    return _written(arguments, "html", document.encode())


def export(arguments) -> int:
    """0: the file is written."""
    from tl.report.bundle import export_bundle

    return _written(arguments, "zip", export_bundle(arguments.home, arguments.experiment_id))


def import_(arguments) -> int:
    """0: the experiment is here."""
    from tl.report.intake import import_bundle

    experiment_id = import_bundle(arguments.home, arguments.bundle)
    if arguments.json:
        print(json.dumps({"experiment_id": experiment_id, "home": str(arguments.home.path)}))
    else:
        print(f"Experiment {experiment_id} is here; the page Runs opens it, `python -m tl report` writes it down.")
    return 0


def _written(arguments, kind: str, data: bytes) -> int:
    from tl.store.files import write_bytes

    path = arguments.output or Path(f"{arguments.experiment_id}.{kind}")
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise Refused(f"output is {str(path)!r}; give the name of a file in a folder that is there.")
    write_bytes(path, data)
    if arguments.json:
        document = {"experiment_id": arguments.experiment_id, "file": str(path.absolute()), "bytes": len(data)}
        print(json.dumps(document, ensure_ascii=False))
    else:
        print(f"{path}: {len(data):,} bytes")
    return 0
