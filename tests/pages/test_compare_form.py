"""The form on the first page: what it offers, what it takes, what Start makes of it."""

import io
import re
import zipfile
from dataclasses import fields

import pytest
from PIL import Image
from streamlit.runtime.scriptrunner_utils.exceptions import StopException

from tests.page_lab import charts, texts, unescaped
from tl import datasets, jobs
from tl.config import Refused, Training
from tl.jobs import memory
from tl.strategies import PARAMETERS, STRATEGIES
from tl.ui.compose.settings import SHARED
from tl.ui.parts.numbers import FIELDS


def test_the_empty_page_is_a_form_that_can_be_started_at_once(open_page):
    app = open_page()
    assert app.title[0].value == "Is transfer learning worth it here?"
    assert not app.button(key="form_start").disabled
    assert app.selectbox(key="form_dataset").value == "blossoms"
    assert app.text_input(key="form_samples").value == "500"
    assert "drawn by" in " ".join(app.selectbox(key="form_dataset").options)
    assert re.search(r"At most about \*\*.*\*\* on this machine", texts(app))


def test_the_usual_rate_is_that_of_the_optimizer(open_page):
    app = open_page()
    app.selectbox(key="form_optimizer").set_value("sgd").run()
    assert [app.text_input(key=f"form_arm{number}_learning_rate").placeholder for number in (0, 1)] == [
        "0.01, the usual one",
        "1e-3, the usual one",
    ]


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
    assert "Never unfrozen in 1 epoch: everything trains from epoch " in unescaped(app)


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


def test_own_pictures_are_asked_for_before_few_photos_can_start(open_page):
    app = open_page()
    app.get("pills")[0].set_value("few_photos").run()
    assert app.button(key="form_start").disabled
    assert "Add a zip of your pictures" in texts(app)


@pytest.fixture
def small_zip():
    """Bytes of a zip with two classes of real, tiny pictures, junk and one that can't be read."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for label, shade in (("**bright**", 200), ("dark", 40)):
            for number in range(10):
                picture = io.BytesIO()
                Image.new("RGB", (48, 48), (shade, 10 * number, number)).save(picture, "PNG")
                archive.writestr(f"my set/{label}/{number}.png", picture.getvalue())
        archive.writestr("my set/dark/broken.jpg", b"no picture")
    return memory.getvalue()


def test_an_uploaded_zip_is_shown_with_its_classes_before_anything_is_trained(open_page, home, small_zip):
    app = open_page()
    app.get("pills")[0].set_value("few_photos").run()
    app.file_uploader[0].upload("My **Photos**!.zip", small_zip).run()
    app.button(key="form_zip_use").click().run()
    assert not app.exception and not app.error
    assert app.selectbox(key="form_dataset").value == "my-photos"
    read = unescaped(app)
    assert "2 classes" in read and "broken.jpg" in read, read
    assert "**bright**" not in texts(app)
    app.button(key="form_start").click().run()
    assert {run.dataset for run in jobs.list_runs(home)} == {"my-photos"}


def test_an_upload_that_a_click_interrupted_is_read_and_made_again(open_page, small_zip, monkeypatch):
    read, create, begun, created = datasets.read, datasets.Incoming.create_dataset, [], []

    def interrupted_once(*given, **more):
        begun.append(True)
        if len(begun) == 1:
            raise StopException()  # what Streamlit does to the run of a page on which something is touched
        return read(*given, **more)

    def created_at_last(*given):
        created.append(True)
        if len(created) == 1:
            raise StopException()
        return create(*given)

    monkeypatch.setattr(datasets, "read", interrupted_once)
    monkeypatch.setattr(datasets.Incoming, "create_dataset", created_at_last)
    app = open_page()
    app.get("pills")[0].set_value("few_photos").run()
    app.file_uploader[0].upload("photos.zip", small_zip).run()
    app.run()
    app.button(key="form_zip_use").click().run()
    app.run()
    assert (len(begun), len(created)) == (2, 2)
    assert not app.exception and not app.error
    assert app.selectbox(key="form_dataset").value == "photos"


def test_a_refused_zip_is_one_sentence_and_is_not_tried_again(open_page, home):
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        archive.writestr("../../evil.jpg", b"x")
    app = open_page()
    app.get("pills")[0].set_value("few_photos").run()
    app.file_uploader[0].upload("evil.zip", memory.getvalue()).run()
    assert len(app.error) == 1 and "evil.jpg" in unescaped(app)
    app.run()
    assert len(app.error) == 1 and not any(home.datasets_dir.glob("*"))


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
        raise Refused("samples is 5, but [flowers](http://evil.example) has 12 classes; each needs a picture.")

    monkeypatch.setattr(jobs, "submit", refuse)
    app = open_page()
    app.button(key="form_start").click().run()
    assert len(app.error) == 1 and "[flowers](http://evil.example)" in unescaped(app)
    assert "[flowers](http" not in texts(app) and "experiment" not in app.query_params


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
    assert STRATEGIES[strategy].sentence in unescaped(app) and STRATEGIES[strategy].source in unescaped(app)
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


def test_each_arm_shows_its_plan_and_follows_the_settings(open_page):
    app = open_page()
    assert [chart.proto.alt for chart in charts(app)] == [
        "What trains when: everything from epoch 1 at 1e-3",
        "What trains when: everything from epoch 1 at 1e-3",
        "Colours of the learning rates",
    ]
    keys = {field.key for field in (*app.text_input, *app.selectbox)}
    assert "form_views" in keys and not {"form_devices", "form_batchnorm"} & keys, "only where there are several GPUs"
    app.selectbox(key=f"form_arm{first_arm(app)}_strategy").set_value("lp_ft").run()
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


def test_a_rerun_sends_nothing_over_what_is_being_typed(open_page):
    """Its own reruns, as when the machine's speed is known, must not put the old number back under somebody's fingers."""
    app = open_page()
    assert app.run().text_input(key="form_samples").value == "500"
    assert [field.key for field in app.text_input if field.proto.set_value] == []
