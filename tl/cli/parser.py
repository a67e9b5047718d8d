"""An argument parser that answers a mistake with one sentence, and the options that every command has."""

import argparse
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from tl.config import ACCURACY, BALANCED_ACCURACY, NAME_PATTERN, Experiment, Refused
from tl.jobs.launchers import catalogue
from tl.jobs.start import launcher_now
from tl.store.home import Home


def decimal(text: str) -> float:
    """A number as people write it: 0.001, 0,001 or 85%. Raises ArgumentTypeError for what may mean two things."""
    plain = text.strip()
    share = plain.endswith("%")
    plain = plain.removesuffix("%").strip()
    if re.fullmatch(r"[+-]?0?,\d+(e[+-]?\d+)?", plain, re.IGNORECASE) or (
        share and re.fullmatch(r"\d{1,3},\d+", plain)
    ):
        plain = plain.replace(",", ".")
    try:
        number = float(plain)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no number; write it with a point, as in 0.001, or as 85%"
        ) from None
    return float(f"{number}e-2") if share else number


def dataset_name(text: str) -> str:
    """A data set's name however it is typed: all of them are in small letters."""
    name = text.strip()
    return name.lower() if NAME_PATTERN.fullmatch(name.lower()) else text


class Parser(argparse.ArgumentParser):
    """`exit(2)` with one sentence instead of the usage as well."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """One sentence on stderr, exit status 2."""
        self.exit(2, f"{message[:1].upper()}{message[1:]}; `{self.prog} --help` lists what there is.\n")


def add_command(
    commands: Any, name: str, run: Callable[[argparse.Namespace], int], help: str, trains: bool = False
) -> Parser:
    """A command `name` that calls `run(arguments) -> exit status`; has --home and --json already.

    `trains`: it starts runs, and can say where they are carried out.
    """
    parser: Parser = commands.add_parser(name, help=help, description=help)
    parser.add_argument("--home", metavar="DIR", type=Home, default=Home(), help="default: $TL_HOME or ./.tl")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout, nothing else there")
    if trains:
        text = "where runs are carried out; default: $TL_LAUNCHER, or this machine"
        parser.add_argument("--launcher", choices=tuple(catalogue.LAUNCHERS), help=text)
        text = "of the Ray cluster; default: $TL_RAY_ADDRESS, or the one that this machine belongs to"
        parser.add_argument("--ray-address", metavar="ADDRESS", help=text)
    parser.set_defaults(run=run)
    return parser


def choose_launcher(arguments: argparse.Namespace) -> None:
    """Let the supervisor that this command starts go by the options. Raises Refused where one works by others."""
    for option, variable in (("launcher", "TL_LAUNCHER"), ("ray_address", "TL_RAY_ADDRESS")):
        if value := getattr(arguments, option, None):
            os.environ[variable] = value
    wanted = getattr(arguments, "launcher", None)
    if wanted and (now := launcher_now(arguments.home)) not in (None, wanted):
        raise Refused(
            f"--launcher is {wanted}, but runs of this home are being carried out by {now}; wait until they have ended."
        )


def data_set_named(home: Home, text: str) -> str:
    """Name of the data set that somebody calls so, by its name or its title. Raises Refused where there is none."""
    if NAME_PATTERN.fullmatch(text) and home.dataset_dir(text).is_dir():
        return text
    from tl.datasets import name_of  # pandas, Pillow

    return name_of(home, text)


def add_verdict_options(parser: Parser, measure: bool = False) -> None:
    """What the verdict is to judge by; `measure`: by which accuracy, too, where training is over."""
    if measure:
        text = "what the verdict goes by; default: what the best epochs were chosen by"
        parser.add_argument("--judge-by", dest="measure", choices=(ACCURACY, BALANCED_ACCURACY), help=text)
    parser.add_argument("--baseline", metavar="ARM", help="the arm the others are held against; default: scratch")
    parser.add_argument("--target", type=decimal, metavar="FLOAT", help="validation accuracy to time, 0.85 for 85 %%")
    parser.add_argument(
        "--margin", type=decimal, metavar="FLOAT", help="difference that matters; default 0.01: a point"
    )


def verdict_options(arguments: argparse.Namespace, experiment: Experiment | None = None) -> dict[str, Any]:
    """Those that were given, for tl.analysis.experiment_result. Raises Refused for one that can't be.

    `experiment` is what they will judge, where that is known before it is there.
    """
    given = {name: getattr(arguments, name) for name in ("baseline", "margin", "target")}
    given["judge_by"] = getattr(arguments, "measure", None)
    given = {name: value for name, value in given.items() if value is not None}
    if given:
        from tl.analysis.verdict import baseline_of, check  # pandas

        check(**{name: value for name, value in given.items() if name != "baseline"})
        if experiment is not None:
            baseline_of(experiment, given.get("baseline"))
    return given


def check_output(path: Path) -> None:
    """Refuse what can't become a file: it is written beside and put in place as a whole, which would remove a device, or a
    link to one, as /dev/stdout is."""
    if path.is_symlink() or (path.exists() and not path.is_file()) or not path.absolute().parent.is_dir():
        raise Refused(f"output is {str(path)!r}; give the name of a file in a folder that is there.")
