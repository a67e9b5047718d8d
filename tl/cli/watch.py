"""Waiting for runs on a terminal: a bar per arm, or a line per epoch where stderr is no terminal."""

import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, NoReturn

from tl import jobs
from tl.jobs.listing import RunEntry
from tl.jobs.progress import epochs_done, seconds_left
from tl.jobs.start import log_path
from tl.languages import later, say
from tl.store.documents import Progress
from tl.store.home import Home
from tl.store.queue import database
from tl.store.queue.schema import ACTIVE
from tl.words import clock, number_of, phase_name, status_name

if TYPE_CHECKING:
    from tqdm import tqdm

POLL_SECONDS = 0.3
FAILED = ("failed", "interrupted")  # statuses that make the exit status 1
Rows = Sequence[Mapping[Any, Any]]  # of a run's metrics, one per epoch
BAR_COLUMNS = 30
MAX_STARTS = 10  # of the supervisor, with nothing happening in between


def wait(home: Home, experiment_id: str, run_ids: set[str]) -> list[RunEntry]:
    """Show on stderr how runs of one experiment go on until all have ended; their last state, as `jobs.list_runs`.

    Raises RuntimeError where no supervisor stays alive to train them.
    """
    shown: AbstractContextManager[Bars | Lines] = Bars(home) if sys.stderr.isatty() else nullcontext(Lines(home))
    starts, before = 0, None
    with shown as display:
        while True:
            # The rows, not what list_runs makes of them: an end counts once it is written down.
            rows = database.read_runs(home, experiment_id, ACTIVE)
            active = [row for row in rows if row.run_id in run_ids]
            all_runs = jobs.list_runs(home, experiment_id)
            runs = [run for run in all_runs if run.run_id in run_ids]
            display.show(runs, all_runs)
            if not active:
                return runs
            started = jobs.ensure_supervisor(home)
            starts = starts + started if runs == before else 0
            if starts > MAX_STARTS:
                raise RuntimeError(say("the supervisor does not stay alive; {path} says why", path=log_path(home)))
            before = runs
            time.sleep(POLL_SECONDS)


class Lines:
    """A line for each finished epoch and for each end."""

    def __init__(self, home: Home):
        self._home = home
        self._epochs: dict[str, int] = {}  # run -> epochs told
        self._ended: set[str] = set()

    def show(self, runs: list[RunEntry], all_runs: list[RunEntry]) -> None:
        """Print what is new; `all_runs` as Bars takes them."""
        for run in runs:
            # What was there before we came is not news.
            told = self._epochs.setdefault(run.run_id, run.epochs if run.attempt > 1 else 0)
            if run.epochs > told:
                rows = _epochs(self._home, run.run_id)[told:]  # may hold one more by now
                self._epochs[run.run_id] += len(rows)
                for row in rows:
                    line = say(
                        "epoch {epoch}/{epochs}, validation accuracy {accuracy}, {seconds:.1f} s",
                        epoch=row["epoch"],
                        epochs=run.max_epochs,
                        accuracy=percent(row["val_accuracy"]),
                        seconds=row["train_seconds"] + row["eval_seconds"],
                    )
                    tell(said_of(run, line))
            if run.status not in ACTIVE and run.run_id not in self._ended:
                self._ended.add(run.run_id)
                tell(said_of(run, describe_end(run)))


class Bars:
    """A progress bar for each arm, over all its seeds."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._bars: dict[str, tqdm[NoReturn]] = {}
        self._epochs: dict[tuple[str, int], Rows] = {}  # (run, epochs of it) -> their rows

    def __enter__(self) -> "Bars":
        return self

    def __exit__(self, *_: object) -> None:
        for bar in self._bars.values():  # the uppermost first: in this order they stay on the terminal
            bar.close()

    def show(self, runs: list[RunEntry], all_runs: list[RunEntry]) -> None:
        """Redraw the bars of `runs`; they take turns with the others of their experiment's, which are `all_runs`."""
        from tqdm import tqdm

        told = {run.run_id: run.epochs for run in all_runs}
        left = seconds_left(self._home, all_runs, lambda run_id: self._rows(run_id, told[run_id]))
        for place, arm in enumerate(dict.fromkeys(run.arm for run in runs)):
            own = [run for run in runs if run.arm == arm]
            done = sum(epochs_done(run) for run in own)
            if arm not in self._bars:
                total = sum(run.max_epochs for run in own)
                # tqdm's own time left takes what was done before we came for speed; its width, what the words leave.
                layout = f"{{desc}} |{{bar:{BAR_COLUMNS}}}| {say('{n:.1f}/{total} epochs')}{{postfix}}"
                options = {"position": place, "bar_format": layout, "file": sys.stderr}
                self._bars[arm] = tqdm(desc=arm, total=total, initial=done, **options)
            bar = self._bars[arm]
            bar.n = done
            bar.set_postfix_str(_now(own, left), refresh=False)
            bar.refresh()

    def _rows(self, run_id: str, epochs: int) -> Rows:
        if (run_id, epochs) not in self._epochs:  # some times a second is too often to read a file for nothing
            self._epochs = {key: rows for key, rows in self._epochs.items() if key[0] != run_id}
            self._epochs[run_id, epochs] = _epochs(self._home, run_id)
        return self._epochs[run_id, epochs]


def describe_end(run: RunEntry) -> str:
    epochs = number_of(run.epochs, "epoch")
    if run.status == "finished":
        text = later("finished after {epochs}, test accuracy {accuracy}")
        early = later("finished after {epochs} (stopped early), test accuracy {accuracy}")
        return say(early if run.stopped_early else text, epochs=epochs, accuracy=percent(run.test_accuracy))
    status = status_name(run.status)
    if run.message:
        return say("{status}: {message}", status=status, message=run.message)
    return say("{status} after {epochs}", status=status, epochs=epochs)


def percent(fraction: float | None) -> str:
    """A fraction as people read it; a dash where it is unknown."""
    return "-" if fraction is None else f"{100 * fraction:.1f} %"


def _epochs(home: Home, run_id: str) -> Rows:
    from tl.store.metrics import read_metrics  # pandas

    return read_metrics(home.run(run_id).metrics).to_dict("records")


def _now(runs: list[RunEntry], left: dict[str, float | None]) -> str:
    """What the run to look at does: "at most 1:20 left for seed 1, training, best 56.3 %"."""
    run = next((run for run in runs if run.status == "running"), runs[-1])
    seconds, several = left.get(run.run_id), len(runs) > 1
    told = (run.progress or Progress()).phase
    phase = phase_name(told) if told else status_name(run.status)
    if seconds:
        text = later("at most {time} left for seed {seed}, {phase}, best {accuracy}")
        alone = later("at most {time} left, {phase}, best {accuracy}")
    else:
        text, alone = later("seed {seed} {phase}, best {accuracy}"), later("{phase}, best {accuracy}")
    values = {"time": clock(seconds or 0), "seed": run.seed, "phase": phase}
    return say(text if several else alone, **values, accuracy=percent(run.best_val_accuracy))


def said_of(run: RunEntry, what: str) -> str:
    """A line about a run."""
    return say("{arm}, seed {seed}: {what}", arm=run.arm, seed=run.seed, what=what)


def tell(line: str) -> None:
    """Say how it goes: on stderr, at once."""
    print(line, file=sys.stderr, flush=True)
