"""The verdict card: the user's target and margin, red marks with their button, the ledger, what can be taken home."""

import pytest

from tests import page_lab
from tests.page_lab import charts, texts, unescaped
from tests.report.bundle_lab import answer
from tl import jobs
from tl.config import ArmConfig
from tl.report.bundle import export_bundle
from tl.report.bundle_import import import_bundle
from tl.store.documents import read_result
from tl.store.files import read_json
from tl.store.home import Home
from tl.store.metrics import read_metrics, write_metrics

BADGES = ("Helps", "Hurts", "No difference that matters", "Not settled yet")
ARMS = (ArmConfig(name="scratch", strategy="scratch"), ArmConfig(name="full_finetuning", strategy="full_finetuning"))


@pytest.fixture
def settled(home) -> str:
    """A finished experiment in which from scratch had converged and full fine-tuning had not; three seeds."""
    experiment_id = page_lab.submit(home, seeds=3, arms=ARMS, patience_steps=0)
    for place, row in enumerate(page_lab.rows(home, experiment_id)):
        page_lab.end(home, row, "finished", accuracy=0.08 + 0.05 * (place % 2) + 0.001 * row.seed)
        if row.arm == "scratch":
            files = home.run(row.run_id)
            flat = read_metrics(files.metrics).assign(val_accuracy=0.48 + 0.006 * row.seed)
            write_metrics(files.metrics, flat.to_dict("records"))
    return experiment_id


def metrics_of(app) -> dict[str, str]:
    """Label -> value of the card's numbers."""
    return {metric.label: metric.value for metric in app.metric}


def test_every_number_has_a_short_label_and_what_it_is(open_page, settled):
    app = open_page(experiment=settled)
    shown = metrics_of(app)
    assert shown["Test accuracy"] == "+30.0 points"
    (label,) = [label for label in shown if label.startswith("Time to")]
    assert len(label) <= len("Time to 100 %"), "longer ones are cut off"
    (time,) = [metric for metric in app.metric if metric.label == label]
    assert "first evaluation" in time.help
    assert "Computing time" in shown and "Peak memory" in shown and shown["Epochs"] == "6"


def test_an_arm_that_was_still_learning_has_a_red_mark_and_can_be_given_longer(open_page, home, settled):
    app = open_page(experiment=settled)
    assert ":red[" in texts(app)
    assert unescaped(app).count("had not converged") == 1, "the text says it, the mark beside the button need not"
    assert not [button for button in app.button if button.key == "longer_scratch"]
    button = app.button(key="longer_full_finetuning")
    assert button.label == "Train it for 12 epochs"
    assert (
        "A new comparison with the same settings, but this one may take 12 epochs instead of 6. The finished runs of the "
        "other arms are taken over. That takes about 1 min 48 s of computing time."
    ) in unescaped(app)
    button.click().run()
    assert not app.exception
    (longer,) = {run.experiment_id for run in jobs.list_runs(home)} - {settled}
    assert app.query_params["experiment"] in (longer, [longer])
    before, after = (jobs.experiment(home, each)["experiment"] for each in (settled, longer))
    assert [arm.epochs for arm in after.arms] == [None, 12]
    taken = {(run.arm, run.seed): run for run in jobs.list_runs(home, longer)}
    assert {(arm, run.status) for (arm, _), run in taken.items()} == {
        ("scratch", "finished"),
        ("full_finetuning", "queued"),
    }
    for earlier in jobs.list_runs(home, settled):
        run = taken[earlier.arm, earlier.seed]
        if run.arm == "scratch":
            assert run.test_accuracy == earlier.test_accuracy and run.epochs == earlier.epochs == 6
            (note,) = read_result(home.run(run.run_id)).notes
            assert f"taken over from run {earlier.run_id}" in note
            assert read_json(home.run(run.run_id).result)["origin"] == earlier.run_id, "its network lies there"
            assert set(read_metrics(home.run(run.run_id).metrics)["run_id"]) == {run.run_id}
    assert (after.samples, after.seeds, after.patience) == (before.samples, before.seeds, before.patience)
    again = open_page(experiment=settled)
    again.button(key="longer_full_finetuning").click().run()
    assert {run.experiment_id for run in jobs.list_runs(home)} == {settled, longer}, "a second click finds the first"


