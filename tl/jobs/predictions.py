"""A finished run's network asked about the pictures of a folder, by a process that knows torch."""

from pathlib import Path

from tl.config import refusal
from tl.jobs import child_progress
from tl.jobs.exports import temperature_of
from tl.languages import later
from tl.store import database
from tl.store.home import Home
from tl.words import status_name

LIMIT_SECONDS = 24 * 3600.0  # tens of thousands of large photos on a slow machine


def predict(home: Home, run_id: str, folder: Path, output: Path, on_progress: child_progress.OnProgress) -> None:
    """Write what the run's network answers on every picture in `folder`, or on a single file, to the CSV file `output`.

    The probabilities are those of the exported model: with the temperature that fits the validation pictures. Raises
    Refused.
    """
    row = database.read_run(home, run_id)
    if row.status != "finished":
        text = later("Run {run} is {status}; only a finished run has a network to ask.")
        raise refusal(text, run=run_id, status=status_name(row.status))
    if not (folder.is_dir() or folder.is_file()):  # a pipe would be waited for, a device read without end
        raise refusal("There is no folder {folder!r}; give a folder of pictures, or one picture.", folder=str(folder))
    arguments = [str(home.run(run_id).folder), str(folder.absolute()), "--output", str(output.absolute())]
    arguments += ["--temperature", repr(temperature_of(home, run_id) or 1.0)]
    child_progress.run_module("tl.train.predict", arguments, on_progress, LIMIT_SECONDS)
