"""`python -m tl repair`: a new queue from the folders of the runs, where the old one is damaged or gone."""

import argparse
from typing import Any

from tl.cli.parser import add_command
from tl.languages import say
from tl.output import print_json
from tl.words import number_of


def add_commands(commands: Any) -> None:
    text = say("Rebuild a damaged queue from the folders of the runs; ends whatever is training.")
    add_command(commands, "repair", repair, text)


def repair(arguments: argparse.Namespace) -> int:
    """0: the queue is sound, or is again."""
    from tl.jobs.repair import repair as rebuild

    done = rebuild(arguments.home)
    if arguments.json:
        print_json(done)
        return 0
    if done["sound"]:
        print(say("The queue is sound; nothing was changed."))
        return 0
    print(
        say(
            "The queue has been rebuilt: {experiments}, {runs}.",
            experiments=number_of(done["experiments"], "experiment"),
            runs=number_of(done["runs"], "run"),
        )
    )
    if done["kept"]:
        print(say("The damaged file is kept: {path}", path=done["kept"]))
    for folder in done["left_out"]:
        print(
            say(
                "Left out because its config.json can't be read or does not match any experiment: {folder}",
                folder=folder,
            )
        )
    print(say("`python -m tl runs` lists them; `python -m tl resume RUN_ID` goes on with what had not finished."))
    return 0
