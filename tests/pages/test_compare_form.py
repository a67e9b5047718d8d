"""The form on the first page: what it offers, what it takes, what Start makes of it."""

import re

from tests.page_lab import charts, texts, unescaped
from tl import jobs
from tl.config import Refused


def test_the_empty_page_is_a_form_that_can_be_started_at_once(open_page):
    app = open_page()
    assert app.title[0].value == "Is transfer learning worth it here?"
    assert not app.button(key="form_start").disabled
    assert app.selectbox(key="form_dataset").value == "blossoms"
    assert app.text_input(key="form_samples").value == "500"
    assert "drawn by" in " ".join(app.selectbox(key="form_dataset").options)
    assert re.search(r"At most about \*\*.*\*\* on this machine", texts(app))


def test_an_arm_may_have_a_network_and_a_resolution_of_its_own(open_page, home):
    app = open_page()
    assert app.selectbox(key="form_arm1_backbone").value is None, "as above"
    assert "form_arm0_weights" not in {box.key for box in app.selectbox}, "from scratch there are none"
    app.selectbox(key="form_arm1_backbone").set_value("efficientnet_lite0").run()
    app.selectbox(key="form_arm1_resolution").set_value(96).run()
    assert "EfficientNet-Lite0, 96 px" in unescaped(app)
    app.button(key="form_start").click().run()
    own = {run.arm: (run.backbone, run.weights, run.resolution) for run in jobs.list_runs(home)}
    assert own["Full fine-tuning, EfficientNet-Lite0, 96 px"] == ("efficientnet_lite0", "imagenet", 96)
    assert own["scratch"][::2] == ("resnet18_narrow", 32)
    assert not app.exception and "Narrow ResNet-18 (3×3 stem) and EfficientNet-Lite0 on Blossoms" in unescaped(app)


def test_what_never_gets_its_turn_is_said(open_page):
    app = open_page()
    app.selectbox(key="form_arm1_strategy").set_value("gradual_unfreezing").run()
    assert "Never" not in texts(app)
    app.text_input(key="form_epochs").set_value("4").run()
    assert "Never fully unfrozen in 4 epochs (stage2 and above at most)" in unescaped(app)
    app.text_input(key="form_epochs").set_value("1").run()
    assert "Never unfrozen in 1 epoch: everything trains only from epoch " in unescaped(app)


def test_the_command_is_shown_when_asked_for(open_page):
    app = open_page()
    assert not app.code
    app.session_state["show_command"] = True
    app.run()
    assert "python -m tl compare --dataset blossoms" in app.code[0].value


def test_start_makes_the_experiment_the_form_describes_and_puts_it_into_the_address(open_page, home):
    app = open_page()
    app.text_input(key="form_samples").set_value("120").run()
    app.button(key="form_start").click().run()
    (experiment_id,) = {run.experiment_id for run in jobs.list_runs(home)}
    assert app.query_params["experiment"] in (experiment_id, [experiment_id])
    experiment = jobs.experiment(home, experiment_id)["experiment"]
    assert experiment.samples == 120
    assert [arm.strategy for arm in experiment.arms] == ["scratch", "full_finetuning"]
    assert not app.exception and "In the queue" in texts(app)


def test_starting_twice_from_the_same_form_is_one_experiment(open_page, home):
    app = open_page()
    token = app.session_state["form_token"]
    app.button(key="form_start").click().run()
    again = open_page()
    again.session_state["form_token"] = token
    again.button(key="form_start").click().run()
    assert len({run.experiment_id for run in jobs.list_runs(home)}) == 1


def test_a_form_that_is_shown_again_starts_another_experiment(open_page, home):
    app = open_page()
    app.button(key="form_start").click().run()
    app.query_params.clear()  # as the link to this page in the header does
    app.run()
    app.text_input(key="form_samples").set_value("120").run()
    app.button(key="form_start").click().run()
    assert {run.samples for run in jobs.list_runs(home)} == {500, 120}


def test_a_preset_fills_the_form_and_everything_can_be_changed_after(open_page, home):
    app = open_page()
    app.get("pills")[0].set_value("cifar10_mobilenet").run()
    assert not app.exception
    assert app.selectbox(key="form_resolution").value == 224
    assert app.text_input(key="form_epochs").value == "5"
    app.text_input(key="form_epochs").set_value("3").run()
    assert app.text_input(key="form_epochs").value == "3"


