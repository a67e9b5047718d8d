"""Networks: build one with a head for the own classes, load pretrained weights, freeze and train its stages."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torchvision
from torch import nn

from tl.backbones import BACKBONES, Backbone
from tl.config import refusal
from tl.languages import later
from tl.phases import HEAD, Phase
from tl.train.hardware.precision import keep_depthwise_exact
from tl.train.weights import read_weights

POSITIONS = "encoder.pos_embedding"  # of torchvision's ViT
LEAST_MOMENTUM = 0.1  # of BatchNorm: the weight of each new batch in its statistics; torch's own default


def build_network(backbone: str, num_classes: int, resolution: int) -> nn.Module:
    """The backbone with random weights and a linear head of `num_classes`; input (N, 3, resolution, resolution)."""
    table = BACKBONES[backbone]
    if table.timm:
        network = timm_network(table.timm, num_classes, **_size(table, resolution))
        network.built_for = resolution  # type: ignore[assignment]  # to torch, what a module holds is a tensor or a module
        return _quick_statistics(network).to(memory_format=torch.channels_last)
    options = {"image_size": resolution} if table.family == "ViT" else {}
    name = table.torchvision or backbone
    network = torchvision.models.get_model(name, weights=None, num_classes=num_classes, **options)
    if table.narrower > 1:
        _narrow(network, table.narrower)
    if table.small_stem:
        network.conv1 = nn.Conv2d(3, network.conv1.out_channels, kernel_size=3, padding=1, bias=False)
        nn.init.kaiming_normal_(network.conv1.weight, mode="fan_out", nonlinearity="relu")  # as the others
        network.maxpool = nn.Identity()
    return _quick_statistics(network).to(memory_format=torch.channels_last)


def _quick_statistics(network: nn.Module) -> nn.Module:
    """Let BatchNorm's statistics follow within tens of steps, as most networks do: some (MobileNetV3, MNASNet, as published)
    are set for 100,000 steps, and after the few hundred of a run here they would be evaluated with those of its start,
    which looks as if they had learned nothing."""
    for norm in network.modules():
        if isinstance(norm, nn.modules.batchnorm._BatchNorm) and norm.momentum is not None:
            norm.momentum = max(norm.momentum, LEAST_MOMENTUM)
    return network


@torch.no_grad()
def _narrow(network: nn.Module, part: int) -> None:
    """Give every layer of torchvision's network but its input and its answers 1/`part` of the channels, drawn as it draws
    them."""
    for name, module in list(network.named_modules()):
        owner, _, own = name.rpartition(".")
        found: nn.Module | None = None
        if isinstance(module, nn.Conv2d):
            channels = module.in_channels if module.in_channels == 3 else module.in_channels // part
            how = {"stride": module.stride, "padding": module.padding, "bias": module.bias is not None}
            found = nn.Conv2d(channels, module.out_channels // part, module.kernel_size, **how)  # type: ignore[arg-type]  # of three types
            nn.init.kaiming_normal_(found.weight, mode="fan_out", nonlinearity="relu")
        elif isinstance(module, nn.BatchNorm2d):
            found = nn.BatchNorm2d(module.num_features // part)
        elif isinstance(module, nn.Linear):
            found = nn.Linear(module.in_features // part, module.out_features)
        if found:
            setattr(network.get_submodule(owner), own, found)


def _size(table: Backbone, side: int) -> dict[str, int]:
    """What timm is told of the pictures' size, by networks that want to know it."""
    return {"img_size": side} if table.sized else {}


def timm_network(name: str, num_classes: int, **options: Any) -> nn.Module:
    """timm's network, with random weights unless `options` of timm's say otherwise; an optional library: Refused where it
    is not installed."""
    try:
        import timm  # takes a second or two, and only some networks need it
    except ImportError:
        raise refusal(
            "The network {name} needs the library timm, which is not installed: pip install timm", name=name
        ) from None
    network: nn.Module = timm.create_model(name, num_classes=num_classes, **options)
    return network


def new_network(backbone: str, classes: int, resolution: int, device: torch.device) -> nn.Module:
    """`build_network` as it trains best on `device`."""
    network = build_network(backbone, classes, resolution)
    if device.type == "cpu":
        keep_depthwise_exact(network)
    return network.to(device)


def load_pretrained(network: nn.Module, backbone: str, path: Path, classes: int | None = None) -> None:
    """Copy pretrained weights from a .safetensors or torchvision's .pth file into every stage; the head stays as it is.

    Where `classes` is given and the file's head is for as many, the head is copied too: training goes on with it.

    Raises Refused where the file does not hold exactly this backbone's stages or holds values that are not finite.
    """
    state = fitted(network, backbone, read_weights(path, backbone))
    own = expected_tensors(network, backbone)
    if classes and len(state.get(BACKBONES[backbone].head + ".bias", ())) == classes:
        own = expected_tensors(network, backbone, with_heads=True)
    if wrong := misfits(own, state):
        text = later("{file} holds no weights for {backbone}: {name} is missing or has another shape.")
        raise refusal(text, file=path, backbone=backbone, name=wrong[0])
    if not all(torch.isfinite(state[name]).all() for name in own if state[name].is_floating_point()):
        raise refusal("{file} holds values that are not finite; it is damaged, get it again.", file=path)
    network.load_state_dict({name: state[name].to(value.dtype) for name, value in own.items()}, strict=False)


def expected_tensors(network: nn.Module, backbone: str, with_heads: bool = False) -> dict[str, torch.Tensor]:
    """What a file of weights has to hold: all but the heads, and BatchNorm's count of batches, which is no weight and is
    not used with a fixed momentum."""
    heads = () if with_heads else tuple(f"{head}." for head in BACKBONES[backbone].heads)
    state = network.state_dict()
    return {n: v for n, v in state.items() if not n.startswith(heads) and not n.endswith("num_batches_tracked")}