def scratch_that(home, status="finished", arms=ARMS, *, accuracy=0.08, test=0.48, losses=None, **settings) -> str:
    """An experiment whose runs from scratch ended like this and whose full fine-tuning came to rest; its id."""
    experiment_id = page_lab.submit(home, arms=arms, **settings)
    for row in page_lab.rows(home, experiment_id):
        if row.arm != "scratch":
            page_lab.end(home, row, "finished", accuracy=0.15)
            files = home.run(row.run_id)
            write_metrics(files.metrics, read_metrics(files.metrics).assign(val_accuracy=0.9).to_dict("records"))
            continue
        page_lab.end(home, row, status, accuracy=accuracy, test_accuracy=test if status == "finished" else None)
        if losses:
            files = home.run(row.run_id)
            write_metrics(files.metrics, read_metrics(files.metrics).assign(**losses).to_dict("records"))
    return experiment_id


def remedied(app, home, key: str):
    """The experiment that the button of an arm begins."""
    before = {run.experiment_id for run in jobs.list_runs(home)}
    app.button(key=key).click().run()
    assert not app.exception
    (begun,) = {run.experiment_id for run in jobs.list_runs(home)} - before
    return jobs.experiment(home, begun)["experiment"]


def test_an_arm_that_took_too_few_steps_can_have_as_many_as_it_needs(open_page, home):
    app = open_page(experiment=scratch_that(home))
    assert unescaped(app).count("took only 24 steps, with random weights at least 300 are needed: more epochs") == 1
    assert app.button(key="longer_scratch").label == "Train it for 75 epochs"
    begun = remedied(app, home, "longer_scratch")
    assert ([arm.epochs for arm in begun.arms], begun.patience) == ([75, None], 3)


def test_an_arm_that_diverged_can_have_a_tenth_of_its_rate(open_page, home):
    exploded = {"train_loss": 8000.0, "val_loss": 17169.0}
    app = open_page(experiment=scratch_that(home, test=0.09, losses=exploded))
    assert unescaped(app).count("diverged: a lower learning rate may") == 1
    button = app.button(key="longer_scratch")
    assert button.label == "Train it at a tenth of the rate"
    assert "begins at a learning rate of 1e-4 instead of 1e-3" in unescaped(app)
    begun = remedied(app, home, "longer_scratch")
    assert [(arm.learning_rate, arm.epochs) for arm in begun.arms] == [(1e-4, None), (None, None)]


def test_an_arm_that_learned_nothing_at_a_tiny_rate_can_have_the_usual_one(open_page, home):
    tiny = (ArmConfig(name="scratch", strategy="scratch", learning_rate=1e-7), ARMS[1])
    app = open_page(experiment=scratch_that(home, test=0.09, arms=tiny))
    said = "did no better than chance in 6 epochs: a rate nearer to the usual 1e-3 than 1e-7 may"
    assert said in unescaped(app) and unescaped(app).count("did no better than chance") == 1, (
        "the mark does not repeat it"
    )
    assert app.button(key="longer_scratch").label == "Train it at the usual rate"
    assert remedied(app, home, "longer_scratch").arms[0].learning_rate == 1e-3


def test_an_arm_that_was_stopped_can_be_resumed_from_the_card(open_page, home):
    experiment_id = scratch_that(home, status="stopped", seeds=2)
    app = open_page(experiment=experiment_id)
    assert "was cut short after 6 of 6 epochs and may have gone on learning." in unescaped(app)
    button = app.button(key="go_on_scratch")
    assert button.label == "Resume 2 runs"
    button.click().run()
    assert not app.exception
    statuses = {(run.arm, run.status) for run in jobs.list_runs(home)}
    assert statuses == {("scratch", "queued"), ("full_finetuning", "finished")}


