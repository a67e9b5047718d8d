"""What is measured once of a question's features, and kept: features first, then many small regressions, giving way to runs.

`ask` starts a process that calls `main`; which questions there are: forecasts.py, label_checks.py.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import partial

from tl.analysis.forecasts.question import ForecastQuestion, feature_keys
from tl.config import Refused
from tl.datasets.giving_way import WAITING
from tl.jobs import background
from tl.jobs.launchers.launcher import talking
from tl.jobs.measurements import features
from tl.languages import READ_BY_US, later, read_sentence, say, store_sentence
from tl.store.device_lock import DeviceLock
from tl.store.features import TRAIN, FeatureKey, Features, read_features
from tl.store.files import locked
from tl.store.home import Home

NOT_READ = later("The features could not be read back; the disk may be full.")
Split = str


class GaveWay(Exception):
    """A run came first; nothing is written down, and the next one measures."""


@dataclass(frozen=True, kw_only=True)
class ByFeatures:
    """One kind of question that is answered by the features of all pictures."""

    module: str  # which is started; it calls `main`
    lock: str  # under which one process measures
    waits: str  # told on stderr where something else computes
    known: Callable[[Home, ForecastQuestion], bool]
    problem: Callable[[Home, ForecastQuestion], str | None]  # why it could not be answered, stored
    measure_by: Callable[[Home, ForecastQuestion, dict[Split, Features], Callable[[], None]], str | None]
    # keeps the answer, and lets others compute, by its last argument, before each piece; a sentence, stored, if it can't
    keep_problem: Callable[[Home, ForecastQuestion, str], None]

    def ask(self, home: Home, asked: ForecastQuestion) -> bool:
        """Start measuring, unless something trains or somebody measures already; whether it began."""
        return background.begin(home, self.lock, self.module, [json.dumps(asdict(asked))])

    def working(self, home: Home) -> bool:
        return background.working(home, self.lock)

    def measure(self, home: Home, asked: ForecastQuestion) -> None:
        """Measure what is not known, waiting for it and for the device. Raises Refused where that is impossible."""
        with locked(home.locks_dir / self.lock):
            in_front = InFront(home, self.waits)
            self.measure_missing(home, asked, in_front.run, in_front.tell_if_busy)
        if not self.known(home, asked):
            raise Refused(read_sentence(self.problem(home, asked)) or say(NOT_READ))

    def main(self, arguments: Sequence[str]) -> None:
        """Of the process that `ask` started, which handed over the lock: measure at once."""
        home = Home(arguments[0])
        asked = ForecastQuestion(**json.loads(arguments[1]))
        run = partial(background.run, home, limit_seconds=features.LIMIT_SECONDS)
        self.measure_missing(home, asked, run, partial(unless_busy, home))

    def measure_missing(
        self, home: Home, asked: ForecastQuestion, run: features.Run, give_way: Callable[[], None]
    ) -> None:
        """Measure what is not known yet; what was tried in vain is tried again. `give_way` may raise GaveWay."""
        if self.known(home, asked):
            return
        try:
            problem = make_features(home, asked, run)
            if problem is None:
                problem = self._measured(home, asked, give_way)
        except GaveWay:
            return
        if problem:
            self.keep_problem(home, asked, problem)

    def _measured(self, home: Home, asked: ForecastQuestion, give_way: Callable[[], None]) -> str | None:
        found = features_of(home, asked)
        if found is None:
            return store_sentence(say(NOT_READ))
        with closing(DeviceLock(home.locks_dir)) as device_lock:

            def hand_over() -> None:
                device_lock.give()
                give_way()
                device_lock.take()

            return self.measure_by(home, asked, found, hand_over)


class InFront:
    """How it is measured in front of a person: to its end, and on stderr it is told once that it waits."""

    def __init__(self, home: Home, waits: str) -> None:
        self._home, self._waits, self._told = home, waits, False

    def tell_if_busy(self) -> None:
        """Say so once where somebody else computes."""
        with closing(DeviceLock(self._home.locks_dir)) as device_lock:
            free = not device_lock.wanted() and device_lock.try_take()
        if not free:
            self._tell()

    def run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        """Run what looks at the pictures."""
        said: list[str] = []
        own, pipe = talking(**READ_BY_US), subprocess.PIPE  # one line on stdout, at the end
        with subprocess.Popen(command, stdout=pipe, stderr=pipe, encoding="utf-8", **own) as process:
            assert process.stdout is not None and process.stderr is not None
            for line in process.stderr:
                if line.startswith(say(WAITING)):  # it speaks our language
                    self._tell()
                said.append(line)
            answer = process.stdout.read()
        return subprocess.CompletedProcess(command, process.returncode, answer, "".join(said))

    def _tell(self) -> None:
        if not self._told:
            self._told = True
            print(say(self._waits), file=sys.stderr, flush=True)


def make_features(home: Home, asked: ForecastQuestion, run: features.Run) -> str | None:
    """Compute the features that are missing; a sentence, stored, where that fails."""
    keys = feature_keys(home, asked)
    if all(key.path(home).is_file() for key in keys.values()):
        return None
    also = [f"{split}:{key.samples}" for split, key in keys.items() if split != TRAIN]
    problems = features.make(home, run, [keys[TRAIN]], also)
    if problems is None:
        raise GaveWay
    return problems[features.named(keys[TRAIN])] or None


def features_of(home: Home, asked: ForecastQuestion) -> dict[str, Features] | None:
    """Split -> its features, as they were made; None where they can't be read back."""
    keys: dict[str, FeatureKey] = feature_keys(home, asked)  # anew: the pictures may only now have their fingerprint
    found = {split: read_features(home, key) for split, key in keys.items()}
    return None if None in found.values() else {split: own for split, own in found.items() if own is not None}


def unless_busy(home: Home) -> None:
    if background.busy(home):
        raise GaveWay
