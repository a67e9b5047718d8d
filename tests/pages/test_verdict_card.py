"""The verdict card: the user's target and margin, red marks with their button, the ledger, what can be taken home."""

import pytest

from tests import page_lab
from tests.page_lab import charts, texts, unescaped
from tl import jobs
from tl.config import ArmConfig
from tl.report.bundle import export_bundle
from tl.report.intake import import_bundle
from tl.store.home import Home
from tl.store.metrics import read_metrics, write_metrics

ARMS = (ArmConfig(name="scratch", strategy="scratch"), ArmConfig(name="full_finetuning", strategy="full_finetuning"))


@pytest.fixture
def settled(home) -> str:
    """A finished experiment in which from scratch had converged and full fine-tuning had not; three seeds."""
    experiment_id = page_lab.submit(home, seeds=3, arms=ARMS)
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
    assert "not converged: this comparison favours from scratch." in unescaped(app)
    assert not [button for button in app.button if button.key == "longer_scratch"]
    app.button(key="longer_full_finetuning").click().run()
    assert not app.exception
    (longer,) = {run.experiment_id for run in jobs.list_runs(home)} - {settled}
    assert app.query_params["experiment"] in (longer, [longer])
    before, after = (jobs.experiment(home, each)["experiment"] for each in (settled, longer))
    assert [arm.epochs for arm in after.arms] == [None, 12]
    assert (after.samples, after.seeds, after.patience) == (before.samples, before.seeds, before.patience)
    again = open_page(experiment=settled)
    again.button(key="longer_full_finetuning").click().run()
    assert {run.experiment_id for run in jobs.list_runs(home)} == {settled, longer}, "a second click finds the first"


def test_target_and_margin_are_the_users(open_page, settled):
    app = open_page(experiment=settled)
    app.number_input(key=f"verdict_target_{settled}").set_value(60.0).run()
    assert not app.exception
    assert metrics_of(app)["Time to 60 %"].startswith(">")
    assert "from scratch did not in" in unescaped(app)
    assert "Helps" in texts(app)
    app.number_input(key=f"verdict_margin_{settled}").set_value(50.0).run()
    assert "No difference that matters" in texts(app)


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


def test_the_ledger_says_what_every_arm_was_given(open_page, settled):
    app = open_page(experiment=settled)
    (ledger,) = [frame.value for frame in app.dataframe if "Steps" in frame.value.columns]
    assert ledger["Arm"].tolist() == ["From scratch", "Full fine-tuning"]
    assert ledger["Steps"].tolist() == ["24", "24"], "six epochs of four batches"
    assert ledger["Learning rate"].tolist() == ["1e-3, the strategy's usual one", "1e-4, the strategy's usual one"]
    assert ledger["How it ended"].tolist() == ["used its budget"] * 2
    assert ledger["Converged"].tolist() == ["yes", "no"]


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
