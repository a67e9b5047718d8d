"""A trained network taken elsewhere: the zip's own predict.py, without torch and TL Lab, answers as the run was tested."""

import csv
import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file

from tests.datasets.crafted import ingest
from tl import jobs
from tl.__main__ import main as tl
from tl.analysis.inspection.calibration import with_temperature
from tl.config import ArmConfig, Experiment, Refused
from tl.datasets import describe, prepare
from tl.jobs import exports
from tl.jobs.final_model import submit_final
from tl.report import card_facts, model_card
from tl.report.model_zip import write_zip
from tl.store.device_lock import DeviceLock
from tl.store.documents import read_config
from tl.store.files import read_parquet
from tl.store.home import Home
from tl.store.predictions import read_predictions
from tl.store.queue import database
from tl.train import export, onnx_model
from tl.train import predict as predict_module
from tl.train.checkpoints.trained import trained
from tl.train.run import Trainer

SIDE, RESOLUTION, PER_CLASS = 96, 80, 20  # copies of the pictures are kept, and made smaller from these
ALLOWED = ("onnxruntime", "PIL", "numpy", "flatbuffers", "google", "packaging", "coloredlogs", "humanfriendly", "tl")
BARE = f"""
import runpy, sys
class Bare:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] not in {{*sys.stdlib_module_names, *{ALLOWED!r}}}:
            raise ImportError(name + " is not installed here")
sys.meta_path.insert(0, Bare())
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def picture(number: int, lying: bool) -> bytes:
    """A photo-like PNG wider than high: broad stripes over soft noise."""
    rng = np.random.default_rng([number, lying])
    small = Image.fromarray(rng.integers(0, 120, (12, 16, 3), dtype=np.uint8))
    pixels = np.array(small.resize((SIDE + 32, SIDE), Image.Resampling.BICUBIC))
    lines = slice(number % 8, None, 12)
    pixels[(lines, slice(None)) if lying else (slice(None), lines)] += 110
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def finish(home: Home, experiment_id: str) -> str:
    """Train the only run of an experiment in this process; its id."""
    (row,) = database.read_runs(home, experiment_id)
    run = home.run(row.run_id)
    config = read_config(run)
    device_lock = DeviceLock(home.locks_dir)
    device_lock.take()
    try:
        Trainer(run, config, device_lock, lambda: None).train()
    finally:
        device_lock.close()
    assert database.move(home, row, "running")
    assert database.move(home, database.read_run(home, row.run_id), "finished")
    return row.run_id


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A home with a trained run, the folder of its photos, and its model unpacked elsewhere."""
    folder = tmp_path_factory.mktemp("export")
    home, photos = Home(folder / "home"), folder / "photos"
    for name, lying in (("lying", True), ("standing", False)):
        (photos / name).mkdir(parents=True)
        for number in range(PER_CLASS):
            (photos / name / f"{number}.png").write_bytes(picture(number, lying))
    ingest(home, photos, "bars")
    arm = ArmConfig(name="scratch", strategy="scratch")
    settings = {"backbone": "timm:test_resnet", "resolution": RESOLUTION, "epochs": 3, "batch_size": 8, "patience": 0}
    experiment = Experiment(dataset="bars", arms=(arm,), precision="fp32", resplit=False, **settings)
    run_id = finish(home, jobs.submit(home, experiment))
    return SimpleNamespace(home=home, photos=photos, run_id=run_id, folder=folder)


def exported(home: Home, run_id: str, folder: Path, onnx: bool = True, pictures: bool = True) -> tuple[Path, dict]:
    """The unpacked model, made in this process, and what was measured."""
    parts = folder / "parts"
    parts.mkdir(parents=True)
    temperature = exports.temperature_of(home, run_id)
    maker = export.Export(home.run(run_id), parts, temperature or 1.0)
    try:
        measured = maker.make(onnx, pictures) | {"temperature": temperature}
    finally:
        maker.device_lock.close()
    write_zip(home, card_facts.card_facts(home, run_id), measured, parts, folder / "model.zip")
    with zipfile.ZipFile(folder / "model.zip") as archive:
        archive.extractall(folder)
    return folder / "bars-model", measured


@pytest.fixture(scope="module")
def model(lab):
    return exported(lab.home, lab.run_id, lab.folder / "whole")


def ask(model: Path, *arguments: str) -> subprocess.CompletedProcess:
    """predict.py as where only what it needs is installed."""
    command = [sys.executable, "-I", "-c", BARE, str(model / "predict.py"), *arguments]
    return subprocess.run(command, capture_output=True, encoding="utf-8", timeout=120, cwd=model.parent)


