"""`python -m tl.train RUN_DIR` trains a run (or goes on with it); `--probe` measures this machine's speed.

Exit status 0: finished or stopped (SIGTERM); 1: failed, result.json says why. Torch is imported only once it is this
trainer's turn, so that starting up does not disturb the one that computes.
"""

import errno
import json
import signal
import sys
import traceback
from pathlib import Path

from tl.config import Refused, RunConfig
from tl.store.download import DownloadFailed
from tl.store.files import read_json, write_json
from tl.store.home import Home, Run
from tl.train.progress import Progress
from tl.train.turn import Turn

USAGE = "usage: python -m tl.train RUN_DIR | --probe BACKBONE RESOLUTION BATCH_SIZE"


class Stopped(BaseException):
    """SIGTERM or Ctrl-C: end at the next safe place."""


class StopSignal:
    """Notes a stop signal; a trainer that merely waits for its turn ends at once."""

    def __init__(self, turn: Turn):
        self._turn, self._asked = turn, False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note)

    def _note(self, number, frame) -> None:
        self._asked = True
        if self._turn.waiting:
            raise Stopped

    def check(self) -> None:
        """Raise Stopped where a stop was asked for."""
        if self._asked:
            raise Stopped


def train(folder: Path) -> int:
    """Train the run in `folder`; everything that happens ends up in result.json."""
    run = Run(folder)
    document = read_json(run.config)
    if document is None:
        print(f"{run.config} is missing or no JSON; a run's folder is made by `python -m tl compare`.", file=sys.stderr)
        return 2
    config = RunConfig.from_json(document)
    run.result.unlink(missing_ok=True)
    Progress(run, config.max_epochs).phase("waiting")
    turn = Turn(run.home.locks_dir)
    stop = StopSignal(turn)
    trainer = None
    try:
        turn.take()
        stop.check()
        from tl.train.run import Trainer

        trainer = Trainer(run, config, turn, stop.check)
        trainer.train()
    except Stopped:
        if trainer:
            trainer.stopped()
        else:
            write_json(run.result, {"status": "stopped", "reason": None, "message": None, "epochs": _epochs(run)})
    except Exception as error:
        traceback.print_exc()
        reason, message = explain(error)
        if trainer:
            trainer.failed(reason, message)
        else:
            write_json(run.result, {"status": "failed", "reason": reason, "message": message, "epochs": _epochs(run)})
        return 1
    return 0


def _epochs(run: Run) -> int:
    from tl.store.metrics import read_metrics

    return len(read_metrics(run.metrics))


def explain(error: Exception) -> tuple[str, str]:
    """A failure's name and one sentence: what happened and what to do."""
    match error:
        case DownloadFailed():
            return "download_failed", str(error)
        case Refused():
            return "bad_data", str(error)
        case MemoryError():
            return "out_of_memory", "The memory was not enough; use a smaller batch, resolution or network."
        case OSError(errno=errno.ENOSPC):
            return "disk_full", f"The disk is full ({error.filename or 'run folder'}); free some space and resume."
    match type(error).__name__:
        case "Diverged":
            return "diverged", f"Training diverged: {error}; use a lower learning rate."
        case "OutOfMemoryError":
            return "out_of_memory", "The GPU's memory was not enough; use a smaller batch, resolution or network."
    return "internal_error", f"An unexpected error ended the run ({type(error).__name__}: {error}); its log has more."


def main(arguments: list[str]) -> int:
    """Exit status of the command."""
    match arguments:
        case ["--probe", backbone, resolution, batch_size]:
            home = Home()
            Turn(home.locks_dir).take()  # held until this process ends
            from tl.train.probe import measure

            print(json.dumps(measure(home, backbone, int(resolution), int(batch_size))))
            return 0
        case [folder] if not folder.startswith("-"):
            return train(Path(folder))
    print(USAGE, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
