"""An experiment's page in every state: unknown, running, finished, failed; what its buttons do."""

import sys

import pytest

from tests import page_lab
from tests.page_lab import STATES, charts, texts, unescaped
from tl import jobs
from tl.charts.palette import ARM_COLOURS
from tl.config import ArmConfig
from tl.jobs.launchers.local import LocalLauncher
from tl.store.files import read_json, write_json, write_parquet
from tl.store.metrics import RATE_TEST, read_metrics, typed_frame, write_metrics
from tl.strategies import STRATEGIES


@pytest.mark.parametrize(
    "link", ["../../etc/passwd", "x" * 10_000, "", "0" * 26, "<b>", "%2e%2e", "\x00", "a;b", "c:\\d"]
)
def test_a_link_to_nothing_says_so_in_one_sentence(open_page, link):
    app = open_page(experiment=link)
    assert len(app.error) == 1 and "You find all experiments under Runs" in app.error[0].value
    app.button(key="new_comparison").click().run()
    assert app.title[0].value == "Is transfer learning worth it here?"


def test_a_running_experiment_shows_progress_and_can_be_stopped(open_page, home, monkeypatch):
    stopped = []
    monkeypatch.setattr(jobs, "stop_all", lambda home, run_ids: stopped.extend(run_ids))
    app = open_page(experiment=page_lab.running(home))
    read = unescaped(app)
    assert "Epoch 4 of 6" in read and "at most 0:1" in read
    assert "Waiting for its turn" in read
    assert app.button(key="stop_0").help == app.button(key="stop_all").help == "The best epoch so far is kept."
    assert len(charts(app)) >= 6
    assert [metric.value for metric in app.metric][:3] == ["30.0 %", "30.0 %", "–"]
    app.button(key="stop_0").click().run()
    assert len(stopped) == 1
    app.button(key="stop_all").click().run()
    assert len(stopped) == 3


@pytest.mark.parametrize(
    ("epochs", "words", "hint"),
    [
        (0, "Stopped by hand before its first epoch was done: nothing was learned.", "Begins with the first epoch."),
        (2, "Stopped by hand; the best epoch so far is kept", "Goes on after the last finished epoch."),
    ],
)
def test_what_a_stopped_run_keeps_is_what_it_had(open_page, home, epochs, words, hint):
    experiment_id = page_lab.submit(home)
    for row in page_lab.rows(home, experiment_id):
        page_lab.end(home, row, "stopped", epochs=epochs)
    app = open_page(experiment=experiment_id)
    assert words in unescaped(app) and f"Epoch {epochs} of 6" in unescaped(app)
    resume = [button for button in app.button if (button.key or "").startswith(("resume_", "go_on_"))]
    assert resume and {button.help for button in resume} == {hint}


def test_stop_promises_nothing_before_an_epoch_is_done(open_page, home):
    experiment_id = page_lab.submit(home)
    first, _ = page_lab.rows(home, experiment_id)
    page_lab.start(home, first)
    app = open_page(experiment=experiment_id)
    assert (
        app.button(key="stop_0").help
        == app.button(key="stop_all").help
        == ("No epoch is done yet, so nothing will be kept.")
    )
    page_lab.learn(home, first, 1)
    app = open_page(experiment=experiment_id)
    assert app.button(key="stop_all").help == "The best epoch so far is kept of every run that has finished one."


def test_a_trainer_that_does_not_end_keeps_nobody_else_from_being_stopped(open_page, home, monkeypatch):
    asked = []

    def terminate(self, run_id, *_):
        asked.append(run_id)
        raise TimeoutError(f"The trainer of run {run_id} does not end.")

    monkeypatch.setattr(LocalLauncher, "terminate", terminate)
    app = open_page(experiment=page_lab.running(home))
    app.button(key="stop_all").click().run()
    assert len(set(asked)) == 2 and not app.exception
    assert len(app.error) == 1 and "does not end" in unescaped(app)


def test_a_finished_experiment_shows_its_verdict_first(open_page, home):
    app = open_page(experiment=page_lab.finished(home))
    read = unescaped(app)
    assert "+30.0 points" in read and "One run each is a hint, not a proof." in read
    assert "+30.0 points" in [metric.value for metric in app.metric]
    assert not any((button.key or "").startswith("stop") for button in app.button)


def test_three_seeds_give_an_interval_and_an_outcome(open_page, home):
    app = open_page(experiment=page_lab.finished(home, seeds=3))
    assert "95 % interval" in unescaped(app)
    assert "Helps" in texts(app)


