"""The limit: a bare training step on random tensors, the best of precision and memory layout, taking turns.

The first turn tries every combination and keeps the two fastest; each turn then measures both for some seconds.
"""

import time
from contextlib import nullcontext

from tests.benchmarks.peers.contestant import Contestant

KEPT = 2
LEARNING_RATE = 1e-4


def candidates(has_depthwise: bool) -> list[tuple[str, str]]:
    """(precision, memory layout) that are tried; depthwise convolutions apart only where there are any."""
    precisions = ["fp32", "bf16", *(["bf16, depthwise fp32"] if has_depthwise else [])]
    return [(precision, layout) for precision in precisions for layout in ("channels_last", "contiguous")]


def main() -> None:
    """Report the images a second of each combination that was kept, turn by turn."""
    contestant = Contestant()
    settings = contestant.settings
    import torch

    torch.backends.cudnn.benchmark = True
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    steps = {
        candidate: BareStep(settings.backbone, settings.resolution, settings.batch_size, device, *candidate)
        for candidate in candidates(settings.backbone.startswith("mobilenet"))
    }
    speeds = {candidate: step.images_per_second(settings.seconds / 4) for candidate, step in steps.items()}
    kept = sorted(speeds, key=speeds.__getitem__, reverse=True)[:KEPT]
    steps = {candidate: steps[candidate] for candidate in kept}
    for turn in range(settings.rounds):
        if turn:
            contestant.hand_over()
        for (precision, layout), step in steps.items():
            speed = step.images_per_second(settings.seconds)
            contestant.report(candidate=f"{precision}, {layout}", images_per_second=speed)


class BareStep:
    """Forward, loss, backward, Adam: nothing else, not even a look at the loss."""

    def __init__(self, backbone: str, resolution: int, batch_size: int, device, precision: str, layout: str):
        import torch
        import torchvision

        classes = 5
        layout = getattr(torch, {"contiguous": "contiguous_format"}.get(layout, layout))
        self.device, self.bf16 = device, precision != "fp32"
        self.network = torchvision.models.get_model(backbone, weights=None, num_classes=classes)
        self.network = self.network.to(device, memory_format=layout).train()
        if precision.endswith("depthwise fp32"):
            for module in self.network.modules():
                if isinstance(module, torch.nn.Conv2d) and module.groups == module.in_channels > 1:
                    module.forward = _in_fp32(module.forward, device)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=LEARNING_RATE, fused=True)
        pictures = torch.randn(batch_size, 3, resolution, resolution, device=device)
        self.pictures = pictures.contiguous(memory_format=layout)
        self.labels = torch.randint(classes, (batch_size,), device=device)

    def images_per_second(self, seconds: float) -> float:
        """Speed over at least `seconds` and one step, after one step that is not counted."""
        self._step()
        self._wait()
        began, steps = time.monotonic(), 0
        while not steps or time.monotonic() - began < seconds:
            for _ in range(1 if self.device.type == "cpu" else 10):
                self._step()
                steps += 1
            self._wait()
        return steps * len(self.labels) / (time.monotonic() - began)

    def _step(self) -> None:
        import torch

        with torch.autocast(self.device.type, torch.bfloat16) if self.bf16 else nullcontext():
            loss = torch.nn.functional.cross_entropy(self.network(self.pictures), self.labels)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()

    def _wait(self) -> None:
        import torch

        if self.device.type == "cuda":
            torch.cuda.synchronize()


def _in_fp32(forward, device):
    import torch

    def in_fp32(pictures):
        with torch.autocast(device.type, enabled=False):
            return forward(pictures.float())

    return in_fp32


if __name__ == "__main__":
    main()
