"""Flower heads of the drawn data set: what they have in common, and those seen from the side (cups, bells, spikes)."""

import math
from dataclasses import dataclass

import numpy as np

from tl.datasets.blossoms.canvas import ALONG, STEPS, Canvas, blade, colour, disc, gradient, lookup, outline
from tl.datasets.blossoms.scenery import between, green, pick
from tl.datasets.blossoms.species import FAMILIES, HEARTS, Species

TAU = 6.2831855
BELL = np.interp(ALONG, [0, 0.08, 0.25, 0.6, 0.85, 1], [0, 0.4, 0.6, 0.66, 0.8, 1]).astype(np.float32)


@dataclass(frozen=True)
class Head:
    """One flower to draw: where, how large, in which colours."""

    species: Species
    x: float
    y: float
    radius: float  # in picture widths
    lean: float  # direction of the stem below the head, radians (pi / 2: straight down)
    soft: float  # width of the edges: out of focus
    light: float  # direction the light comes from, radians
    petal: np.ndarray  # (3, STEPS) colours from a petal's foot to its tip
    heart: np.ndarray  # (3, 1, 1)


def petal_colours(rng: np.random.Generator, species: Species) -> np.ndarray:
    """(3, STEPS) colours along a petal: one family, run through in one of four ways."""
    deep, plain, pale = (
        np.clip(tint * colour(between(rng, 0.9, 1.1), between(rng, 0.85, 1.15), between(rng, 0.85, 1.15)), 0.0, 1.05)
        for tint in FAMILIES[pick(rng, species.families)]
    )
    manner = int(rng.random() * 4)
    if manner == 0:
        return gradient((0.0, deep), (0.45, plain), (1.0, pale))
    if manner == 1:
        return gradient((0.0, pale), (0.4, plain), (1.0, plain * 0.8 + deep * 0.2))
    if manner == 2:
        return gradient((0.0, plain), (0.75, plain), (1.0, pale))
    other = FAMILIES[pick(rng, ("white", "cream", "yellow"))][1]
    return gradient((0.0, other), (between(rng, 0.1, 0.3), other), (between(rng, 0.4, 0.6), plain), (1.0, pale))


def new_head(rng: np.random.Generator, species: Species, x: float, y: float, radius: float, soft: float) -> Head:
    """A head with colours and a stance of its own."""
    petal = petal_colours(rng, species)
    heart = HEARTS[pick(rng, species.hearts)] * between(rng, 0.85, 1.15)
    if species.eye and rng.random() < 0.6:
        reach = species.eye * between(rng, 0.6, 1.3)
        tint = pick(rng, (petal[:, :1] * 0.4, petal[:, -1:] * 0.45, heart[:, 0], HEARTS["ivory"][:, 0]))
        share = np.clip((reach - ALONG) * 9.0 + 0.5, 0.0, 0.9).astype(np.float32)
        petal = petal + (tint - petal) * share
    lean = 1.571 + between(rng, -0.5, 0.5)
    return Head(species, x, y, radius, lean, soft, between(rng, -3.14, 3.14), petal, heart)


def cup(canvas: Canvas, rng: np.random.Generator, head: Head) -> None:
    """A tulip: petals standing up in a cup, the back ones seen between the front ones."""
    up = head.lean + 3.1416
    length = 1.75 * head.radius
    foot = (head.x + 0.8 * head.radius * math.cos(head.lean), head.y + 0.8 * head.radius * math.sin(head.lean))
    spread, plump = between(rng, 0.16, 0.46), between(rng, 0.24, 0.32)
    shape = outline(0.42, round(between(rng, 0.4, 0.75), 2))
    inner, outer = head.petal * 0.72, head.petal
    side_light = 0.25 * math.cos(head.light - up - 1.571)
    for offset, tall, wide, colours, curl in (
        (-0.5, 0.98, 0.8, inner, 0.1),
        (0.5, 1.0, 0.8, inner, -0.1),
        (-1.15, 0.97, 0.85, outer * 0.9, 0.26),
        (1.15, 0.97, 0.85, outer * 0.9, -0.26),
        (between(rng, -0.3, 0.3), 0.88, 0.92, outer, 0.0),
    ):
        blade(
            canvas, foot, up + offset * spread, length * tall * between(rng, 0.95, 1.04), length * plump * wide, shape,
            colours, bend=curl * between(rng, 0.7, 1.2), soft=head.soft, veins=0.015, roundness=0.3, light=side_light,
            shadow=0.15 if offset == -0.5 else 0.35,
        )  # fmt: skip


