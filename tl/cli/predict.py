"""`python -m tl predict`: what a finished run's network answers on the pictures of a folder, as a CSV file."""

import argparse
import csv
import os
from pathlib import Path
from typing import Any

from tl.answering import COLUMNS
from tl.cli.bar import progress_bar
from tl.cli.parser import add_command, answer, check_output
from tl.languages import later, say
from tl.words import number_of


def add_commands(commands: Any) -> None:
    parser = add_command(
        commands, "predict", predict, say("Ask a finished run's network about the pictures of a folder.")
    )
    parser.add_argument("run_id", metavar="RUN_ID")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help=say("with the folders in it; or one picture"))
    parser.add_argument("--output", type=Path, metavar="FILE.csv", help=say("default: RUN_ID-answers.csv"))


def predict(arguments: argparse.Namespace) -> int:
    """0: every file has its row."""
    from tl.jobs import exports
    from tl.store.files import for_the_user

    path = arguments.output or Path(f"{arguments.run_id}-answers.csv")
    check_output(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with for_the_user():
            temporary.touch()
        with progress_bar(arguments.folder.name, say(" files")) as told:
            exports.predict(arguments.home, arguments.run_id, arguments.folder, temporary, told)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    with open(path, encoding="utf-8", newline="") as file:
        unreadable = [bool(row[COLUMNS.index("problem")]) for row in csv.reader(file)][1:]  # without the head
    bad = sum(unreadable)
    read = len(unreadable) - bad
    text = later("{path}: answers on {pictures}.")
    if bad:
        text = later("{path}: answers on {pictures}; {unreadable} could not be read, the column 'problem' says why.")
    words = say(text, path=path, pictures=number_of(read, "picture"), unreadable=number_of(bad, "file"))
    document = {"run_id": arguments.run_id, "file": str(path.absolute()), "pictures": read, "unreadable": bad}
    return answer(arguments, document, words)
