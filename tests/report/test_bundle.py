"""Bundles: what is exported is imported elsewhere as it was; what is not such a bundle is refused in one sentence."""

import io
import json
import zipfile

import pandas as pd
import pytest

from tests import page_lab
from tests.datasets.crafted import entries_of, entry, forged
from tl import jobs
from tl.analysis import experiment_result, sweep_result
from tl.config import Refused, new_id
from tl.report import intake, run_files
from tl.report.bundle import export_bundle, fingerprint
from tl.report.intake import import_bundle
from tl.store.files import read_json, write_json
from tl.store.home import Home
from tl.store.metrics import METRICS, read_metrics


@pytest.fixture
def other(tmp_path):
    """The home of somebody else."""
    return Home(tmp_path / "other")


def contents(bundle: bytes) -> dict[str, bytes]:
    """Name -> bytes."""
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def files_below(home: Home) -> list[str]:
    """Everything a home holds but its locks and queue."""
    kept = (path for path in home.path.rglob("*") if path.is_file() and path.parent.name != "locks")
    return sorted(str(path.relative_to(home.path)) for path in kept if not path.name.startswith("tl.sqlite"))


def packed(path, files: dict[str, bytes]):
    """A zip of these files."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def exported(home: Home, **changes) -> dict[str, bytes]:
    """The files of a bundle of a finished experiment, bundle.json with these changes."""
    files = contents(export_bundle(home, page_lab.finished(home)))
    told = json.loads(files["bundle.json"])
    for name, value in changes.items():
        (told if name in told else told["experiments"][0])[name] = value
    return files | {"bundle.json": json.dumps(told).encode()}


def test_what_was_exported_is_imported_elsewhere_as_it_was(home, other, tmp_path):
    experiment_id = page_lab.finished(home, seeds=3)
    (tmp_path / "b.zip").write_bytes(export_bundle(home, experiment_id))
    assert import_bundle(other, tmp_path / "b.zip") == ("experiment", experiment_id)
    here, there = experiment_result(home, experiment_id), experiment_result(other, experiment_id)
    assert there | {"home": None} == here | {"home": None}
    for run in jobs.list_runs(other, experiment_id):
        files = (home.run(run["run_id"]), other.run(run["run_id"]))
        before, after = (read_metrics(each.metrics) for each in files)
        pd.testing.assert_frame_equal(before[list(METRICS)], after[list(METRICS)])
        assert read_json(files[0].result) == read_json(files[1].result)
        assert read_json(files[0].config) == read_json(files[1].config)
        assert files[1].resources.exists()
    listed = [{**run, "attempt": 1} for run in jobs.list_runs(home, experiment_id)]
    assert jobs.list_runs(other, experiment_id) == listed
    again = contents(export_bundle(other, experiment_id))
    assert (
        json.loads(again["bundle.json"])["dataset"]
        == json.loads(contents(export_bundle(home, experiment_id))["bundle.json"])["dataset"]
    )


def test_the_pictures_it_learnt_are_told_even_where_another_set_has_that_name(home, other, tmp_path):
    files = exported(home)
    told = json.loads(files["bundle.json"])
    told["dataset"] |= {"title": "Their **flowers**", "classes": ["a", "b"], "counts": {}, "validation": 50}
    import_bundle(other, packed(tmp_path / "b.zip", files | {"bundle.json": json.dumps(told).encode()}))
    found = experiment_result(other, told["experiments"][0]["experiment_id"])
    assert found["classes"] == ["a", "b"]
    assert found["verdict"]["chance"] == 0.5


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
    run = home.run(page_lab.rows(home, experiment_id)[0]["run_id"])
    write_json(run.result, read_json(run.result) | {"test_accuracy": 0.123})
    assert fingerprint(home, experiment_id, {"margin": 0.01}) != before


def test_what_still_trains_is_not_exported(home):
    with pytest.raises(Refused, match="still has runs that train or wait"):
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
    (failed,) = [run["run_id"] for run in runs if run["status"] == "failed"]
    with pytest.raises(Refused, match="was imported"):
        jobs.resume(other, failed)
    for run in runs:
        jobs.delete(other, run["run_id"])
    assert files_below(other) == []
    import_bundle(other, tmp_path / "b.zip")


RUN = "runs/" + "0" * 26


@pytest.mark.parametrize(
    "name", ["runs/../../evil.json", "extra.txt", f"{RUN}/log.txt", f"{RUN}/checkpoints/last.safetensors", "runs/x.pkl"]
)
def test_a_name_that_is_not_a_bundles_is_refused(home, other, tmp_path, name):
    files = exported(home) | {name: b"x"}
    refused(other, packed(tmp_path / "b.zip", files))


def refused(home: Home, path, words: str | None = None) -> None:
    """One sentence with these words, and nothing was written."""
    with pytest.raises(Refused, match=words) as refusal:
        import_bundle(home, path, "b.zip")
    text = str(refusal.value)
    assert text.endswith(".") and "\n" not in text and len(text) < 400
    assert "class folder" not in text, "that is the advice for pictures"
    assert files_below(home) == []
    assert jobs.list_runs(home) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 1},
        {"experiments": []},
        {"experiments": None},
        {"sweep_id": "x"},
        {"sweep_id": ["x"]},
        {"experiment_id": "../" * 9},
        {"experiment_id": None},
        {"runs": []},
        {"runs": [{"run_id": "x"}]},
        {"runs": None},
        {"created": "now"},
        {"created": float("nan")},
        {"created": None},
        {"experiment": {}},
        {"experiment": None},
        {"dataset": {"name": "../x"}},
        {"dataset": []},
    ],
    ids=str,
)
def test_contents_that_are_not_an_experiment_are_refused(home, other, tmp_path, changes):
    refused(other, packed(tmp_path / "b.zip", exported(home, **changes)))


@pytest.mark.parametrize(
    "setting",
    [
        {"epochs": 3.5},
        {"epochs": 10**9},
        {"weights": ["a"]},
        {"backbone": "unknown"},
        {"dataset": "../../x"},
        {"seeds": ["0"]},
        {"unknown": 1},
        {"augmentation": "yes"},
    ],
    ids=str,
)
def test_settings_of_the_wrong_kind_are_refused(home, other, tmp_path, setting):
    files = exported(home)
    told = json.loads(files["bundle.json"])
    told["experiments"][0]["experiment"] |= setting
    refused(other, packed(tmp_path / "b.zip", files | {"bundle.json": json.dumps(told).encode()}))


@pytest.mark.parametrize(
    ("file", "data"),
    [
        ("metrics.parquet", b"PAR1 no table PAR1"),
        ("metrics.parquet", b""),
        ("result.json", b'{"test_accuracy": "<script>"}'),
        ("result.json", b'{"test_accuracy": NaN}'),
        ("result.json", b'{"epochs": 1.5}'),
        ("result.json", b"[" * 100_000),
        ("result.json", b"\xff\xfe"),
        ("config.json", b"{}"),
        ("config.json", b"null"),
        ("config.json", b'{"precision": "fp32"}'),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_a_run_with_a_damaged_file_is_refused(home, other, tmp_path, file, data):
    files = exported(home)
    name = next(name for name in files if name.endswith(file))
    refused(other, packed(tmp_path / "b.zip", files | {name: data}))


def parquet(frame: pd.DataFrame) -> bytes:
    """The frame as the bytes of a table."""
    memory = io.BytesIO()
    frame.to_parquet(memory, index=False)
    return memory.getvalue()


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"epoch": [1, 3]}),
        pd.DataFrame({"epoch": ["one"]}),
        pd.DataFrame({"epoch": range(1, 1_002)}),
        pd.DataFrame({"epoch": [1], "val_accuracy": ["high"]}),
        pd.DataFrame({"epoch": [1], "stage": [{"a": 1}]}),
    ],
    ids=["a gap", "text", "too many", "text for a number", "a structure"],
)
def test_a_table_that_no_trainer_writes_is_refused(home, other, tmp_path, frame):
    files = exported(home)
    name = next(name for name in files if name.endswith("metrics.parquet"))
    refused(other, packed(tmp_path / "b.zip", files | {name: parquet(frame)}))


ROWS = pd.DataFrame({"elapsed_seconds": [1.0]})


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (pd.concat([ROWS] * 3_601).to_parquet(index=False), "a table has 3,601 rows"),
        (pd.concat([ROWS] * 9).to_parquet(index=False, row_group_size=5), "more than a run writes"),
        (ROWS.to_parquet(index=False, compression="zstd"), "packed in a way that TL Lab does not use"),
    ],
    ids=["too many", "in groups", "packed tightly"],
)
def test_a_table_that_takes_more_memory_than_a_runs_is_refused(home, other, tmp_path, table, words):
    files = exported(home)
    name = [name for name in files if name.endswith("resources.parquet")][-1]
    refused(other, packed(tmp_path / "b.zip", files | {name: table}), words)
    longest = pd.concat([ROWS] * 3_600).to_parquet(index=False)
    import_bundle(other, packed(tmp_path / "b.zip", files | {name: longest}))


def test_a_document_that_takes_more_memory_than_a_runs_is_refused(home, other, tmp_path):
    files = exported(home)
    name = next(name for name in files if name.endswith("result.json"))
    padded = {name: files[name] + bytes(2 * 2**20).replace(b"\0", b" ")}
    refused(other, packed(tmp_path / "b.zip", files | padded), "at most 2.1 MB")


def test_one_runs_tables_are_in_memory_at_a_time(home, other, tmp_path, monkeypatch):
    done = []
    tell(monkeypatch, run_files, "read_columns", done)
    tell(monkeypatch, intake, "write_parquet", done)
    import_bundle(other, packed(tmp_path / "b.zip", exported(home)))
    assert done == ["read_columns", "read_columns", "write_parquet", "write_parquet"] * 2


def tell(monkeypatch, module, name: str, done: list) -> None:
    """Note in `done` each call of a function."""
    real = getattr(module, name)
    monkeypatch.setattr(module, name, lambda *given: (done.append(name), real(*given))[1])


def test_hosted_too_many_runs_are_refused_before_a_table_is_read(home, other, tmp_path, monkeypatch):
    path = packed(tmp_path / "b.zip", contents(export_bundle(home, page_lab.finished(home, seeds=2))))
    monkeypatch.setenv("TL_HOSTED", "1")
    monkeypatch.setenv("TL_LIMIT_RUNS_KEPT", "3")
    done = []
    tell(monkeypatch, run_files, "read_columns", done)
    refused(other.of(new_id()), path, "4 runs of yours in all; this demo allows 3")
    assert not done


def test_columns_nobody_knows_stay_behind_and_names_are_the_experiments(home, other, tmp_path):
    files = exported(home)
    name = next(name for name in files if name.endswith("metrics.parquet"))
    frame = pd.DataFrame({"epoch": [1, 2], "run_id": ["x", "y"], "arm": ["?", "?"], "evil": ["a", "b"]})
    stage = pd.DataFrame({"stage": ["head\u202e\n" + "x" * 1000, None]})
    import_bundle(other, packed(tmp_path / "b.zip", files | {name: parquet(pd.concat([frame, stage], axis=1))}))
    run_id = name.split("/")[1]
    written = read_metrics(other.run(run_id).metrics)
    assert list(written.columns) == list(METRICS)
    assert set(written["run_id"]) == {run_id} and "?" not in set(written["arm"])
    assert written["stage"][0].startswith("head x") and len(written["stage"][0]) == 200


def test_hostile_zips_are_refused(home, other, tmp_path):
    files = exported(home)
    cases = {
        "no zip": b"hello",
        "empty": b"",
        "cut": packed(tmp_path / "whole.zip", files).read_bytes()[:-30],
    }
    for data in cases.values():
        (tmp_path / "b.zip").write_bytes(data)
        refused(other, tmp_path / "b.zip")
    evil = [entry("/etc/passwd"), entry("bundle.json", mode=0o120777), entry("a" * 60_000)]
    for each in evil:
        refused(other, forged(tmp_path / "b.zip", [*entries_of(files), each]))
    refused(other, tmp_path / "missing.zip")
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bundle.json", b" " * 30_000_000)
    (tmp_path / "b.zip").write_bytes(bomb.getvalue())
    refused(other, tmp_path / "b.zip")


def swept(home: Home) -> tuple[str, dict[str, bytes]]:
    """A small sweep with a run that failed: its id, the files of its bundle."""
    sweep_id = page_lab.swept(home, sizes=(100, 300), seeds=1, ended=lambda run: ENDS.get(run["samples"]))
    return sweep_id, contents(export_bundle(home, sweep_id))


ENDS = {100: "finished", 300: "failed"}


def test_a_sweep_is_imported_elsewhere_as_it_was(home, other, tmp_path):
    sweep_id, files = swept(home)
    page_lab.finished(home)
    assert len([name for name in files if name.endswith("config.json")]) == 4, "no run of another experiment"
    assert import_bundle(other, packed(tmp_path / "b.zip", files)) == ("sweep", sweep_id)
    here, there = sweep_result(home, sweep_id), sweep_result(other, sweep_id)
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
    assert {run["experiment_id"] for run in jobs.list_runs(other)} == {second}


@pytest.mark.parametrize(
    "change",
    [
        lambda first, second: second["experiment"].update(samples=100),
        lambda first, second: second["experiment"].update(samples=None),
        lambda first, second: second["experiment"].update(epochs=7),
        lambda first, second: second["experiment"].update(dataset="cifar10"),
        lambda first, second: second.update(experiment_id=first["experiment_id"]),
        lambda first, second: second.update(runs=first["runs"]),
        lambda first, second: second.clear(),
    ],
    ids=["one size twice", "no size", "other epochs", "other pictures", "one id twice", "one run twice", "nothing"],
)
def test_what_is_no_sweep_is_refused(home, other, tmp_path, change):
    _, files = swept(home)
    told = json.loads(files["bundle.json"])
    change(*told["experiments"])
    refused(other, packed(tmp_path / "b.zip", files | {"bundle.json": json.dumps(told).encode()}))


def test_several_experiments_without_a_sweep_are_refused(home, other, tmp_path):
    _, files = swept(home)
    told = json.loads(files["bundle.json"]) | {"sweep_id": None}
    refused(other, packed(tmp_path / "b.zip", files | {"bundle.json": json.dumps(told).encode()}))
