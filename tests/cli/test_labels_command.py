"""`labels` and `compare-again`: what looks wrong, as text, JSON and CSV, and the comparison once it is corrected."""

import csv
import json
import os
from dataclasses import replace

import pytest
from commands import main

from tests.datasets.crafted import ingest, picture, pictures, zipped
from tests.label_lab import ARMS, answered
from tests.page_lab import end, submit
from tl.cli import labels
from tl.config import Final
from tl.datasets import describe
from tl.jobs.queue import enqueue
from tl.store.home import Home
from tl.store.queue.database import read_experiment, read_runs


@pytest.fixture
def home(tmp_path) -> Home:
    """An empty home."""
    return Home(tmp_path / "home")


@pytest.fixture
def flowers(home, tmp_path):
    """A finished comparison with its own test set, in which one picture has two classes; its id."""
    files = (
        pictures("train/rose", 9) | pictures("train/tulip", 9) | pictures("test/rose", 4) | pictures("test/tulip", 4)
    )
    files |= {"train/tulip/also.png": picture(77), "train/rose/also.png": picture(77)}
    ingest(home, zipped(tmp_path / "x.zip", files), "x")
    experiment_id = submit(home, arms=ARMS, dataset="x", samples=None)
    answered(home, experiment_id, {"test": 2})
    return experiment_id


def test_what_looks_wrong_is_listed(capsys, home, flowers):
    status, stdout, _ = main(capsys, home.path, "labels", flowers)
    assert status == 0 and "2 suspicious labels of 10 pictures in x." in stdout
    assert "judged by the networks of " in stdout and "the same picture in two classes: train/" in stdout
    document = json.loads(main(capsys, home.path, "labels", flowers, "--json")[1])
    assert [(row["split"], row["label"] != row["looks_like"]) for row in document["suspicious"]] == [("test", True)] * 2
    assert document["doubled"][0]["kind"] == "the same picture in two classes" and document["second_looks"] == []


def test_the_list_is_what_relabel_takes_and_the_answer_is_told(capsys, home, flowers, tmp_path, monkeypatch):
    path = tmp_path / "suspicious.csv"
    assert main(capsys, home.path, "labels", flowers, "--output", str(path))[0] == 0
    with open(path, encoding="utf-8") as file:
        (first, _) = csv.DictReader(file)
    monkeypatch.setattr(labels, "finish", lambda home, again, *_: answered(home, again, {}) or 0)
    status, stdout, _ = main(capsys, home.path, "compare-again", flowers, "--relabel", str(path))
    assert status == 0 and "Not yet known: an outcome needs 3 seeds" in stdout
    assert "The test set has changed: of its 8 pictures, 2 were relabelled." in stdout
    again = next(row.experiment_id for row in read_runs(home) if row.experiment_id != flowers)
    info = describe(home, read_experiment(home, again)["experiment"].dataset)
    assert info.title == "x (2 relabelled)" and first["label"] != first["is_labelled"]
    (look,) = json.loads(main(capsys, home.path, "labels", flowers, "--json")[1])["second_looks"]
    assert (look["before"], look["after"]) == (flowers, again)


def test_what_can_not_be_done_is_one_sentence(capsys, home, flowers, tmp_path):
    (link := tmp_path / "stdout").symlink_to(tmp_path / "elsewhere")
    for arguments, says in (
        (("compare-again", flowers), "Say which pictures"),
        (("labels", flowers, "--output", str(tmp_path / "no" / "a.csv")), "in an existing folder"),
        (("labels", flowers, "--output", os.devnull), "give the name of a file"),
        (("labels", flowers, "--output", str(link)), "give the name of a file"),
        (("labels", "0" * 26), "There is no experiment"),
        (("labels", submit(home, arms=ARMS)), "its labels are right"),
    ):
        status, stdout, stderr = main(capsys, home.path, *arguments)
        assert (status, stdout) == (2, "") and says in stderr, arguments


def test_a_final_model_has_no_labels_to_doubt_and_no_test_pictures(capsys, home, flowers, tmp_path):
    before = read_experiment(home, flowers)["experiment"]
    final = replace(before, arms=before.arms[:1], seeds=(0,), final=Final(of="0" * 26, epochs=1))
    ident, aside = enqueue(home, [final], None), tmp_path / "aside.csv"
    aside.write_text("train/rose/0.png\n")
    for row in read_runs(home, ident):
        end(home, row, "finished")
    for arguments in (
        ("labels", ident),
        ("shifted", ident),
        ("both-sets", ident),
        ("compare-again", ident, "--set-aside", str(aside)),
    ):
        status, stdout, stderr = main(capsys, home.path, *arguments)
        assert (status, stdout) == (2, "") and "is a final model, so there is nothing to compare" in stderr, arguments
