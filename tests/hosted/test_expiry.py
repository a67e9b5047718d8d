"""A workspace ends a day after its last visit, whole: files and rows; what happens says so; nobody else's is touched."""

import json
import logging
import os
import shutil
import time
from types import SimpleNamespace

import pytest

from tests.translated import chinese
from tl import jobs
from tl.config import ArmConfig, Experiment, new_id
from tl.hosted import expiry, visits
from tl.languages import speaking
from tl.store.files import write_json
from tl.store.home import Home
from tl.store.queue import database, everybody

HOUR = 3600.0
SMALL = Experiment(
    dataset="blossoms", samples=20, epochs=2, resolution=32, arms=(ArmConfig(name="a", strategy="scratch"),)
)


@pytest.fixture
def root(tmp_path, monkeypatch) -> Home:
    monkeypatch.setenv("TL_HOSTED", "1")
    return Home(tmp_path / "home")


def visitor(root: Home, hours_ago: float, ended: bool = True) -> Home:
    """A workspace with a data set and a run, last visited so long ago."""
    home = root.of(new_id())
    experiment_id = jobs.submit(home, SMALL)
    write_json(home.dataset_dir("mine") / "dataset.json", {})
    if ended:
        for row in database.read_runs(home, experiment_id):
            jobs.stop(home, row.run_id)
    visits.touch(home)
    past = time.time() - hours_ago * HOUR
    os.utime(home.path / visits.STAMP, (past, past))
    return home


def everything(home: Home) -> list:
    return sorted(str(path) for path in home.path.rglob("*")) + database.read_runs(home)


def test_what_was_not_visited_for_a_day_goes_with_its_rows_and_the_rest_stays(root, caplog):
    old, young = visitor(root, 25), visitor(root, 23)
    before = everything(young)
    with caplog.at_level(logging.INFO, "tl.jobs"):
        [what] = expiry.remove_expired(root)
    assert what.startswith("1 data set and 1 run, ") and f"not visited for 24 h: {what}" in caplog.text
    assert not old.path.exists() and database.read_runs(old) == [] and everything(young) == before
    assert not list(root.trash_dir.glob("*"))
    with database.writing(root, everyone=True) as connection:
        assert connection.execute("SELECT count(*) FROM experiments").fetchone()[0] == 1
    assert expiry.remove_expired(root) == []


def test_a_visit_starts_the_day_anew_at_the_cost_of_one_look_a_minute(root):
    home = visitor(root, 25)
    visits.touch(home)
    stamp = home.path / visits.STAMP
    assert time.time() - stamp.stat().st_mtime < 60 and expiry.remove_expired(root) == []
    written = time.time() - 30
    os.utime(stamp, (written, written))
    visits.touch(home)
    assert stamp.stat().st_mtime == pytest.approx(written, abs=1)


def test_who_only_looks_gets_no_folder(root):
    home = root.of(new_id())
    visits.touch(home)
    assert not home.path.exists() and visits.removed(home) is None


@pytest.mark.parametrize("status", ["queued", "running"])
def test_a_workspace_with_active_runs_stays(root, status):
    home = visitor(root, 200, ended=False)
    if status == "running":
        assert database.move(home, database.read_runs(home)[0], "running")
    before = everything(home)
    assert expiry.remove_expired(root) == [] and everything(home) == before


def test_the_life_is_a_setting_and_locally_nothing_ends(root, monkeypatch):
    home = visitor(root, 25)
    monkeypatch.delenv("TL_HOSTED")
    Home(root.path).policy.remove_expired()
    assert home.path.exists()
    monkeypatch.setenv("TL_HOSTED", "1")
    monkeypatch.setenv("TL_LIMIT_LIFE_HOURS", "26")
    assert expiry.remove_expired(root) == [] and home.path.exists()
    monkeypatch.setenv("TL_LIMIT_LIFE_HOURS", "2")
    Home(root.path).policy.remove_expired()
    assert not home.path.exists()


def test_a_returning_visitor_is_told_once_what_was_removed(root):
    home, other = visitor(root, 25), visitor(root, 1)
    expiry.remove_expired(root)
    told = visits.removed(home)
    assert told.startswith("Your workspace was removed after 24 h without a visit, just now: 1 data set and 1 run, ")
    assert visits.removed(other) is None and visits.removed(root.of(new_id())) is None
    visits.forget_removed(home)
    assert visits.removed(home) is None


def test_it_is_told_in_the_visitor_s_language_whoever_removed_it(root, tmp_path):
    home = visitor(root, 25)
    expiry.remove_expired(root)
    sentences = {
        "Your workspace was removed after {hours} h without a visit, {ago}: {what}.": "已删除：{what}（{hours}，{ago}）",
        "{sets} and {runs}, {megabytes:,.0f} MB": "{sets}、{runs}",
        "just now": "刚刚",
    }
    with chinese(tmp_path / "locale", sentences), speaking("zh"):
        assert visits.removed(home) == "已删除：1 data set、1 run（24，刚刚）"


@pytest.mark.parametrize(
    "note", [{}, [], {"time": "x", "life_hours": 24, "what": "all"}, {"time": 1.0, "life_hours": 24, "what": 3}]
)
def test_a_damaged_note_of_what_was_removed_tells_nothing(root, note):
    home = visitor(root, 25)
    expiry.remove_expired(root)
    [path] = (root.root / "removed").glob("*.json")
    path.write_text(json.dumps(note))
    assert visits.removed(home) is None


