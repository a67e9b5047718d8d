"""Flower heads seen from above: rings of petals around a heart.

All petals of a ring are drawn by one evaluation in polar coordinates: each pixel looks at the petal of its own sector
and at that petal's neighbours, so the cost does not depend on the number of petals. A part rolls its dice
before it asks whether it lies in the picture: a scene must be the same at every resolution.
"""

import math

import numpy as np

from tl.datasets.blossoms.canvas import ALONG, STEPS, Canvas, disc, lookup
from tl.datasets.blossoms.flowers import TAU, Head
from tl.datasets.blossoms.scenery import between
from tl.datasets.blossoms.species import HEARTS, Ring


class Disk:
    """Polar coordinates on the plane of a flower seen aslant, for the pixels around it."""

    def __init__(self, canvas: Canvas, head: Head, squash: float, slant: float):
        self.canvas, self.head, self.squash, self.slant = canvas, head, squash, slant
        reach = head.radius * 1.12 + head.soft
        self.window = canvas.window(head.x - reach, head.x + reach, head.y - reach, head.y + reach)
        if self.window is None:
            return
        x, y = canvas.offsets(self.window, head.x, head.y)
        cos, sin = math.cos(slant) / head.radius, math.sin(slant) / head.radius
        u, v = x * cos + y * sin, (y * cos - x * sin) * (1.0 / squash)
        self.r = np.sqrt(u * u + v * v)
        self.theta = np.arctan2(v, u)

    def within(self, reach: float) -> tuple[tuple[slice, slice], np.ndarray, np.ndarray] | None:
        """Window, radius (1 at the rim of the flower) and angle of the pixels up to `reach` radii away."""
        head = self.head
        far = (head.radius * reach + head.soft) * 1.02
        window = self.canvas.window(head.x - far, head.x + far, head.y - far, head.y + far)
        if window is None or self.window is None:
            return None
        (top, bottom), (left, right) = (
            (max(inner.start, outer.start), min(inner.stop, outer.stop))
            for inner, outer in zip(window, self.window, strict=True)
        )
        first_row, first_column = (outer.start for outer in self.window)
        own = slice(top - first_row, bottom - first_row), slice(left - first_column, right - first_column)
        return (slice(top, bottom), slice(left, right)), self.r[own], self.theta[own]


