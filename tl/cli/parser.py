"""An argument parser that answers a mistake with one sentence, and the options that every command has."""

import argparse

from tl.config import ACCURACY, BALANCED_ACCURACY, Experiment
from tl.store.home import Home


class Parser(argparse.ArgumentParser):
    """`exit(2)` with one sentence instead of the usage as well."""

    def __init__(self, **options):
        super().__init__(**options, allow_abbrev=False)

    def error(self, message: str):
        """One sentence on stderr, exit status 2."""
        self.exit(2, f"{message[:1].upper()}{message[1:]}; `{self.prog} --help` lists what there is.\n")


def add_command(commands, name: str, run, help: str) -> Parser:
    """A command `name` that calls `run(arguments) -> exit status`; has --home and --json already."""
    parser = commands.add_parser(name, help=help, description=help)
    parser.add_argument("--home", metavar="DIR", type=Home, default=Home(), help="default: $TL_HOME or ./.tl")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout, nothing else there")
    parser.set_defaults(run=run)
    return parser


def add_verdict_options(parser: Parser, measure: bool = False) -> None:
    """What the verdict is to judge by; `measure`: by which accuracy, too, where training is over."""
    if measure:
        text = "what the verdict goes by; default: what the best epochs were chosen by"
        parser.add_argument("--judge-by", dest="measure", choices=(ACCURACY, BALANCED_ACCURACY), help=text)
    parser.add_argument("--baseline", metavar="ARM", help="the arm the others are held against; default: scratch")
    parser.add_argument("--target", type=float, metavar="FLOAT", help="validation accuracy to time, 0.85 for 85 %%")
    parser.add_argument("--margin", type=float, metavar="FLOAT", help="difference that matters; default 0.01: a point")


def verdict_options(arguments, experiment: Experiment | None = None) -> dict:
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