def test_a_failed_arm_says_what_happened_what_to_do_and_can_be_resumed(open_page, home):
    experiment_id = page_lab.failed(home)
    app = open_page(experiment=experiment_id)
    assert "the loss became [nan](http://evil.example) in epoch 3" in unescaped(app)
    assert "[nan](http" not in texts(app)
    assert "lower learning rate" in texts(app)
    assert "Resumed from epoch 1: the last *checkpoint* was damaged." in unescaped(app)
    assert "the last line of the log" in " ".join(code.value for code in app.code)
    run = jobs.experiment(home, experiment_id)["runs"][1]
    app.button(key=f"resume_{run.run_id}").click().run()
    assert jobs.run(home, run.run_id).status == "queued" and not app.exception


def test_what_the_machine_cannot_tell_is_called_not_available(open_page, home):
    app = open_page(experiment=page_lab.finished(home))
    assert arm_table(app).loc["Energy"].tolist() == ["not available", "not available"]
    assert "GPU utilisation is not available" in texts(app)


@pytest.mark.parametrize("state", STATES)
def test_names_from_users_never_become_markup(open_page, home, state):
    app = open_page(experiment=STATES[state](home))
    assert "**Evil** <b>arm</b> :tada:" in unescaped(app)
    assert "**Evil**" not in texts(app) and "<b>" not in texts(app) and ":tada:" not in texts(app)


@pytest.mark.parametrize("state", STATES)
def test_every_arm_keeps_the_colour_of_its_position(open_page, home, state):
    app = open_page(experiment=STATES[state](home))
    read = texts(app)
    assert ARM_COLOURS[0] in read and ARM_COLOURS[1] in read and ARM_COLOURS[2] not in read


def arm_table(app):
    """The arms in numbers, by measure."""
    (found,) = (frame.value for frame in app.dataframe if "Energy" in frame.value.iloc[:, 0].tolist())
    return found.set_index(found.columns[0])


def alts(app) -> list[str]:
    return [chart.proto.alt for chart in charts(app)]


@pytest.mark.parametrize("state", STATES)
def test_each_arm_shows_what_trains_when_and_only_a_running_one_what_is_to_come(open_page, home, state):
    app = open_page(experiment=STATES[state](home))
    assert alts(app).count("What trains when: everything from epoch 1 at 1e-3") == 1
    assert alts(app).count("What trains when: everything from epoch 1 at 1e-4") == 1
    assert ("Pale: still to come" in texts(app)) == (state == "running")


def test_the_curve_of_a_range_test_is_shown_where_a_run_has_one(open_page, home):
    experiment_id = page_lab.finished(home)
    title = "Training loss over the learning rate, for every arm"
    assert title not in alts(open_page(experiment=experiment_id))
    curve = typed_frame([{"learning_rate": 10.0**power, "loss": -power / 2} for power in range(-6, 0)], RATE_TEST)
    write_parquet(home.run(page_lab.rows(home, experiment_id)[0].run_id).rate_test, curve)
    assert title in alts(open_page(experiment=experiment_id))


def test_the_cost_of_every_arm_is_in_the_table(open_page, home):
    experiment_id = page_lab.finished(home)
    run = home.run(page_lab.rows(home, experiment_id)[0].run_id)
    epochs = read_metrics(run.metrics).assign(flops=[3e10] * 3 + [None] * 3)  # 100 pictures an epoch
    write_metrics(run.metrics, epochs.to_dict("records"))
    write_json(run.result, read_json(run.result) | {"precision": "bf16"})
    shown = arm_table(open_page(experiment=experiment_id))
    first, second = (shown[name].to_dict() for name in shown.columns)
    assert first["Operations per training picture"] == "0.3 GFLOP" and first["Precision"] == "bf16"
    assert second["Operations per training picture"] == second["Precision"] == "not available"
    assert first["Parameters trained"] == "2.2 million of 2.2 million" and first["Pictures per second"] == "50"


@pytest.mark.parametrize("state", ["queued", "running", "finished"])
def test_eight_arms_are_compared_like_two(open_page, home, state):
    arms = tuple(ArmConfig(name=name, strategy=name) for name in list(STRATEGIES)[:8])
    experiment_id = page_lab.submit(home, arms=arms)
    for row in page_lab.rows(home, experiment_id):
        if state == "finished":
            page_lab.end(home, row, "finished")
        elif state == "running":
            page_lab.start(home, row)
            page_lab.learn(home, row, 2)
    app = open_page(experiment=experiment_id)
    assert all(STRATEGIES[arm.strategy].title in unescaped(app) for arm in arms)
    assert sum(alt.startswith("What trains when") for alt in alts(app)) == 8
    assert len(arm_table(app).columns) == 8


def test_reloading_shows_the_same(open_page, home):
    experiment_id = page_lab.finished(home)
    assert texts(open_page(experiment=experiment_id)) == texts(open_page(experiment=experiment_id))


def test_the_page_process_never_imports_torch(open_page, home, monkeypatch):
    monkeypatch.delitem(sys.modules, "torch", raising=False)  # another test's, in this process
    open_page()
    open_page(experiment=page_lab.finished(home))
    open_page("pages/2_Runs.py")
    assert "torch" not in sys.modules
