"""`python -m tl export-model`: a finished run's network as a zip that works elsewhere. `python -m tl.cli.export_model HOME RUN_ID`
makes it for the page, in the background."""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

from tl.cli.bar import progress_bar
from tl.cli.parser import add_command, answer, check_output
from tl.config import Refused
from tl.ending import clean_up_when_ended
from tl.failures import of_disk
from tl.languages import later, say
from tl.output import spell_out
from tl.store.files import keep_private
from tl.store.home import Home


def add_commands(commands: Any) -> None:
    parser = add_command(
        commands, "export-model", export_model, say("Write a finished run's model as a zip that works without TL Lab.")
    )
    parser.add_argument("run_id", metavar="RUN_ID")
    parser.add_argument("--output", type=Path, metavar="FILE.zip", help=say("default: RUN_ID-model.zip"))
    parser.add_argument(
        "--without-onnx", action="store_true", help=say("only the weights, without ONNX models and predict.py")
    )
    text = say("noise for the self-check instead of five test pictures")
    parser.add_argument("--without-pictures", action="store_true", help=text)


def export_model(arguments: argparse.Namespace) -> int:
    """0: the file is written."""
    path = arguments.output or Path(f"{arguments.run_id}-model.zip")
    check_output(path)
    wants = {"onnx": not arguments.without_onnx, "pictures": not arguments.without_pictures}
    with progress_bar(path.name, say(" pictures")) as on_progress:
        measured = write(arguments.home, arguments.run_id, path, on_progress, **wants)
    size = path.stat().st_size
    document = {"run_id": arguments.run_id, "file": str(path.absolute()), "bytes": size}
    document |= {"measured": {name: value for name, value in measured.items() if name != "check"}}
    text = later("{path}: {size:,} bytes. Its README.md says how good the model is and how it is used.")
    return answer(arguments, document, say(text, path=path, size=size))


def write(home: Home, run_id: str, path: Path, on_progress: Any, *, onnx: bool, pictures: bool) -> dict[str, Any]:
    """Write the zip at `path`; what was measured. Raises Refused."""
    from tl.jobs.exports import make
    from tl.report.card_facts import card_facts  # numpy, pandas
    from tl.report.model_zip import write_zip

    own = card_facts(home, run_id)
    with tempfile.TemporaryDirectory(prefix="tl-export-", dir=path.absolute().parent) as folder:
        measured = make(home, run_id, Path(folder), on_progress, onnx=onnx, pictures=pictures)
        on_progress(0, 0, say("packing"))
        write_zip(home, own, measured, Path(folder), path)
    return measured


def background(home: Home, run_id: str, pictures: bool) -> None:
    """Write the zip into the run's folder, and how far that is beside it."""
    from tl.jobs.exports import State, place, write_state

    def on_progress(done: int, total: int, what: str) -> None:
        write_state(home, run_id, State(what=what, done=done, total=total))

    problem: str = say("The export failed; errors.log in the home says more.")
    try:
        write(home, run_id, place(home, run_id), on_progress, onnx=True, pictures=pictures)
        problem = ""
    except Refused as refusal:
        problem = str(refusal)
    except OSError as error:
        problem = of_disk(error) or say("The export failed: {what}.", what=error.strerror or str(error))
    finally:
        write_state(home, run_id, State(problem=problem))


if __name__ == "__main__":  # started by tl.jobs.exports.ask, which handed over the lock
    clean_up_when_ended()
    keep_private()
    spell_out()
    background(Home(sys.argv[1]), sys.argv[2], "--without-pictures" not in sys.argv[3:])
