"""A batch that several devices share: each computes its part, and together they are what one device computes."""

import threading
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.distributed as dist
from torch.nn import functional

from tl.backbones import IMAGENET_INPUT
from tl.datasets import prepare
from tl.train.batches import number_of_batches, training_inputs
from tl.train.devices import batchnorm
from tl.train.devices.ranks import ALONE, Ranks
from tl.train.evaluate import concatenated as put_together
from tl.train.evaluate import evaluate
from tl.train.frozen import VALIDATION, FrozenPart
from tl.train.frozen.found_features import Wanted
from tl.train.hardware import threads
from tl.train.hardware.resources import together
from tl.train.learner import Learner
from tl.train.network import build_network

CPU = torch.device("cpu")


class Meeting:
    """Threads in place of processes: what they add up or tell each other is exchanged here."""

    def __init__(self, count: int, monkeypatch):
        self.count, self._here, self._given = count, threading.local(), [None] * count
        self._barrier = threading.Barrier(count, timeout=60)
        self.ranks = [Ranks(number, count, sync=True) for number in range(count)]
        monkeypatch.setattr(dist, "all_reduce", self.all_reduce)
        monkeypatch.setattr(dist, "broadcast_object_list", self.broadcast)

    def exchanged(self, value):
        self._given[self._here.number] = value
        self._barrier.wait()
        found = list(self._given)
        self._barrier.wait()
        return found

    def all_reduce(self, values):
        values.copy_(sum(self.exchanged(values.clone())))

    def broadcast(self, found, src):
        found[0] = self.exchanged(found[0])[src]

    def each(self, work):
        """What `work(ranks)` gives in each of them."""
        found, problems = [None] * self.count, []

        def one(number):
            self._here.number = number
            try:
                found[number] = work(self.ranks[number])
            except Exception as problem:  # shown by the test
                problems.append(problem)
                self._barrier.abort()

        own = [threading.Thread(target=one, args=(number,)) for number in range(self.count)]
        for each in own:
            each.start()
        for each in own:
            each.join()
        assert not problems, problems
        return found


@pytest.mark.parametrize("count", [2, 3])
def test_shares_of_a_batch_are_its_pictures_as_one_device_would_vary_them(count):
    pixels = np.random.default_rng(0).integers(0, 256, (45, 8, 8, 3), dtype=np.uint8)
    about = {"resolution": 8, "batch_size": 20, "seed": 1, "epoch": 2, "device": CPU, "expects": IMAGENET_INPUT}
    about |= {"smallest_area": 0.5, "trivial": True}
    whole = list(training_inputs(pixels, **about))
    parts = [list(training_inputs(pixels, share=Ranks(number, count).share, **about)) for number in range(count)]
    assert [len(rows) for rows, _ in whole] == [20, 20, 5]
    for batch, shares in zip(whole, zip(*parts, strict=True), strict=True):
        if len(batch[0]) < 2 * count:  # too small to be divided
            shares = shares[:1]
        assert np.array_equal(np.concatenate([rows for rows, _ in shares]), batch[0])
        assert torch.equal(torch.cat([given for _, given in shares]), batch[1])


def test_a_mean_over_shares_is_that_over_the_batch_however_it_divides(monkeypatch):
    losses = torch.arange(1.0, 8.0, dtype=torch.float64)
    meeting = Meeting(3, monkeypatch)
    for pictures in (2, 5, 6, 7):  # the first two go whole through each

        def mean(own, some=losses[:pictures]):
            mine = some[own.share(len(some))]
            told = own.sum(own.counted(torch.stack([mine.sum(), torch.tensor(float(len(mine)))])))
            return own.mean(mine.mean(), len(mine)).item(), *told.tolist(), own.in_batch(len(mine))

        expected = losses[:pictures]
        for found in meeting.each(mean):
            assert found == pytest.approx((expected.mean().item(), expected.sum().item(), pictures, pictures))


def test_two_devices_take_the_step_that_one_takes_to_the_last_digits(make_run, stripes_home, monkeypatch):
    """With BatchNorm by the whole batch, in double precision: in single, kinks make much of what rounding differs by."""
    _, config = make_run(backbone="resnet18_narrow", batch_size=7, samples=9, optimizer="sgd", precision="fp32")
    store = prepare(stripes_home, config.dataset, config.resolution, config.samples)
    assert number_of_batches(9, 7) == 2, "seven pictures, divided into three and four, and two, which are not"

    def learner_of(own):
        learner = Learner(config, store, CPU, None, IMAGENET_INPUT, make_run()[0].folder, lambda: None, own)
        learner.network.double()
        learner.begin(1, config.phases[0])
        return learner

    def trained(learner):
        losses = []
        for batch, target in learner.batches(1):
            loss, _ = learner.step(batch.double(), target, config.phases[0], 0.01)
            losses.append(loss.item())
        return losses, learner.network.state_dict()

    losses, state = trained(learner_of(ALONE))
    meeting = Meeting(2, monkeypatch)
    learners = [learner_of(own) for own in meeting.ranks]  # all draw the same weights, one after the other
    for found, weights in meeting.each(lambda own: trained(learners[own.number])):
        assert found == pytest.approx(losses, rel=1e-6)
        for name, value in state.items():
            assert torch.allclose(weights[name], value, rtol=1e-6, atol=1e-9), name


