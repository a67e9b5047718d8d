"""What surrounds a drawn flower: the ground behind it, what grows in front of it, the light and the lens.

None of it knows the species: scenery must not give the class away.
"""

import math
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from tl.datasets.blossoms.canvas import Canvas, blade, blur, colour, disc, gradient, noise, outline

GREENS = (
    colour(0.24, 0.42, 0.14),
    colour(0.36, 0.52, 0.18),
    colour(0.17, 0.34, 0.20),
    colour(0.42, 0.50, 0.26),
    colour(0.27, 0.45, 0.33),
    colour(0.50, 0.58, 0.22),
    colour(0.12, 0.26, 0.12),
)
PETAL_TINTS = (
    colour(0.95, 0.93, 0.88),
    colour(0.97, 0.82, 0.25),
    colour(0.95, 0.55, 0.20),
    colour(0.85, 0.20, 0.20),
    colour(0.93, 0.50, 0.65),
    colour(0.72, 0.35, 0.72),
    colour(0.42, 0.36, 0.80),
    colour(0.40, 0.55, 0.90),
)
LEAF_SHAPES = (outline(0.5, 0.9), outline(0.35, 0.6), outline(0.6, 0.6), outline(0.5, 0.8, 7, 0.35))
GRASS = outline(0.12, 0.8)

_T = TypeVar("_T")


def between(rng: np.random.Generator, low: float, high: float) -> float:
    """A uniform float; Python's own, so that it never widens float32 arrays."""
    return low + (high - low) * rng.random()


def pick(rng: np.random.Generator, items: Sequence[_T]) -> _T:
    """One of a sequence."""
    return items[int(rng.random() * len(items))]


def green(rng: np.random.Generator, brightness: float = 1.0) -> np.ndarray:
    """A leaf's green (3, 1, 1)."""
    jitter = colour(between(rng, 0.8, 1.2), between(rng, 0.9, 1.1), between(rng, 0.7, 1.3))
    leaf: np.ndarray = pick(rng, GREENS) * jitter * (brightness * between(rng, 0.75, 1.2))
    return leaf


def mix(canvas: Canvas, first: np.ndarray, second: np.ndarray, share: np.ndarray) -> None:
    """Fill the picture with a blend of two colours, `share` (R, R) or (R, 1) of the second."""
    canvas.image[:] = first + (second - first) * share


def speckle(canvas: Canvas, rng: np.random.Generator, strength: float, rows: int, columns: int) -> None:
    """Make the picture unevenly bright."""
    canvas.image *= 1.0 + strength * noise(canvas, rng, rows, columns)


def grass(canvas: Canvas, rng: np.random.Generator, low: float, high: float, soft: float, brightness: float) -> None:
    """A row of blades over the whole width, reaching up to heights `low` to `high` (y): one evaluation for all."""
    x, y = canvas.axis[None], canvas.axis[:, None]
    number = int(between(rng, 9, 22))
    lean, bow = between(rng, -0.35, 0.35), between(rng, -0.5, 0.5)
    rise = 1.0 - y
    place = (x + rise * (lean + bow * rise) + 1.0) * number
    cell = np.floor(place)
    which = cell.astype(np.int32) % 31
    height = 1.0 - (low + (high - low) * rng.random(31, dtype=np.float32))
    taper = 1.0 - rise / np.take(height, which)
    wander = np.take(rng.random(31, dtype=np.float32) * 0.5 + 0.25, which)
    aside = np.abs(place - cell - wander)
    half = 0.25 * np.clip(taper, 0.0, 0.4) * 2.5
    cover = canvas.cover(np.minimum((half - aside) / number, taper * 0.2), soft)
    tone = np.take(rng.random(31, dtype=np.float32) * 0.6 + 0.65, which) * (0.75 + 0.5 * rise)
    canvas.paint((slice(None), slice(None)), cover, green(rng, brightness) * tone)


