"""The settings on the form of a comparison: what is typed is read or refused, and what matters reaches the runs."""

from dataclasses import fields

import pytest

from tests.page_lab import unescaped
from tl import jobs
from tl.config import Training
from tl.jobs import memory
from tl.parameters import PARAMETERS
from tl.strategies import STRATEGIES
from tl.ui.compose.shared_settings import SHARED
from tl.ui.parts.numbers import FIELDS


def test_the_usual_rate_is_that_of_the_optimizer(open_page):
    app = open_page()
    app.selectbox(key="form_optimizer").set_value("sgd").run()
    assert [app.text_input(key=f"form_arm{number}_learning_rate").placeholder for number in (0, 1)] == [
        "0.01, the usual one",
        "1e-3, the usual one",
    ]


def first_arm(app) -> int:
    return app.session_state["form_arms"][0]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_an_arm_shows_what_its_strategy_does_and_only_the_settings_that_matter_to_it(open_page, strategy):
    app = open_page()
    number = first_arm(app)
    if STRATEGIES[strategy].needs_target:
        app.session_state["form_target_dataset"] = "blossoms_dusk"
        app.run()
    app.selectbox(key=f"form_arm{number}_strategy").set_value(strategy).run()
    assert not app.exception and not app.error
    assert STRATEGIES[strategy].sentence_for() in unescaped(app) and STRATEGIES[strategy].source in unescaped(app)
    fields = {field.key: field for field in app.text_input}
    shown = {name for name in PARAMETERS if f"form_arm{number}_{name}" in fields}
    assert shown == set(STRATEGIES[strategy].parameters)
    for name in shown:
        key, bounds = f"form_arm{number}_{name}", PARAMETERS[name]
        asked = app.session_state[FIELDS][key]
        assert (fields[key].label, asked.low, asked.high) == (bounds.title, bounds.low, bounds.high)
        value = asked.value(fields[key].value)
        assert value == bounds.default and type(value) is type(bounds.default)


@pytest.mark.parametrize(
    ("key", "typed", "said"),
    [
        ("form_samples", "60000", "“Training pictures” must be a whole number from 12 to 50,000, not 60000."),
        ("form_epochs", "0", "“Epochs at most” must be a whole number from 1 to 1,000, not 0."),
        ("form_epochs", "1001", "“Epochs at most” must be a whole number from 1 to 1,000, not 1001."),
        ("form_seeds", "three", "“Seeds” must be a whole number from 1 to 20, not three."),
        ("form_batch_size", "", "“Batch size” is empty; enter a whole number from 2 to 4,096."),
        ("form_arm1_learning_rate", "1,000", "“Learning rate, arm 2”: 1,000 may mean 1000 or 1; enter one of these."),
        ("form_arm1_learning_rate", "11", "“Learning rate, arm 2” must be a number from 1e-7 to 10, not 11."),
        ("form_arm0_epochs", "-3", "“Epochs at most, arm 1” must be a whole number from 1 to 1,000, not -3."),
    ],
)
def test_what_is_typed_and_cannot_be_starts_nothing_and_is_one_sentence(open_page, home, key, typed, said):
    app = open_page()
    app.text_input(key=key).set_value(typed)
    app.button(key="form_start").click().run()  # in one go, as when the click ends the typing
    assert not app.exception and not jobs.list_runs(home) and "experiment" not in app.query_params
    assert len(app.error) == 1 and said in unescaped(app)
    assert app.text_input(key=key).value == typed, "it stays to be mended"
    assert app.button(key="form_start").disabled


@pytest.mark.parametrize(("typed", "rate"), [("0,001", 0.001), ("0.001", 0.001), ("3e-4", 0.0003), ("", None)])
def test_what_is_typed_counts_though_start_is_clicked_at_once(open_page, home, typed, rate):
    app = open_page()
    app.text_input(key="form_arm1_learning_rate").set_value(typed)
    app.text_input(key="form_samples").set_value("1,200")
    app.button(key="form_start").click().run()
    (experiment_id,) = {run.experiment_id for run in jobs.list_runs(home)}
    started = jobs.experiment(home, experiment_id)["experiment"]
    assert (started.arms[1].learning_rate, started.samples) == (rate, 1200)


def test_what_a_hidden_setting_holds_does_not_count(open_page, home):
    app = open_page()
    app.selectbox(key="form_schedule").set_value("step").run()
    app.text_input(key="form_step_epochs").set_value("0").run()
    assert len(app.error) == 1
    app.selectbox(key="form_schedule").set_value("cosine").run()
    assert not app.error
    app.button(key="form_start").click().run()
    (experiment_id,) = {run.experiment_id for run in jobs.list_runs(home)}
    assert jobs.experiment(home, experiment_id)["experiment"].step_epochs == 3


def test_settings_of_early_stopping_are_there_while_it_is_on(open_page):
    app = open_page()
    assert "form_patience_start" not in [field.key for field in app.text_input], "the quick look never stops early"
    app.text_input(key="form_patience").set_value("2").run()
    assert app.text_input(key="form_patience_start").value == "5"


def test_a_setting_of_a_strategy_reaches_the_run(open_page, home):
    app = open_page()
    number = first_arm(app)
    app.selectbox(key=f"form_arm{number}_strategy").set_value("gradual_unfreezing").run()
    app.text_input(key=f"form_arm{number}_unfreeze_every").set_value("3").run()
    app.button(key="form_start").click().run()
    (experiment_id,) = {run.experiment_id for run in jobs.list_runs(home)}
    assert jobs.experiment(home, experiment_id)["experiment"].arms[0].unfreeze_every == 3


def test_everything_that_arms_share_can_be_set_and_reaches_the_run(open_page, home, monkeypatch):
    monkeypatch.setattr(memory, "gpus", lambda: 2)
    app = open_page()
    app.text_input(key="form_devices").set_value("2").run()
    app.selectbox(key="form_batchnorm").set_value("sync").run()
    app.toggle(key="form_find_rate").set_value(True).run()
    app.selectbox(key="form_precision").set_value("bf16").run()
    app.selectbox(key="form_schedule").set_value("step").run()
    app.text_input(key="form_step_epochs").set_value("4").run()
    app.text_input(key="form_views").set_value("2").run()
    assert "found by a range test, 2 devices a run, bf16" in unescaped(app)
    app.button(key="form_start").click().run()
    (experiment_id,) = {run.experiment_id for run in jobs.list_runs(home)}
    experiment = jobs.experiment(home, experiment_id)["experiment"]
    assert (experiment.find_rate, experiment.precision, experiment.views) == (True, "bf16", 2)
    assert (experiment.devices, experiment.batchnorm) == (2, "sync")
    assert (experiment.schedule, experiment.step_epochs) == ("step", 4)


def test_every_setting_of_the_training_has_a_place_in_the_form():
    elsewhere = {
        "dataset",
        "target_dataset",
        "unmatched",
        "samples",
        "backbone",
        "weights",
        "resolution",
        "resplit",
        "threads",
    }
    assert {entry.name for entry in fields(Training)} == (set(SHARED) - {"seeds"}) | elsewhere


def test_a_rerun_sends_nothing_over_what_is_being_typed(open_page):
    """Its own reruns, as when the machine's speed is known, must not put the old number back under somebody's fingers."""
    app = open_page()
    assert app.run().text_input(key="form_samples").value == "500"
    assert [field.key for field in app.text_input if field.proto.set_value] == []
