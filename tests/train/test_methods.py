"""Ways to learn: what each of them trains, at which rate, and what it keeps, beside what plain training would."""

import copy

import numpy as np
import pytest
import torch
from quick import MEASURED
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn

from tl.backbones import BACKBONES
from tl.config import ArmConfig, Experiment
from tl.sources.cards import BUNDLED_DIR
from tl.store.device_lock import Turn
from tl.store.documents import read_result
from tl.store.metrics import read_metrics
from tl.store.predictions import read_predictions
from tl.strategies import HEAD, STRATEGIES
from tl.train.__main__ import Stopped
from tl.train.checkpoints.checkpoint import BadCheckpoint
from tl.train.checkpoints.history import History
from tl.train.checkpoints.moving import moving_part
from tl.train.evaluate import plain_inputs
from tl.train.methods import METHODS, layer_decay, lora, method_of
from tl.train.methods.nearest_mean import NEVER, Moments
from tl.train.network import Stages, build_network, load_pretrained
from tl.train.optimizer import make_optimizer, set_rates
from tl.train.run import Trainer

SIDE, RATE = 32, 1e-2


def configured(strategy, backbone="mobilenet_v2", **own):
    arm = ArmConfig(name="arm", strategy=strategy, **own)
    return Experiment(dataset="blossoms", backbone=backbone, resolution=SIDE, arms=(arm,)).runs("e" * 26)[0]


def bundled():
    """A network through which, in evaluation mode, a signal comes: with random weights hardly any does."""
    network = build_network("mobilenet_v2", 3, SIDE)
    load_pretrained(network, "mobilenet_v2", BUNDLED_DIR / "mobilenet_v2-tiny-imagenet-64.safetensors")
    return network


class Learning:
    """A network, its stages, optimizer and method, as a learner has them."""

    def __init__(self, config, network=None):
        torch.manual_seed(0)
        self.config, self.method = config, method_of(config)
        self.network = network or build_network(config.backbone, 3, SIDE)
        self.plain = copy.deepcopy(self.network)
        self.method.prepare(self.network)
        part = {name: getattr(self.method, name) for name in ("owner", "trains", "statistics")}
        self.stages = Stages(self.network, config.backbone, **part)
        self.method.start(self.stages)
        self.optimizer = make_optimizer(self.stages, config, self.method)
        (self.phase,) = config.phases
        self.stages.apply(self.phase)
        self.method.begin()
        self.stages.train_mode()

    def step(self, batch=None):
        set_rates(self.optimizer, self.phase, RATE)
        self.optimizer.zero_grad(set_to_none=True)
        self.network(torch.randn(4, 3, SIDE, SIDE) if batch is None else batch).square().mean().backward()
        self.method.after_backward()
        self.optimizer.step()
        self.method.after_step()

    def moved(self):
        """Names in the state that a step changes."""
        before = {name: value.clone() for name, value in self.network.state_dict().items()}
        self.step()
        self.step()
        return {name for name, value in self.network.state_dict().items() if not torch.equal(value, before[name])}


def test_every_strategy_names_a_method_and_every_method_is_named():
    assert {strategy.method for strategy in STRATEGIES.values()} == set(METHODS)


def test_norm_and_bias_trains_norms_biases_and_the_head():
    learning = Learning(configured("norm_and_bias"))
    norms = {
        f"{path}.{own}"
        for path, module in learning.network.named_modules()
        if isinstance(module, nn.BatchNorm2d)
        for own in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    }
    assert learning.moved() == norms | {"classifier.1.weight", "classifier.1.bias"}
    trainable = 2 * sum(
        module.num_features for module in learning.network.modules() if isinstance(module, nn.BatchNorm2d)
    )
    assert learning.stages.trainable_parameters == trainable + 3 * 1280 + 3


def test_norm_and_bias_trains_every_bias_of_a_transformer():
    with torch.device("meta"):
        network = build_network("vit_b_16", 3, SIDE)
    method = method_of(configured("norm_and_bias", "vit_b_16"))
    method.prepare(network)
    trains = {name for name, _ in network.named_parameters() if method.trains(name)}
    layer = "encoder.layers.encoder_layer_0."
    own = {name.removeprefix(layer) for name in trains if name.startswith(layer)}
    norms = {f"ln_{number}.{part}" for number in (1, 2) for part in ("weight", "bias")}
    assert own == norms | {"self_attention.in_proj_bias", "self_attention.out_proj.bias", "mlp.0.bias", "mlp.3.bias"}
    assert {"conv_proj.bias", "encoder.ln.weight", "heads.head.weight"} <= trains
    assert not trains & {"class_token", "encoder.pos_embedding", "conv_proj.weight"}


