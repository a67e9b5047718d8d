"""A real trainer that is asked to stop again and again, in every way, while it ends: the first time counts, the end is written."""

import itertools
import signal
import subprocess
import sys
import time

import pytest

from tests.jobs.lab import until
from tl.jobs.launchers.launcher import child_environment
from tl.store.device_lock import DeviceLock
from tl.store.files import read_json

PAUSE_SECONDS = 0.002
LIMIT_SECONDS = 120


@pytest.fixture
def trainer():
    """`trainer(run)` starts `python -m tl.train RUN`; nothing of it is left afterwards."""
    started = []

    def start(run) -> subprocess.Popen:
        command = [sys.executable, "-m", "tl.train", str(run.folder)]
        process = subprocess.Popen(command, env=child_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def in_phase(run, *phases: str) -> None:
    until(lambda: (read_json(run.progress) or {}).get("phase") in phases, LIMIT_SECONDS)


def stopped(process: subprocess.Popen) -> str:
    """Ask until it has ended; what it printed."""
    asked = itertools.cycle((signal.SIGTERM, signal.SIGTERM, signal.SIGINT))
    end = time.monotonic() + LIMIT_SECONDS
    while process.poll() is None:
        assert time.monotonic() < end, "it does not end"
        process.send_signal(next(asked))
        time.sleep(PAUSE_SECONDS)
    return process.stdout.read().decode()


def check_end(run, process: subprocess.Popen, said: str, epochs: int) -> None:
    assert "Traceback" not in said
    result = read_json(run.result)
    assert result is not None, said
    assert (result["status"], result["epochs"]) == ("stopped", epochs)
    assert process.returncode in (0, -signal.SIGTERM, -signal.SIGINT)  # the latter: once all was written
    device_lock = DeviceLock(run.home.locks_dir)
    assert device_lock.try_take(), "others have their turn"
    device_lock.close()


@pytest.fixture
def device_lock(stripes_home):
    """Somebody else's, of the same home."""
    device_lock = DeviceLock(stripes_home.locks_dir)
    yield device_lock
    device_lock.close()


def test_while_it_waits_for_its_turn_and_between_two_epochs(make_run, device_lock, trainer):
    run, _ = make_run(epochs=50)
    process = trainer(run)
    in_phase(run, "training")
    device_lock.take()  # an epoch later
    in_phase(run, "waiting")
    said = stopped(process)
    device_lock.give()
    done = read_json(run.result)["epochs"]
    assert 1 <= done < 50
    check_end(run, process, said, done)
    device_lock.take()
    run.progress.unlink()
    process = trainer(run)  # resumed: it waits before it has anything in memory, and has still reached what it had
    in_phase(run, "waiting")
    said = stopped(process)
    device_lock.give()
    check_end(run, process, said, done)


def test_while_it_prepares(make_run, trainer):
    run, _ = make_run(epochs=50)
    process = trainer(run)
    in_phase(run, "starting", "preparing")
    check_end(run, process, stopped(process), 0)


def test_a_stop_from_before_the_turn_is_wanted_is_not_waited_with(device_lock):
    """It comes between the last look and the wait: the lock alone would be waited for until somebody gives it."""
    asked = []
    waits = DeviceLock(device_lock._folder)
    device_lock.take()

    def check():
        asked.append(waits.waiting)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        waits.take(check)
    assert asked == [True] and not waits.waiting
    device_lock.give()
    assert waits.try_take()
    waits.close()