def test_where_nothing_more_would_help_there_is_no_button(open_page, home):
    app = open_page(experiment=scratch_that(home, test=0.09, patience_steps=0))
    assert "did no better than chance in 6 epochs" in unescaped(app)
    assert not [button for button in app.button if button.key in ("longer_scratch", "go_on_scratch")]


def test_target_and_margin_are_the_users(open_page, settled):
    app = open_page(experiment=settled)
    app.text_input(key=f"verdict_target_{settled}").set_value("60.0").run()
    assert not app.exception
    assert metrics_of(app)["Time to 60 %"].startswith(">")
    assert "from scratch did not in" in unescaped(app)
    assert "Helps" in texts(app)
    app.text_input(key=f"verdict_margin_{settled}").set_value("50.0").run()
    assert "No difference that matters" in texts(app)


def test_the_measure_is_the_users_choice(open_page, home, settled):
    app = open_page(experiment=settled)
    app.selectbox(key=f"verdict_judge_by_{settled}").set_value("balanced_accuracy").run()
    assert "Test accuracy" in metrics_of(app) and not app.exception
    assert "Judged by accuracy: these runs kept no predictions" in unescaped(app)
    spoken = page_lab.finished(home, seeds=3)
    answer(home, spoken)
    app = open_page(experiment=spoken)
    assert "Test accuracy" in metrics_of(app)
    app.selectbox(key=f"verdict_judge_by_{spoken}").set_value("balanced_accuracy").run()
    assert "Balanced accuracy" in metrics_of(app) and "Judged by balanced accuracy" in unescaped(app)


def test_what_the_interval_covers_is_said_below_the_claim(open_page, home, settled):
    assert "The interval allows for other seeds, but holds only for these test pictures." in unescaped(
        open_page(experiment=settled)
    )
    other = page_lab.finished(home, seeds=1)
    answer(home, other)
    app = open_page(experiment=other)
    assert "The interval allows for other test pictures, but not for another training." in unescaped(app)
    assert not [badge for badge in BADGES if badge in texts(app)], "one run each is no outcome"


def test_the_arm_to_compare_with_is_the_users_choice(open_page, settled):
    app = open_page(experiment=settled)
    assert app.selectbox(key=f"verdict_baseline_{settled}").options == ["From scratch", "Full fine-tuning"]
    app.selectbox(key=f"verdict_baseline_{settled}").set_value("full_finetuning").run()
    assert not app.exception
    assert metrics_of(app)["Test accuracy"] == "−30.0 points" and "Hurts" in texts(app)
    assert "From scratch instead of full fine-tuning hurts: " in unescaped(app)
    app.session_state["show_command"] = True
    app.run()
    assert app.code[-1].value.endswith("--baseline full_finetuning")


def test_an_arm_that_hurts_has_a_badge_of_its_own_beside_that_of_the_best(open_page, home):
    arms = (*ARMS, ArmConfig(name="linear_probe", strategy="linear_probe"))
    experiment_id = page_lab.submit(home, seeds=3, arms=arms)
    reached = {ARMS[0].name: 0.5, ARMS[1].name: 0.7, "linear_probe": 0.2}
    for row in page_lab.rows(home, experiment_id):
        page_lab.end(home, row, "finished", test_accuracy=reached[row.arm] + 0.001 * row.seed)
    shown = unescaped(open_page(experiment=experiment_id))
    assert ":green-badge[" in shown and "Helps]" in shown
    assert "Hurts: Linear probe]" in shown and "ransfer (linear probe) hurts: −30.0 points" in shown