def leaf(canvas: Canvas, rng: np.random.Generator, size: float, soft: float, brightness: float) -> None:
    """One leaf anywhere, in any direction."""
    dark = green(rng, brightness)
    colours = gradient((0.0, dark * 0.75), (0.6, dark), (1.0, dark * between(rng, 1.0, 1.35)))
    length = size * between(rng, 0.6, 1.4)
    foot = (between(rng, -0.15, 1.15), between(rng, -0.1, 1.15))
    width = length * between(rng, 0.14, 0.36)
    blade(
        canvas,
        foot,
        between(rng, -3.15, 3.15),
        length,
        width,
        pick(rng, LEAF_SHAPES),
        colours,
        bend=between(rng, -0.25, 0.25),
        soft=soft,
        rib=0.35 if soft < 0.02 else 0.0,
        veins=0.08 if soft < 0.01 else 0.0,
        light=between(rng, -0.2, 0.2),
        shadow=0.35,
    )


def bokeh(canvas: Canvas, rng: np.random.Generator, number: int) -> None:
    """Bright discs of things far out of focus: gaps in the foliage and other flowers."""
    for _ in range(number):
        tint = pick(rng, PETAL_TINTS) if rng.random() < 0.4 else green(rng, 1.5)
        radius = between(rng, 0.03, 0.13)
        strength = between(rng, 0.25, 0.75)
        disc(canvas, rng.random(), rng.random(), radius, tint, soft=between(rng, 0.2, 1.2) * radius, strength=strength)


def meadow(canvas: Canvas, rng: np.random.Generator) -> None:
    far, near = green(rng, 1.6) * colour(1.1, 1.05, 0.9), green(rng, 0.7)
    mix(canvas, far, near, np.clip(canvas.axis[:, None] + 0.25 * noise(canvas, rng, 4, 5), 0.0, 1.0))
    bokeh(canvas, rng, int(between(rng, 2, 8)))
    top = between(rng, 0.1, 0.5)
    grass(canvas, rng, top, top + 0.3, between(rng, 0.01, 0.05), 1.25)
    grass(canvas, rng, top + 0.15, min(top + 0.5, 0.95), between(rng, 0.0, 0.03), 0.95)


def glade(canvas: Canvas, rng: np.random.Generator) -> None:
    mix(canvas, green(rng, 0.45), green(rng, 1.2), np.clip(0.5 + 0.7 * noise(canvas, rng, 5, 5), 0.0, 1.0))
    bokeh(canvas, rng, int(between(rng, 5, 13)))


def soil(canvas: Canvas, rng: np.random.Generator) -> None:
    earth = colour(0.36, 0.26, 0.18) * colour(between(rng, 0.8, 1.4), between(rng, 0.8, 1.3), between(rng, 0.7, 1.4))
    mix(canvas, earth * 0.6, earth * 1.35, np.clip(0.5 + 0.5 * noise(canvas, rng, 6, 6), 0.0, 1.0))
    speckle(canvas, rng, 0.3, 21, 21)
    speckle(canvas, rng, 0.35, 40, 40)
    for _ in range(int(between(rng, 3, 10))):
        stone = earth * between(rng, 0.9, 1.9) + between(rng, 0.0, 0.12)
        x, y, radius = rng.random(), rng.random(), between(rng, 0.01, 0.06)
        disc(canvas, x, y + 0.3 * radius, radius * 1.1, earth * 0.3, squash=0.7, soft=radius, strength=0.6)
        disc(canvas, x, y, radius, stone, squash=between(rng, 0.5, 0.9), angle=between(rng, -1, 1), dome=0.4)
    for _ in range(int(between(rng, 0, 4))):
        leaf(canvas, rng, 0.2, 0.004, 1.0)


