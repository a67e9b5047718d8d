"""Runs as jobs of Slurm, submitted through submitit, on machines that share $TL_HOME: one job and one trainer a run.

Slurm decides when a job begins, which may take hours: until then its run waits and no time of it counts. What a job is
doing is asked of squeue, for all at once; how its trainer ended stands in a file that submitit writes.
"""

import getpass
import math
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from tl.jobs.launchers.guard import guarded
from tl.jobs.launchers.launcher import GRACE_SECONDS, PROJECT_ROOT, Ended, Launcher, Unreachable, amount
from tl.jobs.launchers.local import LocalLauncher
from tl.jobs.memory import GPU_HOST_BYTES
from tl.languages import say
from tl.store.home import Run
from tl.store.machines import Machine

FRESH_SECONDS = 5.0  # for so long an answer of squeue holds: it asks the one that schedules everybody's jobs
COMMAND_SECONDS = 60.0  # for one of Slurm's commands
KILL_WAIT_SECONDS = 60.0  # from cancelling a job to its end; Slurm itself kills after 30 (its KillWait)
TAKEN = "Job not requeued because"  # as submitit says it; # not shown
NAME = "tl-"  # jobs are called so, and then by their run's id
WORKING = ("RUNNING", "COMPLETING")
# Times that a job may begin again because its time was over: the queue knows how long a run may take.
MOST_TIMEOUTS = 1000
MOST_JOBS = 16  # of ours that Slurm has at once


class Job(NamedTuple):
    """A job of ours that Slurm knows: waits, works or is just ending."""

    number: str
    state: str  # as squeue calls it
    seconds: float  # for how long it has worked
    name: str
    node: str  # where it works; "" where it waits


class Carried:
    """What submitit runs on the machine of a job: a trainer, to its end; where the job is put back, it goes on then."""

    def __call__(self, folder: str) -> dict[str, Any]:
        """Train the run in `folder`; how that ended, as the fields of Ended."""
        run = Run(Path(folder))
        launcher, handle = guarded(run)

        def ask(number: int, frame: FrameType | None) -> None:
            launcher.ask(run.folder.name, handle)

        signal.signal(signal.SIGTERM, ask)  # submitit would pass it over
        while launcher.alive(handle):
            launcher.wait([handle], 1.0)
        return asdict(launcher.ended(handle))

    def checkpoint(self, folder: str) -> Any:
        """The same once more, for a job that is taken away or whose time is over: after the last finished epoch."""
        import submitit

        LocalLauncher().terminate(Path(folder).name, None)  # at once: it must not write that it was stopped
        return submitit.helpers.DelayedSubmission(self, folder)


class SlurmLauncher(Launcher):
    """Trainers as jobs of Slurm, each with the share of a machine that the operator's $TL_SLURM_... ask for."""

    name, near, one_device = "slurm", False, False
    library = ("submitit", "1.5.4")

    def __init__(self, fresh_seconds: float = FRESH_SECONDS) -> None:
        self._fresh_seconds = fresh_seconds
        self._jobs: dict[str, Job] = {}  # by number
        self._asked_at = float("-inf")

    @staticmethod
    def check() -> None:
        _parameters(Run(Path()), 0.0)
        amount("TL_SLURM_JOBS", MOST_JOBS)

    def start(self, run: Run, need_bytes: float) -> str:
        """Submit its job. Raises OSError with Slurm's reason where that refuses it."""
        self._poll(fresh=True)  # where nobody answers the run goes on waiting
        folder = run.folder / "slurm"
        import submitit

        executor = submitit.AutoExecutor(folder=folder, cluster="slurm", slurm_max_num_timeout=MOST_TIMEOUTS)
        executor.update_parameters(**_parameters(run, need_bytes))
        try:
            job = executor.submit(Carried(), str(run.folder))
        except (subprocess.CalledProcessError, submitit.core.utils.FailedJobError, RuntimeError) as problem:
            raise OSError(say("Slurm refused the job: {reason}", reason=" ".join(str(problem).split())[:300])) from None
        self._jobs[job.job_id] = Job(job.job_id, "PENDING", 0.0, NAME + run.folder.name, "")
        return _handle(job.job_id, folder)

    def adopt(self, run: Run) -> str | None:
        """The job that is called by the run."""
        found = self._of_run(run.folder.name)
        return _handle(found[0].number, run.folder / "slurm") if found else None

    def alive(self, handle: str) -> bool:
        """Whether its job waits or works; not once it has said how its trainer ended."""
        return not _result(handle).exists() and _number(handle) in self._poll()

    def seconds(self, handle: str) -> float | None:
        """Since its job began; None as long as that waits."""
        job = self._poll().get(_number(handle))
        return job.seconds if job and job.state in WORKING else None

    def ended(self, handle: str) -> Ended:
        """As its job said; where it could not, its machine went away, or its time was over."""
        if not _result(handle).exists():
            return Ended(lost="node_lost")
        import submitit

        try:
            return Ended(**_job(handle).result())
        # There is no TL Lab on its machine, or it was taken away.
        except submitit.core.utils.UncompletedJobError as problem:
            if TAKEN in str(problem):
                return Ended(lost="node_lost")
            with open(Run(_folder(handle).parent).log, "a", encoding="utf-8") as log:
                log.write(f"{problem}\n")
            return Ended(exit_code=1)

    def ask(self, run_id: str, handle: str) -> None:
        """SIGTERM to its trainer; a job that waits is cancelled."""
        job = self._poll(fresh=True).get(_number(handle))
        if job and job.state in WORKING:
            _slurm("scancel", "--signal=TERM", job.number)
        elif job:
            _slurm("scancel", job.number)

    def terminate(self, run_id: str, handle: str | None, grace_seconds: float = GRACE_SECONDS) -> None:
        """Ask its trainer, cancel its job after `grace_seconds`. Raises TimeoutError where Slurm goes on listing the job."""
        if handle and self.alive(handle):
            self.ask(run_id, handle)
            self._wait_until_gone([_number(handle)], grace_seconds, handle)
        left = [job.number for job in self._of_run(run_id)]
        if handle and _result(handle).exists():  # it is only tidying up
            left = [number for number in left if number != _number(handle)]
        if left:
            _slurm("scancel", *left)
            if not self._wait_until_gone(left, KILL_WAIT_SECONDS):
                raise TimeoutError(
                    say("Slurm reports that job {job} of run {run} has not ended.", job=left[0], run=run_id)
                )

    def _wait_until_gone(self, numbers: list[str], seconds: float, handle: str | None = None) -> bool:
        end = time.monotonic() + seconds
        while self._poll(fresh=True).keys() & numbers and not (handle and _result(handle).exists()):
            if time.monotonic() > end:
                return False
            time.sleep(0.5)
        return True

    def fits(self, need_bytes: float) -> int:
        """So many that no more than $TL_SLURM_JOBS wait or work at once: when they begin Slurm decides."""
        return max(int(amount("TL_SLURM_JOBS", MOST_JOBS)) - len(self._poll()), 0)

    def machines(self, handles: Iterable[str]) -> tuple[Machine, ...]:
        """Those that jobs of ours work on; what they have Slurm alone knows."""
        jobs, trains = self._poll(), dict[str, list[str]]()
        for handle in handles:
            if (job := jobs.get(_number(handle))) and job.node:
                trains.setdefault(job.node, []).append(handle)
        return tuple(Machine(name=name, trains=tuple(own)) for name, own in sorted(trains.items()))

    def _of_run(self, run_id: str) -> list[Job]:
        return [job for job in self._poll(fresh=True).values() if job.name == NAME + run_id]

    def _poll(self, fresh: bool = False) -> dict[str, Job]:
        """Our jobs by their numbers. Raises Unreachable where Slurm does not answer."""
        if fresh or time.monotonic() - self._asked_at > self._fresh_seconds:
            told = _slurm("squeue", "--noheader", f"--user={getpass.getuser()}", "--format=%i|%T|%M|%j|%N")
            jobs = [
                Job(number, state, _seconds(time_), name, node)
                for number, state, time_, name, node in (line.strip().split("|", 4) for line in told)
            ]
            self._jobs = {job.number: job for job in jobs if job.name.startswith(NAME)}
            self._asked_at = time.monotonic()
        return self._jobs


