"""`python -m tl forecast`: how many more pictures an accuracy takes, for the linear probe and the arms of a sweep."""

from argparse import Namespace
from typing import Any

from tl.backbones import listed
from tl.cli.parser import DEFAULT_DATASET, add_command, dataset_name, decimal
from tl.cli.watch import tell
from tl.config import Training
from tl.languages import later, say
from tl.output import print_json
from tl.store.titles import title_of

SETTINGS = ("dataset", "backbone", "weights", "resolution")


def add_commands(commands: Any) -> None:
    parser = add_command(
        commands, "forecast", forecast, say("Say how many more pictures it takes to reach an accuracy.")
    )
    parser.add_argument(
        "--dataset",
        type=dataset_name,
        help=say("name of a data set; default that of --sweep, else {default}", default=DEFAULT_DATASET),
    )
    parser.add_argument(
        "--target", type=decimal, metavar="FLOAT", default=0.9, help=say("accuracy; default 0.9 for 90 %%")
    )
    text = say("default that of --sweep, else {default}; {networks}", default=Training.backbone, networks=listed())
    parser.add_argument("--backbone", help=text)
    parser.add_argument(
        "--weights", help=say("weights of the network that the linear probe uses; default those of --sweep, else auto")
    )
    parser.add_argument("--resolution", type=int, metavar="INT", help=say("default that of --sweep, else 64"))
    parser.add_argument(
        "--sweep", metavar="SWEEP_ID", help=say("forecast its arms, too; default: the newest with the same settings")
    )


def forecast(arguments: Namespace) -> int:
    """0; 1: nothing could be forecast, the document says why."""
    from tl.analysis.forecasts.answer import answer  # numpy, pandas
    from tl.analysis.forecasts.forecast import check_target
    from tl.analysis.forecasts.question import question
    from tl.analysis.forecasts.wording import record_in_words
    from tl.jobs.measurements.forecasts import measure

    home = arguments.home
    check_target(arguments.target)
    asked = question(home, _training(arguments))
    answer(home, asked, arguments.target, arguments.sweep)  # a sweep that does not fit is refused before the work
    text = later("Looking at the pictures of {title} through {network} …")
    tell(say(text, title=title_of(home, asked.dataset), network=asked.backbone))
    measure(home, asked)
    found = answer(home, asked, arguments.target, arguments.sweep)
    if arguments.json:
        print_json(found.to_json())
    else:
        print("\n".join([found.text, "", *found.notes, record_in_words(found.record)]))
        if found.sweep_id is None:
            told = later("To forecast training from scratch and other arms, too: python -m tl sweep {options}")
            print(say(told, options=" ".join(f"--{name} {getattr(asked, name)}" for name in SETTINGS)))
    return int(all(arm.forecast.now is None for arm in found.arms))


def _training(arguments: Namespace) -> Training:
    """The settings asked for; those that are not given are the sweep's, where there is one. Raises Refused."""
    settings: dict[str, Any] = {"dataset": DEFAULT_DATASET}
    if arguments.sweep is not None:
        from tl.store.queue.database import read_sweep

        first = next(iter(read_sweep(arguments.home, arguments.sweep)["experiments"].values()))
        settings = {name: getattr(first, name) for name in SETTINGS}
    given = {name: getattr(arguments, name) for name in SETTINGS}
    return Training(**settings | {name: value for name, value in given.items() if value is not None})
