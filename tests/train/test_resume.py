"""Resuming: a run that was stopped ends as one that was never interrupted."""

import itertools
import random

import pytest
import torch
from quick import MEASURED, evaluated
from safetensors.torch import load_file

from tl import measures
from tl.store.metrics import read_metrics
from tl.train import learner as learner_module
from tl.train import rate_test
from tl.train.__main__ import Stopped

RESUMED = {
    "scratch": {},
    "scratch with one cycle, patience and a rate it finds": {
        "schedule": "one_cycle",
        "optimizer": "sgd",
        "patience": 3,
        "patience_steps": 0,
        "balance": "loss",
        "find_rate": True,
    },
    "linear_probe": {"epochs": 4, "balance": "sampling"},
    "last_stages": {"judge_by": "balanced_accuracy"},
    "gradual_unfreezing": {"epochs": 8},
    "freeze_then_unfreeze": {"views": 1},
    "lp_ft": {"epochs": 5, "arm": {"probe_patience": 1}},
    "l2_sp": {"arm": {"anchor": 0.1}},
    "mean_var_init": {},
    "nearest_mean": {"epochs": 1},
    "norm_and_bias": {},
    "lora": {"find_rate": True, "arm": {"lora_rank": 2}},
    "layer_decay": {"augment": "trivial"},
    "discriminative": {"schedule": "step", "step_epochs": 1, "precision": "bf16"},
}


@pytest.mark.parametrize("case", RESUMED)
def test_a_run_stopped_again_and_again_ends_bit_identical(make_run, pretrained, monkeypatch, case, train, last_is_kept):
    monkeypatch.setattr(rate_test, "STEPS", 25)  # of a hundred, which take longer than all else
    settings = {"epochs": 3, "weights": "own"} | RESUMED[case]
    strategy, last = case.split()[0], settings["epochs"]
    whole, config = make_run(strategy, **settings)
    train(whole, config)
    pieces, config = make_run(strategy, **settings)
    for epochs in sorted({1, last // 2, last - 1}):

        def stop_after(limit=epochs):
            if len(read_metrics(pieces.metrics)) >= limit:
                raise Stopped

        with pytest.raises(Stopped):
            train(pieces, config, stop_after)
    assert train(pieces, config)["epochs"] == last
    same(whole, pieces)


def same(whole, pieces):
    """Whether both have the same epochs and the same tensors, to the last bit."""
    first, second = (read_metrics(run.metrics).drop(columns=["run_id", "flops", *MEASURED]) for run in (whole, pieces))
    assert first.to_dict() == second.to_dict()
    for name in ("best", "last"):
        states = [load_file(run.checkpoints / f"{name}.safetensors") for run in (whole, pieces)]
        assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])


@pytest.mark.parametrize("strategy", ["adabn", "dann", "cdan", "mcc", "target_few", "target_full"])
def test_a_run_from_scratch_that_ends_anywhere_goes_on_bit_identical(
    make_run, negatives, strategy, train, last_is_kept, monkeypatch
):
    monkeypatch.setattr(measures, "FEWEST_TO_ESTIMATE", 2)  # there are 6 validation pictures
    monkeypatch.setattr(measures, "GUESSING_ERRORS", -9)
    settings = {"target_dataset": negatives, "samples": 16, "epochs": 2, "arm": {"weights": "random"}}
    whole, config = make_run(strategy, **settings)
    asked = itertools.count(1)
    train(whole, config, lambda: next(asked))
    pieces, config = make_run(strategy, **settings)
    calls, last = itertools.count(1), random.Random(strategy).randrange(2, next(asked))

    def end():
        if next(calls) == last:
            raise KeyboardInterrupt  # no ending of ours: nothing more is written, as after a kill

    with pytest.raises(KeyboardInterrupt):
        train(pieces, config, end)
    train(pieces, config)
    same(whole, pieces)


def after_two_epochs(run):
    def stop():
        if len(read_metrics(run.metrics)) == 2:
            raise Stopped

    return stop


def test_patience_goes_on_counting_after_a_stop(make_run, monkeypatch, train):
    losses = iter([(0.5, 0.5)] + [(0.6, 0.5)] * 9)
    monkeypatch.setattr(learner_module, "evaluate_together", lambda *args: evaluated(*next(losses)))
    run, config = make_run(epochs=9, patience=3, patience_start=0, patience_steps=0)
    with pytest.raises(Stopped):
        train(run, config, after_two_epochs(run))
    result = train(run, config)
    assert (result["epochs"], result["stopped_early"]) == (4, True), "one epoch was better, three were not"


def test_a_probe_waits_no_longer_for_progress_after_a_stop(make_run, pretrained, monkeypatch, train):
    losses = iter([(0.5, 0.5)] + [(0.6, 0.5)] * 13)
    monkeypatch.setattr(learner_module, "evaluate_together", lambda *args: evaluated(*next(losses)))
    run, config = make_run("lp_ft", weights="own", epochs=12, arm={"probe_patience": 2})
    with pytest.raises(Stopped):
        train(run, config, after_two_epochs(run))
    assert train(run, config)["phase_starts"] == [1, 4]