def _parameters(run: Run, need_bytes: float) -> dict[str, Any]:
    """What the job asks of Slurm, in submitit's words; $TL_SLURM_OPTIONS: sbatch's own, such as "qos=high account=lab"."""
    gpus = int(amount("TL_SLURM_GPUS", 0))
    parameters = {
        "name": NAME + run.folder.name,
        "timeout_min": int(amount("TL_SLURM_MINUTES", 24 * 60)),
        "cpus_per_task": int(amount("TL_SLURM_CPUS", 4)),
        "mem_gb": math.ceil(1.25 * max(need_bytes, GPU_HOST_BYTES if gpus else 0) / 1e9),
        "slurm_setup": [f"export PYTHONPATH={shlex.quote(str(PROJECT_ROOT))}${{PYTHONPATH:+:$PYTHONPATH}}"],
    }
    if gpus:
        parameters["gpus_per_node"] = gpus
    if partition := os.environ.get("TL_SLURM_PARTITION"):
        parameters["slurm_partition"] = partition
    options = shlex.split(os.environ.get("TL_SLURM_OPTIONS") or "")
    own = {name.lstrip("-"): value or True for name, _, value in (option.partition("=") for option in options)}
    return parameters | {"slurm_additional_parameters": {"requeue": True} | own}


def _handle(number: str, folder: Path) -> str:
    return f"slurm {number} {folder}"  # not shown


def _number(handle: str) -> str:
    return handle.split(" ", 2)[1]


def _folder(handle: str) -> Path:
    return Path(handle.split(" ", 2)[2])


def _job(handle: str) -> Any:
    import submitit

    return submitit.SlurmJob(_folder(handle), _number(handle))


def _result(handle: str) -> Path:
    return Path(_job(handle).paths.result_pickle)


def _seconds(text: str) -> float:
    """A time as squeue writes it, days-hours:minutes:seconds with what is nothing left out; 0 where it writes none."""
    days, _, clock = text.rpartition("-")
    total = 0.0
    for part in clock.split(":"):
        total = 60 * total + (int(part) if part.isdigit() else 0)
    return 86_400 * (int(days) if days.isdigit() else 0) + total


def _slurm(*command: str) -> list[str]:
    """Lines that one of Slurm's commands prints. Raises Unreachable where it fails."""
    try:
        done = subprocess.run(
            command, capture_output=True, encoding="utf-8", errors="replace", timeout=COMMAND_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError) as problem:
        said = str(getattr(problem, "stderr", None) or problem)
        raise Unreachable(say("Slurm does not answer: {reason}", reason=" ".join(said.split())[:300])) from None
    return [line for line in done.stdout.splitlines() if line.strip()]
