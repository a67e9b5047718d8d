"""`python -m tl` as a shell sees it: exit status, stdout, stderr. A stand-in trains, through the real supervisor."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import fields
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from tl.cli import compare, datasets
from tl.cli.arms import parse_arms
from tl.cli.table import table
from tl.cli.watch import Bars
from tl.config import Refused, Training
from tl.jobs.launcher import LocalLauncher

ROOT = Path(__file__).parents[1]
UNKNOWN = "0" * 26
SMALL = ("--samples", "20", "--arms")


@pytest.fixture
def home(tmp_path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def supervisor(home):
    """A supervisor whose trainers are stand-ins: the arm's name says how one behaves."""
    command = [sys.executable, str(ROOT / "tests/jobs/stand_in_supervisor.py"), str(home), "60"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment)
    assert process.stdout.readline() == b"ready\n"
    yield process
    process.kill()
    process.communicate()
    for folder in home.glob("runs/*"):
        LocalLauncher().terminate(folder.name, None)


@pytest.fixture
def start(home):
    """Starts a command; it is killed at the end of the test where it still runs."""
    started = []

    def start(*arguments: str, **environment: str) -> subprocess.Popen:
        started.append(_start(home, *arguments, **environment))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def _start(home: Path, *arguments: str, **environment: str) -> subprocess.Popen:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # pytest in a shell's background: commands would inherit it
        signal.signal(signal.SIGINT, signal.default_int_handler)
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "tl", *arguments],
        cwd=ROOT,
        env=os.environ | {"TL_HOME": str(home)} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def tl(home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    process = _start(home, *arguments, **environment)
    stdout, stderr = process.communicate(timeout=60)
    return subprocess.CompletedProcess(arguments, process.returncode, stdout, stderr)


def main(capsys, home: Path, *arguments: str) -> tuple[int, str, str]:
    """The same inside this process, where no process is needed to see it: status, stdout, stderr."""
    from tl.__main__ import main

    try:
        status = main([*arguments, "--home", str(home)])
    except SystemExit as stop:
        status = stop.code
    return status, *capsys.readouterr()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("", "COMMAND"),
        ("nonsense", "invalid choice: 'nonsense'"),
        ("compare --epochs", "expected one argument"),
        ("compare --epochs ten", "--epochs: invalid int value: 'ten'"),
        ("compare --epochs 0", "epochs is 0; it must be 1 to 1000"),
        ("compare --epoch 3", "--epoch"),
        ("compare surplus", "surplus"),
        ("compare --dataset roses", "no data set 'roses'"),
        ("compare --dataset ../x", "the name of a data set"),
        ("compare --samples 0", "samples is 0"),
        ("compare --samples 11", "has 12 classes"),
        ("compare --samples 60000", "only 50000 training pictures"),
        ("compare --backbone alexnet", "backbone is 'alexnet'"),
        ("compare --weights mine", "no pretrained weights 'mine'"),
        ("compare --resolution 63", "resolution is 63"),
        ("compare --batch-size 1", "batch size is 1"),
        ("compare --optimizer lion", "optimizer is 'lion'"),
        ("compare --schedule stairs", "schedule is 'stairs'"),
        ("compare --learning-rate nan", "learning rate is nan"),
        ("compare --seeds none", "seeds is 'none'"),
        ("compare --seeds 0", "number of seeds is 0"),
        ("compare --seeds 1,1", "seeds is (1, 1)"),
        ("compare --arms magic", "strategy 'magic'"),
        ("compare --arms scratch,", "strategy ''"),
        ("compare --arms scratch:speed=3", "'speed=3'"),
        ("compare --arms scratch:epochs", "'epochs'"),
        ("compare --arms scratch:epochs=many", "epochs is 'many'; it must be a whole number"),
        ("compare --arms scratch:epochs=-1", "epochs is -1"),
        ("compare --arms scratch:name=a,linear_probe:name=a", "different from each other"),
        ("runs --jsno", "--jsno"),
        ("stop", "RUN_ID"),
        ("stop x", "no run 'x'"),
        (f"stop {UNKNOWN}", "There is no run"),
        (f"resume {UNKNOWN}", "There is no run"),
        ("ingest", "FILE.zip"),
        ("ingest missing.zip", "missing.zip"),
    ],
)
def test_a_mistake_is_answered_with_one_sentence(capsys, home, arguments, words):
    status, stdout, stderr = main(capsys, home, *arguments.split())
    assert (status, stdout) == (2, "")
    assert words in stderr
    assert stderr.count("\n") == 1
    assert "Traceback" not in stderr
    assert not (home / "tl.sqlite").exists()


