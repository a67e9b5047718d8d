"""The table of arms: means with their interval and how many runs they rest on; which settings differ."""

from dataclasses import fields

import pytest

from tests import page_lab
from tl.analysis.experiment import experiment_result
from tl.config import ArmConfig
from tl.setting_names import SETTINGS
from tl.store.files import read_json, write_json
from tl.store.home import Home
from tl.ui.parts.view import load
from tl.ui.watch.arm_table import arm_table
from tl.words import energy


@pytest.mark.parametrize(
    ("seeds", "accuracy", "seconds"),
    [
        (1, "48.0 %", "18 s"),
        (2, "48.3 % (n = 2)", "18 s (n = 2)"),
        (3, "48.6 % (n = 3)", "18 s (95 % interval 18 s to 18 s, n = 3)"),
    ],
)
def test_a_mean_over_seeds_comes_with_n_and_what_was_spent_with_an_interval(tmp_path, seeds, accuracy, seconds):
    now = load(Home(tmp_path), page_lab.finished(Home(tmp_path), seeds))
    table = arm_table(now, now.metrics())
    rows = dict(zip(table["Measure"], table["From scratch"], strict=True))
    assert (rows["Test accuracy"], rows["Computing time"]) == (accuracy, seconds)


def test_energy_is_a_mean_over_runs_like_the_rows_around_it(tmp_path):
    home = Home(tmp_path)
    now = load(home, page_lab.finished(home, 2))
    for joules, run in zip((1000.0, 3000.0), now.arms[0].runs, strict=True):
        path = home.run(run.run_id).result
        write_json(path, read_json(path) | {"energy_joules": joules})
    table = arm_table(now, now.metrics())
    rows = dict(zip(table["Measure"], table["From scratch"], strict=True))
    assert rows["Energy"] == f"{energy(2000.0)} (n = 2)"
    assert dict(zip(table["Measure"], list(table.values())[2], strict=True))["Energy"] == "not available"


def test_a_batch_that_went_through_in_parts_is_told(tmp_path):
    home = Home(tmp_path)
    now = load(home, page_lab.finished(home, 2))
    path = home.run(now.arms[0].runs[1].run_id).result
    write_json(path, read_json(path) | {"batch_parts": 2})
    table = arm_table(now, now.metrics())
    assert rows_of(table, "From scratch")["Batch"] == "32, in 2 parts for lack of memory in 1 of 2 runs"
    assert dict(zip(table["Measure"], list(table.values())[2], strict=True))["Batch"] == "32"


def rows_of(table, arm: str) -> dict[str, str]:
    return dict(zip(table["Measure"], table[arm], strict=True))


def test_measures_in_which_classes_count_alike_are_there_where_runs_have_them(tmp_path):
    now = load(Home(tmp_path), page_lab.classified(Home(tmp_path)))
    rows = rows_of(arm_table(now, now.metrics()), "From scratch")
    assert (rows["Balanced accuracy"], rows["Macro F1"]) == ("65.0 %", "75.0 %")
    earlier = load(Home(tmp_path), page_lab.finished(Home(tmp_path)))
    rows = rows_of(arm_table(earlier, earlier.metrics()), "From scratch")
    assert rows["Balanced accuracy"] == rows["Macro F1"] == "not available"


def test_a_share_has_the_interval_of_the_verdict_and_no_other(tmp_path):
    """That over seeds alone would look surer than it is, and may leave what is possible."""
    home = Home(tmp_path)
    experiment_id = page_lab.submit(home, seeds=3)
    for row in page_lab.rows(home, experiment_id):
        share = (0.02, 0.9, 0.99)[row.seed]
        measures = {"test_balanced_accuracy": share, "test_macro_f1": share, "test_accuracy": share}
        page_lab.end(home, row, "finished", epochs=1, **measures)
    now, found = load(home, experiment_id), experiment_result(home, experiment_id).verdict
    rows = rows_of(arm_table(now, now.metrics()), "From scratch")
    judged = rows_of(arm_table(now, now.metrics(), found), "From scratch")
    for name in ("Test accuracy", "Balanced accuracy", "Macro F1"):
        assert rows[name] == "63.7 % (n = 3)"
    assert judged["Test accuracy"] == "63.7 % (95 % interval 0.0 to 100.0 %, n = 3)"
    assert judged["Balanced accuracy"] == judged["Macro F1"] == "63.7 % (n = 3)"


def test_the_epochs_of_many_runs_fit_one_cell(tmp_path):
    home = Home(tmp_path)
    experiment_id = page_lab.submit(home, seeds=5)
    for row in page_lab.rows(home, experiment_id):
        page_lab.end(home, row, "finished", epochs=4 if row.seed < 2 else 6, stopped_early=row.seed < 2)
    now = load(home, experiment_id)
    rows = rows_of(arm_table(now, now.metrics()), "From scratch")
    assert rows["Epochs"] == "4 to 6 of 6, 2 of 5 stopped early, best 4 to 6"


def test_every_setting_of_an_arm_has_words():
    assert {entry.name for entry in fields(ArmConfig)} <= set(SETTINGS)