def sky(canvas: Canvas, rng: np.random.Generator) -> None:
    blue = colour(between(rng, 0.30, 0.60), between(rng, 0.55, 0.72), between(rng, 0.80, 0.98))
    pale = colour(between(rng, 0.75, 0.98), between(rng, 0.82, 0.90), between(rng, 0.75, 0.95))
    mix(canvas, blue, pale, np.clip(canvas.axis[:, None] * between(rng, 0.7, 1.3), 0.0, 1.0))
    clouds = noise(canvas, rng, 4, 3) + 0.5 * noise(canvas, rng, 9, 7)
    cover = np.clip(clouds * 1.2 - between(rng, -0.1, 0.7), 0.0, 0.85)
    everything = (slice(None), slice(None))
    canvas.paint(everything, cover, colour(0.97, 0.96, 0.95))
    horizon = between(rng, 0.5, 1.15)
    hills = horizon + 0.07 * noise(canvas, rng, 2, 5)
    tint = green(rng, 0.9) * 0.6 + pale * 0.3
    canvas.paint(everything, canvas.cover(canvas.axis[:, None] - hills, 0.02), tint)
    if rng.random() < 0.7:
        top = between(rng, 0.5, 0.8)
        grass(canvas, rng, top, top + 0.25, between(rng, 0.0, 0.04), 1.1)


def foliage(canvas: Canvas, rng: np.random.Generator) -> None:
    mix(canvas, green(rng, 0.3), green(rng, 0.7), np.clip(0.5 + 0.6 * noise(canvas, rng, 5, 5), 0.0, 1.0))
    soft = pick(rng, (0.0, 0.012, 0.03, 0.05))
    for step in range(int(between(rng, 8, 14))):
        leaf(canvas, rng, 0.4, soft, 0.65 + 0.05 * step)


def planks(canvas: Canvas, rng: np.random.Generator) -> None:
    wood = colour(0.55, 0.47, 0.38) * colour(between(rng, 0.6, 1.4), between(rng, 0.7, 1.3), between(rng, 0.7, 1.4))
    number, shift = between(rng, 2.5, 6.0), rng.random()
    upright = rng.random() < 0.6
    place = canvas.axis * number + shift
    which = np.floor(place).astype(np.int32)
    tone = np.take(rng.random(8, dtype=np.float32) * 0.4 + 0.75, which)
    gap = canvas.cover(0.47 - np.abs(place - which - 0.5), 0.03)
    tone *= 0.35 + 0.65 * gap
    canvas.image[:] = wood * (tone[None, None] if upright else tone[None, :, None])
    grain, length = int(between(rng, 22, 40)), int(between(rng, 3, 6))
    speckle(canvas, rng, 0.16, *((length, grain) if upright else (grain, length)))
    speckle(canvas, rng, 0.2, 4, 4)
    for _ in range(int(between(rng, 0, 5))):
        leaf(canvas, rng, 0.35, 0.02, 0.9)


def wall(canvas: Canvas, rng: np.random.Generator) -> None:
    plaster = colour(between(rng, 0.45, 0.95), between(rng, 0.45, 0.9), between(rng, 0.4, 0.9))
    mix(canvas, plaster, plaster * between(rng, 0.5, 0.9), np.clip(0.5 + 0.6 * noise(canvas, rng, 3, 3), 0.0, 1.0))
    speckle(canvas, rng, 0.08, 24, 24)
    for _ in range(int(between(rng, 0, 6))):
        leaf(canvas, rng, 0.4, 0.02, between(rng, 0.6, 1.1))


def water(canvas: Canvas, rng: np.random.Generator) -> None:
    deep = colour(between(rng, 0.05, 0.2), between(rng, 0.2, 0.38), between(rng, 0.25, 0.45))
    mix(canvas, deep, deep + between(rng, 0.15, 0.4), np.clip(0.4 + 0.5 * noise(canvas, rng, 22, 4), 0.0, 1.0))
    speckle(canvas, rng, 0.3, 5, 4)
    for _ in range(int(between(rng, 1, 7))):
        x, y, radius = rng.random(), rng.random(), between(rng, 0.06, 0.22)
        pad = green(rng, 1.0)
        disc(canvas, x, y + 0.15 * radius, radius, deep * 0.5, squash=0.45, soft=0.05, strength=0.5)
        disc(canvas, x, y, radius, pad, squash=between(rng, 0.35, 0.6), angle=between(rng, -0.3, 0.3), soft=0.01)


