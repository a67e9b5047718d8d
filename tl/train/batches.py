"""Batches of a picture store: order and augmentation are functions of (seed, epoch), the same for every arm."""

from collections.abc import Iterator
from itertools import chain

import numpy as np
import torch
from torch.nn import functional

# ImageNet's channel means and standard deviations: what torchvision's weights expect, used for every arm alike.
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
CROP_GROUP = 16  # pictures of a batch that share a crop's size (each has its own place): resizing runs on groups


def to_input(pixels: np.ndarray | torch.Tensor, resolution: int, device: torch.device) -> torch.Tensor:
    """(N, H, W, 3) uint8 -> (N, 3, R, R) float32 in channels_last layout, resized and normalised, on `device`."""
    return _normalised(_resized(pixels, resolution, device))


def _resized(pixels: np.ndarray | torch.Tensor, resolution: int, device: torch.device) -> torch.Tensor:
    batch = torch.as_tensor(pixels).to(device, non_blocking=True).permute(0, 3, 1, 2)  # channels_last as it lies
    if batch.shape[2] == batch.shape[3] == resolution:
        return batch
    if device.type != "cpu":  # only the CPU resizes bytes
        batch = batch.float()
    antialias = batch.shape[2] > resolution
    return functional.interpolate(batch, size=(resolution, resolution), mode="bilinear", antialias=antialias)


def _normalised(batch: torch.Tensor) -> torch.Tensor:
    batch = batch.to(torch.float32, memory_format=torch.channels_last)
    scale = torch.tensor([1 / (255 * std) for std in STD], device=batch.device).view(1, 3, 1, 1)
    shift = torch.tensor([-mean / std for mean, std in zip(MEAN, STD, strict=True)], device=batch.device)
    return batch.mul_(scale).add_(shift.view(1, 3, 1, 1))


def augmented_input(
    pixels: np.ndarray, resolution: int, device: torch.device, rng: np.random.Generator, smallest_area: float
) -> torch.Tensor:
    """Random crop (area `smallest_area`..1 of the picture, aspect 3/4..4/3) and horizontal flip, then `to_input`."""
    side = pixels.shape[1]
    pieces = []
    for start in range(0, len(pixels), CROP_GROUP):
        group = pixels[start : start + CROP_GROUP]
        area, aspect = rng.uniform(smallest_area, 1), np.exp(rng.uniform(np.log(3 / 4), np.log(4 / 3)))
        height = min(side, max(1, round(side * np.sqrt(area / aspect))))
        width = min(side, max(1, round(side * np.sqrt(area * aspect))))
        tops = rng.integers(0, side - height + 1, len(group))
        lefts = rng.integers(0, side - width + 1, len(group))
        flips = rng.random(len(group)) < 0.5
        crops = np.empty((len(group), height, width, 3), np.uint8)
        for crop, picture, top, left, flip in zip(crops, group, tops, lefts, flips, strict=True):
            part = picture[top : top + height, left : left + width]
            crop[:] = part[:, ::-1] if flip else part
        pieces.append(_resized(crops, resolution, device))
    return _normalised(torch.cat(pieces))  # once for all: more per call


def epoch_rows(pictures: int, batch_size: int, rng: np.random.Generator) -> list[np.ndarray]:
    """The rows of each batch of an epoch, shuffled over the batches, ascending within one (kinder to the disk).

    A last batch of one picture is joined to the one before: BatchNorm can't train on a single picture.
    """
    order = rng.permutation(pictures)
    cuts = list(range(batch_size, len(order), batch_size))
    if cuts and len(order) - cuts[-1] == 1:
        cuts.pop()
    return [np.sort(rows) for rows in np.split(order, cuts)]


def training_inputs(
    pixels: np.ndarray,
    *,
    resolution: int,
    batch_size: int,
    seed: int,
    epoch: int,
    device: torch.device,
    smallest_area: float | None,
) -> Iterator[tuple[np.ndarray, torch.Tensor]]:
    """Shuffled (rows, input) of one epoch's batches; `smallest_area` None: no augmentation."""
    rng = np.random.default_rng([seed, epoch])
    for rows in epoch_rows(len(pixels), batch_size, rng):
        if smallest_area is None:
            yield rows, to_input(pixels[rows], resolution, device)
        else:
            yield rows, augmented_input(pixels[rows], resolution, device, rng, smallest_area)


def training_batches(pixels: np.ndarray, labels: np.ndarray, **options) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Shuffled (input, label) batches of one epoch; `options` as for `training_inputs`."""
    for rows, batch in training_inputs(pixels, **options):
        yield batch, torch.from_numpy(labels[rows]).to(options["device"], non_blocking=True)


def joined(
    inputs: Iterator[tuple[np.ndarray, torch.Tensor]], pictures: int
) -> Iterator[tuple[np.ndarray, torch.Tensor]]:
    """The same (rows, input) in batches of at least `pictures` (the last one: what is left)."""
    waiting: list[tuple[np.ndarray, torch.Tensor]] = []
    for batch in chain(inputs, [None]):
        if batch is not None:
            waiting.append(batch)
        if waiting and (batch is None or sum(len(rows) for rows, _ in waiting) >= pictures):
            rows, given = zip(*waiting, strict=True)
            yield np.concatenate(rows), torch.cat(given)
            waiting.clear()


def number_of_batches(pictures: int, batch_size: int) -> int:
    """How many batches `training_batches` gives."""
    full, rest = divmod(pictures, batch_size)
    return max(1, full + (rest > 1 or (rest == 1 and full == 0)))
