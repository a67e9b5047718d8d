"""Giving back a data set: not while a run that waits or trains needs its pictures; runs that have ended keep their results."""

import os
from contextlib import ExitStack
from pathlib import Path

from tl.config import refusal
from tl.jobs.dead_trainers import record_if_dead
from tl.languages import later
from tl.store.files import lock_file
from tl.store.home import Home
from tl.store.queue import database
from tl.store.queue.schema import ACTIVE
from tl.store.titles import title_of
from tl.store.trash import deleting
from tl.words import status_name


def delete_dataset(home: Home, name: str) -> None:
    """Remove a data set of one's own with all its files, damaged or not.

    Raises Refused for one that comes with TL Lab or is unknown, and while a run that is queued or running names it or
    its pictures are being decoded.
    """
    from tl import datasets  # numpy and Pillow: not for listing and stopping

    if name in datasets.BUILT_IN:
        raise refusal("{name!r} comes with TL Lab; only data sets of your own can be deleted.", name=name)
    folder = home.dataset_dir(name)
    if not folder.is_dir():
        datasets.describe(home, name)  # says that there is none
    for row in database.read_runs(home, statuses=("running",)):
        record_if_dead(home, row)

    with deleting(home) as take:

        def take_files() -> None:
            with _at_rest(folder):
                take(folder)

        needing = database.unless_needed(home, ACTIVE, lambda row: name in row.experiment.sets, take_files)
        if needing is not None:
            text = later("Run {run} uses the data set {dataset!r} and is {status}; stop it first.")
            raise refusal(text, run=needing.run_id, dataset=title_of(home, name), status=status_name(needing.status))


def _at_rest(folder: Path) -> ExitStack:
    """Holds the locks under which stores of pictures are filled: who fills one rewrites its folder.

    Raises Refused where somebody does so now.
    """
    held = ExitStack()
    for path in folder.glob("*.lock"):
        lock = lock_file(os.open(path, os.O_RDWR))
        if lock is None:
            held.close()
            raise refusal("The pictures of {name!r} are being decoded; try again in a moment.", name=folder.name)
        held.callback(os.close, lock)
    return held
