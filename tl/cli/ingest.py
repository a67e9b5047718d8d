"""`python -m tl ingest`: a data set of an archive or a folder of pictures; what was understood, and how to say otherwise."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tl.cli.bar import progress_bar
from tl.cli.classes import add_class_options, edits_of
from tl.cli.datasets import as_json, headed, name_of
from tl.cli.parser import add_command
from tl.cli.text_table import split_words, text_table
from tl.config import Refused
from tl.languages import english, joined, later, later_plural, plural, say, semicolons
from tl.output import print_json
from tl.words import NOT_AVAILABLE, number_of

if TYPE_CHECKING:
    from tl.datasets import DatasetInfo, Edits, Incoming, LayoutRequest, Reading

GROUP = later(
    "pictures that belong together (a patient, a video, a burst) and stay on one side of a split made here: 'folder' for "
    "the folder below the class folder, a regular expression on the file name (its first group, else the whole match), "
    "or FILE.csv:COLUMN of a table inside the zip or beside it"
)
NAMES = later(
    "encoding of the names in a zip that does not say it (GBK, Big5, Shift-JIS, EUC-KR, cp850, cp437, cp866, cp1252, UTF-8); "
    "default: guessed from all of them"
)
BANDS = later("which three of a TIFF's bands are shown as red, green and blue, counted from 1, such as 4,3,2")
CLASSES = later(
    "where the classes are: a folder level (1 is the outermost), levels joined as 1+2, parent, a path such as "
    "'photos/*', file-name, or TABLE[:COLUMN]; default: what is likeliest"
)
SPLIT = later(
    "where the splits are: a folder level, TABLE:COLUMN, or new to divide the pictures anew; default: what is likeliest"
)
DOMAIN = later("a folder level that says where pictures come from, not what they show; 1:photo,sketch keeps only these")
UNLABELLED = later(
    "the pictures have no labels, whatever folders they lie in: a set to work on, with another one that is learned from"
)
SHOWN_CLASSES = 40
NO_CLASSES = later("Say where the classes are with --classes-from: a folder level, parent, file-name, or TABLE:COLUMN.")
TOO_SMALL = later_plural("`--at-least {least}` goes on without it.", "`--at-least {least}` goes on without them.")


def add_commands(commands: Any) -> None:
    parser = add_command(commands, "ingest", ingest, say("Make a data set from pictures: a zip or a folder."))
    text = say("zip, tar, 7z or folder; several together make one data set, each a class where it has no class folders")
    parser.add_argument("zip", type=Path, nargs="+", metavar="FILE.zip", help=text)
    parser.add_argument("--name", help=say("of the data set; default: the file's"))
    parser.add_argument("--group", metavar="GROUPS", help=say(GROUP))
    parser.add_argument("--names", metavar="ENCODING", help=say(NAMES))
    parser.add_argument("--bands", metavar="R,G,B", help=say(BANDS))
    parser.add_argument("--classes-from", default="", metavar="WHERE", help=say(CLASSES))
    parser.add_argument("--split-from", default="", metavar="WHERE", help=say(SPLIT))
    parser.add_argument("--domain-from", default="", metavar="LEVEL", help=say(DOMAIN))
    parser.add_argument("--unlabelled", action="store_true", help=say(UNLABELLED))
    parser.add_argument(
        "--look", action="store_true", help=say("only say how the pictures would be read; make nothing")
    )
    add_class_options(parser)


def ingest(arguments: argparse.Namespace) -> int:
    """0: the data set is there, or was only looked at. Refused with one sentence where it can't be."""
    from tl import datasets  # pandas, Pillow

    edits = edits_of(arguments)
    asked = datasets.LayoutRequest(
        classes_from=arguments.classes_from.strip(),
        split_from=arguments.split_from.strip(),
        domain_from=arguments.domain_from.strip(),
    )
    with _helped(), _read(arguments) as incoming:
        reading = incoming.choose(asked)
        if not arguments.json:
            print(_understood(incoming, reading, asked), flush=True)
        if arguments.look:
            if arguments.json:
                print_json({"readings": _readings(incoming), "left_out": incoming.left_out})
            return 0
        info = incoming.create_dataset(reading, edits)
        others = _readings(incoming)
    if arguments.json:
        print_json(as_json(info) | {"left_out": info.left_out, "readings": others})
    else:
        print(_settled(info, edits))
    return 0


