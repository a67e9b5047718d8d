"""Where a network looks: which places of a picture speak for the class it answers.

Convolutions: Grad-CAM (Selvaraju et al. 2017, arXiv 1610.02391) on the last stage whose map still has places to tell apart.
Tokens (ViT, Swin): the gradient of each place's token times the token, summed over its channels; of the deepest stage in
which the tokens of places still decide: behind it a class token does alone.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from tl.store.saliency import GRAD_CAM, TOKENS

FEWEST = 4  # places along a side below which a map says too little: then the stage before is looked at


@dataclass(frozen=True)
class Heat:
    """How much each place speaks for the class: 0 for nothing or against it, 1 for the place that does most."""

    places: torch.Tensor  # (h, w) float32 0..1
    method: str  # GRAD_CAM or TOKENS
    stage: str  # of the network, as the table of backbones names it


def compute_saliency(
    network: nn.Module, stages: Mapping[str, Iterable[str]], batch: torch.Tensor
) -> tuple[torch.Tensor, Heat | None]:
    """Scores (C,) of one picture, (1, 3, R, R), and where `network`, in evaluation mode, looks for the highest of them.

    `stages`: name -> prefixes of modules, from the input on, as the table of backbones has them. None in place of the latter where no stage of it has a map of places.
    """
    passed: list[tuple[str, torch.Tensor]] = []
    hooks = [module.register_forward_hook(_keep(stage, passed)) for stage, module in _modules(network, stages)]
    try:
        with torch.enable_grad():
            scores = network(batch.detach().requires_grad_(True))[0].float()
            return scores.detach(), _heat(scores.max(), passed, getattr(network, "num_prefix_tokens", None))
    finally:
        for hook in hooks:
            hook.remove()


def _modules(network: nn.Module, stages: Mapping[str, Iterable[str]]) -> list[tuple[str, nn.Module]]:
    """(stage, module) of all that its stages consist of."""
    modules = dict(network.named_modules())
    return [(stage, modules[path]) for stage, paths in stages.items() for path in paths if path in modules]


def _keep(stage: str, passed: list[tuple[str, torch.Tensor]]) -> Callable[..., torch.Tensor | None]:
    def hook(_module: nn.Module, _inputs: Any, output: Any) -> torch.Tensor | None:
        if not isinstance(output, torch.Tensor) or output.ndim not in (3, 4) or not output.requires_grad:
            return None
        passed.append((stage, output))
        return output.clone()  # what comes next may work in place

    return hook


def _heat(score: torch.Tensor, passed: list[tuple[str, torch.Tensor]], prefix: int | None) -> Heat | None:
    maps = [(stage, output, _Layout.of(output, prefix)) for stage, output in reversed(passed)]
    known = [(stage, output, layout) for stage, output, layout in maps if layout is not None]
    large = [each for each in known if each[2].side >= FEWEST]
    small = sorted((each for each in known if each[2].side > 1), key=lambda each: -each[2].side)
    for stage, output, layout in large or small:
        (gradient,) = torch.autograd.grad(score, output, retain_graph=True, allow_unused=True)
        if gradient is None:
            continue
        values, slopes = layout.places(output.detach().float()), layout.places(gradient.float())  # (h, w, D)
        if not slopes.any():  # only a class token goes on from here
            continue
        weights = slopes.mean((0, 1)) if layout.convolved else slopes
        speaks = (values * weights).sum(-1).relu()
        most = speaks.max()
        return Heat(speaks / most if most > 0 else speaks, GRAD_CAM if layout.convolved else TOKENS, stage)
    return None


@dataclass(frozen=True)
class _Layout:
    """How the places of a square picture lie in what a module gives."""

    side: int
    convolved: bool  # (1, D, s, s); else tokens
    before: int = 0  # tokens that stand for no place

    @classmethod
    def of(cls, output: torch.Tensor, prefix: int | None) -> "_Layout | None":
        """None where there are no places in it; `prefix`: tokens before theirs, None: as few as there can be."""
        if output.ndim == 4:
            _, first, second, third = output.shape
            if second == third:
                return cls(second, True)
            return cls(first, False) if first == second else None
        tokens = output.shape[1]
        side = math.isqrt(tokens if prefix is None else max(0, tokens - prefix))
        before = tokens - side * side
        return cls(side, False, before) if prefix in (None, before) else None

    def places(self, values: torch.Tensor) -> torch.Tensor:
        """Of a single picture, (h, w, D)."""
        if self.convolved:
            return values[0].permute(1, 2, 0)
        return values[0].reshape(-1, values.shape[-1])[self.before :].reshape(self.side, self.side, -1)
