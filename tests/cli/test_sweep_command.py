"""`python -m tl sweep` as a shell sees it; a stand-in trains, through the real supervisor."""

import json
import re
import signal

import pytest

from tests import page_lab
from tests.cli.commands import main, tl, wait_for_running, wait_until
from tests.datasets.crafted import ingest, two_classes, zipped
from tl import jobs
from tl.config import Experiment
from tl.store.home import Home
from tl.store.queue import database

QUICK = ("sweep", "--sizes", "20,40,30", "--arms")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("sweep --sizes many", "joined by commas, such as 100,300,1000 or all, not 'many'"),
        ("sweep --sizes 100", "at least 2 different sizes"),
        ("sweep --sizes 5,100", "from 12 (the classes) to 50,000, not 5."),
        ("sweep --sizes 100,60000", "to 50,000, not 60000."),
        ("sweep --samples 100", "--samples"),
        ("sweep --margin 5", "margin is 5"),
        ("sweep --dataset roses", "no data set 'roses'"),
        ("sweep --seeds 0", "number of seeds is 0"),
        ("sweeps x", "no sweep 'x'"),
    ],
)
def test_a_mistake_is_answered_with_one_sentence(capsys, home, arguments, words):
    status, stdout, stderr = main(capsys, home, *arguments.split())
    assert (status, stdout) == (2, "")
    assert words in stderr and stderr.count("\n") == 1
    assert not (home / "tl.sqlite").exists()


def test_no_sweeps_is_no_mistake(capsys, home):
    assert main(capsys, home, "sweeps", "--json") == (0, '{"sweeps": []}\n', "")
    assert main(capsys, home, "sweeps")[1].startswith("No sweeps yet")


@pytest.mark.usefixtures("supervisor")
def test_sweep_prints_one_document_and_tells_each_size(capsys, home):
    arms = "scratch:name=table,scratch:name=table 2"
    answer = tl(home, *QUICK, arms, "--seeds", "1", "--json")
    document = json.loads(answer.stdout)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.count("\n") == 1
    assert document["sizes"] == [20, 30, 40]
    assert {"mean": 0.4, "low": None, "high": None, "seconds": 1.0}.items() <= document["arms"]["table"]["30"].items()
    assert document["break_even"] is None and document["worth_in_pictures"]["20"] == 1.0
    assert re.findall(r"^(\d+) training pictures$", answer.stderr, re.M) == ["20", "30", "40"]
    assert re.search(
        r"^With [\d,]+ test pictures only differences above about [\d.]+ points? can be", answer.stderr, re.M
    )
    assert len(re.findall(r"^table, seed 0: epoch \d/10", answer.stderr, re.M)) == 9
    [listed] = json.loads(main(capsys, home, "sweeps", "--json")[1])["sweeps"]
    assert (listed["sweep_id"], listed["runs"]) == (document["sweep_id"], {"finished": 6})
    assert json.loads(main(capsys, home, "sweeps", document["sweep_id"], "--json")[1]) == document
    status, stdout, _ = main(capsys, home, "sweeps", document["sweep_id"])
    assert status == 0
    assert stdout.splitlines()[0].endswith("20, 30, 40 training pictures at 64 px")
    assert len(re.findall(r"^ +\d0  table", stdout, re.M)) == 6 and document["text"] in stdout
    assert "\nTest: no 95 % interval.\n" in stdout


def statuses(capsys, home) -> set[str]:
    return {run["status"] for run in json.loads(main(capsys, home, "runs", "--json")[1])["runs"]}


@pytest.mark.usefixtures("supervisor")
def test_a_failed_run_is_exit_status_1_and_the_rest_counts(capsys, home):
    status, stdout, stderr = main(capsys, home, *QUICK, "scratch:name=quick,scratch:name=refuse", "--json")
    document = json.loads(stdout)
    assert status == 1 and "The pictures are gone." in stderr
    assert document["arms"]["refuse"]["20"]["mean"] is None and document["arms"]["quick"]["40"]["mean"] == 0.4
    assert "Of 6 runs 3 are finished, 3 failed." in document["text"]


@pytest.mark.usefixtures("supervisor")
def test_ctrl_c_stops_the_sweep_and_it_goes_on_by_its_id(capsys, home, start):
    process = start(*QUICK, "scratch:name=slow,scratch:name=quick", "--json")
    wait_for_running(home)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=30)
    assert (process.returncode, stdout) == (130, "")
    sweep_id = re.search(r"python -m tl resume (\w{26})", stderr)[1]
    runs = json.loads(main(capsys, home, "runs", "--json")[1])["runs"]
    assert {run["sweep_id"] for run in runs} == {sweep_id}
    assert {run["status"] for run in runs} <= {"stopped", "finished"}
    again = start("resume", sweep_id, "--json")
    wait_until(lambda: not statuses(capsys, home) & {"stopped", "interrupted"})  # each is queued by then
    document = json.loads(main(capsys, home, "stop", sweep_id, "--json")[1])
    stdout, stderr = again.communicate(timeout=30)
    assert again.returncode == 0, stderr  # stopping is no failure
    assert json.loads(stdout)["statuses"] == document["statuses"]


def test_a_sweep_is_shown_though_its_pictures_were_deleted(home, tmp_path, capsys):
    home = Home(home)
    ingest(home, zipped(tmp_path / "mine.zip", two_classes("", 12)), "mine")
    experiment = Experiment(dataset="mine", epochs=6, arms=page_lab.ARMS, seeds=(0,))
    sweep_id = jobs.submit_sweep(home, experiment, [4, 8])
    for row in database.read_runs(home):
        page_lab.end(home, row, "finished")
    assert main(capsys, home.path, "sweeps", sweep_id)[1].startswith("MobileNetV2 on mine, 4, 8 training pictures")
    jobs.delete_dataset(home, "mine")
    assert main(capsys, home.path, "sweeps", sweep_id)[1].startswith(
        "MobileNetV2 on mine (no longer here), 4, 8 training pictures"
    )
