"""What checkpoints keep of a network of which a part moves, and what becomes of it at the end and on resuming."""

import pytest
import torch
from methods_lab import SIDE, configured
from quick import MEASURED
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from tl.store.metrics import read_metrics
from tl.train.__main__ import Stopped
from tl.train.checkpoints.checkpoint import BadCheckpoint
from tl.train.checkpoints.history import History
from tl.train.checkpoints.moving import moving_part
from tl.train.methods import method_of
from tl.train.network import build_network


def stopped_after(run, epochs):
    def stop():
        if len(read_metrics(run.metrics)) >= epochs:
            raise Stopped

    return stop


@pytest.mark.parametrize(
    ("strategy", "moves"),
    [
        ("linear_probe", lambda name, value: name.startswith("classifier.")),
        ("nearest_mean", lambda name, value: name.startswith("classifier.")),
        ("lora", lambda name, value: name.startswith(("classifier.", "lora."))),
        ("norm_and_bias", lambda name, value: name.startswith("classifier.") or value.dim() < 2),
    ],
)
def test_checkpoints_hold_what_moves_and_the_end_a_whole_plain_network(make_run, pretrained, train, strategy, moves):
    run, config = make_run(strategy, weights="own", arm={"lora_rank": 2})
    with pytest.raises(Stopped):
        train(run, config, stopped_after(run, 1))
    whole = sum(value.nbytes for value in pretrained.values())
    for name, prefix in (("best", ""), ("last", "network.")):
        state = load_file(run.checkpoints / f"{name}.safetensors")
        mine = {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
        assert mine and all(moves(name, value) for name, value in mine.items())
        assert sum(value.nbytes for value in state.values()) < whole / 4
    train(run, config)
    state = load_file(run.best)
    assert state.keys() == pretrained.keys()
    with safe_open(run.best, "pt") as file:
        assert file.metadata()["schema"] == "1", "as a network always was kept"
    trained = {
        name
        for name in pretrained
        if not name.startswith("classifier.") and not name.endswith("num_batches_tracked")
        if not torch.equal(state[name], pretrained[name])
    }
    assert bool(trained) == (strategy in ("lora", "norm_and_bias"))


def test_other_pretrained_weights_under_a_probe_are_refused(make_run, pretrained, train):
    run, config = make_run("linear_probe", weights="own")
    with pytest.raises(Stopped):
        train(run, config, stopped_after(run, 1))
    changed = {name: value + 1e-3 if value.is_floating_point() else value for name, value in pretrained.items()}
    save_file(changed, run.home.library_dir / "own" / "weights.safetensors")
    with pytest.raises(BadCheckpoint, match="began with other pretrained weights than are here now"):
        train(run, config)


def test_a_whole_checkpoint_of_an_earlier_version_goes_on(make_run, pretrained, train, monkeypatch, last_is_kept):
    whole, config = make_run("linear_probe", weights="own", epochs=3)
    train(whole, config)
    run, config = make_run("linear_probe", weights="own", epochs=3)
    with monkeypatch.context() as patch:
        patch.setattr("tl.train.learner.moving_part", lambda *about: None)
        with pytest.raises(Stopped):
            train(run, config, stopped_after(run, 2))
    train(run, config)
    first, second = (read_metrics(each.metrics).drop(columns=["run_id", "flops", *MEASURED]) for each in (whole, run))
    assert first.to_dict() == second.to_dict()


def test_a_run_killed_between_its_whole_network_and_its_result_finds_the_same(
    make_run, pretrained, train, last_is_kept, monkeypatch
):
    """The best epoch is not the last: the factors of the last must not come into the network of the best."""

    def judge(history, epoch, *about):
        history.best_epoch = 1

    monkeypatch.setattr(History, "judge", judge)
    run, config = make_run("lora", weights="own", epochs=3)
    result = train(run, config)
    run.result.unlink(missing_ok=True)
    before = load_file(run.best)
    again = train(run, config)
    assert (again["test_loss"], again["best_epoch"]) == (result["test_loss"], result["best_epoch"])
    after = load_file(run.best)
    assert all(torch.equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize("strategy", ["scratch", "full_finetuning", "layer_decay", "freeze_then_unfreeze", "l2_sp"])
def test_what_trains_whole_is_kept_whole(strategy):
    config = configured(strategy)
    network, method = build_network("mobilenet_v2", 3, SIDE), method_of(config)
    method.prepare(network)
    assert moving_part(network, "mobilenet_v2", config.phases, method) is None
