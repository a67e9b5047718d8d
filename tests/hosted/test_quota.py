"""Hosted, what is too much is refused in one sentence where it would be stored, and nothing is half done."""

import io
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace

import pytest

from tests.datasets.crafted import ingest
from tl import jobs, machine
from tl.config import ArmConfig, Experiment, Refused, Training, new_id
from tl.hosted import quota
from tl.jobs import memory
from tl.store.files import used_bytes, write_json
from tl.store.home import Home
from tl.store.pictures import pixels_path
from tl.store.queue import database

ARMS = tuple(ArmConfig(name=f"arm {n}", strategy="scratch") for n in range(8))
SMALL = Experiment(dataset="blossoms", samples=20, epochs=2, resolution=32, arms=ARMS[:2])


@pytest.fixture
def hosted(monkeypatch):
    """Sets limits by name; hosted from the start."""
    monkeypatch.setenv("TL_HOSTED", "1")

    def limit(**limits):
        for name, value in limits.items():
            monkeypatch.setenv(f"TL_LIMIT_{name.upper()}", str(value))

    return limit


@pytest.fixture
def root(tmp_path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def ann(root) -> Home:
    return root.of(new_id())


def nothing_left(home: Home) -> bool:
    return not database.read_runs(home) and not list(home.runs_dir.glob("*"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"samples": 2001}, "This demo takes at most 2,000 training pictures, not 2,001."),
        ({"samples": None}, "This demo takes at most 2,000 training pictures, not 50,000."),
        ({"resolution": 112}, "This demo takes at most 96 px, not 112; choose a lower resolution."),
        (
            {"samples": 2000, "resolution": 96, "epochs": 30},
            r"A run would take about 20 trillion operations; this demo takes at most 10: choose .*",
        ),
        ({"epochs": 31}, "This demo takes at most 30 epochs, not 31."),
        ({"arms": (replace(ARMS[0], epochs=900),)}, "This demo takes at most 30 epochs, not 900."),
        ({"arms": ARMS, "seeds": (0, 1)}, r"This demo takes at most 12 runs \(arms x seeds\), not 16."),
        ({"batch_size": 4096, "resolution": 96}, r"A run would need about [\d,]+ MB of memory; .* 1,800 MB: choose .*"),
        ({"backbone": "vgg16", "resolution": 64}, r"A run would need about [\d,]+ MB of memory; .*"),
    ],
)
def test_an_experiment_that_is_too_large_is_refused_by_name(hosted, ann, change, words):
    hosted(resolution=96, run_operations=10)
    with pytest.raises(Refused) as refusal:
        jobs.submit(ann, replace(SMALL, **change))
    assert re.fullmatch(words, str(refusal.value)) and nothing_left(ann)


def test_locally_nothing_of_this_is_refused(root, monkeypatch):
    monkeypatch.setenv("TL_LIMIT_EPOCHS", "1")
    large = replace(SMALL, samples=None, resolution=224, epochs=1000, arms=ARMS, seeds=tuple(range(4)), batch_size=4096)
    assert jobs.submit(root, large) and len(database.read_runs(root)) == 32


def test_a_visitor_has_so_many_runs_at_a_time_and_ended_ones_make_room(hosted, ann):
    hosted(runs_active=4)
    first = jobs.submit(ann, SMALL)
    jobs.submit(ann, SMALL)
    with pytest.raises(Refused, match="^With this, you would have 6 runs training or waiting; this demo allows 4"):
        jobs.submit(ann, SMALL)
    assert len(database.read_runs(ann)) == len(list(ann.runs_dir.iterdir())) == 4
    for row in database.read_runs(ann, first):
        jobs.stop(ann, row.run_id)
    again = jobs.submit(ann, SMALL)
    with pytest.raises(Refused, match="^With this, you would have 5 runs"):
        jobs.resume(ann, database.read_runs(ann, first)[0].run_id)
    assert {row.status for row in database.read_runs(ann, first)} == {"stopped"}
    jobs.stop(ann, database.read_runs(ann, again)[0].run_id)
    assert jobs.resume(ann, database.read_runs(ann, first)[0].run_id).status == "queued"