def test_a_preset_is_lit_while_the_form_is_that_preset(open_page):
    app = open_page()
    assert app.get("pills")[0].value == "quick_look" and "about two minutes" in texts(app)
    app.run()
    assert app.get("pills")[0].value == "quick_look"
    app.text_input(key="form_samples").set_value("5000").run()
    assert app.get("pills")[0].value is None and "about two minutes" not in texts(app)
    assert "Begun as “Quick look”, changed since." in unescaped(app)
    app.text_input(key="form_samples").set_value("500").run()
    assert app.get("pills")[0].value == "quick_look"
    app.get("pills")[0].set_value("few_photos").run()
    assert app.get("pills")[0].value == "few_photos"
    assert "up to 7 epochs (Linear probe: 30)" in unescaped(app), "first what the field says"
    app.get("pills")[0].set_value("resnet50_30_80").run()
    assert app.get("pills")[0].value == "resnet50_30_80" and not app.exception
    assert "up to 80 epochs (Full fine-tuning: 30)" in unescaped(app)
    app.button(key="form_add_arm").click().run()
    assert app.get("pills")[0].value is None
    app.get("pills")[0].set_value("quick_look").run()
    assert app.get("pills")[0].value == "quick_look" and len(app.session_state["form_arms"]) == 2


def test_arms_can_be_added_and_removed(open_page):
    app = open_page()
    app.button(key="form_add_arm").click().run()
    assert len(app.session_state["form_arms"]) == 3
    number = app.session_state["form_arms"][0]
    app.button(key=f"form_remove_{number}").click().run()
    assert len(app.session_state["form_arms"]) == 2 and not app.exception


def test_two_arms_of_one_name_are_numbered(open_page, home):
    app = open_page()
    for number in app.session_state["form_arms"]:
        app.text_input(key=f"form_arm{number}_name").set_value("same").run()
    app.button(key="form_start").click().run()
    assert {run.arm for run in jobs.list_runs(home)} == {"same", "same 2"}


def test_a_setting_that_cannot_be_accepted_is_one_sentence_and_nothing_starts(open_page, monkeypatch):
    def refuse(*_, **__):
        raise Refused("[flowers](http://evil.example) has 12 classes, and each needs a picture; 5 are too few.")

    monkeypatch.setattr(jobs, "submit", refuse)
    app = open_page()
    app.button(key="form_start").click().run()
    assert len(app.error) == 1 and "[flowers](http://evil.example)" in unescaped(app)
    assert "[flowers](http" not in texts(app) and "experiment" not in app.query_params


def test_each_arm_shows_its_plan_and_follows_the_settings(open_page):
    app = open_page()
    assert [chart.proto.alt for chart in charts(app)] == [
        "What trains when: everything from epoch 1 at 1e-3",
        "What trains when: everything from epoch 1 at 1e-3",
        "Colours of the learning rates",
    ]
    keys = {field.key for field in (*app.text_input, *app.selectbox)}
    assert "form_views" in keys and not {"form_devices", "form_batchnorm"} & keys, "only where there are several GPUs"
    app.selectbox(key=f"form_arm{app.session_state['form_arms'][0]}_strategy").set_value("lp_ft").run()
    assert "everything from epoch 5 at the latest at 1e-4" in charts(app)[0].proto.alt
    assert "until the range test" not in texts(app)
    app.toggle(key="form_find_rate").set_value(True).run()
    assert "Drawn with the usual rates until the range test has found one." in texts(app)


def test_a_comparison_takes_eight_arms_and_no_more(open_page, home):
    app = open_page()
    for _ in range(6):
        app.button(key="form_add_arm").click().run()
    assert app.button(key="form_add_arm").disabled and len(charts(app)) == 9
    app.button(key="form_start").click().run()
    assert not app.exception and len({run.arm for run in jobs.list_runs(home)}) == 8


def test_a_select_box_names_pretrained_weights_in_few_words(open_page):
    app = open_page()
    box = app.selectbox(key="form_weights")
    assert box.options[0] == "Bundled: Tiny ImageNet" and all(len(option) <= 30 for option in box.options)
    assert "202 classes at 32 px" in unescaped(app)


def test_a_network_without_published_weights_says_so_and_trains_from_scratch(open_page, home):
    app = open_page()
    app.selectbox(key="form_backbone").set_value("resnet18_cifar").run()
    assert app.selectbox(key="form_weights").disabled
    assert "Nobody publishes pretrained weights for ResNet-18 (3×3 stem)" in unescaped(app)
    app.button(key="form_start").click().run()
    assert not jobs.list_runs(home) and "Nobody publishes" in app.error[0].value
    app.selectbox(key="form_arm1_strategy").set_value("scratch").run()
    app.button(key="form_start").click().run()
    assert {run.backbone for run in jobs.list_runs(home)} == {"resnet18_cifar"}