def test_lora_moves_the_adapted_weights_their_factors_and_the_head_only():
    learning = Learning(configured("lora", lora_rank=4), bundled())
    modules = dict(learning.network.named_modules())
    dense = {
        f"{path}.weight"
        for path, module in modules.items()
        if isinstance(module, nn.Conv2d) and module.kernel_size == (1, 1)
    }
    factors = {f"lora.{name.replace('.', '/')}.{own}" for name in dense for own in "ab"}
    assert learning.moved() == dense | factors | {"classifier.1.weight", "classifier.1.bias"}, "BatchNorm stays"
    weights = [modules[name.removesuffix(".weight")].weight for name in dense]
    expected = sum(4 * (weight.shape[0] + weight.shape[1]) for weight in weights) + 3 * 1280 + 3
    assert learning.stages.trainable_parameters == expected


class Attentive(nn.Module):
    """torch's own attention, whose projection is a bare parameter, and a linear layer."""

    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(12, 3, batch_first=True)
        self.mlp = nn.Linear(12, 12)
        self.head = nn.Linear(12, 3)

    def forward(self, tokens):
        mixed, _ = self.attention(tokens, tokens, tokens, need_weights=False)
        return self.head(self.mlp(mixed).mean(1))


def attentive():
    return Attentive(), torch.randn(4, 5, 12, dtype=torch.float64)


def timm_vit():
    import timm

    network = timm.create_model("test_vit", num_classes=3, img_size=SIDE, patch_size=8)
    return network, torch.randn(4, 3, SIDE, SIDE, dtype=torch.float64)


def mobilenet():
    return bundled().eval(), torch.randn(4, 3, SIDE, SIDE, dtype=torch.float64)


@pytest.mark.parametrize("made", [attentive, timm_vit, mobilenet])
def test_merged_low_rank_updates_are_those_of_gradient_descent_on_the_factors(made, monkeypatch):
    """Against autograd through W0 + s B A itself, in float64: the weights the network has, after three steps."""
    monkeypatch.setattr(lora, "BACKBONES", {"mobilenet_v2": OneStage()})
    torch.manual_seed(1)
    network, batch = made()
    network = network.double()
    plain = copy.deepcopy(network)
    method = method_of(configured("lora", lora_rank=2, lora_scale=0.7))
    method.prepare(network)
    names = [name for name, _ in lora.adapted(plain, "mobilenet_v2")]
    assert names
    start = dict(plain.named_parameters())
    factors = {
        name: [getattr(network.lora[name.replace(".", "/")], own).detach().clone().requires_grad_() for own in "ba"]
        for name in names
    }
    optimizer = torch.optim.SGD(network.lora.parameters(), lr=0.1)
    method.begin()
    for _ in range(3):
        network.zero_grad(set_to_none=True)
        network(batch).square().mean().backward()
        method.after_backward()
        assert all(dict(network.named_parameters())[name].grad is None for name in names)
        optimizer.step()
        method.after_step()
        merged = {name: start[name] + (0.7 * b @ a).view_as(start[name]) for name, (b, a) in factors.items()}
        loss = torch.func.functional_call(plain, merged, (batch,)).square().mean()
        every = [factor for pair in factors.values() for factor in pair]
        with torch.no_grad():
            for factor, gradient in zip(every, torch.autograd.grad(loss, every), strict=True):
                factor -= 0.1 * gradient
    merged = {name: start[name] + (0.7 * b @ a).view_as(start[name]) for name, (b, a) in factors.items()}
    assert any(not torch.equal(merged[name], start[name]) for name in names)
    method.finish(network)
    assert network.state_dict().keys() == plain.state_dict().keys()
    for name, value in network.state_dict().items():
        torch.testing.assert_close(value, merged.get(name, plain.state_dict()[name]), rtol=1e-9, atol=1e-12)
    with torch.no_grad():
        unmerged = torch.func.functional_call(plain, merged, (batch,))
    torch.testing.assert_close(network(batch), unmerged, rtol=1e-9, atol=1e-12)


class OneStage:
    """A table's entry for networks that it does not have."""

    def stage_of(self, name):
        return HEAD if name.startswith(("head", "classifier")) else "stage"


def test_layer_decay_slows_each_block_by_the_same_factor():
    learning = Learning(configured("layer_decay", layer_decay=0.5))
    set_rates(learning.optimizer, learning.phase, RATE)
    rates = {
        learning.stages.names[weight]: group["lr"]
        for group in learning.optimizer.param_groups
        for weight in group["params"]
    }
    assert rates.keys() == {name for name, _ in learning.network.named_parameters()}
    assert rates["classifier.1.weight"] == RATE
    for block in range(19):  # features.0 to features.18
        of_block = {rate for name, rate in rates.items() if name.startswith(f"features.{block}.")}
        (rate,) = of_block
        assert rate == pytest.approx(RATE * 0.5 ** (19 - block))


