"""Queue, supervisor, launchers: runs go on whatever happens to the page or command that started them."""

from tl.jobs.queue import delete, experiment, list_runs, resume, run, stop, submit
from tl.jobs.start import ensure_supervisor

__all__ = ["delete", "ensure_supervisor", "experiment", "list_runs", "resume", "run", "stop", "submit"]
