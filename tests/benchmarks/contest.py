"""Contestants that take turns, epoch by epoch (A B C A B C): a machine that becomes slower does so for all of them.

They use the trainers' own locks, so only one computes at a time, start-up and imports included.
"""

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.benchmarks import runs
from tests.benchmarks.pictures import ROOT
from tl.jobs.launchers.launcher import child_environment
from tl.store.home import Home, Run

PEERS_VARIABLE = "TL_PEERS"  # folder of the virtual environment with requirements.txt


@dataclass(frozen=True)
class Contestant:
    """A process that takes turns and writes one JSON line per turn to `report`."""

    name: str
    command: Sequence[str]
    environment: dict[str, str]
    report: Path  # for a run of ours: its metrics
    run: Run | None = None


def ours(name: str, run: Run) -> Contestant:
    """A run of ours."""
    return Contestant(name, runs.command(run), child_environment(), run.metrics, run)


def script(home: Home, name: str, python: Path | str, module: str, allocator: bool = False, **settings) -> Contestant:
    """`module` of this folder under `python`; `allocator`: with the memory settings that our trainers get."""
    report = home.path / "reports" / f"{name}-{os.urandom(4).hex()}.jsonl"
    report.parent.mkdir(parents=True, exist_ok=True)
    settings |= {"locks": str(home.locks_dir), "report": str(report)}
    command = [str(python), "-m", f"tests.benchmarks.{module}", json.dumps(settings)]
    return Contestant(name, command, child_environment() if allocator else dict(os.environ), report)


def peer_python(package: str) -> Path | None:
    """The interpreter of the peers' environment if it has `package`, else None."""
    folder = os.environ.get(PEERS_VARIABLE)
    python = Path(folder) / "bin" / "python" if folder else None
    if python is None or not python.exists():
        return None
    asked = subprocess.run([python, "-c", f"import importlib.util as u; exit(u.find_spec({package!r}) is None)"])
    return None if asked.returncode else python


def contest(contestants: Sequence[Contestant]) -> dict[str, list[dict]]:
    """What each reports per turn; of ours the rows of metrics.parquet. Raises RuntimeError where one fails."""
    started = []
    try:
        for contestant in contestants:
            log = contestant.report.with_suffix(".log")
            with open(log, "wb") as file:
                process = subprocess.Popen(
                    contestant.command, cwd=ROOT, env=contestant.environment, stdout=file, stderr=file
                )
            started.append((contestant, process, log))
        for contestant, process, log in started:
            if process.wait():
                raise RuntimeError(f"{contestant.name} failed\n{runs.tail(log)}")
    finally:
        for _, process, _ in started:
            if process.poll() is None:
                process.kill()
                process.wait()
    return {contestant.name: _turns(contestant) for contestant in contestants}


def _turns(contestant: Contestant) -> list[dict]:
    if contestant.run:
        return runs.metrics(contestant.run).to_dict("records")
    return [json.loads(line) for line in contestant.report.read_text().splitlines()]


def epoch_seconds(turns: list[dict]) -> list[float]:
    """Training and validation of each epoch."""
    return [turn["train_seconds"] + turn["eval_seconds"] for turn in turns]


def usual_epoch(turns: list[dict] | None) -> float | None:
    """Median of the epochs after the first, in seconds; None for who did not take part."""
    return median(epoch_seconds(turns)[1:]) if turns else None


def first_epoch(turns: list[dict] | None) -> float | None:
    """Seconds until the first epoch is over, with what has to be done before it; None for who did not take part."""
    return turns[0].get("elapsed_seconds", sum(epoch_seconds(turns[:1]))) if turns else None
