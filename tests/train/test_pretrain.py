"""`python -m tl pretrain`: weights and a model card that the library offers and a run can start from."""

import hashlib
import shutil
import threading
import time

import numpy as np
import pytest
import torch

from tl.config import Refused
from tl.sources import source
from tl.store.device_lock import DeviceLock
from tl.store.files import read_json
from tl.train import pretraining
from tl.train.network import build_network, load_pretrained
from tl.train.pretrain import main
from tl.train.pretraining import cutmix, distance, rate_factor

NAMES = ("teacher", "alone", "student")


@pytest.fixture(autouse=True)
def empty_library(stripes_home):
    """What is made here is not there for other tests of the same home."""
    yield
    shutil.rmtree(stripes_home.library_dir, ignore_errors=True)


def test_pretraining_puts_a_model_with_its_card_into_the_library(stripes_home):
    arguments = ["--dataset", "stripes", "--epochs", "2", "--resolution", "32", "--batch-size", "16"]
    assert main([*arguments, "--name", "stripes-model", "--home", str(stripes_home.path), "--licence", "CC0"]) == 0
    folder = stripes_home.library_dir / "stripes-model"
    card = read_json(folder / "card.json")
    weights = (folder / "weights.safetensors").read_bytes()
    assert card["sha256"] == hashlib.sha256(weights).hexdigest()
    assert card["size_bytes"] == len(weights)
    assert (card["backbone"], card["classes"], card["epochs"], card["licence"]) == ("mobilenet_v2", 2, 2, "CC0")
    assert card["images"] == 40  # train and validation: nothing is chosen by validation here
    assert 0 <= card["accuracy"] <= 1
    assert card["command"].startswith("python -m tl pretrain --dataset stripes")
    offered = source(stripes_home, "mobilenet_v2", "stripes-model")
    network = build_network("mobilenet_v2", 5, 32)
    before = network.features[0][0].weight.clone()
    load_pretrained(network, "mobilenet_v2", offered.place)
    assert not torch.equal(network.features[0][0].weight, before)
    assert network.classifier[1].weight.shape == (5, 1280)


def test_a_student_learns_from_an_earlier_generation_and_its_card_says_so(stripes_home):
    common = ["--dataset", "stripes", "--epochs", "1", "--resolution", "32", "--home", str(stripes_home.path)]
    assert main([*common, "--name", "teacher"]) == 0
    assert main([*common, "--name", "alone", "--weights", "teacher", "--cutmix", "1"]) == 0
    assert main([*common, "--name", "student", "--weights", "teacher", "--cutmix", "1", "--teacher", "teacher"]) == 0
    teacher, alone, student = (read_json(stripes_home.library_dir / n / "card.json") for n in NAMES)
    assert student["teacher"]["sha256"] == student["started_from"]["sha256"] == teacher["sha256"]
    assert student["sha256"] != alone["sha256"]  # same batches, same start: the teacher's scores made the difference
    assert teacher["teacher"] is None
    assert "started_from" in student["started_from"] and "started_from" not in student["teacher"]


def test_it_computes_in_turns_with_trainers_epoch_by_epoch(stripes_home, monkeypatch):
    """A trainer wants the turn from the first epoch on: it has it after that, not after the last."""
    turns, wants = [], threading.Thread(target=lambda: turns.append(len(epochs)) if other.take() is None else None)
    epochs, other, real = [], DeviceLock(stripes_home.locks_dir), pretraining.training_batches

    def batches(*args, **options):
        assert not DeviceLock(stripes_home.locks_dir).try_take(), "it has the turn while it computes"
        epochs.append(options["epoch"])
        if len(epochs) == 1:
            wants.start()
            time.sleep(0.5)
        elif len(epochs) == 2:
            turns.append("goes on")
        yield from real(*args, **options)

    monkeypatch.setattr(pretraining, "training_batches", batches)
    threading.Timer(0, lambda: (wait_for(turns), other.close())).start()
    arguments = ["--dataset", "stripes", "--epochs", "2", "--resolution", "32", "--batch-size", "16"]
    assert main([*arguments, "--name", "alone", "--home", str(stripes_home.path)]) == 0
    assert turns == [1, "goes on"]
    left = DeviceLock(stripes_home.locks_dir)
    assert left.try_take(), "and leaves it"
    left.close()


def wait_for(found: list) -> None:
    while not found:
        time.sleep(0.02)


@pytest.mark.parametrize("teacher", ["bundled", "imagenet"])  # ImageNet's weights have no card that says what they know
def test_a_teacher_of_other_classes_is_refused(stripes_home, teacher):
    with pytest.raises(Refused, match=f"'{teacher}' has other classes than 'stripes'"):
        main(["--dataset", "stripes", "--teacher", teacher, "--resolution", "64", "--home", str(stripes_home.path)])


def test_the_distance_from_the_teacher_is_zero_for_its_own_scores():
    scores = torch.tensor([[3.0, 1.0, -2.0], [0.0, 0.5, 0.0]])
    assert distance(scores, scores + 7).item() == pytest.approx(0, abs=1e-6)
    by_hand = (
        (scores[:1] / 2).softmax(1) * ((scores[:1] / 2).log_softmax(1) - torch.zeros(1, 3).log_softmax(1))
    ).sum() * 4
    assert distance(torch.zeros(1, 3), scores[:1]).item() == pytest.approx(by_hand.item())


@pytest.mark.parametrize("name", ["../evil", "imagenet", "Upper"])
def test_a_name_that_would_be_confusing_is_refused(stripes_home, name):
    with pytest.raises(Refused, match="can't be a model's name"):
        main(["--dataset", "stripes", "--name", name, "--home", str(stripes_home.path)])


def test_the_rate_warms_up_and_ends_at_zero():
    factors = [rate_factor(step, 100) for step in range(100)]
    assert factors[0] == pytest.approx(0.2)
    assert max(factors) == factors[4] == 1.0
    assert factors[-1] < 0.001


def test_cutmix_pastes_the_neighbour_and_says_how_much_is_left():
    batch = torch.arange(4.0).view(4, 1, 1, 1).expand(4, 3, 32, 32).contiguous()
    order, kept = cutmix(batch, np.random.default_rng(1))
    for number in range(4):
        own = (batch[number] == number).float().mean().item()
        assert own == pytest.approx(1.0 if order[number] == number else kept)
