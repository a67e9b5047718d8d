"""`python -m tl datasets`: the pictures there are, new sets made of them, and giving own ones back."""

import argparse
import re
import sys
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tl import jobs
from tl.cli.classes import add_class_options, edits_of
from tl.cli.parser import Parser, add_command, answer
from tl.cli.text_table import listing
from tl.config import refusal
from tl.languages import english, later, say, semicolons
from tl.output import print_json

if TYPE_CHECKING:
    from tl.datasets import Corrections
    from tl.datasets.info import DatasetInfo


def add_commands(commands: Any) -> None:
    parser = add_command(commands, "datasets", datasets, say("List all data sets; change one's classes; delete one."))
    parser.add_argument(
        "--delete",
        metavar="NAME",
        help=say(
            "permanently delete a data set of your own; runs keep their results, but can no longer be exported as models"
        ),
    )
    parser.add_argument(
        "--derive", metavar="NAME", help=say("make a new data set from this one, with its classes changed")
    )
    parser.add_argument(
        "--name", help=say("of the new data set; default where only pictures are corrected: what was done")
    )
    add_correction_options(parser)
    add_class_options(parser)


def add_correction_options(parser: Parser) -> None:
    """--set-aside, --relabel."""
    words = say("leave single pictures out of the new data set: a file with their names, one per line")
    parser.add_argument("--set-aside", type=Path, metavar="FILE", help=words)
    words = say("give single pictures another label in the new data set: a CSV of picture,label")
    parser.add_argument("--relabel", type=Path, metavar="FILE", help=words)


def corrections_of(arguments: argparse.Namespace) -> "Corrections":
    """What these options say. Raises Refused for a file that can't be read."""
    from tl.datasets import Corrections  # pandas
    from tl.datasets.corrections import read_relabel, read_set_aside

    return Corrections(
        set_aside=read_set_aside(arguments.set_aside) if arguments.set_aside else (),
        relabel=read_relabel(arguments.relabel) if arguments.relabel else {},
    )


def datasets(arguments: argparse.Namespace) -> int:
    """Always 0. Refused with one sentence where the one that is to be deleted can't be."""
    if arguments.delete is not None:
        return _delete(arguments)
    if arguments.derive is not None:
        return _derive(arguments)
    if arguments.set_aside is not None or arguments.relabel is not None:
        raise refusal("Name the data set with --derive NAME; the pictures are corrected in a new one made from it.")
    from tl.datasets import survey  # pandas, Pillow

    found, damaged = survey(arguments.home)
    for sentence in damaged.values():
        print(sentence, file=sys.stderr)
    if arguments.json:
        print_json({"datasets": [as_json(info) for info in found]})
        return 0
    rows = [
        {
            later("name"): info.called,
            later("classes"): len(info.classes) if info.labelled else say("no labels"),
            later("train"): info.train,
            later("validation"): info.validation,
            later("test"): info.test,
            later("what it is"): _what(info),
        }
        for info in found
    ]
    print(listing(rows))
    return 0


def _delete(arguments: argparse.Namespace) -> int:
    from tl.datasets import name_of  # pandas, Pillow

    name = name_of(arguments.home, arguments.delete)
    jobs.delete_dataset(arguments.home, name)
    return answer(arguments, {"deleted": name}, say("{name} has been deleted.", name=arguments.delete))


def _derive(arguments: argparse.Namespace) -> int:
    from tl import datasets  # pandas, Pillow

    edits = edits_of(arguments)
    correct = corrections_of(arguments)
    if not arguments.name and (edits or not correct):
        raise refusal("Name the new data set, as in --derive {name} --name {name}-2.", name=arguments.derive)
    info = datasets.derive(arguments.home, arguments.derive, arguments.name, edits, correct=correct)
    if arguments.json:
        print_json(as_json(info) | {"left_out": info.left_out})
        return 0
    told = say(
        "{name}: {classes} classes, {train} / {validation} / {test} pictures to train, validate and test.",
        name=headed(info.title, info.name),
        classes=len(info.classes),
        train=info.train,
        validation=info.validation,
        test=info.test,
    )
    print(told, *datasets.story(info), sep="\n")
    return 0


def headed(title: str, name: str) -> str:
    """A data set of one's own as a heading: its title, with what `--dataset` takes where that is something else."""
    return title if title == name else say("{title} (--dataset {name})", title=title, name=name)


def as_json(info: "DatasetInfo") -> dict[str, Any]:
    """A data set as `datasets --json` shows it; `classes` are their names, in label order."""
    document: dict[str, Any] = info.to_json()
    del document["left_out"]
    return document


def name_of(path: Path) -> str:
    """A data set's name made of a file's: `My Flowers.zip` -> `my-flowers`; in another script as it is."""
    if not path.stem.isascii():
        return unicodedata.normalize("NFC", path.stem).strip(" .")[:40].strip()
    return re.sub(r"[^a-z0-9_]+", "-", path.stem.lower()).strip("-_")[:40] or "pictures"


def _what(info: "DatasetInfo") -> str:
    pending = "" if info.ready or "first use" in english(info.note) else say("downloaded on first use")  # not shown
    own = info.called != info.name and info.origin == "upload"
    title = f"--dataset {info.name}" if own else info.title  # not shown
    return semicolons(filter(None, (title, info.note.rstrip(".。"), pending)))
