"""Every page in every state: nothing there, running, finished, failed; what the buttons do."""

import io
import re
import sys
import zipfile

import page_lab
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from tl import jobs
from tl.charts.palette import ARM_COLOURS
from tl.config import Refused
from tl.jobs import probe
from tl.store.home import Home

SPEEDS = {
    "train_images_per_second": 100.0,
    "head_only_images_per_second": 300.0,
    "eval_images_per_second": 400.0,
    "startup_seconds": 3.0,
    "device": "CPU",
}
STATES = {"running": page_lab.running, "finished": page_lab.finished, "failed": page_lab.failed}


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home of its own; nothing is started in the background, the machine counts as measured."""
    monkeypatch.setenv("TL_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(jobs, "ensure_supervisor", lambda home: False)
    monkeypatch.setattr(probe, "probe", lambda *_: SPEEDS)
    monkeypatch.setattr(probe, "cached", lambda *_: SPEEDS)
    return Home()


@pytest.fixture
def open_page(home):
    """Opens Compare, or another page, and checks that nothing was thrown."""

    def open_it(page: str | None = None, experiment: str | None = None) -> AppTest:
        app = AppTest.from_file("../app.py", default_timeout=180)
        if experiment is not None:
            app.query_params["experiment"] = experiment
        if page:
            app.switch_page(page)
        app.run()
        assert not app.exception, app.exception
        return app

    return open_it


def texts(app: AppTest) -> str:
    """Everything that is written on the page as Markdown."""
    kinds = ("title", "header", "subheader", "markdown", "caption", "error", "info", "warning")
    words = [element.value for kind in kinds for element in getattr(app, kind)]
    words += [bar.text for bar in app.progress]
    return "\n".join(word or "" for word in words)


def unescaped(app: AppTest) -> str:
    """The same as a person reads it."""
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", texts(app)).replace("\u2060", "")


def charts(app: AppTest) -> list:
    return app.get("vega_lite_chart")


def test_the_empty_page_is_a_form_that_can_be_started_at_once(open_page):
    app = open_page()
    assert app.title[0].value == "Is transfer learning worth it here?"
    assert not app.button(key="form_start").disabled
    assert app.selectbox(key="form_dataset").value == "blossoms"
    assert app.number_input(key="form_samples").value == 500
    assert "drawn by" in " ".join(app.selectbox(key="form_dataset").options)
    assert re.search(r"At most about \*\*.*\*\* on this machine", texts(app))


def test_the_command_is_shown_when_asked_for(open_page):
    app = open_page()
    assert not app.code
    app.session_state["show_command"] = True
    app.run()
    assert "python -m tl compare --dataset blossoms" in app.code[0].value


def test_the_page_process_never_imports_torch(open_page, home, monkeypatch):
    monkeypatch.delitem(sys.modules, "torch", raising=False)  # another test's, in this process
    open_page()
    open_page(experiment=page_lab.finished(home))
    open_page("pages/2_Runs.py")
    assert "torch" not in sys.modules


def test_start_makes_the_experiment_the_form_describes_and_puts_it_into_the_address(open_page, home):
    app = open_page()
    app.number_input(key="form_samples").set_value(120).run()
    app.button(key="form_start").click().run()
    (experiment_id,) = {run["experiment_id"] for run in jobs.list_runs(home)}
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
    assert len({run["experiment_id"] for run in jobs.list_runs(home)}) == 1


def test_a_preset_fills_the_form_and_everything_can_be_changed_after(open_page, home):
    app = open_page()
    app.get("pills")[0].set_value("cifar10_mobilenet").run()
    assert not app.exception
    assert app.selectbox(key="form_resolution").value == 224
    assert app.number_input(key="form_epochs").value == 5
    app.number_input(key="form_epochs").set_value(3).run()
    assert app.number_input(key="form_epochs").value == 3


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
    assert not app.exception and not app.error
    assert app.selectbox(key="form_dataset").value == "my-photos"
    read = unescaped(app)
    assert "2 classes" in read and "broken.jpg" in read, read
    assert "**bright**" not in texts(app)
    app.button(key="form_start").click().run()
    assert {run["dataset"] for run in jobs.list_runs(home)} == {"my-photos"}


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
    assert {run["arm"] for run in jobs.list_runs(home)} == {"same", "same 2"}


def test_a_setting_that_cannot_be_accepted_is_one_sentence_and_nothing_starts(open_page, monkeypatch):
    def refuse(*_, **__):
        raise Refused("samples is 5, but [flowers](http://evil.example) has 12 classes; each needs a picture.")

    monkeypatch.setattr(jobs, "submit", refuse)
    app = open_page()
    app.button(key="form_start").click().run()
    assert len(app.error) == 1 and "[flowers](http://evil.example)" in unescaped(app)
    assert "[flowers](http" not in texts(app) and "experiment" not in app.query_params


@pytest.mark.parametrize(
    "link", ["../../etc/passwd", "x" * 10_000, "", "0" * 26, "<b>", "%2e%2e", "\x00", "a;b", "c:\\d"]
)
def test_a_link_to_nothing_says_so_in_one_sentence(open_page, link):
    app = open_page(experiment=link)
    assert len(app.error) == 1 and "Runs lists those there are" in app.error[0].value
    app.button(key="new_comparison").click().run()
    assert app.title[0].value == "Is transfer learning worth it here?"


def test_a_running_experiment_shows_progress_and_can_be_stopped(open_page, home, monkeypatch):
    stopped = []
    monkeypatch.setattr(jobs, "stop", lambda home, run_id: stopped.append(run_id))
    app = open_page(experiment=page_lab.running(home))
    read = unescaped(app)
    assert "Epoch 4 of 6" in read and "at most 0:1" in read
    assert "Waiting for its turn" in read
    assert len(charts(app)) >= 6
    assert [metric.value for metric in app.metric][:3] == ["30.0 %", "30.0 %", "–"]
    app.button(key="stop_0").click().run()
    assert len(stopped) == 1
    app.button(key="stop_all").click().run()
    assert len(stopped) == 3


def test_a_finished_experiment_shows_its_verdict_first(open_page, home):
    app = open_page(experiment=page_lab.finished(home))
    read = unescaped(app)
    assert "+30.0 points" in read and "One run each is a hint, not a proof." in read
    assert "+30.0 points" in [metric.value for metric in app.metric]
    assert not any((button.key or "").startswith("stop") for button in app.button)


def test_three_seeds_give_an_interval_and_an_outcome(open_page, home):
    app = open_page(experiment=page_lab.finished(home, seeds=3))
    assert "95 % interval" in unescaped(app).replace("\u00a0", " ")
    assert "Transfer helps" in texts(app)


def test_a_failed_arm_says_what_happened_what_to_do_and_can_be_resumed(open_page, home):
    experiment_id = page_lab.failed(home)
    app = open_page(experiment=experiment_id)
    assert "The loss became [nan](http://evil.example) in epoch 3." in unescaped(app)
    assert "[nan](http" not in texts(app)
    assert "lower learning rate" in texts(app)
    assert "the last line of the log" in " ".join(code.value for code in app.code)
    run = jobs.experiment(home, experiment_id)["runs"][1]
    app.button(key=f"resume_{run['run_id']}").click().run()
    assert jobs.run(home, run["run_id"])["status"] == "queued" and not app.exception


def test_what_the_machine_cannot_tell_is_called_not_available(open_page, home):
    app = open_page(experiment=page_lab.finished(home))
    table = app.dataframe[0].value
    energy = table[table[""] == "Energy"].iloc[0].tolist()
    assert energy[1:] == ["not available", "not available"]
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


def test_reloading_shows_the_same(open_page, home):
    experiment_id = page_lab.finished(home)
    assert texts(open_page(experiment=experiment_id)) == texts(open_page(experiment=experiment_id))


def test_runs_without_any_run_points_to_the_start(open_page):
    app = open_page("pages/2_Runs.py")
    assert "Nothing has been trained yet" in app.info[0].value


@pytest.mark.parametrize("state", STATES)
def test_runs_lists_every_run_with_its_state(open_page, home, state):
    STATES[state](home)
    app = open_page("pages/2_Runs.py")
    read = unescaped(app)
    assert "From scratch" in read and "**Evil** <b>arm</b> :tada:" in read
    assert "**Evil**" not in texts(app)
    assert {"running": "Waiting for its turn", "finished": "Finished", "failed": "Failed"}[state] in texts(app)


def test_runs_shows_the_place_in_the_queue(open_page, home):
    page_lab.submit(home)
    app = open_page("pages/2_Runs.py")
    assert "Number 1 in the queue" in texts(app) and "Number 2 in the queue" in texts(app)


def test_runs_as_a_table(open_page, home):
    page_lab.finished(home)
    page_lab.failed(home)
    app = open_page("pages/2_Runs.py")
    app.get("segmented_control")[0].set_value("Table").run()
    table = app.dataframe[0].value
    assert len(table) == 4 and set(table["state"]) == {"Finished", "Failed"}


def test_many_experiments_are_split_into_pages(open_page, home):
    for _ in range(10):
        page_lab.submit(home)
    app = open_page("pages/2_Runs.py")
    assert sum((button.key or "").startswith("open_") for button in app.button) == 8
