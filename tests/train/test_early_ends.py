"""A resumed run that ends before it goes on has still reached what it had reached: result, list and TensorBoard say so."""

from types import SimpleNamespace

import pytest
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator

from tl.config import Refused
from tl.jobs.listing import _reached
from tl.store.files import read_json
from tl.store.metrics import read_metrics
from tl.train import __main__ as main_module
from tl.train.__main__ import Stopped

SAME = ("epochs", "best_epoch", "best_val_accuracy", "elapsed_seconds", "memory_peak_bytes", "learning_rate", "notes")
ENDS = {  # what ends it -> where, what is raised there, how that is called
    "a stop while it waits for its turn": ("quick.FreeDevice.take", Stopped(), "stopped"),
    "a stop while pictures are decoded": ("tl.train.run.prepare_for", Stopped(), "stopped"),
    "a data set that is gone": ("tl.train.run.prepare_for", Refused("There is no data set 'none'."), "failed"),
    "a network that doesn't fit the GPU": ("tl.train.run.Learner", RuntimeError("CUDA out of memory."), "failed"),
    "a trainer that can't begin": ("tl.train.run.choose_device", OSError(5, "Input/output error"), "failed"),
}


@pytest.fixture
def stopped(quick, command, monkeypatch):
    """A run that was stopped after its second epoch; `stopped.found` is what is known of it then."""

    def check():
        if len(read_metrics(quick.metrics)) == 2:
            raise Stopped

    with monkeypatch.context() as patch:
        patch.setattr(main_module, "StopSignal", lambda turn: SimpleNamespace(check=check, asked=False))
        assert command(quick.folder) == 0
    return quick


def known(run) -> tuple:
    """What the result, the list of runs and TensorBoard say of how far it has come."""
    result, listed = read_json(run.result), _reached(run, SimpleNamespace(status="stopped"))
    reader = EventAccumulator(str(run.tensorboard))
    reader.Reload()
    steps = [event.step for event in reader.Tensors("loss/train")]
    return {name: result[name] for name in SAME}, {name: listed[name] for name in SAME[:5]}, steps


def raising(error: BaseException):
    def fail(*arguments):
        raise error

    return fail


@pytest.mark.parametrize("case", ENDS)
def test_what_was_reached_stays_known(stopped, command, monkeypatch, case):
    place, error, status = ENDS[case]
    before = known(stopped)
    assert before[0]["epochs"] == 2 and before[0]["best_epoch"] and before[1]["elapsed_seconds"] and before[2] == [1, 2]
    monkeypatch.setattr(place, raising(error))
    for _ in range(2):  # and resumed again
        assert command(stopped.folder) == (status == "failed")
        assert read_json(stopped.result)["status"] == status
        assert known(stopped) == before


def test_a_config_that_was_damaged_meanwhile_leaves_what_the_metrics_show(stopped, command):
    reached = _reached(stopped, SimpleNamespace(status="failed"))
    stopped.config.write_bytes(b"{")
    assert command(stopped.folder) == 2
    found = _reached(stopped, SimpleNamespace(status="failed"))
    assert {name: found[name] for name in SAME[:1] + SAME[2:5]} == {
        name: reached[name] for name in SAME[:1] + SAME[2:5]
    }


def test_a_run_that_had_reached_nothing_says_so(quick, command, monkeypatch):
    monkeypatch.setattr("quick.FreeDevice.take", raising(Stopped()))
    assert command(quick.folder) == 0
    result = read_json(quick.result)
    assert (result["status"], result["epochs"], result["best_epoch"]) == ("stopped", 0, None)