def test_the_queue_of_all_visitors_is_bounded_and_says_so_without_naming_them(hosted, root, ann):
    hosted(runs_everybody=5)
    eve = root.of(new_id())
    jobs.submit(ann, SMALL), jobs.submit(eve, SMALL)
    with pytest.raises(
        Refused,
        match="all visitors together would have 6 runs training or waiting; this demo allows 5: try again later",
    ):
        jobs.submit(eve, SMALL)
    assert len(database.read_runs(ann)) == len(database.read_runs(eve)) == 2


def test_a_sweep_is_queued_whole_or_not_at_all(hosted, ann):
    hosted(runs_active=5)
    with pytest.raises(Refused, match="you would have 6 runs"):
        jobs.submit_sweep(ann, SMALL, [20, 30, 40])
    assert nothing_left(ann)
    sweep_id = jobs.submit_sweep(ann, SMALL, [20, 30])
    assert len(database.read_runs(ann)) == 4
    jobs.stop_all(ann, [row.run_id for row in database.read_runs(ann)])
    hosted(runs_active=3)
    with pytest.raises(Refused, match="you would have 4 runs"):
        jobs.resume_sweep(Home(ann.path), sweep_id)
    assert {row.status for row in database.read_runs(ann)} == {"stopped"}, "all of them, or none"
    hosted(runs_active=4)
    assert len(jobs.resume_sweep(Home(ann.path), sweep_id)) == 4


def test_tabs_that_start_at_once_never_get_past_the_limit_together(hosted, ann):
    hosted(runs_active=6)

    def start(_) -> bool:
        try:
            return bool(jobs.submit(ann, SMALL))
        except Refused:
            return False

    with ThreadPoolExecutor(8) as tabs:
        started = list(tabs.map(start, range(16)))
    assert sum(started) == 3 and len(database.read_runs(ann)) == len(list(ann.runs_dir.iterdir())) == 6


def test_ended_runs_count_for_what_is_kept_until_they_are_deleted(hosted, ann):
    hosted(runs_kept=2)
    first = jobs.submit(ann, SMALL)
    for row in database.read_runs(ann, first):
        jobs.stop(ann, row.run_id)
    with pytest.raises(Refused, match="4 runs in all; this demo allows 2: delete some on the Runs page"):
        jobs.submit(ann, SMALL)
    for row in database.read_runs(ann, first):
        jobs.delete(ann, row.run_id)
    assert jobs.submit(ann, SMALL)


def test_the_disk_is_counted_with_what_waiting_runs_will_write(hosted, ann):
    hosted(disk_megabytes=450)  # a run of this network writes up to 112 MB
    jobs.submit(ann, SMALL)
    jobs.submit(ann, SMALL)
    with pytest.raises(Refused, match="^Your pictures and runs take 0 MB of the disk and this needs about 673 MB more"):
        jobs.submit(ann, SMALL)
    (ann.path / "large").write_bytes(bytes(60 * 10**6))
    assert used_bytes(ann.path) > 60 * 10**6
    [row, *_] = database.read_runs(ann)
    jobs.stop(ann, row.run_id)
    with pytest.raises(Refused, match="take 60 MB"):
        jobs.resume(ann, row.run_id)
    shutil.rmtree(ann.path / "runs" / row.run_id)
    assert used_bytes(ann.path / "gone") == 0


def test_all_visitors_together_leave_some_of_the_disk_free(hosted, root, ann, monkeypatch):
    eve, free = root.of(new_id()), 1_000  # MB; a run of this network writes up to 112 MB
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=free * 10**6))
    hosted(free_megabytes=500)
    jobs.submit(ann, SMALL), jobs.submit(eve, SMALL)
    words = (
        "^The disk of this demo has 1,000 MB left, this and .* may take 673 MB, and 500 MB must stay free: try again"
    )
    for home in (ann, eve):
        with pytest.raises(Refused, match=words):
            jobs.submit(home, SMALL)
        assert len(database.read_runs(home)) == len(list(home.runs_dir.iterdir())) == 2
    [row, *_] = database.read_runs(ann)
    jobs.stop(ann, row.run_id)
    free = 900
    with pytest.raises(Refused, match="900 MB left"):
        jobs.resume(ann, row.run_id)
    free = 499
    with pytest.raises(Refused, match="499 MB left, .* may take 0 MB"):
        ingest(root.of(new_id()), io.BytesIO(b"x"), "mine")
    assert jobs.submit(root, SMALL), "whose disk it is decides alone"