def bells(canvas: Canvas, rng: np.random.Generator, head: Head) -> None:
    """Nodding bells along an arching stalk."""
    side = 1.0 if rng.random() < 0.5 else -1.0
    number = int(between(rng, 2, 6))
    size = head.radius * (1.25 - 0.12 * number)
    up = head.lean + 3.1416
    stalk = gradient((0.0, green(rng)), (1.0, green(rng)))
    foot_x = head.x + head.radius * math.cos(head.lean)
    foot_y = head.y + head.radius * math.sin(head.lean)
    length, bend = 2.1 * head.radius, side * between(rng, 0.1, 0.35)
    width = 0.035 * head.radius + 0.002
    blade(canvas, (foot_x, foot_y), up, length, width, outline(0.02, 0.15), stalk, bend=bend, soft=head.soft)
    along_x, along_y = math.cos(up), math.sin(up)
    for step in range(number):
        at = 1.0 - 0.78 * step / number
        flank = side if step == 0 or rng.random() < 0.7 else -side
        x = foot_x + length * (at * along_x - bend * at * at * along_y)
        y = foot_y + length * (at * along_y + bend * at * at * along_x)
        out = 1.571 - flank * between(rng, 0.35, 0.8)
        hang = 1.571 - flank * between(rng, 0.0, 0.45)
        twig = 0.45 * size
        blade(canvas, (x, y), out, twig, width * 0.8, outline(0.02, 0.05), stalk, soft=head.soft)
        x, y = x + twig * math.cos(out), y + twig * math.sin(out)
        one_bell(canvas, rng, head, (x, y), hang, size * between(rng, 0.75, 1.05))


def one_bell(
    canvas: Canvas, rng: np.random.Generator, head: Head, top: tuple[float, float], hang: float, size: float
) -> None:
    """A bell of length `size` hanging from `top` in direction `hang`."""
    wide = size * between(rng, 0.42, 0.52)
    mouth_x, mouth_y = top[0] + size * 0.98 * math.cos(hang), top[1] + size * 0.98 * math.sin(hang)
    tint = head.petal[:, STEPS // 2, None, None] * 0.4
    clapper = (top[0] + size * 1.13 * math.cos(hang), top[1] + size * 1.13 * math.sin(hang))
    disc(canvas, mouth_x, mouth_y, wide, tint, squash=0.3, angle=hang - 1.571, soft=head.soft)
    disc(canvas, *clapper, 0.09 * size, head.heart, soft=head.soft)
    light = 0.3 * math.cos(head.light - hang - 1.571)
    blade(
        canvas, top, hang, size, wide, BELL, head.petal, soft=head.soft, veins=0.03, rib=0.1, roundness=0.35,
        light=light, shadow=0.3, lobes=0.1,
    )  # fmt: skip
    disc(canvas, *top, 0.16 * size, green(rng, 0.9), soft=head.soft, dome=0.3)


def spike(canvas: Canvas, rng: np.random.Generator, head: Head) -> None:
    """A tall spike of small blossoms around a stem, buds at its top."""
    up = head.lean + 3.1416
    along_x, along_y = math.cos(up), math.sin(up)
    foot_x, foot_y = head.x - 1.05 * head.radius * along_x, head.y - 1.05 * head.radius * along_y
    length, girth = 2.2 * head.radius, head.radius * between(rng, 0.24, 0.34)
    bend = between(rng, -0.12, 0.12)
    stalk = gradient((0.0, green(rng)), (1.0, green(rng, 1.2)))
    blade(
        canvas, (foot_x, foot_y), up, length, 0.04 * head.radius, outline(0.02, 0.4), stalk, bend=bend, soft=head.soft
    )
    number, petals, start = int(between(rng, 16, 26)), int(between(rng, 4, 7)), TAU * rng.random()
    places = []
    for step in range(number):
        at = step / number
        turn = start + 2.39996 * step
        aside = girth * (1.0 - 0.75 * at) * math.sin(turn)
        bow = bend * length * at * at
        x = foot_x + length * at * along_x - (aside + bow) * along_y
        y = foot_y + length * at * along_y + (aside + bow) * along_x
        places.append((math.cos(turn), x, y, girth * (0.62 - 0.40 * at), at))
    for depth, x, y, size, at in sorted(places):
        tone = 0.82 + 0.2 * depth
        if at > 0.86:
            disc(
                canvas,
                x,
                y,
                size * 0.6,
                head.petal[:, STEPS * 3 // 4, None, None] * tone * 0.9,
                soft=head.soft,
                dome=0.4,
            )
        else:
            floret(canvas, head, x, y, size * between(rng, 0.9, 1.15), petals, TAU * rng.random(), tone)


def floret(canvas: Canvas, head: Head, x: float, y: float, size: float, petals: int, turn: float, tone: float) -> None:
    """A small simple blossom, too small for separate petals."""
    reach = size + 0.5 * head.soft
    window = canvas.window(x - reach, x + reach, y - reach, y + reach)
    if window is None:
        return
    dx, dy = canvas.offsets(window, x, y)
    r = np.sqrt(dx * dx + dy * dy)
    waves = np.abs(np.cos((np.arctan2(dy, dx) + turn) * (0.5 * petals)))
    rim = size * (0.55 + 0.45 * waves)
    canvas.shade(window, rim - r, 0.35 * size, 0.3)
    colours = lookup(head.petal, r * (1.0 / size)) * (tone * (0.78 + 0.25 * waves))
    canvas.paint(window, canvas.cover(rim - r, head.soft), colours)
    canvas.paint(window, canvas.cover(0.24 * size - r, head.soft), head.heart)
