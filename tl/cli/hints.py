"""`python -m tl hints`: which pretrained network is likely to suit the pictures, before anything is trained."""

import argparse
import sys
from typing import Any

from tl.backbones import listed
from tl.cli.parser import add_command, add_dataset
from tl.cli.text_table import listing
from tl.config import Training, refusal
from tl.languages import joined, later, say
from tl.output import print_json
from tl.store.titles import title_of


def add_commands(commands: Any) -> None:
    parser = add_command(
        commands,
        "hints",
        hints,
        say("Rank the pretrained weights that are here by how well their features suit the pictures."),
    )
    add_dataset(parser)
    parser.add_argument(
        "--samples", type=int, metavar="INT", help=say("training pictures to look at; default: up to 1000")
    )
    text = say("joined by commas; default: all with weights here. {networks}", networks=listed())
    parser.add_argument("--backbones", help=text)
    parser.add_argument("--resolution", type=int, metavar="INT", default=Training.resolution, help=say("default 64"))


def hints(arguments: argparse.Namespace) -> int:
    """0; 1: no candidate could be scored. Raises Refused where no weights are here."""
    from tl.analysis.forecasts.hint_record import in_words  # numpy, pandas
    from tl.analysis.forecasts.hints import candidates, downloads_in_words, question
    from tl.jobs.measurements.hints import measure

    names = [name.strip() for name in arguments.backbones.split(",")] if arguments.backbones else None
    asked = question(arguments.home, arguments.dataset, arguments.samples, arguments.resolution, names)
    if not candidates(arguments.home, asked):
        raise refusal(
            "No pretrained weights for {networks} are on this computer; `python -m tl compare` downloads them.",
            networks=", ".join(asked.backbones),
        )
    found = measure(arguments.home, asked)
    for sentence in found["failed"]:
        print(sentence, file=sys.stderr)
    if arguments.json:
        print_json(found)
    elif found["candidates"]:
        told = say(
            "{title}, {samples:,} training pictures at {side} px",
            title=title_of(arguments.home, asked.dataset),
            samples=asked.samples,
            side=asked.resolution,
        )
        print(f"{told}\n")
        print(f"{_ranking(found)}\n\n{joined([say('A hint, not a verdict.'), in_words(found['record'])])}")
        if sentence := downloads_in_words(found["downloads"]):
            print(sentence)
    return int(not found["candidates"])


def _ranking(found: dict[str, Any]) -> str:
    return listing(
        [
            {
                later("rank"): row["rank"],
                later("network and weights"): row["title"],
                "LogME": f"{row['logme']:.4f}",
                later("above random weights"): "-" if row["above_random"] is None else f"{row['above_random']:+.4f}",
                later("H-score"): f"{row['h_score']:.3f}",
                "LEEP": "-" if row["leep"] is None else f"{row['leep']:.3f}",
            }
            for row in found["candidates"]
        ]
    )
