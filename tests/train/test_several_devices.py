"""One run on several devices: two processes of the CPU learn what one does, say who was lost, end and go on."""

import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
import torch
import torch.distributed as dist
from torch.nn import functional

from tests.jobs.lab import until
from tl.backbones import IMAGENET_INPUT
from tl.config import RunConfig
from tl.datasets import prepare
from tl.failures import EXIT_STATUS
from tl.jobs.launchers import processes
from tl.jobs.launchers.launcher import child_environment
from tl.store.device_lock import Turn
from tl.store.files import read_json, write_json
from tl.store.metrics import read_metrics
from tl.store.predictions import read_predictions
from tl.train import __main__ as main_module
from tl.train.batches import number_of_batches, training_inputs
from tl.train.devices import batchnorm, peers, ranks
from tl.train.devices.ranks import ALONE, Ranks, TooFewDevices, joined
from tl.train.evaluate import evaluate
from tl.train.evaluate import joined as put_together
from tl.train.frozen import VALIDATION, FrozenPart
from tl.train.frozen.found_features import Wanted
from tl.train.hardware import threads
from tl.train.hardware.resources import together
from tl.train.learner import Learner
from tl.train.network import build_network

CPU = torch.device("cpu")
# Without BatchNorm and kinks: what rounding differs by at first stays small.
SMOOTH = {"backbone": "timm:test_vit", "optimizer": "sgd", "batch_size": 10, "epochs": 3, "precision": "fp32"}
LEARNED = ["train_loss", "train_accuracy", "val_loss", "val_accuracy", "learning_rate", "images_seen", "flops"]


def on(run, number: int) -> None:
    """Let the run go on with so many devices."""
    config = RunConfig.from_json(read_json(run.config))
    write_json(run.config, replace(config, devices=number).to_json())


def test_a_run_learns_the_same_on_one_and_two_devices_and_names_the_one_that_was_killed(make_run, command, monkeypatch):
    whole, _ = make_run(**SMOOTH)
    command(whole.folder)
    run, _ = make_run(**SMOOTH, devices=2)

    def kill_in_the_second_epoch():
        if len(read_metrics(run.metrics)) == 1:
            for child in psutil.Process().children():
                if child.is_running() and "tl.train.devices.peer" in child.cmdline():
                    killed.append(child.pid)
                    child.kill()

    def stop_after_the_second_epoch():
        if len(read_metrics(run.metrics)) == 2:
            raise main_module.Stopped

    killed: list[int] = []
    as_asked = [kill_in_the_second_epoch, stop_after_the_second_epoch, lambda: None]
    monkeypatch.setattr(
        main_module, "StopSignal", lambda turn: SimpleNamespace(check=lambda: as_asked[0](), asked=False)
    )
    assert command(run.folder) == 1
    result = read_json(run.result)
    assert (result["status"], result["reason"], result["epochs"], result["devices"]) == ("failed", "device_lost", 1, 2)
    assert result["message"] == (
        f"One of the run's devices was lost (device 2 of 2: its process {killed[0]} was killed by SIGKILL, as the"
        " system does where memory runs out); resume, or resume on fewer devices."
    )
    as_asked.pop(0)
    on(run, 1)
    assert command(run.folder) == 0 and read_json(run.result)["status"] == "stopped"
    as_asked.pop(0)
    on(run, 2)
    assert command(run.folder) == 0
    first, second = read_metrics(whole.metrics), read_metrics(run.metrics)
    assert np.allclose(first[LEARNED].astype(float), second[LEARNED].astype(float), rtol=1e-4)
    assert second["threads"][0] >= 2 <= second["threads"][2], "each process has one at least"
    for split in ("validation", "test"):
        one, two = (read_predictions(each.predictions, split) for each in (whole, run))
        assert (one.picture == two.picture).all() and (one.label == two.label).all()
        assert np.allclose(one.probabilities, two.probabilities, atol=2e-3)
    result = read_json(run.result)
    assert result["test_loss"] == pytest.approx(read_json(whole.result)["test_loss"], rel=1e-4)
    assert result["notes"] == [
        "Resumed on 1 device after epoch 1, before on 2 devices.",
        "Resumed on 2 devices after epoch 2, before on 1 device.",
    ]
    assert not list(run.folder.glob(".*")), "where they met is gone"
    assert not psutil.Process().children()