def test_hosted_the_page_keeps_its_memory(hosted, monkeypatch):
    monkeypatch.setattr(memory, "free_gpu_bytes", lambda: None)
    for free, fit in ((2.0e9, 1), (1.7e9, 1), (1.6e9, 0), (0.1e9, 0), (3.1e9, 2)):
        monkeypatch.setattr(machine, "free_memory", lambda free=free: free)
        assert memory.trainers_that_fit(1.37e9) == fit, free


def test_places_are_those_of_everybodys_queue(root):
    ann, eve = root.of(new_id()), root.of(new_id())
    for home in (ann, ann, eve):
        jobs.submit(home, SMALL)
    places = {home: sorted(run.place for run in jobs.list_runs(home)) for home in (ann, eve)}
    assert places == {ann: [1, 2, 5, 6], eve: [3, 4]}
    [run] = [run for run in jobs.list_runs(eve) if run.place == 3]
    assert jobs.run(eve, run.run_id).place == 3
    assert jobs.stop(eve, run.run_id).place is None


def test_who_has_too_much_is_told_that_pictures_can_be_deleted_too(hosted, ann):
    hosted(disk_megabytes=100)
    (ann.path / "datasets").mkdir(parents=True)
    (ann.path / "datasets" / "large").write_bytes(bytes(101 * 10**6))
    with pytest.raises(Refused, match="first delete some runs on the Runs page, or a data set below its pictures"):
        jobs.submit(ann, SMALL)


def bring(home: Home, name: str = "mine", **sizes) -> None:
    """A data set of one's own, as far as the queue looks at it: 1,000 pictures of 96 px."""
    told = {"name": name, "title": name, "origin": "upload", "classes": ["rose", "tulip"], "native_resolution": 96}
    write_json(home.dataset_dir(name) / "dataset.json", told | {"train": 800, "validation": 100, "test": 100} | sizes)


RUN_MEGABYTES = 2 * 112.2  # two runs of this network
OWN = replace(SMALL, dataset="mine", samples=300, resolution=96)
PICTURES_MEGABYTES = 500 * 96 * 96 * 3 / 10**6  # those of validation and test, and 300 to learn


@pytest.mark.parametrize(("spare", "refused"), [(-2, True), (2, False)])
def test_pictures_that_a_run_will_decode_count(hosted, ann, spare, refused):
    bring(ann)
    hosted(disk_megabytes=int(RUN_MEGABYTES + PICTURES_MEGABYTES + spare))
    if refused:
        with pytest.raises(Refused, match=r"this needs about 238 MB more; .* or a data set below its pictures"):
            jobs.submit(ann, OWN)
        assert nothing_left(ann)
    else:
        assert jobs.submit(ann, OWN)


def test_pictures_count_once_and_only_where_they_are_missing(hosted, ann):
    bring(ann), bring(ann, "damaged", train="x")
    assert quota.missing_bytes(ann, [OWN]) == PICTURES_MEGABYTES * 10**6
    assert quota.missing_bytes(ann, [OWN, replace(OWN, samples=100), replace(OWN, resolution=128)]) == 13_824_000
    whole = quota.missing_bytes(ann, [replace(OWN, samples=None)])
    assert whole == 1000 * 96 * 96 * 3
    pixels_path(ann.dataset_dir("mine"), 96).write_bytes(bytes(5 * 2**20))
    assert quota.missing_bytes(ann, [replace(OWN, samples=None)]) == whole - 5 * 2**20
    assert quota.missing_bytes(ann, [SMALL, replace(OWN, dataset="damaged"), replace(OWN, dataset="gone")]) == 0


def test_the_answers_that_runs_will_keep_count(ann):
    bring(ann), bring(ann, "many", classes=[str(number) for number in range(900)])
    many = replace(OWN, dataset="many")
    assert quota.answers_bytes(ann, [OWN, OWN, many]) == 2 * 200 * (2 * 2 + 40) + 200 * (2 * 900 + 40)
    assert quota.answers_bytes(ann, [replace(OWN, dataset="gone")]) == 0


def test_a_look_at_pictures_asks_the_disk_too(hosted, ann, root):
    hosted(disk_megabytes=100)
    bring(ann, train=4_000), bring(root, train=4_000)
    look = Training(dataset="mine", samples=1_000, resolution=64)
    ann.policy.check_pictures(look)
    with pytest.raises(Refused, match="this needs about 116 MB more"):
        ann.policy.check_pictures(replace(look, samples=4_000, resolution=96))
    root.policy.check_pictures(replace(look, samples=4_000, resolution=96))
