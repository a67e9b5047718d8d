"""Bundles that are none: refused in one sentence, within bounds of memory, and nothing is written."""

import io
import json
import zipfile

import pandas as pd
import pytest

from tests import page_lab
from tests.datasets.crafted import entries_of, entry, forged
from tests.report.bundle_lab import contents, exported, packed, refused, swept
from tl.config import new_id
from tl.report import bundle_placing, table_reader
from tl.report.bundle import export_bundle
from tl.report.bundle_import import import_bundle
from tl.store.documents import read_result
from tl.store.files import read_json
from tl.store.metrics import METRICS, read_metrics

RUN = "runs/" + "0" * 26


@pytest.mark.parametrize(
    "name", ["runs/../../evil.json", "extra.txt", f"{RUN}/log.txt", f"{RUN}/checkpoints/last.safetensors", "runs/x.pkl"]
)
def test_a_name_that_is_not_a_bundles_is_refused(home, other, tmp_path, name):
    files = exported(home) | {name: b"x"}
    refused(other, packed(tmp_path / "b.zip", files))


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
        {"weights": "a" * 990_000},
        {"weights": "a\u202e\nb"},
        {"samples": 10**4_000},
        {"backbone": "unknown"},
        {"dataset": "../../x"},
        {"seeds": ["0"]},
        {"looks": "1"},
        {"looks": [True]},
        {"looks": [3]},
        {"unknown": 1},
        {"augmentation": "yes"},
    ],
    ids=lambda setting: f"{setting!s:.40}",
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
        ("predictions.parquet", b"PAR1 no table PAR1"),
        ("predictions.parquet", b""),
        ("result.json", b'{"test_balanced_accuracy": "high"}'),
        ("result.json", b'{"test_macro_f1": [1]}'),
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
    run = next(name for name in files if name.endswith("result.json"))
    refused(other, packed(tmp_path / "b.zip", files | {run.replace("result.json", file): data}))


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


def test_of_a_runs_notes_only_the_first_are_kept(home, other, tmp_path):
    files = exported(home)
    name = next(name for name in files if name.endswith("result.json"))
    result = json.loads(files[name])
    long = result | {"notes": ["a" * 1_000, 5, *("b" * 1_000 for _ in range(900))]}
    long |= {f"more {number}": number for number in range(1_000)}
    import_bundle(other, packed(tmp_path / "b.zip", files | {name: json.dumps(long).encode()}))
    path = other.run(name.split("/")[1]).result
    assert read_result(other.run(name.split("/")[1])).notes == ("a" * 500, *["b" * 500] * 18)
    assert result.keys() <= read_json(path).keys() and path.stat().st_size < 50_000


def test_one_runs_tables_are_in_memory_at_a_time(home, other, tmp_path, monkeypatch):
    done = []
    tell(monkeypatch, table_reader, "_read", done)
    tell(monkeypatch, bundle_placing, "write_bytes", done)
    tell(monkeypatch, bundle_placing, "write_json", done)
    import_bundle(other, packed(tmp_path / "b.zip", exported(home)))
    assert [name == "_read" for name in done] == [True, *[False] * 5] * 2


def tell(monkeypatch, module, name: str, done: list) -> None:
    """Note in `done` each call of a function."""
    real = getattr(module, name)
    monkeypatch.setattr(module, name, lambda *given: (done.append(name), real(*given))[1])


def test_hosted_too_many_runs_are_refused_before_a_table_is_read(home, other, tmp_path, monkeypatch):
    path = packed(tmp_path / "b.zip", contents(export_bundle(home, page_lab.finished(home, seeds=2))))
    monkeypatch.setenv("TL_HOSTED", "1")
    monkeypatch.setenv("TL_LIMIT_RUNS_KEPT", "3")
    done = []
    tell(monkeypatch, table_reader, "_read", done)
    refused(other.of(new_id()), path, "4 runs in all; this demo allows 3")
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