def test_a_stop_ends_all_processes_of_a_run(make_run, stripes_home):
    run, config = make_run(backbone="resnet18_narrow", epochs=50, precision="fp32", devices=2)
    turn = Turn(stripes_home.locks_dir)
    environment = child_environment() | {processes.RUN_VARIABLE: config.run_id}
    command = [sys.executable, "-m", "tl.train", str(run.folder)]
    trainer = subprocess.Popen(command, env=environment, start_new_session=True)
    try:
        until(lambda: (read_json(run.progress) or {}).get("phase") == "training", 120)
        turn.take()  # an epoch later
        until(lambda: (read_json(run.progress) or {}).get("phase") == "waiting", 120)
        assert len(processes.of_run(config.run_id)) == 2
        os.killpg(trainer.pid, signal.SIGTERM)
        assert trainer.wait(60) == 0
        assert not processes.of_run(config.run_id)
        result = read_json(run.result)
        assert result["status"] == "stopped" and result["epochs"] >= 1
    finally:
        turn.close()
        trainer.kill()
        trainer.wait()


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
        own.settle_statistics(norm)
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


def test_fewer_gpus_than_the_run_asks_for_are_told_before_anything_starts(monkeypatch, tmp_path):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(TooFewDevices, match="on 4 devices, and this machine has 2 GPUs; resume it with --devices 2"):
        joined(0, 4, tmp_path / "meeting", sync=False)
    assert main_module.explain(TooFewDevices("so"))[0] == "bad_config"
    assert joined(0, 1, tmp_path / "meeting", sync=True) is ALONE is ranks.ALONE


@pytest.mark.parametrize(
    ("strategy", "settings", "devices"),
    [
        ("scratch", {}, 2),
        ("linear_probe", {"epochs": 4}, 1),
        ("linear_probe", {"views": 0}, 2),
        ("nearest_mean", {}, 1),
        ("freeze_then_unfreeze", {"epochs": 4}, 2),
    ],
)
def test_an_arm_that_computes_only_a_head_takes_one_device(make_run, strategy, settings, devices):
    _, config = make_run(strategy, **settings, devices=2)
    assert config.devices_of(config.arm) == devices


def test_a_run_that_takes_one_of_its_devices_says_so(make_run, train, pretrained):
    run, config = make_run("nearest_mean", weights="own", devices=2)
    told = "Only its head is computed, on features that are kept: one of the 2 devices did all of it."
    assert train(run, config)["notes"] == [told] and read_json(run.result)["devices"] == 1


def test_the_trainers_own_command_takes_a_number_of_devices(quick, command, capsys):
    assert main_module.main([str(quick.folder), "--devices", "99"]) == 2
    assert "devices is 99; it must be 1 to 64." in capsys.readouterr().err
    assert "devices" not in read_json(quick.config) and not quick.result.exists()


@pytest.mark.parametrize(
    ("ends", "reason", "said"),
    [
        ({1: EXIT_STATUS["out_of_gpu_memory"]}, "out_of_gpu_memory", "device 2 of 3: its process "),
        ({1: EXIT_STATUS["internal_error"], 2: -9}, "device_lost", "device 3 of 3: its process "),
    ],
)
def test_a_lost_device_is_told_where_the_trainer_waits_for_it_for_good(make_run, monkeypatch, ends, reason, said):
    """As on a GPU, whose operations with one that is gone never fail."""
    code = "import os, sys, json; n = json.loads(sys.stdin.readline())['number']; end = json.loads(sys.argv[1]).get(str(n))"
    code += "\nos.kill(os.getpid(), -end) if end and end < 0 else sys.exit(end) if end else sys.stdin.read()"
    monkeypatch.setattr(peers, "COMMAND", (sys.executable, "-c", code, json.dumps(ends)))
    monkeypatch.setattr(peers, "NOTICE_SECONDS", 0.1)
    run, config = make_run(devices=3)
    others, told = peers.Peers(run, config), []
    try:
        others.watch(told.append)
        until(lambda: told)
        assert told[0].reason == reason and str(told[0]).startswith(said)
        assert main_module.explain(told[0])[0] == reason
    finally:
        others.end()
    assert not psutil.Process().children(), "the one that lived has seen the end of its input"


def ignored(pid: int) -> int:
    """The signals that a process ignores, a bit each."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    (line,) = (line for line in lines if line.startswith("SigIgn"))
    return int(line.split()[1], 16)


def test_a_device_ends_with_the_trainer_and_not_before(make_run):
    """The trainer, which is asked to stop at the same time, ends the others once it has written how the run ended."""
    run, config = make_run(devices=2)
    others = peers.Peers(run, config)
    (other,) = others._started
    try:
        until(lambda: ignored(other.pid) >> (signal.SIGTERM - 1) & 1)
        other.send_signal(signal.SIGTERM)
        assert other.poll() is None
        other.stdin.close()  # as the system does where the trainer is killed
        assert other.wait(30) == 0
    finally:
        others.end()
