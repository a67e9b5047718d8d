"""`python -m tl advise`: what to expect of transfer on these pictures before training, why, and how often it was right."""

import argparse
from typing import Any

from tl.backbones import LISTED
from tl.cli.compare import DEFAULT_DATASET
from tl.cli.parser import add_command, dataset_name
from tl.config import Training
from tl.output import print_json


def add_commands(commands: Any) -> None:
    """Declare `advise`."""
    parser = add_command(commands, "advise", advise, "Say what to expect of transfer on these pictures, and why.")
    parser.add_argument(
        "--dataset", type=dataset_name, default=DEFAULT_DATASET, help=f"name of a data set; default {DEFAULT_DATASET}"
    )
    parser.add_argument("--samples", type=int, metavar="INT", help="training pictures; default: all")
    parser.add_argument("--backbone", default=Training.backbone, help=LISTED)
    parser.add_argument("--weights", default=Training.weights, help="what pretrained arms start from; default auto")
    parser.add_argument("--resolution", type=int, metavar="INT", default=Training.resolution, help="default 64")
    parser.add_argument(
        "--epochs", type=int, metavar="INT", default=Training.epochs, help=f"at most; default {Training.epochs}"
    )


def advise(arguments: argparse.Namespace) -> int:
    """Always 0."""
    from tl.analysis import advice_record  # numpy, pandas
    from tl.jobs import advice

    settings = ("dataset", "samples", "backbone", "weights", "resolution", "epochs")
    training = Training(**{name: getattr(arguments, name) for name in settings})
    found = advice.advise(arguments.home, training, advice.fits_memory(arguments.home, training))
    record = advice_record.record(arguments.home)
    if arguments.json:
        print_json(found | {"record": record})
        return 0
    print(f"{found['text']}\n")
    for reason in found["reasons"]:
        print(f"- {reason['text']} ({_cited(reason['sources'])})")
        for example in reason["but"]:
            print(f"    but {example['text']} ({_cited([example['source']])})")
    print(f"\n{advice_record.in_words(record)}")
    return 0


def _cited(sources: list[dict[str, str]]) -> str:
    return "; ".join(f"{source['who']}, {source['url']}" for source in sources)