def rows(path: Path) -> dict[str, list[str]]:
    """File -> its row, without the head."""
    with open(path, encoding="utf-8", newline="") as file:
        return {row[0]: row[1:] for row in csv.reader(file)}


def test_predict_answers_on_the_photos_as_the_run_was_tested(lab, model, tmp_path):
    (lab.photos / "lying" / "broken.jpg").write_bytes(b"\xff\xd8\xff" + bytes(500))
    try:
        ended = ask(model[0], str(lab.photos), "--output", str(tmp_path / "answers.csv"), "--self-check")
        predict_module.main([str(lab.home.run(lab.run_id).folder), str(lab.photos), "--output", str(tmp_path / "tl.csv"),
                             "--temperature", repr(model[1]["temperature"] or 1.0)])  # fmt: skip
    finally:
        (lab.photos / "lying" / "broken.jpg").unlink()
    assert ended.returncode == 0, ended.stderr
    assert "answers as it should on 5 pictures" in ended.stdout
    found = rows(tmp_path / "answers.csv")
    assert found["file"] == ["answer", "probability", "problem", "lying", "standing"]
    assert found["lying/broken.jpg"] == ["", "", "unreadable", "", ""]
    assert len(found) == 2 + 2 * PER_CLASS
    stored = read_predictions(lab.home.run(lab.run_id).predictions, "test")
    index = read_parquet(lab.home.dataset_dir("bars") / "index.parquet")
    expected = with_temperature(stored.probabilities, model[1]["temperature"] or 1.0)
    classes = describe(lab.home, "bars").classes
    for place, predicted, shares in zip(stored.picture, stored.predicted, expected, strict=True):
        own = found[index["name"][place].removeprefix("photos/")]
        assert own[0] == classes[predicted]
        assert np.abs(np.array(own[3:], float) - shares).max() < 1e-3
    same = rows(tmp_path / "tl.csv")
    assert same.keys() == found.keys() and same["lying/broken.jpg"] == found["lying/broken.jpg"]
    assert all(same[name][0] == own[0] for name, own in found.items())
    numbers = [name for name, own in found.items() if own[1] not in ("", "probability")]
    assert max(abs(float(same[name][3]) - float(found[name][3])) for name in numbers) < 1e-4


def test_the_self_check_finds_another_answer(model, tmp_path):
    told = model[0] / "check" / "answers.json"
    before = told.read_text()
    document = json.loads(before)
    document[0]["probabilities"][0] += 0.002
    told.write_text(json.dumps(document))
    try:
        ended = ask(model[0], "--self-check")
    finally:
        told.write_text(before)
    assert ended.returncode == 1
    assert ended.stderr.startswith("The model's answers differ from what they should be, by up to 0.002")


def test_what_cant_be_asked_is_one_sentence(model):
    pipe = model[0] / "pipe"
    os.mkfifo(pipe)
    assert ask(model[0], "pipe").stderr == "There is no file or folder 'pipe'.\n"
    pipe.unlink()
    ended = ask(model[0], "nowhere")
    assert (ended.returncode, ended.stderr) == (2, "There is no file or folder 'nowhere'.\n")


def test_the_zip_says_what_it_is_and_was_measured(lab, model):
    folder, measured = model
    tested = measured["splits"]["test"]
    assert tested["same_as_stored"] == tested["pictures"] == describe(lab.home, "bars").test
    assert measured["splits"]["validation"]["apart"] < 1e-4
    assert (folder / "labels.txt").read_text().splitlines() == ["lying", "standing"]
    told = (folder / "README.md").read_text()
    own = card_facts.card_facts(lab.home, lab.run_id)
    assert f"**{own.accuracy.mean * 100:.1f} %** (95 % interval" in told
    part = "all" if own.config.samples is None else str(own.config.samples)
    assert f": {part} of its training pictures were used." in told
    assert "It began from random weights" in told and "python -m tl compare --dataset bars" in told
    assert (folder / "model-int8.onnx").exists() == measured["int8"]["kept"]
    weights = load_file(folder / "model.safetensors")
    network = trained(lab.home.run(lab.run_id)).network.state_dict()
    assert weights.keys() == network.keys()
    assert all(np.array_equal(weights[name], value.numpy()) for name, value in network.items())


