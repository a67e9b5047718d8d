"""What lets a GPU compute without being waited for, as far as a CPU can show it; the rest needs one."""

import numpy as np
import pytest
import torch

from tl.backbones import IMAGENET_INPUT
from tl.datasets import prepare
from tl.train import resident as resident_module
from tl.train.epoch_sums import EpochSums
from tl.train.learner import Learner
from tl.train.resident import Resident, resident

CPU = torch.device("cpu")


@pytest.fixture
def make_learner(make_run, stripes_home):
    """A learner on the stripes, in its first epoch."""

    def make(device=CPU, **settings) -> Learner:
        run, config = make_run(precision="fp32", **settings)
        store = prepare(stripes_home, config.dataset, config.resolution, config.samples)
        learner = Learner(config, store, device, None, IMAGENET_INPUT, run.folder, lambda: None)
        learner.begin(1, config.phases[0])
        return learner

    return make


def weights(learner):
    return [value.clone() for value in learner.network.state_dict().values()]


def steps(learner, number=3, rate=1e-3):
    phase = learner.config.phases[0]
    for _, (batch, target) in zip(range(number), learner.batches(1), strict=False):
        loss, scores = learner.step(batch, target, phase, rate)
        yield learner.batch_sums(loss, scores, target).tolist()


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
def test_asking_for_no_number_trains_the_same_to_the_last_bit(make_learner, optimizer):
    found = []
    for asynchronous in (False, True):
        learner = make_learner(optimizer=optimizer)
        learner._asynchronous = asynchronous
        found.append((list(steps(learner)), weights(learner)))
    assert found[0][0] == found[1][0]
    assert all(torch.equal(*pair) for pair in zip(found[0][1], found[1][1], strict=True))


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_loss_that_is_not_finite_moves_no_weight(make_learner, asynchronous):
    learner = make_learner()
    learner._asynchronous = asynchronous
    assert len(list(steps(learner))) == 3
    before = [parameter.detach().clone() for parameter in learner.network.parameters()]
    batch, target = next(learner.batches(1))
    loss, _ = learner.step(batch * torch.nan, target, learner.config.phases[0], 1e-3)
    assert not loss.isfinite()
    assert all(torch.equal(*pair) for pair in zip(before, learner.network.parameters(), strict=True))


def test_a_lost_loss_is_seen_a_few_steps_later_and_at_the_end_at_the_latest():
    told = torch.tensor([2.0, 1.0, 4.0], dtype=torch.float64)
    losses = [1.0, float("nan"), 1.0, 1.0]
    for ahead, seen_at in ((0, 2), (2, 4), (3, None)):
        sums = EpochSums(CPU, ahead)
        found = [sums.add(step, torch.tensor(loss), told) for step, loss in enumerate(losses, 1)]
        at = next((step for step, lost in enumerate(found, 1) if lost), None)
        assert at == seen_at
        lost = found[at - 1] if at else sums.rest()
        assert lost[0] == 2 and np.isnan(lost[1])
        assert sums.means() == (0.5, 0.25)


def test_pictures_on_the_gpu_are_those_of_the_store_also_when_they_had_to_give_way(monkeypatch):
    pixels = np.random.default_rng(0).integers(0, 256, (7, 4, 4, 3), np.uint8)
    monkeypatch.setattr(resident_module, "AT_ONCE", 2 * pixels[0].nbytes)
    kept, rows = Resident(pixels, CPU), np.array([1, 4, 6])
    for _ in range(2):
        assert len(kept) == 7 and kept.shape == pixels.shape
        assert np.array_equal(kept[rows], pixels[rows]) and np.array_equal(kept[2:5], pixels[2:5])
        kept.release()
    assert not kept.release(), "there is nothing left"


def test_pictures_stay_where_they_are_without_a_gpu_or_room_on_it(monkeypatch):
    pixels = np.zeros((4, 2, 2, 3), np.uint8)
    assert resident(pixels, CPU) is pixels
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (4 * pixels.nbytes - 1, 10**9))
    assert resident(pixels, torch.device("cuda")) is pixels


def test_where_memory_is_short_the_pictures_go_before_the_batch_is_halved(make_learner, monkeypatch):
    learner = make_learner(augmentation=False)  # crops are cut from arrays on a CPU
    learner.pixels = Resident(np.array(learner.pixels), CPU)
    batches, gradients, tries = learner.batches(1), learner._gradients, []

    def short(batch, target):
        tries.append(learner.pixels._kept is not None)
        if tries[-1]:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return gradients(batch, target)

    monkeypatch.setattr(learner, "_gradients", short)
    learner.step(*next(batches), learner.config.phases[0], 1e-3)
    assert tries == [True, False] and learner.parts == 1
    assert len(next(batches)[0]) == learner.config.batch_size, "the epoch goes on with the store's"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_no_step_waits_for_the_gpu(make_learner):
    learner = make_learner(torch.device("cuda"))
    list(steps(learner, 1))  # what is made once
    sums, phase = EpochSums(learner.device, ahead=100), learner.config.phases[0]
    torch.cuda.set_sync_debug_mode("error")
    try:
        for step, (batch, target) in enumerate(learner.batches(2), 1):
            loss, scores = learner.step(batch, target, phase, 1e-3)
            assert sums.add(step, loss, learner.batch_sums(loss, scores, target)) is None
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert sums.rest() is None
