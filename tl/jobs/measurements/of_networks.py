"""What finished runs' networks are asked, each once: in the background, giving way to runs, or in front of a person.

`ask` starts a process that calls `main`. What was found lies in the runs' folders, why one could not be asked in the cache
(tl.store.saliency). Which questions there are: both_sets.py, shifted.py.
"""

import json
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tl.ending import clean_up_when_ended
from tl.jobs import background
from tl.jobs.measurements.features import Run
from tl.languages import later, say, store_sentence
from tl.store.files import locked
from tl.store.home import Home
from tl.store.saliency import Failed, forget_saliency, read_saliency, write_saliency


@dataclass(frozen=True, kw_only=True)
class OfNetworks:
    """One question that networks are asked."""

    module: str  # which is started; it calls `main`
    name: str  # in place of a picture, where the cache says why a run could not be asked
    lock: str  # under which one process asks
    command: tuple[str, ...]  # that asks; its last line is a JSON object, run -> why it could not be asked
    limit_seconds: float
    known: Callable[[Home, str], bool]  # whether a run has been asked
    keep: Callable[[Home, str, Path], None] | None = None  # what is made of a file RUN_ID.npz in the folder `--output`
    first: Callable[[Home], None] = lambda home: None  # before a process is started

    def ask(self, home: Home, runs: Sequence[str]) -> bool:
        """Start asking the runs that have not been, unless something trains or somebody asks already; whether it began."""
        return background.begin(home, self.lock, self.module, runs, first=lambda: self.first(home))

    def working(self, home: Home) -> bool:
        return background.working(home, self.lock)

    def measure(self, home: Home, runs: Sequence[str]) -> None:
        """The same, waiting for it and for the device; progress goes to stderr."""
        with locked(home.locks_dir / self.lock):
            self.ask_missing(home, runs, background.in_front)

    def problem(self, home: Home, run_id: str) -> str | None:
        """Why a run could not be asked, stored; None where it was, or nobody has tried."""
        found = read_saliency(home, run_id, self.name)
        return found.error if isinstance(found, Failed) else None

    def main(self, arguments: Sequence[str]) -> None:
        """Of the process that `ask` started, which handed over the lock: ask at once."""
        clean_up_when_ended()
        home = Home(arguments[0])
        self.ask_missing(home, arguments[1:], lambda command: background.run(home, command, self.limit_seconds))

    def ask_missing(self, home: Home, runs: Sequence[str], run: Run) -> None:
        """Every run has its file afterwards, or a sentence why not; none of either where a run to be trained came first."""
        for run_id in runs:  # what failed before is tried again
            forget_saliency(home, run_id, self.name)
        left = [run_id for run_id in runs if not self.known(home, run_id)]
        if not left:
            return
        with tempfile.TemporaryDirectory(prefix=f"tl-{self.name}-") as folder:
            output = ("--output", folder) if self.keep else ()
            reason = self._reasons(run, [*self.command, "--home", str(home.path), *output, *left])
            if reason is None:
                return
            for run_id in left:
                if self.keep and (file := Path(folder) / f"{run_id}.npz").exists():
                    self.keep(home, run_id, file)
                elif not self.known(home, run_id):
                    write_saliency(home, run_id, self.name, Failed(reason(run_id)))

    def _reasons(self, run: Run, command: list[str]) -> Callable[[str], str] | None:
        """What says of a run without an answer why it has none. None where a run to be trained came first."""
        otherwise, told = store_sentence(say("Asking its network failed.")) or "", {}
        try:
            ended = run(command)
            if ended is None:
                return None
            if ended.returncode == 0:
                told = json.loads(ended.stdout.strip().splitlines()[-1])
            elif said := (ended.stderr or "").strip().splitlines():
                otherwise = said[-1]
        except subprocess.TimeoutExpired:
            text = later("Asking the networks took longer than {minutes:.0f} minutes.")
            otherwise = store_sentence(say(text, minutes=self.limit_seconds / 60)) or ""
        return lambda run_id: str(told.get(run_id, otherwise))