def test_the_ledger_says_what_every_arm_was_given(open_page, settled):
    app = open_page(experiment=settled)
    (ledger,) = [frame.value for frame in app.dataframe if "Steps" in frame.value.columns]
    assert ledger["Arm"].tolist() == ["From scratch", "Full fine-tuning"]
    assert ledger["Steps"].tolist() == ["24", "24"], "six epochs of four batches"
    assert ledger["Learning rate"].tolist() == ["1e-3, the strategy's usual one", "1e-4, the strategy's usual one"]
    assert ledger["How it ended"].tolist() == ["used its budget"] * 2
    assert ledger["Learning"].tolist() == ["converged", "still improving"]
    assert ledger["Early stopping"][0] == "after 3 epochs beyond 1 standard error, from epoch 6 on"
    assert "Diverged: training and validation loss ended at more than 3 times that of guessing." in unescaped(app)


def test_report_and_bundle_can_be_taken_home_once_everything_has_ended(open_page, home, settled):
    buttons = {button.key: button for button in open_page(experiment=settled).download_button}
    assert set(buttons) == {"download_report", "download_bundle"}
    running = open_page(experiment=page_lab.running(home))
    assert not running.download_button


def test_an_imported_experiment_shows_the_same_page(open_page, home, settled, tmp_path, monkeypatch):
    here = open_page(experiment=settled)
    (tmp_path / "bundle.zip").write_bytes(export_bundle(home, settled))
    other = Home(tmp_path / "other")
    import_bundle(other, tmp_path / "bundle.zip")
    monkeypatch.setenv("TL_HOME", str(other.path))
    there = open_page(experiment=settled)
    assert texts(there).replace(" · imported: trained on another machine", "") == texts(here)
    assert metrics_of(there) == metrics_of(here)
    assert [chart.proto.alt for chart in charts(there)] == [chart.proto.alt for chart in charts(here)]
    assert [frame.value.to_dict() for frame in there.dataframe] == [frame.value.to_dict() for frame in here.dataframe]


def test_published_results_appear_only_where_they_fit(open_page, home, settled):
    assert not [toggle for toggle in open_page(experiment=settled).toggle if toggle.key == "chart_references"]
    from tl.config import Experiment

    spec = Experiment(dataset="cifar10", samples=100, resolution=32, epochs=6, arms=ARMS)
    experiment_id = jobs.submit(home, spec)
    for row in page_lab.rows(home, experiment_id):
        page_lab.end(home, row, "finished")
    app = open_page(experiment=experiment_id)
    assert "95.7 %" in unescaped(app) and "TLlib" in unescaped(app)
    app.toggle(key="chart_references").set_value(False).run()
    assert "95.7 %" not in unescaped(app) and not app.exception


def test_a_bundle_can_be_imported_on_the_page_of_all_runs(open_page, home, settled, tmp_path, monkeypatch):
    bundle = export_bundle(home, settled)
    monkeypatch.setenv("TL_HOME", str(tmp_path / "other"))
    app = open_page("pages/2_Runs.py")
    app.session_state["import_box"] = True
    app.run()
    app.file_uploader(key="import_file").upload("evil.zip", b"no zip").run()
    assert len(app.error) == 1 and "is not a zip" in unescaped(app) and not app.exception
    app.file_uploader(key="import_file").upload("bundle.zip", bundle).run()
    assert not app.exception
    assert {run.experiment_id for run in jobs.list_runs(Home())} == {settled}


def test_how_each_class_fared_is_there_once_it_is_opened(open_page, home):
    experiment_id = page_lab.classified(home)
    app = open_page(experiment=experiment_id)
    before = len(charts(app))
    app.session_state["class_by_class"] = True
    app.run()
    assert not app.exception and len(charts(app)) == before + 1
    (table,) = [frame.value for frame in app.dataframe if "Class" in frame.value]
    assert table["From scratch"][0] == "50.0 % (23.7 to 76.3 %)"
    assert table[page_lab.ARMS[1].name][0] == "80.0 % (49.0 to 94.3 %)"


def test_runs_without_answers_have_no_part_on_classes(open_page, home):
    app = open_page(experiment=page_lab.finished(home))
    assert "Class by class" not in [box.label for box in app.expander]