def test_the_command_line_starts_without_what_is_heavy(home):
    code = "import sys; from tl.__main__ import main; main(['runs']); print(sorted(sys.modules))"
    environment = os.environ | {"TL_HOME": str(home)}
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    loaded = set(re.findall(r"'(\w+)'", answer.stdout))
    assert not loaded & {"torch", "torchvision", "pandas", "numpy", "PIL", "streamlit", "altair"}


@pytest.mark.parametrize("command", [(), ("compare",), ("runs",), ("resume",), ("ingest",)])
def test_help_is_no_mistake(capsys, command):
    from tl.__main__ import main

    with pytest.raises(SystemExit) as stop:
        main([*command, "--help"])
    assert stop.value.code == 0
    assert "usage" in capsys.readouterr().out


def test_pretrain_becomes_the_process_that_may_import_torch(monkeypatch):
    from tl.__main__ import main

    class Replaced(BaseException):
        pass

    def execve(*arguments):
        raise Replaced(*arguments)

    monkeypatch.setattr(os, "execve", execve)
    with pytest.raises(Replaced) as became:
        main(["pretrain", "--epochs", "3", "--json"])
    program, command, environment = became.value.args
    assert [program, *command[1:]] == [sys.executable, "-m", "tl.train.pretrain", "--epochs", "3", "--json"]
    assert environment["PYTHONPATH"].startswith(str(ROOT))


def test_every_setting_of_an_experiment_is_an_option():
    assert set(compare.HELP) == {entry.name for entry in fields(Training)}


def test_an_empty_home_has_no_runs(capsys, home):
    assert main(capsys, home, "runs", "--json") == (0, '{"runs": []}\n', "")
    status, stdout, _ = main(capsys, home, "runs")
    assert (status, stdout[:11]) == (0, "No runs yet")
    assert not home.exists()


def test_datasets_lists_what_comes_with_it(capsys, home):
    status, stdout, _ = main(capsys, home, "datasets", "--json")
    found = {entry["name"]: entry for entry in json.loads(stdout)["datasets"]}
    assert status == 0
    assert list(found)[:3] == ["blossoms", "cifar10", "flowers102"]
    assert len(found["blossoms"]["classes"]) >= 10
    assert {"train": 50_000}.items() <= found["blossoms"].items()
    assert "drawn by" in main(capsys, home, "datasets")[1]


def test_a_zip_is_ingested_and_listed(capsys, home, tmp_path):
    archive = tmp_path / "My Pets.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for number in range(40):
            picture = BytesIO()
            Image.new("RGB", (40, 40), (number * 6, 10, 200 - number)).save(picture, "PNG")
            file.writestr(f"pets/{('cat', 'dog')[number % 2]}/{number}.png", picture.getvalue())
        file.writestr("pets/dog/broken.png", b"no picture")
    status, stdout, stderr = main(capsys, home, "ingest", str(archive), "--json")
    document = json.loads(stdout)
    assert (status, stderr) == (0, "")
    assert (document["name"], document["classes"]) == ("my-pets", ["cat", "dog"])
    assert document["train"] + document["validation"] + document["test"] == 40
    assert [part["count"] for part in document["left_out"].values()] == [1]
    del document["left_out"]
    listed = json.loads(main(capsys, home, "datasets", "--json")[1])["datasets"]
    assert document in listed
    status, stdout, _ = main(capsys, home, "ingest", str(archive), "--name", "pets")
    assert (status, stdout[:17]) == (0, "pets: 2 classes, ")
    assert "broken.png" in stdout
    status, stdout, stderr = main(capsys, home, "ingest", str(archive), "--name", "blossoms")
    assert (status, stdout) == (2, "")


