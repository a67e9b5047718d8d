"""The command line: `python -m tl COMMAND`. Knows no torch; what needs it is started as a process."""

import os
import sys
import traceback
from collections.abc import Mapping

from tl.cli import (
    advise,
    ask_networks,
    backbones,
    compare,
    datasets,
    experiment_options,
    export_model,
    final_model,
    forecast,
    hints,
    ingest,
    labels,
    library,
    predict,
    repair,
    report,
    runs,
    settle,
    sweep,
)
from tl.cli.parser import Parser, choose_launcher, data_set_named, speak
from tl.config import Refused
from tl.ending import clean_up_when_ended
from tl.failures import of_disk
from tl.jobs.launchers.launcher import child_environment
from tl.languages import ENGLISH, LANGUAGES, VARIABLES, ask, best_language, say
from tl.output import UTF_8, spell_out
from tl.store.files import keep_private
from tl.store.home import Home

PRETRAIN = "pretrain"


def main(argv: list[str]) -> int:
    """Exit status: 0 done, 1 something failed, 2 bad arguments or refused input, 130 after Ctrl-C."""
    if argv[:1] == [PRETRAIN]:
        # In place of this process, so that Ctrl-C and the exit status are the trainer's own.
        own = {name: os.environ[name] for name in UTF_8 if name in os.environ}  # the same terminal
        environment = {name: value for name, value in child_environment().items() if name not in UTF_8} | own
        os.execve(sys.executable, [sys.executable, "-m", "tl.train.pretrain", *argv[1:]], environment)
    arguments = parser().parse_args(argv)
    try:
        choose_launcher(arguments)
        for option in experiment_options.DATA_SETS:
            if getattr(arguments, option, None):
                setattr(arguments, option, data_set_named(arguments.home, getattr(arguments, option)))
        status: int = arguments.run(arguments)
        sys.stdout.flush()
        return status
    except Refused as refusal:
        print(refusal, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return compare.INTERRUPTED
    except BrokenPipeError:  # whoever read stdout has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if os.environ.get("TL_DEBUG") == "1":
            raise
        if isinstance(error, OSError) and (words := of_disk(error)):
            print(words, file=sys.stderr)
            return 1
        print(_unexpected(error, arguments.home), file=sys.stderr)
        return 1


def language_of(environment: Mapping[str, str]) -> str:
    """The code of the language that the first of VARIABLES names; English where none does, or it isn't there."""
    wanted = next((environment[name] for name in VARIABLES if environment.get(name)), "")
    return best_language(wanted.split(":")) or ENGLISH


def written(code: str, encoding: str | None) -> str:
    """The same where that encoding has its letters, else English: which is better than numbers of letters."""
    try:
        LANGUAGES[code].encode(encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return ENGLISH
    return code


def parser() -> Parser:
    """All commands with their options."""
    speak()
    top = Parser(prog="python -m tl", description=say("Is transfer learning worth it for these pictures?"))
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    for topic in (
        compare,
        settle,
        sweep,
        advise,
        hints,
        forecast,
        runs,
        labels,
        repair,
        report,
        ask_networks,
        datasets,
        ingest,
        backbones,
        library,
        export_model,
        predict,
        final_model,
    ):
        topic.add_commands(commands)
    commands.add_parser(PRETRAIN, help=say("Train a backbone on any image set, as a source for later transfer."))
    return top


def _unexpected(error: Exception, home: Home) -> str:
    """What to say of an error while it is handled; its traceback is kept, and the sentence says where."""
    said = {"error": type(error).__name__, "text": " ".join(str(error).split()) or say("no details")}
    path = home.path / "errors.log"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "a", encoding="utf-8", errors="backslashreplace") as file:
            traceback.print_exc(file=file)
    except OSError:
        return say("Unexpected {error}: {text} (TL_DEBUG=1 shows where)", **said)
    return say("Unexpected {error}: {text} (see {path})", path=path, **said)


if __name__ == "__main__":
    clean_up_when_ended()
    reader = written(language_of(os.environ), sys.stdout.encoding)
    ask(lambda: reader)
    keep_private()
    spell_out()
    sys.exit(main(sys.argv[1:]))
