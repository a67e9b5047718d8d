"""From typing a command to seeing it work, against the bare interpreter and the bare imports, alternating."""

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
from tests.benchmarks.runs import stop, wait_for_first_step
from tests.benchmarks.scale import Scale
from tl.store.home import Home

IMPORTS = "import torch, torchvision"


def start(home: Home, scale: Scale) -> list[Row]:
    """`compare` typed to the first training step, in a home of its own each time: no supervisor is there yet."""
    dataset, _ = flowers_dataset(home, 64, scale.pictures, scale.validation)
    _first_step(home, dataset)  # not counted: chooses the precision, once per machine
    pairs = [(_first_step(home, dataset), _seconds("-c", IMPORTS)) for _ in range(scale.start_rounds)]
    steps, imports = ([pair[place] for pair in pairs] for place in (0, 1))
    what = "compare typed to first training step done"
    return [share(what, median(steps), "s", IMPORTS, median(imports), at_most=1.5)]


def start_up(home: Home, scale: Scale) -> list[Row]:
    """Until `python -m tl --help` answers."""
    pairs = [(_seconds("-m", "tl", "--help"), _seconds("-c", "pass")) for _ in range(scale.start_rounds)]
    answers, bare = ([pair[place] for pair in pairs] for place in (0, 1))
    return [share("tl --help", median(answers), "s", "bare interpreter", median(bare))]


def _seconds(*arguments: str) -> float:
    began = time.monotonic()
    subprocess.run([sys.executable, *arguments], cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - began


def _first_step(home: Home, dataset: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        own = Home(folder)
        shutil.copytree(home.dataset_dir(dataset), own.dataset_dir(dataset))
        if home.probes_path.exists():
            shutil.copy(home.probes_path, own.probes_path)
        options = ["--dataset", dataset, "--arms", "scratch", "--home", folder]
        log = Path(folder) / "command.log"
        with open(log, "wb") as file:
            began = time.monotonic()
            command = subprocess.Popen(
                [sys.executable, "-m", "tl", "compare", *options],
                cwd=ROOT,
                env=os.environ | {"TL_HOME": folder},
                stdout=file,
                stderr=file,
            )
        try:
            return wait_for_first_step(_run_of(own, command, log), command) - began
        finally:
            stop(command)
            if own.probes_path.exists():
                shutil.copy(own.probes_path, home.probes_path)


def _run_of(home: Home, command: subprocess.Popen, log: Path):
    """The command's run, once its folder is there."""
    while not (found := list(home.runs_dir.glob("*/config.json"))):
        if command.poll() is not None:
            raise RuntimeError(f"compare ended before it began\n{log.read_text(encoding='utf-8')}")
        time.sleep(0.005)
    return home.run(found[0].parent.name)
