"""Queue, supervisor, launchers: runs go on whatever happens to the page or command that started them."""

from tl.jobs.deletion import delete, find
from tl.jobs.pictures import delete_dataset
from tl.jobs.queue import experiment, list_lines, list_runs, resume, resume_all, resume_on, run, submit
from tl.jobs.seeds import add_seeds, begin_settling, stop_settling
from tl.jobs.start import ensure_supervisor
from tl.jobs.stopping import stop, stop_all
from tl.jobs.sweeps import list_sweeps, resume_sweep, submit_sweep, sweep

__all__ = [
    "add_seeds",
    "begin_settling",
    "delete",
    "delete_dataset",
    "ensure_supervisor",
    "experiment",
    "find",
    "list_lines",
    "list_runs",
    "list_sweeps",
    "resume",
    "resume_all",
    "resume_on",
    "resume_sweep",
    "run",
    "stop",
    "stop_all",
    "stop_settling",
    "submit",
    "submit_sweep",
    "sweep",
]
