"""A network with its stages, optimizer and method, as a learner has them: for tests of single ways to learn."""

import copy

import torch

from tl.config import ArmConfig, Experiment
from tl.sources.cards import BUNDLED_DIR
from tl.train.methods import method_of
from tl.train.network import Stages, build_network, load_pretrained
from tl.train.optimizer import make_optimizer, set_rates

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
