"""How programs of ours end: nothing is left behind, and trouble with the disk is one sentence."""

import errno
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tl.config import Refused
from tl.ending import status_of

ROOT = Path(__file__).parents[1]
FOLLOWS = """
import sys, tempfile
from tl.ending import clean_up_when_ended
from tl.jobs import child_progress
clean_up_when_ended()
with tempfile.TemporaryDirectory(prefix="tl-export-", dir=sys.argv[1]):
    child_progress.run_module("timeit", ["-n", "1", "-s", "", "import time; time.sleep(60)"], print)
"""


def test_what_was_made_in_passing_is_removed_and_what_was_started_ends(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", FOLLOWS, str(tmp_path)], cwd=ROOT)
    own, end = psutil.Process(process.pid), time.monotonic() + 30
    while not (children := own.children()) and time.monotonic() < end:
        time.sleep(0.02)
    while "timeit" not in children[0].cmdline() and time.monotonic() < end:
        time.sleep(0.02)
    time.sleep(0.5)  # whoever has started it waits for what it says
    assert len(list(tmp_path.iterdir())) == 1
    process.terminate()
    assert process.wait(30) == 128 + signal.SIGTERM
    assert not list(tmp_path.iterdir()) and not children[0].is_running()


@pytest.mark.parametrize("name", ["__main__", "cli/export_model", "train/export", "train/predict"])
def test_programs_that_make_folders_in_passing_clean_up(name):
    assert "    clean_up_when_ended()\n" in (ROOT / "tl" / f"{name}.py").read_text(encoding="utf-8")


FULL = "The disk is full; free some space and try again (nothing finished is lost).\n"


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), FULL),
        (RuntimeError("Error while serializing: I/O error: No space left on device (os error 28)"), FULL),
        (Refused("This can't be done."), "This can't be done.\n"),
    ],
)
def test_what_a_program_cannot_do_is_one_sentence(problem, said, capsys):
    def fail() -> None:
        raise problem

    assert status_of(fail) == 2 and capsys.readouterr().err == said


def test_a_fault_of_ours_is_not_hidden():
    with pytest.raises(ValueError, match="invalid literal"):
        status_of(lambda: print(int("x")))