GROUNDS = (meadow, meadow, glade, glade, soil, sky, foliage, foliage, planks, wall, water)


def background(canvas: Canvas, rng: np.random.Generator) -> None:
    """Paint everything behind the flower."""
    pick(rng, GROUNDS)(canvas, rng)
    if rng.random() < 0.7:
        blur(canvas, int(between(rng, 4, 26)), int(between(rng, 4, 26)))


def foreground(canvas: Canvas, rng: np.random.Generator) -> None:
    """Paint what stands before the flower, mostly out of focus: grass, a leaf, another blossom."""
    for _ in range(int(between(rng, 0.0, 2.6))):
        tint = green(rng, between(rng, 0.7, 1.4))
        soft = between(rng, 0.0, 0.05)
        foot = (between(rng, -0.1, 1.1), between(rng, 0.95, 1.2))
        length, width = between(rng, 0.5, 1.2), between(rng, 0.012, 0.035)
        colours = gradient((0.0, tint * 0.7), (1.0, tint * 1.2))
        bend = between(rng, -0.3, 0.3)
        blade(canvas, foot, between(rng, -2.3, -0.85), length, width, GRASS, colours, bend=bend, soft=soft, rib=0.1)
    if rng.random() < 0.3:
        edge = between(rng, 0.0, 6.28)
        x, y = 0.5 + 0.56 * math.cos(edge), 0.5 + 0.56 * math.sin(edge)
        tint = pick(rng, PETAL_TINTS) if rng.random() < 0.4 else green(rng, 1.1)
        radius = between(rng, 0.12, 0.26)
        disc(canvas, x, y, radius, tint, squash=between(rng, 0.5, 1.0), angle=edge, soft=radius, strength=0.85)


def lighting(canvas: Canvas, rng: np.random.Generator) -> None:
    """Sun or cloud, morning or noon, dappled shade, haze and vignette."""
    image, x, y = canvas.image, canvas.axis[None], canvas.axis[:, None]
    warmth, exposure = between(rng, -0.14, 0.14), between(rng, 0.75, 1.35)
    image *= colour(1.0 + warmth, 1.0, 1.0 - warmth) * exposure
    field = 1.0 + between(rng, -0.35, 0.35) * (x - 0.5) + between(rng, -0.35, 0.35) * (y - 0.5)
    if rng.random() < 0.35:
        shade = np.clip(noise(canvas, rng, 6, 6) * 3.0 + between(rng, 0.0, 1.2), 0.0, 1.0)
        field = field * (1.0 - between(rng, 0.2, 0.5) * (1.0 - shade))
    vignette = between(rng, 0.0, 0.7)
    image *= field * (1.0 - vignette * ((x - 0.5) ** 2 + (y - 0.5) ** 2))
    if rng.random() < 0.2:
        glow_x, glow_y = rng.random(), between(rng, -0.1, 0.4)
        away = (x - glow_x) ** 2 + (y - glow_y) ** 2
        canvas.paint((slice(None),) * 2, between(rng, 0.2, 0.6) / (1.0 + 9.0 * away), colour(1.0, 0.96, 0.84))


def lens(canvas: Canvas, rng: np.random.Generator) -> np.ndarray:
    """Blur, contrast and sensor noise; the finished picture (R, R, 3) uint8."""
    level = int(14.0 * rng.random() ** 3)
    shake = int(between(rng, 0, 10)) if rng.random() < 0.15 else 0
    blur(canvas, *((level + shake, level) if rng.random() < 0.5 else (level, level + shake)))
    contrast, lift, grain = between(rng, 0.85, 1.2), between(rng, 0.0, 0.05), 0.022 * rng.random() ** 2
    image = canvas.image
    image -= 0.45
    image *= contrast
    image += 0.45 + lift
    image += rng.standard_normal(image.shape[1:], dtype=np.float32) * grain
    return np.ascontiguousarray((np.clip(image, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8).transpose(1, 2, 0))
