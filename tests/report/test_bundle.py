"""Bundles: what is exported is imported elsewhere as it was."""

import io
import json
from dataclasses import replace

import pandas as pd
import pytest

from tests import page_lab
from tests.report.bundle_lab import answer, answers, contents, exported, files_below, packed, shifted, swept
from tl import jobs
from tl.analysis.experiment import experiment_result
from tl.analysis.sweep import sweep_result
from tl.config import Refused
from tl.report.bundle import export_bundle, fingerprint
from tl.report.bundle_import import import_bundle
from tl.report.shifted import read_answers_shifted
from tl.store.files import read_json, write_json
from tl.store.metrics import METRICS, read_metrics
from tl.store.predictions import write_predictions
from tl.store.shifted import shifted_bytes, write_shifted


def test_what_was_exported_is_imported_elsewhere_as_it_was(home, other, tmp_path):
    experiment_id = page_lab.finished(home, seeds=3)
    (tmp_path / "b.zip").write_bytes(export_bundle(home, experiment_id))
    assert import_bundle(other, tmp_path / "b.zip") == ("experiment", experiment_id)
    here, there = (experiment_result(each, experiment_id).to_json() for each in (home, other))
    assert there | {"home": None} == here | {"home": None}
    for run in jobs.list_runs(other, experiment_id):
        files = (home.run(run.run_id), other.run(run.run_id))
        before, after = (read_metrics(each.metrics) for each in files)
        pd.testing.assert_frame_equal(before[list(METRICS)], after[list(METRICS)])
        assert read_json(files[0].result) == read_json(files[1].result)
        assert read_json(files[0].config) == read_json(files[1].config)
        assert files[1].resources.exists()
    listed = [replace(run, attempt=1) for run in jobs.list_runs(home, experiment_id)]
    assert jobs.list_runs(other, experiment_id) == listed
    again = contents(export_bundle(other, experiment_id))
    assert (
        json.loads(again["bundle.json"])["dataset"]
        == json.loads(contents(export_bundle(home, experiment_id))["bundle.json"])["dataset"]
    )


def test_at_how_many_seeds_it_was_judged_travels_with_it(home, other, tmp_path):
    experiment_id = page_lab.finished(home, seeds=2)
    jobs.add_seeds(home, experiment_id, 3)
    for row in page_lab.rows(home, experiment_id)[4:]:
        page_lab.end(home, row, "finished")
    (tmp_path / "b.zip").write_bytes(export_bundle(home, experiment_id))
    import_bundle(other, tmp_path / "b.zip")
    before, after = (jobs.experiment(each, experiment_id)["experiment"] for each in (home, other))
    assert before == after and after.looks == (2, 3)


def test_answers_are_imported_as_they_were(home, other, tmp_path):
    experiment_id = page_lab.finished(home, seeds=2)
    answer(home, experiment_id)
    (tmp_path / "b.zip").write_bytes(export_bundle(home, experiment_id))
    import_bundle(other, tmp_path / "b.zip")
    runs = jobs.list_runs(other, experiment_id)
    assert len(runs) == 4
    for run in runs:
        before, after = (each.run(run.run_id).predictions.read_bytes() for each in (home, other))
        assert before == after


def test_answers_on_shifted_pictures_are_imported_too_and_a_bundle_without_them_suits_the_version_before(
    home, other, tmp_path
):
    experiment_id = page_lab.finished(home)
    assert json.loads(contents(export_bundle(home, experiment_id))["bundle.json"])["format"] == 3
    first, second = (home.run(run.run_id) for run in jobs.list_runs(home, experiment_id))
    write_shifted(first.shifted, shifted(40))
    write_shifted(second.shifted, shifted(9_000))  # more than may be read of strangers: it stays behind
    bundle = export_bundle(home, experiment_id)
    assert json.loads(contents(bundle)["bundle.json"])["format"] == 4
    (tmp_path / "b.zip").write_bytes(bundle)
    import_bundle(other, tmp_path / "b.zip")
    assert other.run(first.folder.name).shifted.read_bytes() == first.shifted.read_bytes()
    assert not other.run(second.folder.name).shifted.exists()


@pytest.mark.parametrize("change", [{"label": 1_000}, {"picture": 3}, {"group": -2}, {"predicted": -1}, {}])
def test_answers_on_shifted_pictures_that_cannot_be_are_refused(change):
    frame = pd.read_parquet(io.BytesIO(shifted_bytes(shifted(4))))
    changed = frame.assign(**change) if change else frame[:-1]
    with pytest.raises(Refused, match="holds values that no run writes"):
        read_answers_shifted(changed.to_parquet())


def test_answers_that_could_not_be_imported_stay_behind(home, other, tmp_path, monkeypatch):
    experiment_id = page_lab.finished(home)
    first, second = (home.run(run.run_id).predictions for run in jobs.list_runs(home, experiment_id))
    write_predictions(first, answers(20))
    write_predictions(second, answers(30_000))  # validation and test: more rows than a bundle's may have
    assert answered(export_bundle(home, experiment_id)) == {first.parent.name}
    second.write_bytes(b"PAR1 damaged PAR1")
    (tmp_path / "b.zip").write_bytes(export_bundle(home, experiment_id))
    assert answered((tmp_path / "b.zip").read_bytes()) == {first.parent.name}
    import_bundle(other, tmp_path / "b.zip")
    monkeypatch.setattr("tl.report.bundle.ANSWERS_BYTES", first.stat().st_size - 1)
    assert not answered(export_bundle(home, experiment_id)), "all or none"


