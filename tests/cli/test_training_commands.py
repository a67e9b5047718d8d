"""`python -m tl compare`, `stop` and `resume` as a shell sees them: a stand-in trains, through the real supervisor."""

import json
import os
import re
import signal

import pytest

from tests.cli.commands import main, tl, wait_for_running, wait_until

SMALL = ("--samples", "20", "--arms")


@pytest.mark.usefixtures("supervisor")
def test_compare_prints_one_document_and_tells_each_epoch(capsys, home):
    answer = tl(home, "compare", *SMALL, "scratch:name=table,scratch:name=table 2", "--seeds", "1", "--json")
    document = json.loads(answer.stdout)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.count("\n") == 1
    assert (document["dataset"], document["samples"], document["home"]) == ("blossoms", 20, str(home))
    for arm in ("table", "table 2"):
        [run] = document["arms"][arm]["runs"]
        assert {"seed": 0, "status": "finished", "epochs": 3, "test_accuracy": 0.4}.items() <= run.items()
        lines = re.findall(rf"^{arm}, seed 0: epoch (\d)/10, validation accuracy", answer.stderr, re.M)
        assert lines == ["1", "2", "3"]
    assert document["verdict"]["text"]
    listed = json.loads(main(capsys, home, "runs", "--json")[1])["runs"]
    assert {run["run_id"] for run in listed} == {
        run["run_id"] for arm in document["arms"].values() for run in arm["runs"]
    }
    assert "finished" in main(capsys, home, "runs")[1]


@pytest.mark.usefixtures("supervisor")
def test_compare_for_people_ends_with_the_verdict(capsys, home):
    status, stdout, _ = main(
        capsys, home, "compare", *SMALL, "scratch:name=quick,scratch:name=quick 2", "--seeds", "4,8"
    )
    assert status == 0
    assert stdout.splitlines()[0].startswith("MobileNetV2 on Blossoms (drawn by the computer), ")
    assert [line.split("  ")[0] for line in stdout.splitlines()[2:7]] == ["arm", *["quick"] * 2, *["quick 2"] * 2]
    assert stdout.splitlines()[-1].endswith((".", "!", "?"))


@pytest.mark.usefixtures("supervisor")
def test_a_failed_run_is_exit_status_1_and_said_why(capsys, home):
    status, stdout, stderr = main(capsys, home, "compare", *SMALL, "scratch:name=quick,scratch:name=refuse", "--json")
    assert status == 1
    [run] = json.loads(stdout)["arms"]["refuse"]["runs"]
    assert (run["status"], run["reason"], run["message"]) == ("failed", "bad_data", "The pictures are gone.")
    assert "The pictures are gone." in stderr


@pytest.mark.usefixtures("supervisor")
def test_a_run_is_stopped_and_resumed(capsys, home, start):
    process = start("compare", *SMALL, "scratch:name=slow", "--json")
    run_id = wait_for_running(home)
    status, stdout, _ = main(capsys, home, "stop", run_id, "--json")
    assert (status, json.loads(stdout)["status"]) == (0, "stopped")
    stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 0  # stopping is no failure
    assert json.loads(stdout)["arms"]["slow"]["runs"][0]["status"] == "stopped"
    assert run_id in stderr
    again = start("resume", run_id)
    assert wait_for_running(home) == run_id
    assert main(capsys, home, "stop", run_id)[1].startswith("slow, seed 0: stopped after")
    stdout, _ = again.communicate(timeout=30)
    assert (again.returncode, stdout[:21]) == (0, "slow, seed 0: stopped")
    assert main(capsys, home, "stop", run_id)[0] == 0  # nothing left to do


@pytest.mark.usefixtures("supervisor")
def test_resuming_what_is_finished_is_refused(capsys, home):
    document = json.loads(main(capsys, home, "compare", *SMALL, "scratch:name=quick", "--json")[1])
    run_id = document["arms"]["quick"]["runs"][0]["run_id"]
    status, stdout, stderr = main(capsys, home, "resume", run_id, "--json")
    assert (status, stdout) == (2, "")
    assert "is finished" in stderr


@pytest.mark.usefixtures("supervisor")
def test_ctrl_c_stops_the_runs_and_says_how_to_go_on(capsys, home, start):
    process = start("compare", *SMALL, "scratch:name=slow,scratch:name=slow 2", "--seeds", "2", "--json")
    wait_for_running(home)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=30)
    assert (process.returncode, stdout) == (130, "")
    found = json.loads(main(capsys, home, "runs", "--json")[1])["runs"]
    assert {run["status"] for run in found} == {"stopped"}
    assert all(f"python -m tl resume {run['run_id']}" in stderr for run in found)
    assert "Traceback" not in stderr


def test_compare_starts_a_supervisor_again_when_it_is_killed(capsys, home, start, supervisor):
    process = start("compare", *SMALL, "scratch:name=slow", "--json")
    run_id = wait_for_running(home)
    supervisor.kill()
    supervisor.wait()
    holder = home / "locks" / "supervisor.lock"
    wait_until(lambda: json.loads(holder.read_text())["pid"] != supervisor.pid)
    assert main(capsys, home, "stop", run_id)[0] == 0
    process.communicate(timeout=30)
    assert process.returncode == 0
    os.kill(json.loads(holder.read_text())["pid"], signal.SIGKILL)
