"""An argument parser that answers a mistake with one sentence, and the options that every command has."""

import argparse
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from tl.cli.text_table import wrapped
from tl.config import ACCURACY, BALANCED_ACCURACY, NAME_PATTERN, Experiment, refusal
from tl.jobs.launchers import catalogue
from tl.jobs.start import launcher_now
from tl.languages import later, later_plural, plural, say
from tl.output import print_json
from tl.store.home import Home

DEFAULT_DATASET = "blossoms"
# What argparse says itself: it asks gettext for them, see `speak`.
OWN_WORDS = (
    later("usage: "),
    later("positional arguments"),
    later("options"),
    later("show this help message and exit"),
    later("argument %(argument_name)s: %(message)s"),
    later("the following arguments are required: %s"),
    later("one of the arguments %s is required"),
    later("unrecognized arguments: %s"),
    later("invalid choice: %(value)r (choose from %(choices)s)"),
    later("unknown parser %(parser_name)r (choices: %(choices)s)"),
    later("invalid %(type)s value: %(value)r"),
    later("not allowed with argument %s"),
    later("ignored explicit argument %r"),
    later("expected one argument"),
    later("expected at most one argument"),
    later("expected at least one argument"),
    later_plural("expected %s argument", "expected %s arguments"),
)


def speak() -> None:
    """Have argparse's own words said as all others are: it asks gettext for them, which knows only the system's language."""
    vars(argparse).update(_=say, ngettext=plural)


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
            say("{text!r} is not a number; write it with a point, as in 0.001, or as 85%", text=text)
        ) from None
    return float(f"{number}e-2") if share else number


def dataset_name(text: str) -> str:
    """A data set's name however it is typed: all of them are in small letters."""
    name = text.strip()
    return name.lower() if NAME_PATTERN.fullmatch(name.lower()) else text


class Help(argparse.HelpFormatter):
    """Lines that end by the columns they take."""

    def _split_lines(self, text: str, width: int) -> list[str]:
        return wrapped(text, width)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n".join(indent + line for line in wrapped(text, width - len(indent)))


class Parser(argparse.ArgumentParser):
    """`exit(2)` with one sentence instead of the usage as well."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, allow_abbrev=False, formatter_class=Help)

    def error(self, message: str) -> NoReturn:
        """One sentence on stderr, exit status 2."""
        mistake = f"{message[:1].upper()}{message[1:]}"
        self.exit(2, say("{mistake}; see `{prog} --help`.", mistake=mistake, prog=self.prog) + "\n")


def add_command(
    commands: Any, name: str, run: Callable[[argparse.Namespace], int], help: str, trains: bool = False
) -> Parser:
    """A command `name` that calls `run(arguments) -> exit status`; has --home and --json already.

    `trains`: it starts runs, and can say where they are carried out.
    """
    parser: Parser = commands.add_parser(name, help=help, description=help)
    parser.add_argument("--home", metavar="DIR", type=Home, default=Home(), help=say("default: $TL_HOME or ./.tl"))
    parser.add_argument("--json", action="store_true", help=say("one JSON document on stdout, nothing else there"))
    if trains:
        text = say("where runs are carried out; default: $TL_LAUNCHER, or this machine")
        parser.add_argument("--launcher", choices=tuple(catalogue.LAUNCHERS), help=text)
        text = say("of the Ray cluster; default: $TL_RAY_ADDRESS, or the one that this machine belongs to")
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
        raise refusal(
            "--launcher is {wanted}, but runs of this home are being carried out by {now}; wait until they have ended.",
            wanted=wanted,
            now=now,
        )


def data_set_named(home: Home, text: str) -> str:
    """Name of the data set that somebody calls so, by its name or its title. Raises Refused where there is none."""
    if NAME_PATTERN.fullmatch(text) and home.dataset_dir(text).is_dir():
        return text
    from tl.datasets import name_of  # pandas, Pillow

    return name_of(home, text)


def add_dataset(parser: Parser) -> None:
    """Which pictures a question before training is about."""
    text = say("name of a data set; default {default}", default=DEFAULT_DATASET)
    parser.add_argument("--dataset", type=dataset_name, default=DEFAULT_DATASET, help=text)


def add_verdict_options(parser: Parser, measure: bool = False) -> None:
    """What the verdict is to judge by; `measure`: by which accuracy, too, where training is over."""
    if measure:
        text = say("what the verdict goes by; default: what the best epochs were chosen by")
        parser.add_argument("--judge-by", dest="measure", choices=(ACCURACY, BALANCED_ACCURACY), help=text)
    parser.add_argument("--baseline", metavar="ARM", help=say("the arm the others are compared with; default: scratch"))
    parser.add_argument(
        "--target", type=decimal, metavar="FLOAT", help=say("validation accuracy to time, 0.85 for 85 %%")
    )
    parser.add_argument(
        "--margin", type=decimal, metavar="FLOAT", help=say("difference that matters; default 0.01: a point")
    )


def verdict_options(arguments: argparse.Namespace, experiment: Experiment | None = None) -> dict[str, Any]:
    """Those that were given, for tl.analysis.experiment.experiment_result. Raises Refused for one that can't be.

    `experiment` is what they will judge, where that is known before it is there.
    """
    given = {name: getattr(arguments, name) for name in ("baseline", "margin", "target")}
    given["judge_by"] = getattr(arguments, "measure", None)
    given = {name: value for name, value in given.items() if value is not None}
    if given:
        from tl.analysis.baselines import baseline_of
        from tl.analysis.verdict import check  # pandas

        check(**{name: value for name, value in given.items() if name != "baseline"})
        if experiment is not None:
            baseline_of(experiment, given.get("baseline"))
    return given


def answer(arguments: argparse.Namespace, document: dict[str, Any], words: str) -> int:
    """Print what a command has done, as the document that --json asks for or in words; exit status 0."""
    if arguments.json:
        print_json(document)
    else:
        print(words)
    return 0


def check_output(path: Path) -> None:
    """Refuse what can't become a file: it is written beside and put in place as a whole, which would remove a device, or a
    link to one, as /dev/stdout is."""
    if path.is_symlink() or (path.exists() and not path.is_file()) or not path.absolute().parent.is_dir():
        raise refusal("output is {path!r}; give the name of a file in an existing folder.", path=str(path))