class Petals:
    """One ring's petals: what each is like, and how a pixel sees the one in its sector or a neighbour of it."""

    def __init__(self, disk: Disk, rng: np.random.Generator, shape: Ring, turn: float, number: int, place_up: float):
        self.shape, self.number, self.head, canvas = shape, number, disk.head, disk.canvas
        self.sector = TAU / number
        facing = np.arange(number) * self.sector + turn + disk.slant - disk.head.light
        self.lengths = shape.reach * (1.0 - (0.03 + 0.9 * shape.ruffle) * rng.random(number, dtype=np.float32))
        tones = (0.94 + 0.08 * place_up) * (1.0 + 0.14 * np.cos(facing)) + 0.06 * rng.standard_normal(number)
        self.tones = tones.astype(np.float32)
        width = shape.width * between(rng, 0.88, 1.12)
        half_width = ALONG**shape.foot * (1.0 - ALONG) ** shape.tip
        half_width *= width / half_width.max()
        angles = np.arctan2(half_width, ALONG + 1e-3) / self.sector
        self.half_angles = np.clip(angles, 0.0, 1.45).astype(np.float32)  # in sectors, from foot to tip
        self.widest = self.half_angles[STEPS // 4 :].max()
        self.neighbours = (0,) if self.widest <= 0.5 else (-1, 0, 1)
        self.teeth, self.phase = between(rng, 3.0, 5.0), TAU * rng.random()
        self.veins = shape.veins * canvas.fade(disk.head.radius * width / 2.5)
        self.scale = disk.head.radius * (0.5 + 0.5 * disk.squash)  # a compromise: edges are softer along the slant

    def length(self, whose: np.ndarray, across: np.ndarray) -> np.ndarray:
        """How far petal `whose` reaches, `across` sectors from its middle: clefts, teeth and waves are here."""
        shape, length, unit = self.shape, np.take(self.lengths, whose), 1.0 / self.widest
        if shape.notch:
            length = length * (1.0 - shape.notch * np.clip(1.0 - np.abs(across) * (2.2 * unit), 0.0, 1.0))
        if shape.fringe:
            saw = np.abs((across * (self.teeth * unit) + 0.13 * whose) % 1.0 - 0.5)
            length = length * (1.0 - shape.fringe * saw)
        if shape.ruffle:
            length = length * (1.0 + 0.5 * shape.ruffle * np.sin(across * (9.0 * unit) + self.phase + whose))
        return length

    def seen(self, whose: np.ndarray, across: np.ndarray, r: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Place along petal `whose` (0 foot, 1 tip), its brightness there, and the signed distance to its edge."""
        shape, side = self.shape, np.abs(across)
        length = self.length(whose, across)
        along = r / length
        half = lookup(self.half_angles, along)
        distance = np.minimum((half - side) * (self.sector * self.scale) * r, (length - r) * self.scale)
        aside = np.minimum(side / (half + 1e-3), 1.0)
        tone = np.take(self.tones, whose) * (1.04 - 0.22 * aside * aside)
        if shape.crease:
            tone -= shape.crease * np.clip(1.0 - 4.0 * aside, 0.0, 1.0) * (1.0 - 0.6 * along)
        if self.veins:
            tone += self.veins * np.cos(across * (25.0 / self.widest))
        return along, tone, distance


def ring(disk: Disk, rng: np.random.Generator, shape: Ring, turn: float, number: int, place_up: float) -> None:
    """Paint one ring of petals, `place_up` from 0 (the outermost) to 1; each casts a shadow on what is below."""
    canvas, head = disk.canvas, disk.head
    petals = Petals(disk, rng, shape, turn, number, place_up)
    place = disk.within(shape.reach * 1.06)
    if place is None:
        return
    window, r, theta = place
    sectors = (theta - turn - shape.twist * r) * (1.0 / petals.sector)
    nearest = np.rint(sectors)
    own, aside = nearest.astype(np.int32), sectors - nearest
    lowest, *others = petals.neighbours
    along, tone, outside = petals.seen((own + lowest) % number, aside - lowest, r)
    cover = canvas.cover(outside, head.soft)
    for step in others:  # from below to above: every petal lies over the one before it
        at, light, distance = petals.seen((own + step) % number, aside - step, r)
        on_petal = canvas.cover(distance, head.soft)
        tone = tone * (1.0 - 0.32 * np.clip(1.0 + distance * (14.0 / head.radius), 0.0, 1.0))
        along = along + on_petal * (at - along)
        tone += on_petal * (light - tone)
        cover = np.maximum(cover, on_petal)
        outside = np.maximum(outside, distance)
    tone *= 0.72 + 0.34 * np.clip(1.6 * r, 0.0, 1.0)  # deep in the flower it is darker
    canvas.shade(window, outside, 0.16 * head.radius, 0.32 if place_up else 0.16)
    canvas.paint(window, cover, lookup(head.petal, along) * tone)


def heart_disc(disk: Disk, rng: np.random.Generator) -> None:
    """The button of a daisy: a dotted dome with a darker middle."""
    canvas, head = disk.canvas, disk.head
    reach = between(rng, 0.24, 0.34)
    place = disk.within(reach * 1.2)
    if place is None:
        return
    window, r, theta = place
    distance = (reach - r) * head.radius
    cells = np.cos(theta * 13.0 + r * 40.0) * np.cos(theta * 8.0 - r * 30.0)
    tone = 0.75 + 0.4 * np.clip(r * (1.3 / reach), 0.0, 1.0) - 0.15 * np.cos(theta - head.light + disk.slant + 3.14)
    tone += 0.3 * canvas.fade(head.radius * reach / 4.0) * cells
    canvas.shade(window, distance, 0.1 * head.radius, 0.35)
    canvas.paint(window, canvas.cover(distance, head.soft), head.heart * tone)


def heart_eye(disk: Disk, rng: np.random.Generator) -> None:
    """A small throat: a pale ring around a dark spot."""
    head = disk.head
    size = between(rng, 0.10, 0.17) * head.radius
    squash, slant, soft = disk.squash, disk.slant, head.soft
    disc(disk.canvas, head.x, head.y, size, head.heart, squash=squash, angle=slant, soft=soft, dome=0.3)
    disc(disk.canvas, head.x, head.y, size * 0.45, head.heart * 0.4, squash=squash, angle=slant, soft=soft)


def dots(disk: Disk, rng: np.random.Generator, number: int, reach: float, size: float, tint: np.ndarray) -> None:
    """A ring of stamens: threads with a grain of pollen at the end."""
    canvas, head = disk.canvas, disk.head
    turn, reaches = TAU * rng.random(), reach * (0.75 + 0.5 * rng.random(number, dtype=np.float32))
    place = disk.within((reach + size) * 1.3)
    if place is None:
        return
    window, r, theta = place
    sectors = (theta - turn) * (number / TAU)
    nearest = np.rint(sectors)
    at = np.take(reaches, nearest.astype(np.int32) % number)
    across = (sectors - nearest) * (TAU / number) * r
    away = r - at
    grain = size - np.sqrt(across * across + away * away)
    thread = np.minimum(0.25 * size - np.abs(across), -away)
    canvas.paint(window, 0.8 * canvas.cover(thread * head.radius, head.soft), tint * 0.75 + 0.2)
    canvas.shade(window, grain * head.radius, 0.04 * head.radius, 0.3)
    canvas.paint(window, canvas.cover(grain * head.radius, head.soft), tint)


def heart_stamens(disk: Disk, rng: np.random.Generator) -> None:
    """A tuft of stamens around a pale knob."""
    head = disk.head
    number = int(between(rng, 15, 24))
    dots(disk, rng, number, between(rng, 0.26, 0.33), 0.03, head.heart)
    dots(disk, rng, number - 4, between(rng, 0.16, 0.22), 0.03, head.heart * 1.1)
    tint = HEARTS["lime"] * between(rng, 0.7, 1.1)
    disc(disk.canvas, head.x, head.y, 0.1 * head.radius, tint, squash=disk.squash, angle=disk.slant, dome=0.4)


def heart_anthers(disk: Disk, rng: np.random.Generator) -> None:
    """The six long stamens of a lily."""
    head = disk.head
    dots(disk, rng, 6, between(rng, 0.42, 0.55), 0.06, head.heart)
    disc(disk.canvas, head.x, head.y, 0.07 * head.radius, HEARTS["lime"], dome=0.3)


def heart_cone(disk: Disk, rng: np.random.Generator) -> None:
    """The high bristly dome of a coneflower, standing up from drooping petals."""
    canvas, head = disk.canvas, disk.head
    size = head.radius * between(rng, 0.30, 0.38)
    rise = -size * between(rng, 0.2, 0.6) * (1.2 - disk.squash)
    up_x, up_y = math.cos(head.lean) * rise, math.sin(head.lean) * rise
    x, y = head.x + up_x, head.y + up_y
    reach = 1.3 * size
    window = canvas.window(x - reach, x + reach, y - reach, y + reach)
    if window is None:
        return
    dx, dy = canvas.offsets(window, x, y)
    distance = size - np.sqrt(dx * dx + (dy * 1.15) ** 2)
    depth = np.clip(distance * (1.5 / size), 0.0, 1.0)
    spikes = np.cos((dx + dy) * (17.0 / size)) * np.cos((dx - dy) * (17.0 / size))
    light = dx * math.cos(head.light) + dy * math.sin(head.light)
    tone = 0.55 + 0.6 * depth + (0.3 / size) * light
    tone += 0.35 * canvas.fade(size / 3.0) * spikes
    canvas.shade(window, distance, 0.25 * size, 0.45)
    canvas.paint(window, canvas.cover(distance + 0.05 * size * spikes, head.soft), head.heart * tone)


def heart_trumpet(disk: Disk, rng: np.random.Generator) -> None:
    """The corona of a daffodil: a frilled cup, dark inside, nodding a little to one side."""
    canvas, head = disk.canvas, disk.head
    reach, waves, turn = between(rng, 0.36, 0.48), int(between(rng, 8, 14)), TAU * rng.random()
    place = disk.within(reach * 1.25)
    if place is None:
        return
    window, r, theta = place
    rim = reach * (1.0 + 0.07 * np.cos(theta * waves + turn))
    distance = (rim - r) * head.radius
    depth = np.clip(r / reach, 0.0, 1.0)
    tone = 0.45 + 0.65 * depth * depth + 0.12 * depth * np.cos(theta + disk.slant - head.light - 3.14)
    tone += 0.07 * canvas.fade(head.radius * reach / 4.0) * np.cos(theta * (2 * waves))
    canvas.shade(window, distance, 0.16 * head.radius, 0.45)
    canvas.paint(window, canvas.cover(distance, head.soft), head.heart * tone)
    dots(disk, rng, 5, 0.1, 0.04, HEARTS["gold"])


HEART_FORMS = {
    "disc": heart_disc,
    "eye": heart_eye,
    "stamens": heart_stamens,
    "anthers": heart_anthers,
    "cone": heart_cone,
    "trumpet": heart_trumpet,
}


def rosette(canvas: Canvas, rng: np.random.Generator, head: Head) -> None:
    """Rings of petals around a heart."""
    species = head.species
    squash = between(rng, *species.tilt)
    slant = head.lean - 1.571 + between(rng, -0.3, 0.3) * (3.0 if squash > 0.8 else 1.0)
    disk = Disk(canvas, head, squash, slant)
    turn, number, last = TAU * rng.random(), 0, len(species.rings)
    for position, shape in enumerate(species.rings):
        fewest, most = shape.petals
        same = number if fewest <= number <= most else int(between(rng, fewest, most + 1))
        number = same
        ring(disk, rng, shape, turn, number, position / last)
        turn += TAU / number * between(rng, 0.42, 0.58)
    if species.heart:
        HEART_FORMS[species.heart](disk, rng)
