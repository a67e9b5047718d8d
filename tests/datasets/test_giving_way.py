"""Decoding pictures gives way to trainers: never beside one, in short pieces, and nobody waits for himself."""

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from crafted import ingest, picture, two_classes, zipped

from tests.jobs.lab import until
from tl.datasets import giving_way, pool, prepare
from tl.jobs.launchers.launcher import child_environment
from tl.store.device_lock import DeviceLock, holds_device
from tl.store.home import Home

WAITS_SECONDS = 1.5  # for which the lock is held here
COUNTING = """
import json, sys, time
print("ready", flush=True)
for line in sys.stdin:
    began = time.monotonic()
    time.sleep(json.loads(line))
    print(json.dumps([began, time.monotonic()]), flush=True)
"""


def large(count: int = 6) -> dict[str, bytes]:
    """Pictures of which there is more to decode than the first upload does."""
    return {name: picture(number, (100, 100)) for number, name in enumerate(two_classes("", count))}


@pytest.fixture
def device_lock(home):
    """As a trainer that computes."""
    device_lock = DeviceLock(home.locks_dir)
    device_lock.take()
    yield device_lock
    device_lock.close()


def elsewhere(work, *arguments):
    """`work` in a thread of its own, which has no lock; its future."""
    with_thread = ThreadPoolExecutor(1)
    future = with_thread.submit(work, *arguments)
    with_thread.shutdown(wait=False)
    return future


def test_an_upload_waits_while_an_arm_computes_and_says_so(home, tmp_path, device_lock):
    told = []
    done = elsewhere(ingest, home, zipped(tmp_path / "x.zip", two_classes()), "x", lambda *about: told.append(about))
    until(lambda: (0, 0, giving_way.WAITING) in told)
    time.sleep(WAITS_SECONDS)
    assert not done.done() and {what for _, _, what in told} == {giving_way.WAITING}
    device_lock.give()
    assert done.result(60).train + done.result().test + done.result().validation == 6
    assert told[-1] == (6, 6, "decoding pictures")
    until(device_lock.try_take)


def test_pictures_at_another_resolution_wait_too_and_drawn_ones(home, tmp_path):
    info = ingest(home, zipped(tmp_path / "x.zip", large(30)), "x")
    device_lock, told, over = DeviceLock(home.locks_dir), {"x": [], "blossoms": []}, threading.Event()
    device_lock.take()

    def tell(name, _, __, what):
        told[name].append(what)
        if name == "blossoms" and over.is_set():
            raise KeyboardInterrupt

    uploaded, drawn = (elsewhere(prepare, home, name, 96, 30, partial(tell, name)) for name in told)
    until(lambda: all(len(what) > 2 for what in told.values()))
    assert not uploaded.done() and not drawn.done() and {*told["x"], *told["blossoms"]} == {giving_way.WAITING}
    over.set()
    with pytest.raises(KeyboardInterrupt):
        drawn.result(60)
    device_lock.close()
    assert uploaded.result(60).ready == 30 + info.validation + info.test


def test_who_waits_may_give_up_and_takes_no_lock_with_him(home, tmp_path, device_lock):
    def give_up(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        elsewhere(ingest, home, zipped(tmp_path / "x.zip", two_classes()), "x", give_up).result(60)
    assert not (home.datasets_dir / "x").exists()
    device_lock.give()
    again = DeviceLock(home.locks_dir)
    until(again.try_take)  # what waited for it has given it back
    again.close()


def test_who_has_the_lock_goes_on_with_it(home, tmp_path, device_lock):
    """A trainer prepares its pictures: to wait for the lock would be to wait for itself."""
    assert holds_device(home.locks_dir)
    ingest(home, zipped(tmp_path / "x.zip", large()), "x")
    assert prepare(home, "x", 96).ready == 12
    assert not DeviceLock(home.locks_dir).try_take(), "nor is it given away"


def test_two_homes_do_not_wait_for_each_other(home, tmp_path, device_lock):
    ingest(Home(tmp_path / "another"), zipped(tmp_path / "x.zip", two_classes()), "x")


def test_visitors_of_one_root_do(home, tmp_path, device_lock):
    told = []
    visitor = home.of("0" * 26)
    done = elsewhere(ingest, visitor, zipped(tmp_path / "x.zip", two_classes()), "x", lambda *about: told.append(about))
    until(lambda: told)
    assert told[0][2] == giving_way.WAITING
    device_lock.give()
    done.result(60)


def test_pieces_and_epochs_alternate_and_never_overlap(home, monkeypatch):
    """Two that decode and one that trains: each gets its turns, and whatever computes computes alone."""
    monkeypatch.setattr(giving_way, "PIECE_SECONDS", 0.2)
    epochs: list[tuple[float, float]] = []
    over = threading.Event()

    def train() -> None:
        device_lock = DeviceLock(home.locks_dir)
        while not over.is_set():
            device_lock.take()
            began = time.monotonic()
            time.sleep(0.1)
            epochs.append((began, time.monotonic()))
            device_lock.give()
        device_lock.close()

    def decode() -> list[list[float]]:
        with pool.answers(["-c", COUNTING], locks_dir=home.locks_dir) as answers:
            return list(answers([0.05] * 40))

    trainers = [elsewhere(train) for _ in range(2)]
    until(lambda: len(epochs) > 2)
    found = [done.result(120) for done in [elsewhere(decode) for _ in range(2)]]
    over.set()
    for done in trainers:
        done.result(60)
    first, second = ([(began, end, name) for began, end in each] for name, each in enumerate(found))
    assert len(first) == len(second) == 40
    for began, end in epochs:
        assert not [task for task in (*first, *second) if task[0] < end and task[1] > began]
    for began, end, _ in first:
        assert not [task for task in second if task[0] < end and task[1] > began]
    during = [epoch for epoch in epochs if min(first[0][0], second[0][0]) < epoch[0] < max(first[-1][1], second[-1][1])]
    assert len(during) >= 4, "nobody waited until all was decoded"


def test_waiting_does_not_count_against_the_time_that_reading_may_take(home, device_lock):
    told = []

    def decode() -> list:
        about = {"seconds": 1.0, "locks_dir": home.locks_dir, "waits": lambda: told.append(1)}
        with pool.answers(["-c", COUNTING], **about) as answers:
            return list(answers([0.01]))

    done = elsewhere(decode)
    until(lambda: told)
    time.sleep(WAITS_SECONDS)
    device_lock.give()
    assert len(done.result(60)) == 1


def test_a_killed_upload_leaves_its_lock(home, tmp_path, device_lock):
    code = "import sys; from pathlib import Path; from tl.datasets import pool\n"
    code += f"with pool.answers(['-c', {COUNTING!r}], locks_dir=Path(sys.argv[1])) as answers:\n"
    code += "    for _ in answers([0.1] + [60] * 9):\n        print('here', flush=True)\n"
    device_lock.give()
    command = [sys.executable, "-c", code, str(home.locks_dir)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=child_environment())
    assert process.stdout.readline() == b"here\n"
    assert not device_lock.try_take()
    process.kill()
    process.wait()
    process.stdout.close()
    until(device_lock.try_take)