@pytest.mark.parametrize(
    ("backbone", "count", "together"),
    [
        ("resnet50", 17, ["conv1.weight", "bn1.weight"]),
        ("efficientnet_lite0", 17, ["conv_head.weight", "bn2.weight"]),
        ("densenet121", 62, ["features.transition1.norm.weight", "features.transition1.conv.weight"]),
        ("convnext_tiny", 22, ["features.7.2.layer_scale", "classifier.0.weight"]),
        ("regnet_y_400mf", 17, ["stem.0.weight", "stem.1.weight"]),
        ("vgg11_bn", 10, ["features.0.weight", "features.1.weight"]),
        ("vit_b_16", 13, ["class_token", "conv_proj.weight", "encoder.pos_embedding"]),
    ],
)
def test_blocks_follow_the_network_from_the_input_on(backbone, count, together):
    with torch.device("cpu" if backbone == "regnet_y_400mf" else "meta"):  # which cannot be built without values
        network = build_network(backbone, 3, SIDE)
    table, numbers = BACKBONES[backbone], layer_decay.blocks(network, backbone)
    assert set(numbers.values()) == set(range(count))
    assert len({numbers[name] for name in together}) == 1
    outside = {name for name, _ in network.named_parameters() if table.stage_of(name) == HEAD}
    assert numbers.keys() | outside == {name for name, _ in network.named_parameters()}
    last = [max(numbers[name] for name in numbers if table.stage_of(name) == stage) for stage in table.stage_names]
    assert last == sorted(last), "stages come one after the other"


def test_the_nearest_mean_is_what_numpy_finds():
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.repeat([0, 1, 3], [10, 6, 20]))  # class 2 has no pictures
    features = rng.normal(size=(36, 8)) + labels[:, None]
    moments = Moments(8)
    for rows in np.split(np.arange(36), 4):
        moments.add(torch.from_numpy(features[rows]), torch.from_numpy(labels[rows]))
    weight, bias = moments.classifier(4)
    new = rng.normal(size=(50, 8)) * 3
    scores = new @ weight.numpy().T + bias.numpy()
    there = [0, 1, 3]
    means = np.stack([features[labels == number].mean(0) for number in there])
    distances = ((new[:, None] - means) ** 2).sum(2)
    assert (np.array(there)[distances.argmin(1)] == scores.argmax(1)).all()
    assert bias[2] == NEVER
    # Log-odds of normal classes: differences of squared distances over twice the variance in the span of the means.
    _, _, span = np.linalg.svd(means - means.mean(0), full_matrices=False)
    residuals = (features - means[np.searchsorted(there, labels)]) @ span[:2].T
    variance = (residuals**2).sum() / (2 * (36 - 3))
    expected = -distances / (2 * variance)
    odds = scores[:, there]
    np.testing.assert_allclose(odds - odds[:, :1], expected - expected[:, :1], rtol=1e-6, atol=1e-8)


def test_the_nearest_mean_of_one_picture_each_is_finite():
    moments = Moments(5)
    moments.add(torch.eye(5, dtype=torch.float64)[:2], torch.tensor([0, 1]))
    weight, bias = moments.classifier(2)
    assert weight.isfinite().all() and bias.isfinite().all()
    assert (torch.eye(5, dtype=torch.float64)[:2] @ weight.T + bias).argmax(1).tolist() == [0, 1]


@pytest.mark.parametrize("views_by", ["seed", "dataset"])
def test_a_run_of_the_nearest_mean_is_one_epoch_without_a_rate(make_run, pretrained, train, views_by):
    run, config = make_run("nearest_mean", weights="own", epochs=7, views_by=views_by)
    result = train(run, config)
    assert (result["status"], result["epochs"], result["best_epoch"]) == ("finished", 1, 1)
    (row,) = read_metrics(run.metrics).to_dict("records")
    assert row["learning_rate"] is None or np.isnan(row["learning_rate"])
    assert result["learning_rate"] is None and result["rate_found"] is False
    assert row["train_accuracy"] > 0.5 and np.isfinite(row["val_loss"])
    assert read_predictions(run.predictions, "test") is not None
    assert read_result(run).test_accuracy == result["test_accuracy"]
    forward, head = 2 * 0.301e9 * (SIDE / 224) ** 2, 10_000
    pictures = row["images_seen"]
    assert row["flops"] == pytest.approx(pictures * forward, rel=0.1, abs=pictures * head), (
        "each picture goes through once"
    )


def test_its_head_is_the_nearest_mean_of_what_reaches_it(make_run, train):
    run, config = make_run("nearest_mean", precision="fp32")
    train(run, config)
    trainer = Trainer(run, config, Turn(run.home.locks_dir), lambda: None)
    trainer._prepare()
    network = trainer.learner.network.eval()
    network.load_state_dict(load_file(run.best))
    store, caught = trainer.store, []
    network.classifier[1].register_forward_pre_hook(lambda _, inputs: caught.append(inputs[0]))
    pixels, labels = store.pixels("train", None), np.array(store.labels_of("train", None))
    with torch.inference_mode():
        scores = network(plain_inputs(pixels, SIDE, torch.device("cpu"), trainer.learner.inputs._expects)(slice(None)))
    features = caught[0].double().numpy()
    means = np.stack([features[labels == number].mean(0) for number in (0, 1)])
    nearest = ((features[:, None] - means) ** 2).sum(2)
    np.testing.assert_array_equal(scores.argmax(1).numpy(), nearest.argmin(1))


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
    with pytest.raises(BadCheckpoint, match="began with other pretrained weights than there are now"):
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