def fitted(network: nn.Module, backbone: str, state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The weights `state` for the size of picture that `network` was built for; as they are where that can't be done."""
    own = expected_tensors(network, backbone)
    if POSITIONS in own and POSITIONS in state and state[POSITIONS].shape != own[POSITIONS].shape:
        return state | {POSITIONS: _resize_positions(state[POSITIONS].float(), own[POSITIONS].shape[1])}
    if BACKBONES[backbone].timm and misfits(own, state):
        return _as_timm_has_them(network, backbone, state)
    return state


def misfits(own: dict[str, torch.Tensor], state: dict[str, torch.Tensor]) -> list[str]:
    """Names in `own` that `state` lacks or has in another shape."""
    return [name for name, value in own.items() if name not in state or state[name].shape != value.shape]


def _as_timm_has_them(network: nn.Module, backbone: str, state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Weights in other words or of another size of picture (position embeddings), as timm itself converts them to those
    of `network`; as they are where they are of another network."""
    table = BACKBONES[backbone]
    assert table.timm is not None
    bias = state.get(table.head + ".bias")
    classes = 0 if bias is None else len(bias)
    given = {"state_dict": state, "num_classes": classes, "custom_load": False, "label_offset": 0}
    sized = _size(table, int(network.built_for))  # type: ignore[arg-type]  # as in build_network
    try:
        filled = timm_network(table.timm, classes, pretrained=True, pretrained_cfg_overlay=given, **sized)
    except Exception:  # whatever timm raises: what is missing is told by its name
        return state
    return filled.state_dict()


def _resize_positions(embedding: torch.Tensor, tokens: int) -> torch.Tensor:
    """(1, 1 + s*s, D) position embedding for another grid, bicubic, as Dosovitskiy et al. 2021 do (arXiv 2010.11929)."""
    class_token, grid = embedding[:, :1], embedding[:, 1:]
    side, new_side = round(grid.shape[1] ** 0.5), round((tokens - 1) ** 0.5)
    grid = grid.transpose(1, 2).reshape(1, -1, side, side)
    grid = nn.functional.interpolate(grid, size=(new_side, new_side), mode="bicubic", align_corners=True)
    return torch.cat([class_token, grid.flatten(2).transpose(1, 2)], dim=1)


class Stages:
    """The network's stages and head as groups of parameters and modules, frozen or trained as one.

    Of a stage that trains, only the parameters train that `trains` picks by name, and BatchNorm's statistics only move
    with `statistics`. `owner` gives the name, in the plain network, of what a parameter belongs to.
    """

    def __init__(
        self,
        network: nn.Module,
        backbone: str,
        *,
        owner: Callable[[str], str] = str,
        trains: Callable[[str], bool] = lambda name: True,
        statistics: bool = True,
    ):
        table = BACKBONES[backbone]
        self.network, self._statistics = network, statistics
        self.parameters: dict[str, list[nn.Parameter]] = {name: [] for name in (*table.stage_names, HEAD)}
        self.names: dict[nn.Parameter, str] = {}
        for name, parameter in network.named_parameters():
            self.parameters[table.stage_of(owner(name))].append(parameter)
            self.names[parameter] = name
        self._trains = {parameter for parameter, name in self.names.items() if trains(name)}
        prefixes = (*table.stages.items(), (HEAD, table.heads))
        modules = dict(network.named_modules())
        self._modules = {name: [modules[p] for p in paths if p in modules] for name, paths in prefixes}
        self._frozen: set[str] = set()

    @property
    def modules(self) -> list[nn.Module]:
        """Those that stages and head consist of, from the input on."""
        return [module for group in self._modules.values() for module in group]

    def apply(self, phase: Phase) -> None:
        """Let exactly the stages that `phase` names train, as far as they ever do."""
        self._frozen = set(self.parameters) - set(phase.rates)
        for name, parameters in self.parameters.items():
            for parameter in parameters:
                trains = name not in self._frozen and parameter in self._trains
                parameter.requires_grad_(trains)
                if not trains:
                    parameter.grad = None

    def train_mode(self) -> None:
        """Training mode, but frozen stages stay in evaluation mode: their BatchNorm statistics don't move."""
        self.network.train()
        for name in self._frozen:
            for module in self._modules[name]:
                module.eval()
        if not self._statistics:
            for module in self.network.modules():
                if isinstance(module, nn.modules.batchnorm._NormBase):
                    module.eval()

    @torch.no_grad()
    def keep_only_scale(self) -> None:
        """Mean-var initialisation: the backbone's weight tensors are drawn anew, each from a normal distribution with its own
        mean and variance, BatchNorm's statistics start afresh (Raghu et al. 2019, arXiv 1902.07208)."""
        for weight in [weight for name, weights in self.parameters.items() if name != HEAD for weight in weights]:
            deviation, mean = torch.std_mean(weight, correction=0)
            weight.copy_(torch.randn_like(weight) * deviation + mean)
        for module in self.network.modules():
            if isinstance(module, nn.modules.batchnorm._NormBase):
                module.reset_running_stats()

    @property
    def trainable_parameters(self) -> int:
        """Number of weights that train now."""
        parts = (group for name, group in self.parameters.items() if name not in self._frozen)
        return sum(p.numel() for group in parts for p in group if p in self._trains)

    @property
    def total_parameters(self) -> int:
        """Number of weights in all."""
        return sum(p.numel() for group in self.parameters.values() for p in group)
