"""Batches of a picture store: order and augmentation are functions of (seed, epoch), the same for every arm."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, pairwise
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from tl.backbones import Input
from tl.train.resident import Resident, sent
from tl.train.trivial_augment import MOST_SEEDS, trivially_augmented

SMALLEST_AREA = 0.5  # of a training crop, as a part of the picture's area
VIEW_STREAM = 2**31  # begins the random numbers of views that seeds have in common; no seed is so large
TRIVIAL_STREAM = VIEW_STREAM + 1  # those of the operations on their pictures
BESIDE_STREAM = VIEW_STREAM + 2  # those of the pictures of another data set in the same batches
CROP_GROUP = 16  # pictures of a batch that share a crop's size (each has its own place): resizing runs on groups


def to_input(pixels: np.ndarray | torch.Tensor, resolution: int, device: torch.device, expects: Input) -> torch.Tensor:
    """(N, H, W, 3) uint8 -> (N, 3, R, R) float32 in channels_last layout, resized, on `device`, normalised as the
    network `expects`: every arm of a comparison alike."""
    return _normalised(_resized(pixels, resolution, device), expects)


def _on(device: torch.device, pixels: np.ndarray | torch.Tensor) -> torch.Tensor:
    """(N, H, W, 3) -> (N, 3, H, W) on `device`, in channels_last layout as it lies."""
    batch = pixels if isinstance(pixels, torch.Tensor) else sent(pixels, device)
    return batch.to(device, non_blocking=True).permute(0, 3, 1, 2)


def _resized(pixels: np.ndarray | torch.Tensor, resolution: int, device: torch.device) -> torch.Tensor:
    batch = _on(device, pixels)
    if batch.shape[2] == batch.shape[3] == resolution:
        return batch
    if device.type != "cpu":  # only the CPU resizes bytes
        batch = batch.float()
    antialias = batch.shape[2] > resolution
    return functional.interpolate(batch, size=(resolution, resolution), mode="bilinear", antialias=antialias)


def _normalised(batch: torch.Tensor, expects: Input) -> torch.Tensor:
    batch = batch.to(torch.float32, memory_format=torch.channels_last)
    scale, shift = _scale_and_shift(expects, batch.device)
    return batch.mul_(scale).add_(shift)


@cache
def _scale_and_shift(expects: Input, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """(1, 3, 1, 1) each; kept, since a GPU has to be waited for to make them."""
    scale = torch.tensor([1 / (255 * std) for std in expects.std], device=device)
    shift = torch.tensor([-mean / std for mean, std in zip(expects.mean, expects.std, strict=True)], device=device)
    return scale.view(1, 3, 1, 1), shift.view(1, 3, 1, 1)


def augmented_input(
    pixels: np.ndarray | torch.Tensor,
    resolution: int,
    device: torch.device,
    expects: Input,
    rng: np.random.Generator,
    smallest_area: float,
    trivial: bool = False,
    of: tuple[int, slice] | None = None,
) -> torch.Tensor:
    """Random crop (area `smallest_area`..1 of the picture, aspect 3/4..4/3) and horizontal flip, then `to_input`.

    With `trivial`, TrivialAugment between the two. `of`: these are only those pictures of a batch of so many; each is
    changed as it is among all of them.
    """
    number, share = of or (len(pixels), slice(0, len(pixels)))
    crops = list(_draw_crops(pixels.shape[1], number, rng, smallest_area))
    if len(pixels) < number:
        crops = _of_share(crops, share)
    if device.type == "cpu":  # as bytes, and only what is left of a picture
        groups = np.split(pixels, np.cumsum([len(each.tops) for each in crops])[:-1])
        batch = torch.cat([_resized(each.cut(group), resolution, device) for each, group in zip(crops, groups)])
    else:
        batch = cropped_at_once(_on(device, pixels), crops, resolution)
    if trivial:
        batch = trivially_augmented(batch, rng.integers(MOST_SEEDS, size=number)[share])
    return _normalised(batch, expects)  # once for all: more per call


@dataclass(frozen=True)
class Crops:
    """Where a group of square pictures is cut; `tops`, `lefts` and `flips` have an entry for each picture."""

    height: int
    width: int
    tops: np.ndarray
    lefts: np.ndarray
    flips: np.ndarray

    def of(self, members: np.ndarray) -> "Crops":
        """Those of some members of the group."""
        return Crops(self.height, self.width, self.tops[members], self.lefts[members], self.flips[members])

    def cut(self, pictures: np.ndarray) -> np.ndarray:
        """(n, S, S, 3) -> (n, height, width, 3)."""
        crops = np.empty((len(pictures), self.height, self.width, 3), np.uint8)
        for crop, picture, top, left, flip in zip(crops, pictures, self.tops, self.lefts, self.flips, strict=True):
            part = picture[top : top + self.height, left : left + self.width]
            crop[:] = part[:, ::-1] if flip else part
        return crops


def _draw_crops(side: int, pictures: int, rng: np.random.Generator, smallest_area: float) -> Iterator[Crops]:
    for start in range(0, pictures, CROP_GROUP):
        count = min(CROP_GROUP, pictures - start)
        area, aspect = rng.uniform(smallest_area, 1), np.exp(rng.uniform(np.log(3 / 4), np.log(4 / 3)))
        height = min(side, max(1, round(side * np.sqrt(area / aspect))))
        width = min(side, max(1, round(side * np.sqrt(area * aspect))))
        tops = rng.integers(0, side - height + 1, count)
        lefts = rng.integers(0, side - width + 1, count)
        yield Crops(height, width, tops, lefts, rng.random(count) < 0.5)


def _of_share(crops: Sequence[Crops], share: slice) -> list[Crops]:
    """Those of some neighbours in the batch."""
    found, start = [], 0
    for each in crops:
        members = np.arange(len(each.tops))
        members = members[(members + start >= share.start) & (members + start < share.stop)]
        if len(members):
            found.append(each.of(members))
        start += len(each.tops)
    return found


def cropped_at_once(batch: torch.Tensor, crops: Sequence[Crops], resolution: int) -> torch.Tensor:
    """(N, 3, S, S) -> (N, 3, R, R): the same crops, all in one call, as suits a GPU. Crops are not made smaller."""
    side = batch.shape[2]
    sizes = np.concatenate([np.full((len(each.tops), 2), (each.width, each.height)) for each in crops])
    starts = np.concatenate([np.stack([each.lefts, each.tops], 1) for each in crops])
    turned = np.concatenate([np.stack([1 - 2 * each.flips, np.ones(len(each.flips))], 1) for each in crops])
    # In coordinates from -1 to 1: scale and middle of each crop, and the centres of its first and its last pixel,
    # beyond which nothing of the picture counts.
    scales, middles = sizes / side * turned, (2 * starts + sizes) / side - 1
    places = np.stack([scales, middles, (2 * starts + 1) / side - 1, (2 * (starts + sizes) - 1) / side - 1])
    scale, middle, first, last = sent(places.astype(np.float32), batch.device)
    theta = torch.cat([torch.diag_embed(scale), middle[:, :, None]], 2)
    with torch.autocast(batch.device.type, enabled=False):  # bfloat16 is too coarse for places
        grid = functional.affine_grid(theta, [len(batch), 3, resolution, resolution], align_corners=False)
        grid = grid.clamp(first[:, None, None], last[:, None, None])
        return functional.grid_sample(batch.float(), grid, padding_mode="border", align_corners=False)


def epoch_rows(
    pictures: int, batch_size: int, rng: np.random.Generator, drawn: np.ndarray | None = None
) -> list[np.ndarray]:
    """The rows of each batch of an epoch, shuffled over the batches, ascending within one (kinder to the disk).

    `drawn`, (pictures,): the rows that the epoch has, where it is not each picture once. A last batch of one picture is
    joined to the one before: BatchNorm can't train on a single picture.
    """
    order = rng.permutation(pictures)
    if drawn is not None:
        order = drawn[order]
    cuts = list(range(batch_size, len(order), batch_size))
    if cuts and len(order) - cuts[-1] == 1:
        cuts.pop()
    return [np.sort(rows) for rows in np.split(order, cuts)]


def going_round(pictures: int, wanted: int, rng: np.random.Generator) -> np.ndarray:
    """(wanted,) rows of so many pictures: all of them in a random order, and again in another until it is enough."""
    rounds = [rng.permutation(pictures) for _ in range(-(-wanted // pictures))]
    return np.concatenate(rounds)[:wanted]


def training_inputs(
    pixels: np.ndarray | Resident,
    *,
    resolution: int,
    batch_size: int,
    seed: int,
    epoch: int,
    device: torch.device,
    expects: Input,
    smallest_area: float | None,
    trivial: bool = False,
    drawn: np.ndarray | None = None,
    begins: tuple[int, ...] = (),
    share: Callable[[int], slice] = lambda pictures: slice(0, pictures),
) -> Iterator[tuple[np.ndarray, torch.Tensor]]:
    """Shuffled (rows, input) of one epoch's batches, or of the `share` of each that one of several devices computes.

    `smallest_area` None: no augmentation; `trivial`: see augmented_input; `drawn`: see epoch_rows. Random numbers are those
    of (*`begins`, `seed`, `epoch`).
    """
    rng = np.random.default_rng([*begins, seed, epoch])
    for batch in epoch_rows(len(pixels) if drawn is None else len(drawn), batch_size, rng, drawn):
        own = share(len(batch))
        rows, of = batch[own], (len(batch), own)
        if smallest_area is None:
            yield rows, to_input(pixels[rows], resolution, device, expects)
        else:
            yield rows, augmented_input(pixels[rows], resolution, device, expects, rng, smallest_area, trivial, of)


def training_batches(
    pixels: np.ndarray | Resident, labels: np.ndarray, **options: Any
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Shuffled (input, label) batches of one epoch; `options` as for `training_inputs`."""
    for rows, batch in training_inputs(pixels, **options):
        yield batch, sent(labels[rows], options["device"])


