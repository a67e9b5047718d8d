"""`python -m tl library`: what can be transferred, and the weights that were made here: keep, rename, delete, export, import."""

import argparse
from pathlib import Path
from typing import Any

from tl.cli.parser import add_command, answer, check_output
from tl.cli.text_table import listing
from tl.config import refusal
from tl.languages import later, say
from tl.output import print_json
from tl.sources.licences import in_words
from tl.sources.source import HERE, Source
from tl.words import memory, number_of, percent


def add_commands(commands: Any) -> None:
    parser = add_command(
        commands, "library", library, say("List the weights that are here; keep, rename, export your own.")
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--keep", metavar="RUN_ID", help=say("put what a finished run has learned into the library, as --name")
    )
    what.add_argument("--rename", metavar="NAME", help=say("rename weights of your own to --name"))
    what.add_argument(
        "--delete", metavar="NAME", help=say("permanently delete weights of your own; runs keep their results")
    )
    what.add_argument("--export", metavar="NAME", help=say("write weights of your own, with their card, as one file"))
    what.add_argument(
        "--import", dest="import_", metavar="FILE", type=Path, help=say("add what another TL Lab has exported")
    )
    parser.add_argument("--name", help=say("of the weights that are kept, renamed or imported"))
    parser.add_argument("--output", type=Path, metavar="FILE", help=say("of --export; default: NAME.safetensors"))


def library(arguments: argparse.Namespace) -> int:
    """Always 0. Refused with one sentence where what is asked for can't be done."""
    for given, act in (
        (arguments.keep, _keep),
        (arguments.rename, _rename),
        (arguments.delete, _delete),
        (arguments.export, _export),
        (arguments.import_, _import),
    ):
        if given is not None:
            return act(arguments)
    return _list(arguments)


def _list(arguments: argparse.Namespace) -> int:
    from tl.jobs.library import as_json, entries, others_here

    own, others = entries(arguments.home), others_here(arguments.home)
    if arguments.json:
        print_json({"library": [entry.to_json() for entry in own], "others": [as_json(entry) for entry in others]})
        return 0
    rows = [_row(entry.source, number_of(len(entry.used_by), "experiment")) for entry in own]
    print(listing([*rows, *(_row(entry, "") for entry in others)]))
    if not own:
        text = later(
            "None of your own yet; `python -m tl library --keep RUN_ID --name NAME` keeps what a run has learned."
        )
        print(f"\n{say(text)}")
    return 0


def _row(found: Source, used_by: str) -> dict[str, object]:
    from tl.jobs.library import history

    return {
        later("name"): found.key,
        later("network"): found.backbone,
        later("kind"): say(HERE[found.state].word),
        later("trained on"): " -> ".join(step.data for step in history(found)),
        later("accuracy there"): "-" if found.accuracy is None else percent(found.accuracy),
        "px": found.input.size,
        later("size"): memory(found.size_bytes),
        later("used by"): used_by,
        later("licence"): in_words(found.licence),
    }


def _keep(arguments: argparse.Namespace) -> int:
    from tl.jobs.keep_in_library import keep

    return _told(keep(arguments.home, arguments.keep, _name(arguments, "--keep")), arguments.json)


def _import(arguments: argparse.Namespace) -> int:
    from tl.jobs.library_files import bring_in

    return _told(bring_in(arguments.home, arguments.import_, arguments.name), arguments.json)


def _told(found: Source, as_document: bool) -> int:
    from tl.jobs.library import as_json, history, licence_words

    if as_document:
        print_json(as_json(found))
        return 0
    print(f"{found.key}: {found.backbone}, {memory(found.size_bytes)}")
    print(
        *(f"  {step.words()}" for step in history(found)),
        say("Licence: {licence}", licence=licence_words(found)),
        sep="\n",
    )
    print(say("From now on: --backbone {network} --weights {key}", network=found.backbone, key=found.key))
    return 0


def _rename(arguments: argparse.Namespace) -> int:
    from tl.jobs.library import rename

    new = _name(arguments, "--rename")
    rename(arguments.home, arguments.rename, new)
    words = say("{name} is called {new} now.", name=arguments.rename, new=new)
    return answer(arguments, {"renamed": arguments.rename, "name": new}, words)


def _delete(arguments: argparse.Namespace) -> int:
    from tl.jobs.library import delete

    delete(arguments.home, arguments.delete)
    return answer(arguments, {"deleted": arguments.delete}, say("{name} has been deleted.", name=arguments.delete))


def _export(arguments: argparse.Namespace) -> int:
    from tl.jobs.library_files import export, file_name

    path = arguments.output or Path(file_name(arguments.export))
    check_output(path)
    size = export(arguments.home, arguments.export, path)
    document = {"name": arguments.export, "file": str(path.absolute()), "bytes": size}
    return answer(arguments, document, say("{path}: {size:,} bytes", path=path, size=size))


def _name(arguments: argparse.Namespace, option: str) -> str:
    if not arguments.name:
        raise refusal(
            "Say what the weights are called, as in {option} {value} --name flowers-1.",
            option=option,
            value=getattr(arguments, option[2:]),
        )
    name: str = arguments.name
    return name
