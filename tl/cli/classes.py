"""Options that change classes before anything is trained, the same for an archive and for a data set that is here."""

import argparse
from typing import TYPE_CHECKING

from tl.cli.parser import Parser
from tl.config import refusal
from tl.languages import later, say

if TYPE_CHECKING:
    from tl.datasets import Edits


def add_class_options(parser: Parser) -> None:
    """--rename, --leave-out, --at-least, --at-most."""
    parser.add_argument(
        "--rename",
        action="append",
        metavar="OLD=NEW",
        help=say("a class; repeat the option for more; two with one new name are merged"),
    )
    parser.add_argument(
        "--leave-out", action="append", metavar="CLASS", help=say("a class; repeat the option for more")
    )
    parser.add_argument(
        "--at-least", type=int, metavar="INT", help=say("leave out classes with fewer different pictures")
    )
    parser.add_argument(
        "--at-most", type=int, metavar="INT", help=say("pictures of a class, an even share of each split")
    )


def edits_of(arguments: argparse.Namespace) -> "Edits":
    """What the options say. Raises Refused for what can't be."""
    from tl.datasets import Edits  # pandas

    renames = {}
    for text in arguments.rename or ():
        old, equals, new = text.partition("=")
        if not equals or not old.strip() or not new.strip():
            told = later("rename is {text!r:.100}; give the old name and the new one, as in --rename kitten=cat.")
            raise refusal(told, text=text)
        renames[old.strip()] = new.strip()
    leave_out = tuple(arguments.leave_out or ())
    return Edits(renames=renames, leave_out=leave_out, at_least=arguments.at_least, at_most=arguments.at_most)