def answered(bundle: bytes) -> set[str]:
    """The runs whose predictions are in it."""
    return {name.split("/")[1] for name in contents(bundle) if name.endswith("predictions.parquet")}


def test_a_bundle_of_the_version_before_can_be_imported(home, other, tmp_path):
    assert import_bundle(other, packed(tmp_path / "b.zip", exported(home, format=2)))[0] == "experiment"


def test_the_pictures_it_learned_are_told_even_where_another_set_has_that_name(home, other, tmp_path):
    files = exported(home)
    told = json.loads(files["bundle.json"])
    told["dataset"] |= {"title": "Their **flowers**", "classes": ["a", "b"], "counts": {}, "validation": 50}
    import_bundle(other, packed(tmp_path / "b.zip", files | {"bundle.json": json.dumps(told).encode()}))
    found = experiment_result(other, told["experiments"][0]["experiment_id"])
    assert found.setting.classes == ("a", "b")
    assert found.verdict.chance == 0.5


def test_no_pictures_weights_or_logs_are_exported(home):
    files = contents(export_bundle(home, page_lab.finished(home)))
    assert {name.rpartition("/")[2] for name in files} == {
        "bundle.json",
        "config.json",
        "metrics.parquet",
        "resources.parquet",
        "result.json",
    }


def test_the_name_of_a_download_changes_with_what_is_in_it(home):
    experiment_id = page_lab.finished(home)
    before = fingerprint(home, experiment_id, {"margin": 0.01})
    assert fingerprint(home, experiment_id, {"margin": 0.01}) == before
    assert fingerprint(home, experiment_id, {"margin": 0.02}) != before
    run = home.run(page_lab.rows(home, experiment_id)[0].run_id)
    write_json(run.result, read_json(run.result) | {"test_accuracy": 0.123})
    assert fingerprint(home, experiment_id, {"margin": 0.01}) != before


def test_what_still_trains_is_not_exported(home):
    with pytest.raises(Refused, match="still has runs that are training or waiting"):
        export_bundle(home, page_lab.running(home))


def test_an_experiment_that_is_here_is_not_imported_over(home, tmp_path):
    experiment_id = page_lab.finished(home)
    (tmp_path / "b.zip").write_bytes(export_bundle(home, experiment_id))
    before = files_below(home)
    with pytest.raises(Refused, match="is here already"):
        import_bundle(home, tmp_path / "b.zip")
    assert files_below(home) == before


def test_an_imported_run_cannot_be_resumed_but_deleted(home, other, tmp_path):
    experiment_id = page_lab.failed(home)
    (tmp_path / "b.zip").write_bytes(export_bundle(home, experiment_id))
    import_bundle(other, tmp_path / "b.zip")
    runs = jobs.list_runs(other, experiment_id)
    (failed,) = [run.run_id for run in runs if run.status == "failed"]
    with pytest.raises(Refused, match="was imported"):
        jobs.resume(other, failed)
    for run in runs:
        jobs.delete(other, run.run_id)
    assert files_below(other) == []
    import_bundle(other, tmp_path / "b.zip")


def test_a_sweep_is_imported_elsewhere_as_it_was(home, other, tmp_path):
    sweep_id, files = swept(home)
    page_lab.finished(home)
    assert len([name for name in files if name.endswith("config.json")]) == 4, "no run of another experiment"
    assert import_bundle(other, packed(tmp_path / "b.zip", files)) == ("sweep", sweep_id)
    here, there = (sweep_result(each, sweep_id).to_json() for each in (home, other))
    assert there | {"home": None} == here | {"home": None}
    assert jobs.list_sweeps(other) == [found for found in jobs.list_sweeps(home) if found["sweep_id"] == sweep_id]
    again = contents(export_bundle(other, sweep_id))
    assert json.loads(again["bundle.json"])["experiments"] == json.loads(files["bundle.json"])["experiments"]
    before = files_below(other)
    with pytest.raises(Refused, match=f"Sweep {sweep_id} is here already"):
        import_bundle(other, tmp_path / "b.zip")
    assert files_below(other) == before


def test_a_sweep_of_which_a_size_is_here_is_not_imported_halfway(home, other, tmp_path):
    sweep_id, files = swept(home)
    _, second = jobs.sweep(home, sweep_id)["experiments"]
    (tmp_path / "one.zip").write_bytes(export_bundle(home, second))
    assert import_bundle(other, tmp_path / "one.zip") == ("experiment", second)
    before = files_below(other)
    with pytest.raises(Refused, match=f"Experiment {second} is here already"):
        import_bundle(other, packed(tmp_path / "b.zip", files))
    assert files_below(other) == before
    assert {run.experiment_id for run in jobs.list_runs(other)} == {second}
