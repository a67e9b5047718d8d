"""The built-in data set: invented flowers, drawn by code, any number of them and the same ones everywhere.

Needs numpy alone. A picture depends on (seed, split, index) and on nothing else: not on its resolution beyond the
sharpness, not on which others are drawn with it.
"""

import math

import numpy as np

from tl.datasets.blossoms.canvas import Canvas, blade, gradient, outline
from tl.datasets.blossoms.flowers import Head, bells, cup, new_head, spike
from tl.datasets.blossoms.rosettes import rosette
from tl.datasets.blossoms.scenery import background, between, foreground, green, lens, lighting, pick
from tl.datasets.blossoms.species import SPECIES, Species

CLASSES: tuple[str, ...] = tuple(species.name for species in SPECIES)
FORMS = {"rosette": rosette, "cup": cup, "bells": bells, "spike": spike}
SPLITS = ("train", "validation", "test")
STEM = outline(0.01, 0.01)


def labels(indices: np.ndarray) -> np.ndarray:
    """(n,) int64 class numbers: picture i shows class i % len(CLASSES), so every prefix is stratified."""
    return np.asarray(indices, np.int64) % len(CLASSES)


def draw(indices: np.ndarray, resolution: int, split: str = "train", seed: int = 0) -> np.ndarray:
    """(n, R, R, 3) uint8 pictures with these numbers (each 0 or more).

    The same number shows the same scene at every resolution; splits and seeds never share one. Raises ValueError for
    an unknown split or a resolution outside 32 to 224.
    """
    if split not in SPLITS:
        raise ValueError(f"split is {split!r}; it must be one of {', '.join(SPLITS)}")  # not shown
    if not 32 <= resolution <= 224:
        raise ValueError(f"resolution is {resolution}; blossoms are drawn at 32 to 224 pixels")  # not shown
    indices = np.asarray(indices, np.int64)
    if indices.size and indices.min() < 0:
        raise ValueError(f"index is {indices.min()}; pictures are numbered from 0")  # not shown
    pictures = np.empty((len(indices), resolution, resolution, 3), np.uint8)
    for row, (index, label) in enumerate(zip(indices.tolist(), labels(indices).tolist(), strict=True)):
        rng = np.random.default_rng((seed, SPLITS.index(split), index))
        pictures[row] = scene(rng, SPECIES[label], resolution)
    return pictures


def scene(rng: np.random.Generator, species: Species, resolution: int) -> np.ndarray:
    """One picture (R, R, 3) uint8: scenery, one to three plants of the species, what is in front, light and lens."""
    canvas = Canvas(resolution)
    background(canvas, rng)
    radius = between(rng, 0.24, 0.46)
    room = 0.5 - 0.75 * radius  # the head may leave the picture by some of its radius
    x, y = 0.5 + between(rng, -room, room), 0.48 + between(rng, -room, room)
    main = new_head(rng, species, x, y, radius, 0.0)
    for _ in range(int(3.0 * rng.random() ** 2.0)):
        plant(canvas, rng, companion(rng, main))
    plant(canvas, rng, main)
    foreground(canvas, rng)
    lighting(canvas, rng)
    return lens(canvas, rng)


def companion(rng: np.random.Generator, main: Head) -> Head:
    """A second flower of the species, smaller, beside or behind the main one, perhaps out of focus."""
    away, far = between(rng, -3.14, 3.14), main.radius * between(rng, 1.1, 2.0)
    x, y = main.x + far * math.cos(away), main.y + far * math.sin(away)
    soft = pick(rng, (0.0, 0.01, 0.03, 0.06))
    return new_head(rng, main.species, x, y, main.radius * between(rng, 0.45, 0.85), soft)


def plant(canvas: Canvas, rng: np.random.Generator, head: Head) -> None:
    """Stem, leaves and head of one flower."""
    tint = green(rng)
    length = 1.3
    bend = between(rng, -0.2, 0.2)
    below = math.cos(head.lean), math.sin(head.lean)
    start = 0.7 * head.radius if head.species.form != "rosette" else 0.0
    foot = (head.x + start * below[0], head.y + start * below[1])
    width = between(rng, 0.035, 0.06) * head.radius + 0.003
    stem = gradient((0.0, tint * 1.1), (0.6, tint * 0.7), (1.0, tint * 0.6))
    blade(canvas, foot, head.lean, length, width, STEM, stem, bend=bend, soft=head.soft, roundness=0.4, shadow=0.3)
    leaf_length, leaf_width, teeth, depth = pick(rng, head.species.leaves)
    shape = outline(0.45, 0.75, teeth, depth)
    for _ in range(int(between(rng, 1, 4.5))):
        at = between(rng, 0.15, 0.75) + head.radius * 0.8
        root = foot[0] + at * below[0] - bend * at * at / length * below[1], foot[1] + at * below[1]
        size = leaf_length * head.radius * between(rng, 1.6, 3.0)
        shade = green(rng) * 0.4 + tint * 0.6
        colours = gradient((0.0, shade * 0.75), (0.6, shade), (1.0, shade * 1.2))
        side = pick(rng, (-1.0, 1.0))
        blade(
            canvas, root, head.lean + 3.14 + side * between(rng, 0.4, 1.5), size, size * leaf_width, shape, colours,
            bend=side * between(rng, -0.05, 0.3), soft=head.soft, rib=0.3, veins=0.07, light=0.15 * side, shadow=0.35,
        )  # fmt: skip
    FORMS[head.species.form](canvas, rng.spawn(1)[0], head)  # its own dice: what is outside the picture may be skipped
