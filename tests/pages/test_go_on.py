"""Going on from a comparison: its settings in the form, more seeds, more epochs, another arm; its name and notes."""

import shutil
from dataclasses import replace

import pytest

from tests import page_lab
from tests.datasets.crafted import ingest, pictures, zipped
from tests.page_lab import unescaped
from tl import jobs
from tl.config import ArmConfig, Experiment, Final
from tl.jobs.queue import enqueue
from tl.report.bundle import export_bundle
from tl.report.bundle_import import import_bundle
from tl.store.home import Home
from tl.store.queue import name_and_notes
from tl.ui.compose import form_state

SPEC = Experiment(
    dataset="blossoms",
    samples=120,
    weights="mobilenet_v2-tiny-imagenet-64",
    resolution=80,
    epochs=6,
    schedule="step",
    step_epochs=2,
    patience=4,
    threads=1,
    seeds=(4, 8),
    arms=(
        ArmConfig(name="scratch", strategy="scratch", learning_rate=0.003),
        ArmConfig(
            name="**Mine**", strategy="linear_probe", backbone="efficientnet_lite0", weights="imagenet", epochs=9
        ),
    ),
)


def ended(home: Home, spec: Experiment = SPEC) -> str:
    experiment_id = jobs.submit(home, spec)
    for place, row in enumerate(page_lab.rows(home, experiment_id)):
        page_lab.end(home, row, "finished", accuracy=0.08 + 0.05 * (place % 2))
    return experiment_id


class Held:
    """The session as a mapping."""

    def __init__(self, state) -> None:
        self.state = state

    def __getitem__(self, key):
        return self.state[key]

    def get(self, key, otherwise=None):
        try:
            return self.state[key]
        except KeyError:
            return otherwise


def form(app) -> Experiment:
    return form_state.compose(Held(app.session_state))


def stored(home: Home, experiment_id: str) -> Experiment:
    return jobs.experiment(home, experiment_id)["experiment"]


def newest(home: Home) -> Experiment:
    return stored(home, jobs.list_runs(home)[0].experiment_id)


def test_the_settings_of_an_experiment_fill_the_form_exactly_and_start_the_same(open_page, home):
    experiment_id = ended(home)
    app = open_page(experiment=experiment_id, unfolded=False)
    app.button(key="use_settings").click().run()
    assert not app.exception and not app.error and not app.warning
    assert "Filled with the settings of “MobileNetV2 and EfficientNet-Lite0 on Blossoms" in unescaped(app)
    assert app.get("pills")[0].value is None
    page_lab.unfold(app)
    app.run()
    assert form(app) == stored(home, experiment_id), "as it was drawn, too"
    app.button(key="form_start").click().run()
    assert len(jobs.list_runs(home)) == 8 and newest(home) == stored(home, experiment_id)
    assert {run.status for run in jobs.list_runs(home)} == {"queued", "finished"}, "all of it is trained again"


def test_the_settings_of_a_sweep_fill_its_form_with_its_sizes(home, open_page):
    sweep_id = page_lab.swept(home, sizes=(100, 300), seeds=2)
    app = open_page("pages/1_Data_size.py", sweep=sweep_id)
    app.button(key="use_settings").click().run()
    assert not app.exception and not app.error
    assert app.text_input(key="sweep_own").value == "100, 300"
    app.button(key="sweep_start").click().run()
    (again, before) = (jobs.sweep(home, entry["sweep_id"]) for entry in jobs.list_sweeps(home)[:2])
    for one, other in zip(again["experiments"].values(), before["experiments"].values(), strict=True):
        assert one == replace(other, weights=one.weights), "where no arm transfers, any weights are as good"
    assert again["sweep_id"] != before["sweep_id"]


def test_what_of_it_is_gone_is_said_in_a_sentence_and_the_rest_is_filled(open_page, home, tmp_path):
    ingest(home, zipped(tmp_path / "x.zip", pictures("daisy") | pictures("rose")), "mine")
    experiment_id = ended(home, Experiment(dataset="mine", epochs=7, arms=SPEC.arms))
    jobs.delete_dataset(home, "mine")
    app = open_page(experiment=experiment_id)
    app.button(key="use_settings").click().run()
    assert not app.exception and len(app.warning) == 1
    said = app.warning[0].value.replace("\\", "")
    assert said == "Could not be filled in as before: the data set 'mine', which is no longer here."
    assert (form(app).epochs, form(app).arms) == (7, SPEC.arms)
    app.get("pills")[0].set_value("quick_look").run()
    assert not app.warning and app.get("pills")[0].value == "quick_look"


def test_a_final_model_fills_the_form_without_what_makes_it_one_and_has_no_verdict_to_compare(open_page, home):
    first = page_lab.finished(home)
    alone = replace(SPEC, arms=SPEC.arms[:1], seeds=SPEC.seeds[:1], final=Final(of="0" * 26, epochs=1))
    [row] = page_lab.rows(home, enqueue(home, [alone], None))
    page_lab.end(home, row, "finished")
    app = open_page(experiment=first, **{"with": row.experiment_id})
    assert "There is no other experiment that has ended." in page_lab.texts(app)
    app = open_page(experiment=row.experiment_id)
    app.button(key="use_settings").click().run()
    assert "training on all pictures with none left for the test" in app.warning[0].value
    assert form(app).final is None


