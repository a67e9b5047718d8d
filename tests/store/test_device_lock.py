"""Trainers of one home alternate: never two at once, strictly in alternation, and a killed one blocks nobody."""

import subprocess
import sys
import threading
import time
from pathlib import Path

from tl.store.device_lock import DeviceLock, holds_device, places, set_places

ROOT = Path(__file__).parents[2]
WORKER = """
import sys, time
from pathlib import Path
from tl.store.device_lock import DeviceLock
name, folder, rounds = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
device_lock = DeviceLock(folder)
(folder / name).touch()
log = open(folder / "log.txt", "a", buffering=1)
for _ in range(rounds):
    device_lock.take()
    print(name, "in", file=log)
    time.sleep(0.02)
    print(name, "out", file=log)
    device_lock.give()
"""


def start(name: str, folder: Path, rounds: int) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-c", WORKER, name, str(folder), str(rounds)], cwd=ROOT)


def test_two_trainers_alternate_and_never_compute_at_once(tmp_path):
    device_lock = DeviceLock(tmp_path)
    device_lock.take()  # both start while somebody else computes
    workers = [start(name, tmp_path, 20) for name in "ab"]
    while not all((tmp_path / name).exists() for name in "ab"):
        time.sleep(0.02)
    time.sleep(0.5)
    device_lock.give()
    assert [worker.wait(30) for worker in workers] == [0, 0]
    lines = (tmp_path / "log.txt").read_text().split("\n")[:-1]
    assert len(lines) == 80
    for entered, left in zip(lines[::2], lines[1::2]):
        assert (entered.split()[0], entered.split()[1], left.split()[1]) == (left.split()[0], "in", "out")
    order = "".join(line[0] for line in lines[::2])
    # From where both are there (on a busy machine one may come late) until one has had all its rounds.
    both = order[max(map(order.index, "ab")) : min(map(order.rindex, "ab")) + 1]
    assert "aa" not in both and "bb" not in both and len(both) >= 10, order


def test_a_killed_trainer_leaves_its_lock(tmp_path):
    worker = start("a", tmp_path, 10_000)
    while not (tmp_path / "log.txt").exists() or not (tmp_path / "log.txt").read_text():
        time.sleep(0.02)
    worker.kill()
    worker.wait()
    assert DeviceLock(tmp_path).try_take()


def test_a_turn_that_is_taken_is_not_given_twice(tmp_path):
    first, second = DeviceLock(tmp_path), DeviceLock(tmp_path)
    first.take()
    assert not second.try_take()
    first.give()
    assert second.try_take()


def test_whoever_has_the_turn_can_see_that_another_waits(tmp_path):
    first, second = DeviceLock(tmp_path), DeviceLock(tmp_path)
    first.take()
    assert not first.wanted() and not second.wanted()
    waiting = threading.Thread(target=second.take)
    waiting.start()
    end = time.monotonic() + 10
    while not first.wanted():
        assert time.monotonic() < end
        time.sleep(0.01)
    first.give()
    waiting.join(10)
    assert not waiting.is_alive() and not first.wanted()


def test_a_trainer_with_a_share_of_a_machine_for_itself_waits_for_nobody(tmp_path, monkeypatch):
    home = DeviceLock(tmp_path / "locks")
    home.take()
    monkeypatch.setenv("TL_TURNS", str(tmp_path / "share"))
    own = DeviceLock(tmp_path / "locks")
    assert own.try_take() and holds_device(tmp_path / "locks")
    own.give()
    monkeypatch.delenv("TL_TURNS")
    assert not DeviceLock(tmp_path / "locks").try_take()
    home.close()


def test_at_two_places_two_compute_and_a_third_waits(tmp_path):
    set_places(tmp_path, 2)
    first, second, third = DeviceLock(tmp_path), DeviceLock(tmp_path), DeviceLock(tmp_path)
    first.take()
    second.take()
    assert first.places == second.places == places(tmp_path) == 2
    assert not third.try_take()
    waiting = threading.Thread(target=third.take)
    waiting.start()
    second.give()
    waiting.join(10)
    assert not waiting.is_alive() and not second.try_take()


def test_a_place_that_is_no_more_is_left_when_it_is_given_back(tmp_path):
    set_places(tmp_path, 3)
    locks = [DeviceLock(tmp_path) for _ in range(3)]
    for device_lock in locks:
        device_lock.take()
    set_places(tmp_path, 1)
    locks[2].give()
    assert not locks[2].try_take(), "the only place is taken"
    locks[0].give()
    assert locks[2].try_take() and locks[2].places == 1


def test_a_trainer_that_waits_for_the_only_place_gets_it(tmp_path):
    first, second = DeviceLock(tmp_path), DeviceLock(tmp_path)
    first.take()
    waiting = threading.Thread(target=second.take)
    waiting.start()
    while not first.wanted():
        time.sleep(0.01)
    first.give()
    waiting.join(10)
    assert not waiting.is_alive() and not first.try_take() and second.waited_seconds > 0