def test_what_is_known_of_the_removed_is_forgotten_after_a_week(root):
    home = visitor(root, 25)
    expiry.remove_expired(root)
    [told] = (root.path / "removed").iterdir()
    past = time.time() - 8 * 24 * HOUR
    os.utime(told, (past, past))
    expiry.remove_expired(root)
    assert not told.exists() and visits.removed(home) is None


def test_where_the_rows_cannot_be_deleted_the_files_stay(root, monkeypatch):
    home = visitor(root, 25)
    before = everything(home)
    delete_owner = everybody.delete_owner

    def fails(home, take_files):
        def take_and_fail():
            assert take_files() and not home.path.exists()
            raise OSError(28, "No space left on device")

        return delete_owner(home, take_and_fail)

    monkeypatch.setattr(everybody, "delete_owner", fails)
    with pytest.raises(OSError, match="No space"):
        expiry.remove_expired(root)
    assert everything(home) == before and visits.removed(home) is None
    monkeypatch.setattr(everybody, "delete_owner", delete_owner)
    assert len(expiry.remove_expired(root)) == 1


def test_a_workspace_goes_though_the_disk_takes_no_note_of_it(root):
    home = visitor(root, 25)
    (root.path / "removed").write_text("in the way of the folder")
    assert len(expiry.remove_expired(root)) == 1 and not home.path.exists()


@pytest.mark.parametrize(
    ("free", "hours_ago", "there"), [(0, 25, False), (0, 1, True), (9 << 20, 25, True), (100 << 20, 25, True)]
)
def test_ballast_is_given_up_where_it_helps_and_taken_in_where_there_is_room(root, monkeypatch, free, hours_ago, there):
    visitor(root, 1)
    expiry.remove_expired(root)
    visitor(root, hours_ago)
    ballast = root.path / "ballast"
    assert ballast.stat().st_blocks * 512 >= expiry.BALLAST_BYTES
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=free))
    expiry.remove_expired(root)
    assert ballast.exists() == there
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=9 << 20))
    expiry.remove_expired(root)
    assert ballast.exists() == there, "taking it in must not fill the disk"


def test_a_server_cleans_while_it_lives(root, monkeypatch):
    monkeypatch.setattr(expiry, "SWEEP_SECONDS", 0.05)
    home = visitor(root, 25)
    assert expiry.keep_clean(root).daemon
    deadline = time.monotonic() + 20
    while home.path.exists():
        assert time.monotonic() < deadline, "it was not removed"
        time.sleep(0.02)


def test_two_that_clean_at_once_remove_each_workspace_once(root):
    from concurrent.futures import ThreadPoolExecutor

    homes = [visitor(root, 25) for _ in range(6)]
    with ThreadPoolExecutor(4) as cleaners:
        found = [what for each in cleaners.map(lambda _: expiry.remove_expired(root), range(4)) for what in each]
    assert len(found) == 6 and not any(home.path.exists() for home in homes)


@pytest.fixture
def clocks(monkeypatch):
    """What the clocks say; change it to let time go by."""
    now = {"wall": time.time(), "up": 5000.0, "boot_id": "one"}
    monkeypatch.setattr(expiry, "_clocks", lambda: expiry._Clocks(**now))
    return now


@pytest.mark.parametrize("hours", [25, -25])
def test_a_clock_that_is_set_removes_nobody_whichever_process_looks_next(root, clocks, monkeypatch, hours):
    homes = [visitor(root, 1), visitor(root, 30)]
    (homes[0].path / visits.STAMP).unlink()
    os.utime(homes[0].path, (time.time(), time.time()))
    os.utime(homes[1].path / visits.STAMP, (time.time(), time.time()))
    assert expiry.remove_expired(root) == []
    clocks["wall"] += hours * HOUR + 60
    clocks["up"] += 60
    monkeypatch.setattr(visits, "renew", lambda home, real=visits.renew: (real(home), set_clock(home, clocks["wall"])))
    assert expiry.remove_expired(root) == [] and all(home.path.exists() for home in homes)
    clocks["wall"] += 25 * HOUR
    clocks["up"] += 25 * HOUR
    assert len(expiry.remove_expired(root)) == 2, "from then on, time counts again"


def set_clock(home: Home, now: float) -> None:
    """A stamp set at `now` by a clock that this machine does not have."""
    os.utime(home.path / visits.STAMP, (now, now))


@pytest.mark.parametrize("written", [None, [], {"wall": "x", "up": 1.0, "boot_id": "one"}, {"boot_id": "two"}])
def test_clocks_that_can_not_be_compared_change_nothing(root, clocks, written):
    home = visitor(root, 25)
    write_json(root.root / expiry.CLOCKS, written)
    assert len(expiry.remove_expired(root)) == 1 and not home.path.exists()


def test_a_machine_that_slept_or_was_restarted_counts_the_time(root, clocks):
    home = visitor(root, 0)
    expiry.remove_expired(root)
    clocks["wall"] += 12 * HOUR
    clocks["up"] += 12 * HOUR + 200  # an adjusted clock
    assert expiry.remove_expired(root) == []
    clocks |= {"wall": clocks["wall"] + 13 * HOUR, "up": 60.0, "boot_id": "two"}
    assert len(expiry.remove_expired(root)) == 1 and not home.path.exists()


def test_a_workspace_that_goes_while_it_is_looked_through_was_somebody_elses(root, monkeypatch):
    home = visitor(root, 25)

    def too_late(visitor):
        shutil.rmtree(visitor.path)
        return str(os.listdir(visitor.path))

    monkeypatch.setattr(expiry, "_contents", too_late)
    assert list(expiry.remove_expired(root)) == []
    assert not home.path.exists()
