"""Looking for wrong labels in all pictures: features once, a probe per fold, kept; in the background, failures told."""

import subprocess
import sys
import time

import numpy as np
import pytest

from tests.datasets.crafted import ingest, pictures, zipped
from tl.analysis.forecasts.question import feature_keys
from tl.analysis.inspection import held_out
from tl.config import ArmConfig, Experiment, Refused
from tl.jobs import background
from tl.jobs.measurements import by_features, label_checks
from tl.store.features import Features, write_features
from tl.store.predictions import ALONE, Predictions, write_predictions
from tl.store.queue.database import insert_experiments

ARMS = (ArmConfig(name="scratch", strategy="scratch"), ArmConfig(name="linear_probe", strategy="linear_probe"))
FAILS = 'import sys; print(\'[{"error": "The file is damaged."}]\')'


@pytest.fixture
def asked(home, tmp_path):
    """A data set of two classes, and what is asked of it."""
    ingest(home, zipped(tmp_path / "x.zip", pictures("rose", 40) | pictures("tulip", 30)), "x")
    experiment = Experiment(
        dataset="x", arms=ARMS, backbone="mobilenet_v2", weights="mobilenet_v2-tiny-imagenet-64", resolution=64
    )
    return held_out.asked_of(home, experiment, "scratch")


def features(home, asked, flip: int = 0) -> None:
    """What the trainer's command would write; the features of the first `flip` training pictures are the other class's."""
    for split, key in feature_keys(home, asked).items():
        places, _ = held_out.places_of(home, asked)
        labels = _labels(home)[places][_of(split, home, asked)]
        looks = labels.copy()
        if split == "train":
            looks[:flip] = 1 - looks[:flip]
        random = np.random.default_rng(len(split))
        found = np.where(looks[:, None] == 1, 2.0, -2.0) + random.normal(size=(len(labels), 6))
        write_features(home, key, Features(found.astype(np.float32), labels, None))


def _labels(home) -> np.ndarray:
    from tl.datasets import prepare

    return prepare(home, "x", 64).labels


def _of(split, home, asked) -> slice:
    sizes = [key.samples for key in feature_keys(home, asked).values()]
    place = list(feature_keys(home, asked)).index(split)
    return slice(sum(sizes[:place]), sum(sizes[: place + 1]))


def test_the_network_of_an_arm_that_transfers_is_asked(asked):
    assert (asked.dataset, asked.backbone, asked.weights, asked.resolution) == (
        "x",
        "mobilenet_v2",
        "mobilenet_v2-tiny-imagenet-64",
        64,
    )


def test_every_picture_is_judged_by_a_probe_that_has_not_seen_it(home, asked):
    commands = []

    def run(command):
        commands.append(command)
        features(home, asked, flip=2)
        return subprocess.CompletedProcess(command, 0, '[{"seconds": 1}]', "")

    label_checks.LABELS.measure_missing(home, asked, run, lambda: None)
    found = held_out.out_of_fold(home, asked)
    assert sorted(found.picture) == list(range(70)) and (found.label == _labels(home)[found.picture]).all()
    assert np.allclose(found.probabilities.sum(1), 1, atol=0.01)
    first_trained = feature_keys(home, asked)["test"].samples + feature_keys(home, asked)["validation"].samples
    doubted = [one.picture for one in held_out.doubts({}, found).issues.suspects]
    assert {first_trained, first_trained + 1} <= {*doubted} and len(doubted) <= 6
    label_checks.LABELS.measure_missing(home, asked, run, lambda: None)
    assert len(commands) == 1, "what is known is not measured again"


def test_what_fails_is_told_and_tried_again(home, asked, monkeypatch):
    monkeypatch.setattr("tl.jobs.measurements.features.COMMAND", (sys.executable, "-c", FAILS))
    with pytest.raises(Refused, match="The file is damaged"):
        label_checks.measure(home, asked)
    assert held_out.problem_of(home, asked) == "The file is damaged."
    features(home, asked)
    label_checks.measure(home, asked)
    assert held_out.out_of_fold(home, asked) is not None
    held_out.path_of(home, asked).write_bytes(b"PK damaged")
    assert held_out.out_of_fold(home, asked) is None


def test_it_gives_way_to_runs_and_is_done_in_the_background(home, asked):
    experiment = Experiment(dataset="x", samples=20, arms=ARMS[:1])
    features(home, asked)
    insert_experiments(home, [(experiment, experiment.runs("0" * 26))], None)
    assert background.busy(home) and not label_checks.ask(home, asked)
    label_checks.LABELS.measure_missing(home, asked, lambda command: None, lambda: by_features.unless_busy(home))
    assert held_out.out_of_fold(home, asked) is None and held_out.problem_of(home, asked) is None


def test_the_process_ends_with_an_answer(home, asked):
    features(home, asked)
    assert label_checks.ask(home, asked)
    end = time.monotonic() + 60
    while held_out.out_of_fold(home, asked) is None and time.monotonic() < end:
        time.sleep(0.1)
    assert len(held_out.out_of_fold(home, asked).label) == 70


def test_an_arms_own_answers_are_those_on_pictures_it_did_not_train_on(home, tmp_path):
    def file(number: int, picture: list[int], split: str):
        label = np.array(picture) % 2
        shares = np.eye(2, dtype=np.float16)[label]
        kept = {"picture": np.array(picture), "label": label, "predicted": label, "group": np.full(len(label), ALONE)}
        run = home.run(f"{number}" * 26)
        run.folder.mkdir(parents=True)
        write_predictions(run.predictions, {split: Predictions(**kept, probabilities=shares)})
        return run

    runs = [file(0, [1, 2, 3], "test"), file(1, [3, 4], "validation"), home.run("2" * 26)]
    assert held_out.of_runs(runs).picture.tolist() == [1, 2, 3, 4]
    assert held_out.of_runs(runs[2:]) is None
