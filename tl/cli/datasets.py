"""`python -m tl datasets` and `ingest`: the pictures there are, own ones from a zip of class folders, and giving them back."""

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tl import jobs
from tl.cli.parser import add_command
from tl.cli.table import table
from tl.output import print_json

if TYPE_CHECKING:
    from tl.datasets.info import DatasetInfo

GROUP = (
    "pictures that belong together (a patient, a video, a burst) and stay on one side of a split made here: 'folder' for "
    "the folder below the class folder, a regular expression on the file name (its first group, else the whole match), "
    "or FILE.csv:COLUMN of a table inside the zip or beside it"
)


def add_commands(commands: Any) -> None:
    """Declare `datasets` and `ingest`."""
    parser = add_command(commands, "datasets", datasets, "List all data sets, or delete one of your own.")
    parser.add_argument(
        "--delete", metavar="NAME", help="permanently delete a data set of your own; runs keep their results"
    )
    parser = add_command(commands, "ingest", ingest, "Make a data set of a zip of class folders.")
    parser.add_argument("zip", type=Path, metavar="FILE.zip")
    parser.add_argument("--name", help="of the data set; default: the file's")
    parser.add_argument("--group", metavar="GROUPS", help=GROUP)


def datasets(arguments: argparse.Namespace) -> int:
    """Always 0. Refused with one sentence where the one that is to be deleted can't be."""
    if arguments.delete is not None:
        return _delete(arguments)
    from tl.datasets import survey  # pandas, Pillow

    found, damaged = survey(arguments.home)
    for sentence in damaged.values():
        print(sentence, file=sys.stderr)
    if arguments.json:
        print_json({"datasets": [as_json(info) for info in found]})
        return 0
    head = ("name", "classes", "train", "validation", "test", "what it is")
    rows = [(info.name, len(info.classes), info.train, info.validation, info.test, _what(info)) for info in found]
    print(table(head, rows))
    return 0


def _delete(arguments: argparse.Namespace) -> int:
    jobs.delete_dataset(arguments.home, arguments.delete)
    if arguments.json:
        print_json({"deleted": arguments.delete})
    else:
        print(f"{arguments.delete} is deleted.")
    return 0


def ingest(arguments: argparse.Namespace) -> int:
    """0: the data set is there. Refused with one sentence where it can't be."""
    from tqdm import tqdm

    from tl import datasets  # pandas, Pillow

    name = arguments.name or name_of(arguments.zip)
    with tqdm(desc=name, file=sys.stderr, unit=" pictures", disable=None, leave=False) as bar:

        def progress(done: int, total: int, what: str = "") -> None:
            bar.total, bar.n = total, done
            bar.set_postfix_str(what, refresh=False)
            bar.refresh()

        info = datasets.ingest(arguments.home, arguments.zip, name, progress, group=arguments.group)
    left_out = info.left_out
    if arguments.json:
        print_json(as_json(info) | {"left_out": left_out})
        return 0
    print(f"{info.name}: {len(info.classes)} classes, {info.train} / {info.validation} / {info.test} pictures ", end="")
    print("to train, validate and test.")
    if sentences := datasets.grouped(info):
        print(*sentences, sep="\n")
    for reason, what in left_out.items():
        print(f"Left out, {reason}: {what['count']} ({', '.join(what['first'])})")
    for kind, what in info.leakage.items():
        print(f"Leakage, {kind}: {what['count']} ({', '.join(what['first'])})")
    return 0


def as_json(info: "DatasetInfo") -> dict[str, Any]:
    """A data set as `datasets --json` shows it; `classes` are their names, in label order."""
    document: dict[str, Any] = info.to_json()
    del document["left_out"]
    return document


def name_of(path: Path) -> str:
    """A data set's name made of a file's: `My Flowers.zip` -> `my-flowers`."""
    return re.sub(r"[^a-z0-9_]+", "-", path.stem.lower()).strip("-_")[:40] or "pictures"


def _what(info: "DatasetInfo") -> str:
    later = "" if info.ready or "first use" in info.note else "downloaded on first use"
    return "; ".join(filter(None, (info.title, info.note.rstrip("."), later)))
