"""A damaged queue is told in one sentence and rebuilt from the folders of the runs."""

import os
import signal

import pytest
from lab import until

from tl import jobs
from tl.__main__ import main
from tl.config import ArmConfig, Experiment, Newer, Refused
from tl.jobs.launchers import processes
from tl.jobs.launchers.local import identity_of
from tl.jobs.repair import repair
from tl.jobs.start import supervisor_lives
from tl.store.documents import read_config
from tl.store.files import read_json, write_json
from tl.store.home import Home
from tl.store.queue import database, schema
from tl.store.queue.damage import QueueDamaged


def damage(home: Home) -> None:
    """Overwrite the middle of every page but the first."""
    data = bytearray(home.database_path.read_bytes())
    for start in range(4096, len(data), 4096):
        data[start : start + 2000] = b"\xff" * 2000
    home.database_path.write_bytes(data)
    for suffix in ("-wal", "-shm"):
        home.database_path.with_name(f"tl.sqlite{suffix}").unlink(missing_ok=True)


def state(home: Home) -> list[tuple]:
    """What matters of every run."""
    names = ("run_id", "experiment_id", "arm", "seed", "sweep_id", "test_accuracy", "epochs")
    return [tuple(getattr(run, name) for name in names) for run in jobs.list_runs(home)]


@pytest.mark.parametrize("harm", ["pages", "header", "truncated", "gone", "empty"])
def test_all_runs_are_back_and_can_be_resumed(lab, home, harm, capsys):
    finished = lab.submit("quick", "quick 2", seeds=(1, 3))
    lab.run_all()
    [waiting] = lab.submit("slow")
    before, experiments = state(home), {row.experiment_id for row in database.read_runs(home)}
    specs = {one: database.read_experiment(home, one)["experiment"] for one in experiments}
    if harm == "pages":
        damage(home)
    elif harm == "header":
        home.database_path.write_bytes(b"\0" * 100 + home.database_path.read_bytes()[100:])
    elif harm == "gone":
        home.database_path.unlink()
    else:
        os.truncate(home.database_path, 0 if harm == "empty" else 5000)
    if harm in ("pages", "header", "truncated"):
        with pytest.raises(Refused, match="damaged.*python -m tl repair"):
            jobs.list_runs(home)
        assert main(["runs", "--home", str(home.path)]) == 2
        assert capsys.readouterr().err.count("\n") == 1
    assert main(["repair", "--home", str(home.path)]) == 0
    assert "2 experiments, 5 runs" in capsys.readouterr().out
    assert sorted(state(home)) == sorted(before)
    assert {one: database.read_experiment(home, one)["experiment"] for one in experiments} == specs
    assert [lab.row(run_id).status for run_id in finished] == ["finished"] * 4
    row = lab.row(waiting)
    assert (row.status, row.reason) == ("interrupted", "rebuilt") and "Resume" in row.message
    assert len(list(home.path.glob("tl.sqlite.damaged-*"))) == (harm != "gone")
    jobs.resume(home, waiting)
    lab.new_supervisor()
    lab.train(waiting)
    jobs.stop(home, waiting)


def test_a_sound_queue_is_left_as_it_is(lab, home):
    lab.submit("quick")
    before = home.database_path.read_bytes()
    assert repair(home)["sound"]
    assert home.database_path.read_bytes() == before
    assert repair(Home(home.path / "new"))["sound"]


def test_what_trains_is_ended_with_its_best_and_can_be_resumed(lab, home, supervisor_process):
    [run_id] = lab.submit("slow")
    supervisor = supervisor_process()
    until(lambda: getattr(jobs.run(home, run_id).progress, "epoch", 0) > 1)
    trainer = identity_of(lab.row(run_id).handle)
    damage(home)
    assert repair(home)["runs"] == 1
    assert supervisor.wait(5) == -signal.SIGTERM and not supervisor_lives(home)
    assert not processes.alive(trainer)
    run = jobs.run(home, run_id)
    assert run.status == "stopped" and run.epochs >= 1


def test_settings_that_can_not_be_read_are_left_out_and_told(lab, home, capsys):
    lost, kept = lab.submit("quick", "slow")
    home.run(lost).config.write_bytes(b'{"run_id": 7')
    damage(home)
    assert main(["repair", "--home", str(home.path)]) == 0
    assert f"{home.run(lost).folder}\n" in capsys.readouterr().out
    assert [row.run_id for row in database.read_runs(home)] == [kept]