def test_an_imported_experiment_fills_the_form_and_cannot_grow(open_page, home, tmp_path):
    elsewhere = Home(tmp_path / "elsewhere")
    experiment_id = ended(elsewhere)
    name_and_notes.write(elsewhere, experiment_id, "A [name](http://evil.example)", "one\n**two**")
    bundle = tmp_path / "x.zip"
    bundle.write_bytes(export_bundle(elsewhere, experiment_id))
    import_bundle(home, bundle)
    shutil.rmtree(elsewhere.path)
    app = open_page(experiment=experiment_id)
    assert "A [name](http://evil.example)" in unescaped(app) and "[name](" not in app.title[0].value
    assert "one" in unescaped(app) and "**two**" in unescaped(app)
    assert "add_seeds" not in {button.key for button in app.button}
    app.button(key="again_seeds").click().run()
    assert form(app).seeds == (4, 8, 0) and not app.exception


def test_more_seeds_of_what_is_settled_go_to_the_next_look(open_page, home):
    experiment_id = page_lab.finished(home, seeds=3)
    app = open_page(experiment=experiment_id)
    assert [button.key for button in app.button].count("add_seeds") == 1
    app.button(key="add_seeds").click().run()
    assert stored(home, experiment_id).looks == (3, 5) and not app.exception


def test_more_epochs_are_another_comparison(open_page, home):
    experiment_id = ended(home)
    app = open_page(experiment=experiment_id)
    app.button(key="again_epochs").click().run()
    assert (form(app).epochs, [arm.epochs for arm in form(app).arms]) == (12, [None, 18])
    assert "form_take_over" not in {box.key for box in app.checkbox}, "nothing of it stays as it was"


@pytest.mark.parametrize("kept", [True, False])
def test_another_arm_takes_over_the_runs_that_stay_as_they_are(open_page, home, kept):
    experiment_id = ended(home)
    app = open_page(experiment=experiment_id)
    app.button(key="again_arm").click().run()
    assert [arm.strategy for arm in form(app).arms] == ["scratch", "linear_probe", "full_finetuning"]
    if not kept:
        app.checkbox(key="form_take_over").uncheck().run()
    app.button(key="form_start").click().run()
    assert not app.exception and not app.error
    runs = [run for run in jobs.list_runs(home) if run.experiment_id != experiment_id]
    assert sorted(run.status for run in runs) == ["finished"] * (4 * kept) + ["queued"] * (6 - 4 * kept)


def test_name_and_notes_are_kept_shown_and_found(open_page, home):
    experiment_id = page_lab.finished(home)
    page_lab.submit(home, samples=200)
    app = open_page(experiment=experiment_id)
    app.session_state["label_box"] = True
    app.run()
    app.text_input(key=f"label_name_{experiment_id}").set_value("Evening **light**").run()
    app.text_area(key=f"label_notes_{experiment_id}").set_value("blurred\n<b>by hand</b>").run()
    assert app.title[0].value.replace("\\", "") == "Evening **light**"
    assert "<b>by hand</b>" in unescaped(app) and "<b>by" not in page_lab.texts(app)
    assert name_and_notes.name_and_notes_of(home, experiment_id) == name_and_notes.NameAndNotes(
        name="Evening **light**", notes="blurred\n<b>by hand</b>"
    )
    app = open_page("pages/2_Runs.py")
    app.text_input(key="runs_search").set_value("HAND evening").run()
    assert {button.key for button in app.button if (button.key or "").startswith("open_")} == {f"open_{experiment_id}"}
    app.text_input(key="runs_search").set_value("nowhere").run()
    assert "No experiment matches your search" in unescaped(app)
    app.text_input(key="runs_search").set_value("").run()
    app.selectbox(key="runs_state").set_value("queued").run()
    keys = {button.key for button in app.button if (button.key or "").startswith("open_")}
    assert len(keys) == 1 and f"open_{experiment_id}" not in keys and not app.exception


def test_two_verdicts_stand_side_by_side_with_the_settings_that_differ(open_page, home):
    first, second = page_lab.finished(home, seeds=3), ended(home)
    name_and_notes.write(home, second, "The **second**", "")
    app = open_page(experiment=first, **{"with": second})
    assert not app.exception, app.exception
    differ, numbers = app.dataframe[-2].value, app.dataframe[-1].value
    rows = dict(zip(differ.iloc[:, 0], differ.iloc[:, 1:].values.tolist(), strict=True))
    assert rows["Training pictures"] == ["100", "120"] and rows["Seeds"] == ["0, 1, 2", "4, 8"]
    assert rows["Learning rate over time"] == ["Constant", "Step: cut every few epochs"]
    assert "Batch size" not in rows
    assert [column.rpartition(" · ")[2] for column in numbers.columns[1:]][-1] == "The **second**"
    assert unescaped(app).count("The **second**") >= 1 and "The **second**" not in page_lab.texts(app)
    app.selectbox(key=f"compare_with_{first}").set_value(None).run()
    assert not app.exception
    queued = page_lab.submit(home, samples=200)
    app = open_page("pages/2_Runs.py")
    assert f"compare_{queued}" not in [button.key for button in app.button], "it has no verdict yet"
    app.button(key=f"compare_{second}").click().run()
    assert "**The **second**** is chosen: now choose the one to compare it with" in unescaped(app)
    app.button(key=f"compare_{first}").click().run()
    assert not app.exception, app.exception
    named = [app.query_params[name] for name in ("experiment", "with")]
    assert [each if isinstance(each, str) else each[0] for each in named] == [second, first]


def test_what_failed_altogether_is_not_begun_again_as_it_was(home, open_page):
    experiment_id = page_lab.submit(home)
    for row in page_lab.rows(home, experiment_id):
        page_lab.end(home, row, "failed", epochs=0, reason="bad_data", best_val_accuracy=None)
    app = open_page(experiment=experiment_id)
    assert "No run finished an epoch." in unescaped(app)
    assert not {"add_seeds", "again_epochs", "again_arm", "settle_start"} & {button.key for button in app.button}
    assert app.button(key="use_settings")
