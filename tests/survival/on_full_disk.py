"""`python on_full_disk.py FOLDER`: what a hosted TL Lab does where another fills the small disk that FOLDER is.

Exit status 0 and no output where all of it is right.
"""

import os
import shutil
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path

from tl import jobs
from tl.config import ArmConfig, Experiment, Refused, new_id
from tl.failures import OF_ERRNO, sentence
from tl.hosted import expiry, visits
from tl.store.files import write_json
from tl.store.home import Home
from tl.store.queue import database

EXPERIMENT = Experiment(dataset="blossoms", arms=(ArmConfig(name="a", strategy="scratch"),))


def visitor(root: Home, hours_ago: float) -> Home:
    """A workspace with a run that has ended, last visited so long ago."""
    home, runs = root.of(new_id()), EXPERIMENT.runs(new_id())
    write_json(home.run(runs[0].run_id).config, runs[0].to_json())
    database.insert_experiments(home, [(EXPERIMENT, runs)], None)
    jobs.stop(home, runs[0].run_id)
    visits.touch(home)
    past = time.time() - hours_ago * 3600
    os.utime(home.path / visits.STAMP, (past, past))
    return home


def fill(path: Path) -> None:
    """Take what is left of the disk, to the last block."""
    with open(path, "ab", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            assert shutil.disk_usage(path.parent).free == 0


def refused(action, *arguments) -> str:
    """What it says."""
    try:
        action(*arguments)
    except Refused as problem:
        return str(problem)
    except OSError as problem:  # page and command line have a sentence for each
        return sentence(OF_ERRNO[problem.errno]).lower()
    raise AssertionError("it did not fail")


root = Home(Path(sys.argv[1]) / "home")
old, young = visitor(root, 25), visitor(root, 1)
expiry.BALLAST_BYTES = 1 << 20  # of a disk of 16 MB
(root.path / "trash").mkdir()
[run] = jobs.list_runs(young)
visits.touch(old)
assert expiry.remove_expired(root) == [], "it is visited"
os.utime(old.path / visits.STAMP, (0, 0))
(young.path / "trash").mkdir()
with closing(sqlite3.connect(root.database_path)) as reader:  # another process that holds the queue open
    reader.execute("SELECT count(*) FROM runs").fetchone()
    fill(root.path / "foreign")
    said = refused(jobs.delete, young, run.run_id)
    assert "the disk is full" in said, said
    assert young.run(run.run_id).config.exists(), "the row is still there"
fill(root.path / "foreign")
said = refused(jobs.list_runs, young)
assert "the disk is full" in said, said
assert len(expiry.remove_expired(root)) == 1 and not old.path.exists()
assert database.read_runs(old) == []
assert jobs.list_runs(young) == [run]
jobs.delete(young, run.run_id)
assert jobs.list_runs(young) == []