def view_blocks(
    pixels: np.ndarray,
    places: np.ndarray,
    chosen: np.ndarray,
    view: int | None,
    *,
    resolution: int,
    block: int,
    device: torch.device,
    expects: Input,
    trivial: bool = False,
) -> Iterator[tuple[np.ndarray, torch.Tensor]]:
    """(rows, input) of the `chosen` rows as a view that all seeds have in common shows them; None: without augmentation.

    `places` (N,) of the pictures in the data set decide their crops, together with `view`; inputs are always `block`
    pictures, the last one repeated where fewer are left. So what a network makes of a picture does not depend on which
    others are asked for.
    """
    order = chosen[np.argsort(places[chosen], kind="stable")]
    for start in range(0, len(order), block):
        rows = order[start : start + block]
        if view is None:
            batch = to_input(pixels[rows], resolution, device, expects)
        else:
            batch = _of_view(pixels[rows], places[rows], view, resolution, device)
            if trivial:
                draws = (np.random.default_rng([TRIVIAL_STREAM, view, place]) for place in places[rows])
                seeds = [int(rng.integers(MOST_SEEDS)) for rng in draws]
                batch = trivially_augmented(batch, seeds)
            batch = _normalised(batch, expects)
        if len(rows) < block:
            batch = torch.cat([batch, batch[-1:].expand(block - len(rows), -1, -1, -1)])
            batch = batch.contiguous(memory_format=torch.channels_last)
        yield rows, batch


def _of_view(pixels: np.ndarray, places: np.ndarray, view: int, resolution: int, device: torch.device) -> torch.Tensor:
    """Crops drawn for whole groups of neighbours in the data set, whichever of them are here; `places` ascend."""
    groups = places // CROP_GROUP
    starts = [0, *(np.flatnonzero(np.diff(groups)) + 1), len(places)]
    crops = []
    for first, last in pairwise(starts):
        rng = np.random.default_rng([VIEW_STREAM, view, groups[first]])
        (drawn,) = _draw_crops(pixels.shape[1], CROP_GROUP, rng, SMALLEST_AREA)
        crops.append(drawn.of(places[first:last] % CROP_GROUP))
    if device.type != "cpu":
        return cropped_at_once(_on(device, pixels), crops, resolution)
    parts = zip(crops, pairwise(starts), strict=True)
    return torch.cat([_resized(each.cut(pixels[first:last]), resolution, device) for each, (first, last) in parts])


def merged_batches(
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