def test_without_pictures_and_onnx_neither_is_in_it(lab, tmp_path):
    folder, measured = exported(lab.home, lab.run_id, tmp_path, onnx=False, pictures=False)
    names = {path.name for path in folder.rglob("*") if path.is_file()}
    assert names == {"README.md", "labels.txt", "model.safetensors", "answers.json", *(f"{n}.png" for n in range(1, 6))}
    store = prepare(lab.home, "bars", RESOLUTION, None)
    kept = {store.pixels(split)[row].tobytes() for split in store.sizes for row in range(store.sizes[split])}
    assert not any(
        np.asarray(Image.open(folder / "check" / each["file"])).tobytes() in kept for each in measured["check"]
    )
    assert "There are no ONNX models" in (folder / "README.md").read_text()


def test_an_int8_model_that_is_over_a_point_worse_is_left_out(lab, monkeypatch, tmp_path):
    def wrong(path, pixels, threads, tick):
        shares, seconds = answers(path, pixels, threads, tick)
        return (np.eye(2)[1 - labels], seconds) if "int8" in path.name else (shares, seconds)

    answers, labels = onnx_model.answers, prepare(lab.home, "bars", RESOLUTION).labels_of("validation")
    monkeypatch.setattr(onnx_model, "answers", wrong)
    folder, measured = exported(lab.home, lab.run_id, tmp_path)
    assert not measured["int8"]["kept"]
    assert not (folder / "model-int8.onnx").exists()
    assert (
        "`model-int8.onnx`: left out, since it is more than a point of accuracy worse"
        in (folder / "README.md").read_text()
    )


def test_a_network_that_answers_otherwise_than_it_was_tested_is_not_exported(lab, monkeypatch, tmp_path):
    stored = export.read_predictions
    shown = lambda path, split: SimpleNamespace(predicted=1 - stored(path, split).predicted)  # noqa: E731
    monkeypatch.setattr(export, "read_predictions", shown)
    with pytest.raises(Refused, match="its weights or pictures have changed since; nothing was exported"):
        exported(lab.home, lab.run_id, tmp_path)


def test_missing_libraries_are_said_with_the_command_that_adds_them(lab, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(exports, "find_spec", lambda name: None if name == "onnxruntime" else name)
    command = ["export-model", lab.run_id, "--home", str(lab.home.path), "--output", str(tmp_path / "m.zip")]
    assert tl(command) == 2
    assert capsys.readouterr().err == (
        "An ONNX model needs onnxruntime, which is not installed: python -m pip install -r tl/train/onnx-requirements.txt "
        "(or export without: --without-onnx).\n"
    )
    assert (Path(__file__).parents[2] / exports.REQUIREMENTS).is_file()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", [["export-model", "x"], ["predict", "x", "folder"], ["final-model", "x"]])
def test_an_unknown_run_is_refused(lab, command, capsys):
    assert tl([*command, "--home", str(lab.home.path)]) == 2
    assert capsys.readouterr().err == "There is no run 'x'; `python -m tl runs` lists them.\n"


def test_a_final_model_trains_on_all_pictures_and_claims_no_accuracy(lab, tmp_path):
    experiment_id = submit_final(lab.home, lab.run_id)
    assert submit_final(lab.home, lab.run_id) == experiment_id, "asked twice it is the same one"
    run_id = finish(lab.home, experiment_id)
    entry = jobs.run(lab.home, run_id)
    best = jobs.run(lab.home, lab.run_id).best_epoch
    assert (entry.epochs, entry.max_epochs, entry.best_epoch, entry.samples) == (best, best, best, 2 * PER_CLASS)
    assert (entry.test_accuracy, entry.best_val_accuracy, entry.final_of) == (None, None, lab.run_id)
    files = lab.home.run(run_id)
    assert not files.predictions.exists()
    metrics = read_parquet(files.metrics)
    assert metrics["images_seen"].tolist() == [2 * PER_CLASS * epoch for epoch in range(1, best + 1)]
    assert metrics["val_loss"].isna().all()
    told = model_card.card(lab.home, card_facts.card_facts(lab.home, run_id), {
        "parameters": 1, "side": 80, "own_pictures": False, "temperature": None,
        "input": {"mean": [0.5] * 3, "std": [0.5] * 3},
    })  # fmt: skip
    assert "its accuracy is not known" in told
    assert f"The run whose recipe it repeats, {lab.run_id}, was trained on" in told
    assert f"python -m tl final-model {lab.run_id}" in told
    with pytest.raises(Refused, match="is a final model already"):
        submit_final(lab.home, run_id)