def _read(arguments: argparse.Namespace) -> "Incoming":
    from tl import datasets

    name = arguments.name or name_of(arguments.zip[0])
    source = arguments.zip[0] if len(arguments.zip) == 1 else arguments.zip
    with progress_bar(name, say(" pictures")) as progress:
        ways = {"group": arguments.group, "names": arguments.names, "bands": arguments.bands}
        return datasets.read(arguments.home, source, name, progress, unlabelled=arguments.unlabelled, **ways)


@contextmanager
def _helped() -> Iterator[None]:
    """Around what may be refused: with the option that goes on."""
    from tl.datasets import NoClasses, TooSmall

    try:
        yield
    except NoClasses as refusal:
        raise Refused(joined([str(refusal), say(NO_CLASSES)])) from None
    except TooSmall as refusal:
        on = plural(*TOO_SMALL, len(refusal.classes), least=refusal.least)
        raise Refused(joined([str(refusal), on])) from None


def _understood(incoming: "Incoming", reading: "Reading", asked: "LayoutRequest") -> str:
    """Before it is settled: classes with counts, splits, how it was read, and how to read it otherwise."""
    called = headed(incoming.title, incoming.name)
    if not incoming.labelled:
        return say("{name}: {pictures} without labels", name=called, pictures=_total(reading))
    classes = number_of(len(reading.classes), "class")
    lines = [say("{name}: {classes}, {pictures}", name=called, classes=classes, pictures=_total(reading)), ""]
    splits = [split for split in reading.splits if split]
    head = (say("class"), *map(split_words, splits), say("pictures"))
    rows = [
        (name, *(reading.counts[name].get(split, 0) for split in splits), number)
        for name, number in list(reading.sizes.items())[:SHOWN_CLASSES]
    ]
    lines.append(text_table(head, rows))
    if len(reading.classes) > SHOWN_CLASSES:
        more = number_of(len(reading.classes) - SHOWN_CLASSES, "more class")  # not shown
        lines.append(say("and {more}", more=more))
    lines += ["", say("Read as: {how}.", how=reading.how)]
    others = [one for one in incoming.readings if one.places != reading.places]
    ways = [
        say("{options} ({summary})", options=one.asked.options, summary=one.summary)
        for one in others
        if one.asked.options
    ]
    if ways:
        text = later("Chosen as the one asked for; otherwise: {ways}.")
        likeliest = later("Chosen as the likeliest; otherwise: {ways}.")
        lines.append(say(text if asked.options else likeliest, ways=semicolons(ways)))
    else:
        lines.append(
            say(
                "To read it differently: --classes-from LEVEL, parent, file-name or TABLE:COLUMN; --split-from; "
                "--domain-from."
            )
        )
    return "\n".join(lines)


def _total(reading: "Reading") -> str:
    return number_of(sum(reading.sizes.values()), "picture")


def _settled(info: "DatasetInfo", edits: "Edits") -> str:
    from tl import datasets

    sizes = f"{info.train:,} / {info.validation:,} / {info.test:,}"
    classes = number_of(len(info.classes), "class") if info.labelled else say("No labels")
    text = later("{classes}, {sizes} pictures to train, validate and test.")
    lines = [say(text, classes=classes, sizes=sizes), *info.remarks]
    if edits:
        lines.append(say("Changed: {changes}.", changes=semicolons(info.changes)))
    lines += [*datasets.reading_notes(info), *datasets.grouped(info)]
    for text, found in (
        (later("Left out, {kind}: {count} ({first})"), info.left_out),
        (later("Leakage, {kind}: {count} ({first})"), info.leakage),
    ):
        lines += [
            say(text, kind=datasets.reason_in_words(kind), count=what["count"], first=", ".join(what["first"]))
            for kind, what in found.items()
        ]
    return "\n".join(lines)


def _readings(incoming: "Incoming") -> list[dict[str, Any]]:
    """Every way to read it; none of pictures without labels, which are all the same."""
    return [
        {
            "how": english(one.how),
            "options": one.asked.options or NOT_AVAILABLE,
            "classes": one.sizes,
            "splits": one.splits,
            "left_out": one.left_out,
        }
        for one in (incoming.readings if incoming.labelled else ())
    ]