def test_sweeps_are_sweeps_again_where_the_file_still_tells(lab, home):
    arms = (ArmConfig(name="quick", strategy="scratch"),)
    sweep_id = jobs.submit_sweep(home, Experiment(dataset="blossoms", arms=arms), (20, 40))
    data = bytearray(home.database_path.read_bytes())
    with database.writing(home) as connection:  # everything into the file itself
        connection.execute("PRAGMA user_version")
    data = home.database_path.read_bytes()
    assert b"'queued'" in data
    with database.writing(home) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute("UPDATE main.runs SET status = 'queuex'")
    with pytest.raises(Refused, match="damaged"):
        jobs.list_runs(home)
    assert repair(home)["experiments"] == 2
    assert [found["sweep_id"] for found in jobs.list_sweeps(home)] == [sweep_id]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("UPDATE main.experiments SET spec = replace(spec, 'blossoms', '../etc')", "dataset is"),
        ("UPDATE main.experiments SET spec = '[1]'", "can't be read"),
        ("UPDATE main.runs SET arm = 'nobody'", "arm"),
        ("UPDATE main.runs SET attempt = 'x'", "attempt"),
        ("UPDATE main.runs SET handle = x'ff'", "handle"),
        ("DROP TABLE main.runs", "no such table"),
        ("UPDATE main.runs SET message = CAST(x'ff' AS TEXT)", "UTF-8"),
    ],
)
def test_a_value_that_can_not_be_is_damage_told_in_one_sentence(lab, home, change, words):
    lab.submit("quick")
    with database.writing(home) as connection:
        connection.execute(change)
    with pytest.raises(Refused, match=f"damaged: .*{words}.*; `python -m tl repair`"):
        jobs.list_runs(home)
    assert repair(home)["runs"] == 1
    assert jobs.list_runs(home)[0].status == "interrupted"


def test_a_queue_that_another_program_holds_is_busy_not_damaged(lab, home, monkeypatch):
    [run_id] = lab.submit("quick")
    connect = schema.sqlite3.connect
    monkeypatch.setattr(
        schema.sqlite3, "connect", lambda *path, **options: connect(*path, **options | {"timeout": 0.1})
    )
    with database.writing(home), pytest.raises(Refused, match="is busy: another program holds it; try again"):
        jobs.stop(home, run_id)
    assert jobs.stop(home, run_id).status == "stopped"


@pytest.mark.parametrize("harm", ["nothing", "a damaged experiment", "a damaged file"])
def test_what_a_newer_version_wrote_is_refused_and_left_alone(lab, home, capsys, harm):
    [run_id] = lab.submit("slow")
    lab.submit("quick")
    trainer = lab.train(run_id)
    with database.writing(home) as connection:
        change = (
            'UPDATE main.experiments SET spec = replace(spec, \'"dataset":\', \'"warp": 9, "dataset":\') WHERE id = ?'
        )
        connection.execute(change, (lab.row(run_id).experiment_id,))
        if harm == "a damaged experiment":
            connection.execute("UPDATE main.experiments SET spec = '[1]' WHERE spec NOT LIKE '%warp%'")
    config = home.run(run_id).config
    write_json(config, read_json(config) | {"warp": 9})
    if harm == "a damaged file":
        damage(home)
    elif harm == "nothing":
        with pytest.raises(
            Refused, match=r"The queue \(tl.sqlite\) was written by a newer TL Lab.* warp; update"
        ) as refused:
            jobs.list_runs(home)
        assert not isinstance(refused.value, QueueDamaged)
    before = home.database_path.read_bytes()
    assert main(["repair", "--home", str(home.path)]) == 2
    said = capsys.readouterr().err
    assert "newer TL Lab" in said and "warp" in said and said.count("\n") == 1
    assert processes.alive(identity_of(trainer.handle)) and home.database_path.read_bytes() == before
    assert not list(home.path.glob("*.damaged-*"))


def test_runs_are_listed_beside_one_with_settings_of_a_newer_version(lab, home):
    [run_id] = lab.submit("quick")
    config = home.run(run_id).config
    write_json(config, read_json(config) | {"warp": 9})
    assert isinstance(read_config(home.run(run_id)), Newer)
    assert [run.run_id for run in jobs.list_runs(home)] == [run_id]
