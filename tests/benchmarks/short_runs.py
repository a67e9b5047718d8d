"""Many short runs: what the whole command takes against what its runs compute, and how soon each gets going."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from tests.benchmarks.pictures import ROOT, flowers_dataset
from tests.benchmarks.row import Row, share
from tests.benchmarks.runs import stop, tail
from tests.benchmarks.scale import Scale
from tl.store.files import read_json
from tl.store.home import Home
from tl.store.metrics import read_metrics

POLL_SECONDS = 0.02
SWEEP = ["--arms", "scratch,full_finetuning", "--seeds", "2", "--epochs", "4", "--resolution", "32", "--patience", "0"]
COMPARISON = ["--arms", "scratch,linear_probe,full_finetuning", "--seeds", "3", "--epochs", "10", "--patience", "0"]
PROBES = ["--arms", "linear_probe", "--epochs", "10", "--patience", "0", "--no-resplit", "--views-by", "dataset"]


def short_runs(home: Home, scale: Scale) -> list[Row]:
    """A sweep, a comparison and ten probes: seconds against computing time, first steps, features in common."""
    dataset, _ = flowers_dataset(home, 64, max(scale.short_sizes), scale.validation)
    flowers_dataset(home, 32, max(scale.short_sizes), scale.validation)
    sizes = ",".join(map(str, scale.short_sizes))
    samples = ["--samples", str(scale.short_pictures)]
    command = Command(home, dataset)
    command("compare", *SWEEP, *samples)  # not counted: chooses the precision, once per machine
    command("compare", *COMPARISON, *samples)
    sweep = command("sweep", *SWEEP, "--sizes", sizes)
    comparison = command("compare", *COMPARISON, *samples)
    one, ten = (command("compare", *PROBES, *samples, "--seeds", seeds) for seeds in ("1", "10"))
    later = sweep.first_steps[1:] + comparison.first_steps[1:]
    first = {"what": "turn begun to first step done, from the second run on", "unit": "s", "at_most": 1.0}
    what = f"comparison of 3 arms x 3 seeds, {scale.short_pictures} photos"
    return [
        Row(**first, measured=median(later), note=f"longest {max(later):.2f} s of {len(later)}"),
        share(
            f"sweep of {len(sweep.seconds)} runs", sweep.took, "s", "computing time", sum(sweep.seconds), at_most=2.0
        ),
        share(what, comparison.took, "s", "computing time", sum(comparison.seconds), at_most=1.2),
        share("ten seeds of a linear probe, processor", ten.processor, "s", "one", one.processor, at_most=2.0),
        share("ten seeds, the whole command", ten.took, "s", "one", one.took, at_most=2.0),
    ]


class Command:
    """`command(NAME, OPTION, ...)` runs `python -m tl` in a home of its own and watches its runs."""

    def __init__(self, home: Home, dataset: str):
        self._home, self._dataset = home, dataset

    def __call__(self, name: str, *options: str) -> "Watched":
        """What its runs did."""
        with tempfile.TemporaryDirectory() as folder:
            own = Home(folder)
            shutil.copytree(self._home.dataset_dir(self._dataset), own.dataset_dir(self._dataset))
            if self._home.probes_path.exists():
                shutil.copy(self._home.probes_path, own.probes_path)
            log = Path(folder) / "command.log"
            with open(log, "wb") as file:
                began = time.monotonic()
                process = subprocess.Popen(
                    [sys.executable, "-m", "tl", name, "--dataset", self._dataset, *options],
                    cwd=ROOT,
                    env=os.environ | {"TL_HOME": folder},
                    stdout=file,
                    stderr=file,
                )
            try:
                watched = Watched(own, process, began)
            finally:
                stop(process)
                if own.probes_path.exists():
                    shutil.copy(own.probes_path, self._home.probes_path)
            if process.returncode:
                raise RuntimeError(f"{name} failed\n{tail(log)}")
            return watched


class Watched:
    """Runs of a home until `process` ends: what they computed, and how long each had its turn before its first step."""

    def __init__(self, home: Home, process: subprocess.Popen, began: float):
        self._turns: dict[str, float] = {}  # run -> when its turn began
        self._steps: dict[str, float] = {}  # run -> when its first step was done, in the order in which they were
        while process.poll() is None:
            for folder in home.runs_dir.glob("[!.]*"):
                if folder.name not in self._steps:
                    self._note(folder.name, read_json(home.run(folder.name).progress) or {})
            time.sleep(POLL_SECONDS)
        self.took = time.monotonic() - began
        runs = [home.run(folder.name) for folder in home.runs_dir.glob("[!.]*")]
        results = [read_json(run.result) or {} for run in runs]
        # What was computed for it: features that another run made count there.
        self.seconds = [each.get("elapsed_seconds", 0.0) - each.get("reused_seconds", 0.0) for each in results]
        # Two that compute side by side take twice as long each: what they cost is the processor's time.
        self.processor = sum(float(read_metrics(run.metrics)["cpu_seconds"].sum()) for run in runs)
        self.first_steps = [done - self._turns[run] for run, done in self._steps.items()]

    def _note(self, run: str, state: dict) -> None:
        phase, now = state.get("phase"), time.monotonic()
        if phase not in (None, "waiting"):
            self._turns.setdefault(run, now)
        if phase in ("validating", "testing", "done") or (phase == "training" and state.get("step", 0) >= 1):
            self._turns.setdefault(run, now)
            self._steps[run] = now