def test_batchnorm_by_shares_answers_by_the_mean_of_what_they_saw(monkeypatch):
    def settled(own):
        norm = torch.nn.BatchNorm2d(1)
        norm.running_mean.fill_(own.number + 1.0)
        own.sync = False
        own.average_statistics(norm)
        return norm.running_mean.item()

    assert Meeting(2, monkeypatch).each(settled) == [1.5, 1.5]


def test_batchnorm_of_one_share_is_batchnorm(monkeypatch):
    monkeypatch.setattr(batchnorm, "_summed", lambda values: values)
    given, weight, bias = torch.randn(5, 3, 2, 2), torch.rand(3), torch.rand(3)
    statistics = [[torch.zeros(3), torch.ones(3)] for _ in range(2)]
    options = {"weight": weight, "bias": bias, "training": True, "momentum": 0.1, "eps": 1e-5}
    found = batchnorm.batch_norm(given, *statistics[0], batch=(5, 1.0), **options)
    assert torch.allclose(found, functional.batch_norm(given, *statistics[1], **options), atol=1e-6)
    assert all(torch.allclose(*pair) for pair in zip(*statistics, strict=True))


def test_frozen_features_are_computed_once_for_all_processes(tmp_path, monkeypatch):
    pictures, passes = torch.randn(6, 3, 32, 32), []

    def inputs(rows):
        passes.append(threading.current_thread().name)
        for start in (0, 4):
            yield np.arange(start, min(6, start + 4)), pictures[start : start + 4]

    def part_of(own):
        torch.manual_seed(0)
        network = build_network("resnet18_narrow", 2, 32).eval()
        return FrozenPart(network, "resnet18_narrow", plan, tmp_path, 1, ranks=own)

    def found(part):
        part.begin(1, plan[0])
        return part.features(VALIDATION, Wanted(6, inputs, np.arange(6))).read(slice(0, 6), CPU)

    plan = [{"head"}, {"head"}]
    alone = found(part_of(ALONE))
    assert len(passes) == 1
    meeting = Meeting(2, monkeypatch)
    parts = [part_of(own) for own in meeting.ranks]
    for features in meeting.each(lambda own: found(parts[own.number])):
        assert torch.equal(features, alone)
    assert len(passes) == 2, "once more, not twice"
    assert not list(tmp_path.iterdir()), "the names of their files are gone"


def test_each_picture_is_asked_about_once_by_one_of_the_devices():
    labels = np.arange(7) % 2
    scores = torch.randn(7, 2)
    whole = evaluate(lambda given: given, lambda rows: scores[rows], labels, 4)
    for count in (2, 3, 9):
        parts = [Ranks(number, count).part(7) for number in range(count)]
        found = [
            evaluate(lambda given: given, lambda rows, own=own: scores[own][rows], labels[own], 4) for own in parts
        ]
        together = put_together(found)
        assert all(np.array_equal(getattr(together, name), getattr(whole, name)) for name in vars(whole))


def test_what_processes_take_of_the_machine_is_added_up():
    own = {"threads": 2.0, "memory_peak_bytes": 30, "gpu_utilisation": 0.5, "others_load": 0.1, "waited_seconds": None}
    other = {"threads": 1.0, "memory_peak_bytes": 10, "gpu_utilisation": 1.0, "others_load": 0.3, "waited_seconds": 1.0}
    both = {
        "threads": 3.0,
        "memory_peak_bytes": 40,
        "gpu_utilisation": 0.75,
        "others_load": 0.3,
        "waited_seconds": None,
    }
    assert together([own, other], gpu=False) == both
    assert together([own, other], gpu=True) == both | {"memory_peak_bytes": 30}
    assert together([own], gpu=True) == own


@pytest.mark.parametrize(
    ("processes", "fixed", "most"), [(2, None, 2), (3, None, 1), (8, None, 1), (2, 6, 3), (4, 2, 1)]
)
def test_processes_share_the_threads(monkeypatch, processes, fixed, most):
    monkeypatch.setattr(threads, "USUAL", 4)
    monkeypatch.setattr(threads.machine, "cores", lambda: 4)
    monkeypatch.setattr(threads, "Threads", lambda fixed, most: SimpleNamespace(most=fixed or most))
    monkeypatch.setattr(threads, "_own", None)
    assert threads.govern(CPU, fixed, processes).most == most
