"""What lies in the home is for its user alone, whatever umask they have; what they take away has the permissions they like."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import page_lab
from tests.datasets.crafted import two_classes, zipped
from tests.jobs.lab import until
from tl.failures import EXIT_STATUS
from tl.store.files import PRIVATE
from tl.store.home import Home
from tl.store.queue import database

ROOT = Path(__file__).parents[2]
USUAL = 0o022  # the umask that most users have


def start(module: str, home: Home, *arguments: str) -> subprocess.Popen:
    """`python -m MODULE ARGUMENTS`, as a user of this home starts it."""
    environment = os.environ | {"TL_HOME": str(home.path)}
    command = [sys.executable, "-m", module, *arguments]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(command, cwd=ROOT, env=environment, umask=USUAL, **quiet)


def seen_by_others(folder: Path) -> list[str]:
    """The folder and what is in it, as far as its group or everybody may read, write or enter it."""
    return [str(path) for path in (folder, *folder.rglob("*")) if path.lstat().st_mode & PRIVATE]


@pytest.fixture
def as_page():
    """What this process writes it writes as the page's server does."""
    before = os.umask(PRIVATE)
    yield
    os.umask(before)


@pytest.fixture
def queued(home, as_page):
    """Two runs that need no torch to end: their settings can't be read."""
    rows = page_lab.rows(home, page_lab.submit(home))
    for row in rows:
        home.run(row.run_id).config.write_text("damaged")
    return [home.run(row.run_id) for row in rows]


def test_nobody_else_reads_what_the_command_line_writes(home, tmp_path, as_page):
    archive = zipped(tmp_path / "x.zip", two_classes())
    assert start("tl", home, "ingest", str(archive), "--name", "x").wait(120) == 0
    assert home.dataset_dir("x").exists()
    finished = page_lab.finished(home)
    bundle = tmp_path / "bundle.zip"
    assert start("tl", home, "export", finished, "--output", str(bundle)).wait(120) == 0
    assert seen_by_others(home.path) == []
    assert bundle.stat().st_mode & 0o777 == 0o644


def test_nobody_else_reads_what_trainers_and_the_supervisor_write(home, queued):
    assert start("tl.train", home, str(queued[0].folder)).wait(120) == EXIT_STATUS["bad_config"]
    assert queued[0].result.exists()
    supervisor = start("tl.jobs", home)
    try:
        until(lambda: not database.read_runs(home, statuses=database.ACTIVE))
    finally:
        supervisor.kill()
        supervisor.wait()
    assert all(run.result.exists() and run.log.exists() for run in queued)
    assert seen_by_others(home.path) == []
