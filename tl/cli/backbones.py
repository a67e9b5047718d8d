"""`python -m tl backbones`: the networks there are, and what is known of each."""

import argparse
from typing import Any

from tl import timm_networks
from tl.backbones import BACKBONES
from tl.cli.parser import add_command
from tl.cli.text_table import listing
from tl.config import refusal
from tl.languages import later, say
from tl.output import print_json
from tl.sources.licences import in_words
from tl.sources.overview import Overview, overview, search
from tl.words import count, millions, not_available, percent


def add_commands(commands: Any) -> None:
    parser = add_command(commands, "backbones", backbones, say("List the networks, or find one of timm's by words."))
    parser.add_argument(
        "words",
        metavar="WORD",
        nargs="*",
        help=say(
            "of a network's name, family, weights or licence; default: the short list, without timm's; 'timm:': all of them"
        ),
    )


def backbones(arguments: argparse.Namespace) -> int:
    """0. Refused where nothing is found."""
    names = search(arguments.words) if arguments.words else list(BACKBONES)
    if not names:
        words = " ".join(arguments.words)
        raise refusal(
            "No network has {words!r:.100} in its name, family, weights or licence; use fewer or shorter words.",
            words=words,
        )
    found = [overview(arguments.home, name) for name in names]
    if arguments.json:
        print_json({"backbones": [each.to_json() for each in found]})
        return 0
    print(listing([_row(each) for each in found]))
    if not arguments.words:
        more = count(len(timm_networks.names()))
        told = say("{number} more of timm's are found by words: python -m tl backbones vit tiny", number=more)
        print(f"\n{told}")
    return 0


def _row(each: Overview) -> dict[str, object]:
    return {
        later("network"): each.name,
        later("family"): each.family,
        later("parameters"): millions(each.parameters),
        "GFLOPs": not_available() if each.gflops is None else f"{each.gflops:.3g}",
        later("at px"): each.gflops_side,
        later("top-1"): "-" if each.accuracy is None else percent(each.accuracy),
        later("weights here"): ", ".join(each.weights_here)
        or (say("not here") if each.weights else say("there are none")),
        later("licence"): in_words(each.licence) if each.licence else "-",
    }
