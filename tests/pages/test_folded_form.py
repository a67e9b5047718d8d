"""The form behind its lines: what each says, that what is closed is not drawn and still counts, and what can't be is said."""

import pytest

from tests.page_lab import charts, unescaped
from tl import jobs
from tl.ui.compose import arms, network, pictures

LINES = (pictures.OPEN, network.OPEN, arms.OPEN, arms.SETTINGS_OPEN)


def turn(app, key: str):
    return app.button(key=f"fold_{key}").click().run()


def test_folded_away_the_form_says_in_a_line_each_what_it_would_start(open_page):
    app = open_page(unfolded=False)
    said = unescaped(app)
    assert "**Pictures** 50,000 training pictures in 12 classes" in said.replace("\u2002", "")
    assert "Narrow ResNet-18 (3×3 stem), Bundled: Tiny ImageNet, 32 px" in said
    assert "From scratch," in said and "Full fine-tuning" in said
    assert "up to 8 epochs, no early stopping, 3 seeds, batches of 12, Adam, constant rate" in said
    assert not app.button(key="form_start").disabled


@pytest.mark.parametrize("page", [None, "pages/1_Data_size.py"])
def test_what_is_folded_away_is_not_drawn(open_page, page):
    app = open_page(page, unfolded=False)
    assert {box.key for box in app.selectbox} <= {"form_dataset", "sweep_sizes", "language_choice"}
    assert not charts(app) and not app.get("popover") and not app.toggle
    turn(app, arms.OPEN)
    assert "form_arm0_strategy" in {box.key for box in app.selectbox}
    assert "form_arm0_backbone" not in {box.key for box in app.selectbox}, (
        "nor the networks of an arm's closed settings"
    )
    app.session_state[f"{arms.SETTINGS}_0"] = True
    app.run()
    assert "form_arm0_backbone" in {box.key for box in app.selectbox} and not app.exception


def test_what_was_set_counts_while_it_is_folded_away_and_a_part_that_is_open_stays_so(open_page, home):
    app = open_page(unfolded=False)
    for key in LINES:
        turn(app, key)
    app.session_state[f"{arms.SETTINGS}_1"] = True
    app.run()
    app.selectbox(key="form_resolution").set_value(48).run()
    app.text_input(key="form_epochs").set_value("4").run()
    app.text_input(key="form_arm1_learning_rate").set_value("0.002").run()
    assert app.text_input(key="form_epochs").value == "4", "open after four more reruns"
    app.session_state[f"{arms.SETTINGS}_1"] = False
    for key in LINES:
        turn(app, key)
    assert "form_epochs" not in {field.key for field in app.text_input}
    app.run()
    assert "up to 4 epochs" in unescaped(app) and "48 px" in unescaped(app)
    app.button(key="form_start").click().run()
    (experiment_id,) = {run.experiment_id for run in jobs.list_runs(home)}
    started = jobs.experiment(home, experiment_id)["experiment"]
    assert (started.resolution, started.epochs, started.arms[1].learning_rate) == (48, 4, 0.002)


def test_what_cannot_be_in_a_part_that_is_folded_away_is_said_at_the_start_and_at_its_line(open_page, home):
    app = open_page(unfolded=False)
    turn(app, arms.SETTINGS_OPEN)
    app.text_input(key="form_epochs").set_value("0").run()
    turn(app, arms.SETTINGS_OPEN)
    assert app.button(key="form_start").disabled and not jobs.list_runs(home)
    assert "“Epochs at most” must be a whole number from 1 to 1,000, not 0." in unescaped(app)
    assert "see below" in app.button(key=f"fold_{arms.SETTINGS_OPEN}").label
    turn(app, arms.SETTINGS_OPEN)
    app.text_input(key="form_epochs").set_value("3").run()
    assert not app.error and not app.button(key="form_start").disabled


def test_weights_and_sides_follow_another_network_though_its_part_is_folded_away(open_page, home):
    app = open_page(unfolded=False)
    turn(app, network.OPEN)
    app.selectbox(key="form_backbone").set_value("resnet18").run()
    turn(app, network.OPEN)
    turn(app, arms.OPEN)
    app.session_state["form_arm1_weights"] = "mobilenet_v2-tiny-imagenet-64"  # of another network
    app.run()
    assert app.session_state["form_arm1_weights"] is None
    assert app.session_state["form_weights"] != "mobilenet_v2-tiny-imagenet-64"


def test_what_never_gets_its_turn_is_said_though_the_arms_are_folded_away(open_page):
    app = open_page(unfolded=False)
    for key, value in (("form_arm1_strategy", "gradual_unfreezing"), ("form_epochs", 1)):
        app.session_state[key] = value
    app.run()
    assert "Gradual unfreezing: Never unfrozen in 1 epoch: everything trains only from epoch " in unescaped(app)
