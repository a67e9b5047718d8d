"""`compare --until-settled`, `settle` and `add-seeds` as a shell sees them: stand-ins train, the looks are real."""

import json
import signal

import pytest

from tests.cli.commands import main, tl, wait_until
from tl.store.home import Home
from tl.store.queue import database

NOISY = ("--samples", "20", "--arms", "scratch:name=noisy,scratch:name=quick")
SAME = ("--samples", "20", "--arms", "scratch:name=quick,scratch:name=quick 2")


@pytest.mark.usefixtures("supervisor")
def test_compare_until_settled_tells_each_look_and_why_it_ended(home):
    answer = tl(home, "compare", *NOISY, "--until-settled", "--at-most-seeds", "5", "--json")
    assert answer.returncode == 0, answer.stderr
    document = json.loads(answer.stdout)
    assert document["seeds"] == [0, 1, 2, 3, 4] and len(document["arms"]["noisy"]["runs"]) == 5
    assert document["looks"] == [
        {"look": 1, "seeds": 3, "outcome": "undecided"},
        {"look": 2, "seeds": 5, "outcome": "undecided"},
    ]
    told = document["settling"]
    assert (told["at_most_seeds"], told["at_most_minutes"], told["ended"], told["message"]) == (5, 60, "seeds", None)
    assert told["text"] == "Still undecided with 5 seeds, the most that were allowed."
    lines = answer.stderr.splitlines()
    assert lines[0] == "With fewer than 3 seeds there is nothing to judge, so it begins with seeds 0, 1, 2."
    first, second = (lines.index(line) for line in lines if line.startswith("Look"))
    assert lines[first] == "Look 1 at 3 seeds: undecided; 2 more seeds"
    assert lines[second] == "Look 2 at 5 seeds: undecided"
    assert [line.split(":")[0] for line in lines[first + 1 : second]].count("quick, seed 4") >= 1


@pytest.mark.usefixtures("supervisor")
def test_one_that_is_there_is_settled_and_gets_seeds_by_hand(capsys, home):
    document = json.loads(main(capsys, home, "compare", *SAME, "--seeds", "2", "--json")[1])
    assert (document["settling"], document["looks"]) == (None, [])
    experiment_id = document["experiment_id"]
    status, stdout, stderr = main(capsys, home, "settle", experiment_id)
    assert status == 0 and stdout.splitlines()[-1] == "Settled with 3 seeds."
    assert "seed 0" not in stderr, "what had ended before is no news"
    assert "Look 1 at 2 seeds: undecided; 1 more seed\n" in stderr
    assert "Look 2 at 3 seeds: no difference that matters\n" in stderr
    status, stdout, stderr = main(capsys, home, "add-seeds", experiment_id, "--json")
    assert (status, json.loads(stdout)["seeds"]) == (0, [0, 1, 2, 3, 4])
    assert database.read_experiment(Home(home), experiment_id)["experiment"].looks == (2, 3, 5)
    for up_to in ("4", "0", "-1", "101"):
        status, _, stderr = main(capsys, home, "add-seeds", experiment_id, "--up-to", up_to)
        assert (status, stderr) == (2, f"up to is {up_to}; it must be more than the 5 seeds it has, at most 100.\n")


@pytest.mark.usefixtures("supervisor")
def test_ctrl_c_ends_the_plan_with_the_runs(home, start):
    process = start("compare", "--samples", "20", "--arms", "scratch:name=slow,scratch:name=slow 2", "--until-settled")
    wait_until(lambda: list(home.glob("runs/*/epochs.json")))
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=30)
    assert (process.returncode, stdout) == (130, "")
    [experiment_id] = {row.experiment_id for row in database.read_runs(Home(home))}
    assert database.read_experiment(Home(home), experiment_id)["settling"].ended == "stopped"
    assert {row.status for row in database.read_runs(Home(home))} == {"stopped"}
    assert f"python -m tl settle {experiment_id}" in stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--until-settled", "--at-most-seeds", "2"), "at most seeds is 2; it must be a whole number from 3 to 20."),
        (("--until-settled", "--at-most-minutes", "0"), "at most minutes is 0; it must be a whole number from 1"),
        (
            ("--until-settled", "--seeds", "21"),
            "There are 21 seeds already; a comparison can be run until settled with at most 20.",
        ),
        (("--at-most-minutes", "5"), "limit --until-settled"),
        (("--until-settled", "--arms", "scratch"), "compare at least two"),
    ],
)
def test_what_can_not_be_is_refused_before_anything_trains(capsys, home, options, words):
    status, stdout, stderr = main(capsys, home, "compare", *SAME, *options)
    assert (status, stdout, stderr.count("\n")) == (2, "", 1) and words in stderr
    assert not (home / "runs").exists()


@pytest.mark.parametrize("command", ["settle", "add-seeds"])
def test_an_unknown_id_is_refused(capsys, home, command):
    status, _, stderr = main(capsys, home, command, "x")
    assert status == 2 and stderr.startswith("There is no experiment 'x'")