@pytest.mark.parametrize(
    ("file_name", "name"), [("a/My Pets (2).ZIP", "my-pets-2"), ("ü.zip", "pictures"), ("x" * 90 + ".zip", "x" * 40)]
)
def test_a_data_set_is_named_after_its_file(file_name, name):
    assert datasets.name_of(Path(file_name)) == name


def test_arms_are_written_as_text():
    first, second = parse_arms("scratch:epochs=80,full_finetuning:learning-rate=3e-4:name=mine", 0.01)
    assert (first.name, first.epochs, first.learning_rate) == ("scratch", 80, 0.01)
    assert (second.name, second.strategy, second.learning_rate) == ("mine", "full_finetuning", 3e-4)


def test_arms_of_one_strategy_have_names_that_tell_them_apart():
    assert [arm.name for arm in parse_arms("scratch:epochs=3,scratch:epochs=9,linear_probe")] == [
        "scratch epochs=3",
        "scratch epochs=9",
        "linear_probe",
    ]
    assert [arm.name for arm in parse_arms("scratch,scratch,scratch")] == ["scratch", "scratch 2", "scratch 3"]


def test_settings_of_arms_are_checked():
    with pytest.raises(Refused, match="it must be a number"):
        parse_arms("scratch:learning_rate=fast")


def test_a_table_has_numbers_to_the_right():
    assert table(("name", "n"), [("a", 5), ("long", 12)]) == "name   n\na      5\nlong  12"


def test_on_a_terminal_each_arm_has_a_bar(capsys):
    run = {"arm": "scratch", "seed": 0, "status": "running", "epochs": 2, "max_epochs": 6, "best_val_accuracy": 0.5}
    training = {"phase": "training", "epoch": 3, "step": 5, "steps": 10}
    early = run | {"seed": 1, "status": "finished", "progress": None}
    with Bars() as bars:
        bars.show([run | {"progress": training}, early | {"arm": "linear_probe"}])
    shown = capsys.readouterr().err
    assert re.search(r"scratch \|.*\| 2\.5/6 epochs, .* left, training, best 50\.0 %", shown)
    assert re.search(r"linear_probe \|.*\| 6\.0/6 epochs, .* left, finished", shown)


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


def test_what_nobody_foresaw_is_one_sentence_and_a_log(capsys, home, monkeypatch):
    def break_down(*_):
        raise RuntimeError("the sky\nfell")

    monkeypatch.setattr("tl.jobs.list_runs", break_down)
    status, stdout, stderr = main(capsys, home, "runs", "--json")
    assert (status, stdout) == (1, "")
    assert stderr == f"Unexpected RuntimeError: the sky fell (see {home / 'errors.log'})\n"
    assert "Traceback" in (home / "errors.log").read_text()
    monkeypatch.setenv("TL_DEBUG", "1")
    with pytest.raises(RuntimeError, match="fell"):
        main(capsys, home, "runs")


def test_a_damaged_queue_is_refused_with_the_way_out(home):
    home.mkdir(parents=True)
    (home / "tl.sqlite").write_bytes(b"this is no database, " * 99)
    answer = tl(home, "runs", "--json")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr.count("\n") == 1 and "`python -m tl repair` makes a new one" in answer.stderr


def wait_for_running(home: Path) -> str:
    """The id of a run that has done an epoch."""

    def running() -> list[Path]:
        return [path.parent for path in home.glob("runs/*/epochs.json") if not (path.parent / "result.json").exists()]

    return wait_until(running)[0].name


def wait_until(holds):
    end = time.monotonic() + 30
    while not (value := holds()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)
    return value
