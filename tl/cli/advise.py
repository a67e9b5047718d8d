"""`python -m tl advise`: what to expect of transfer on these pictures before training, or of adapting to others; why, and how
often that was right."""

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tl.backbones import listed
from tl.cli.parser import add_command, add_dataset, dataset_name
from tl.config import Training
from tl.languages import say, semicolons
from tl.output import print_json
from tl.store.home import Home

if TYPE_CHECKING:
    from tl.analysis.adaptation.distance import Distance


def add_commands(commands: Any) -> None:
    parser = add_command(commands, "advise", advise, say("Say what to expect of transfer on these pictures, and why."))
    add_dataset(parser)
    words = say("name of a second data set that it is to work on; also says how different the two look to the network")
    parser.add_argument("--target-dataset", type=dataset_name, help=words)
    parser.add_argument("--samples", type=int, metavar="INT", help=say("training pictures; default: all"))
    parser.add_argument("--backbone", default=Training.backbone, help=listed())
    parser.add_argument(
        "--weights", default=Training.weights, help=say("what pretrained arms start from; default auto")
    )
    parser.add_argument("--resolution", type=int, metavar="INT", default=Training.resolution, help=say("default 64"))
    parser.add_argument(
        "--epochs",
        type=int,
        metavar="INT",
        default=Training.epochs,
        help=say("at most; default {default}", default=Training.epochs),
    )


def advise(arguments: argparse.Namespace) -> int:
    """Always 0. Of two data sets it says what to do about the second, as the page does; with --json both."""
    from tl.analysis.adaptation import advice as adapting
    from tl.analysis.adaptation.wording import distance_in_words
    from tl.analysis.forecasts import advice_record  # numpy, pandas
    from tl.jobs.measurements import advice

    settings = ("dataset", "target_dataset", "samples", "backbone", "weights", "resolution", "epochs")
    training = Training(**{name: getattr(arguments, name) for name in settings})
    apart = _apart(arguments.home, training)
    if apart and not arguments.json:
        print(f"{distance_in_words(apart)}\n")
        _tell(adapting.advise(apart), advice_record.record(arguments.home, advice_record.ADAPTING))
        return 0
    found = advice.advise(arguments.home, training, advice.fits_memory(arguments.home, training))
    record = advice_record.record(arguments.home)
    if not arguments.json:
        _tell(found, record)
        return 0
    besides = {}
    if apart:
        of_two = advice_record.record(arguments.home, advice_record.ADAPTING)
        besides = {"distance": asdict(apart), "adapting": adapting.advise(apart) | {"record": of_two}}
    print_json(found | {"record": record} | besides)
    return 0


def _tell(found: dict[str, Any], record: dict[str, int]) -> None:
    from tl.analysis.forecasts.advice_record import in_words

    print(f"{found['text']}\n")
    for reason in found["reasons"]:
        print(say("- {reason} ({sources})", reason=reason["text"], sources=_cited(reason["sources"])))
        for example in reason["but"]:
            cited = _cited([example["source"]])
            print(f"    {say('but {example} ({source})', example=example['text'], source=cited)}")
    print(f"\n{in_words(record)}")


def _apart(home: Home, training: Training) -> "Distance | None":
    """How different the two data sets look, looked at now; None where there is one. Raises Refused."""
    from tl.analysis.adaptation.domain_distance import answer, question
    from tl.jobs.measurements.domain_distance import measure

    if training.target_dataset is None:
        return None
    asked = question(home, training)
    measure(home, asked)
    return answer(home, asked)


def _cited(sources: list[dict[str, str]]) -> str:
    return semicolons(f"{source['who']}, {source['url']}" for source in sources)
