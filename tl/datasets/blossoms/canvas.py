"""Brushes of the drawn data set: a float picture and the few shapes everything in it is made of.

Scene units: the picture is the unit square, x to the right, y down, whatever its resolution. Edges are signed
distances turned into coverage, so a shape costs a handful of numpy operations over its own window.
"""

import math
from functools import lru_cache

import numpy as np

STEPS = 384  # entries of the tables of outlines and colours
ALONG = np.linspace(0.0, 1.0, STEPS)  # the places they are for, from foot to tip


class Canvas:
    """A picture being painted: `image` (3, R, R) float32, 0 to 1, and the coordinates of its pixels."""

    def __init__(self, resolution: int):
        self.resolution = resolution
        self.pixel = 1.0 / resolution
        self.image = np.empty((3, resolution, resolution), np.float32)
        self.axis = (np.arange(resolution, dtype=np.float32) + 0.5) / resolution

    def window(self, left: float, right: float, top: float, bottom: float) -> tuple[slice, slice] | None:
        """Rows and columns of the pixels inside the rectangle; None when it lies outside the picture."""
        side = self.resolution
        first_row, last_row = max(int(top * side) - 1, 0), min(int(bottom * side) + 2, side)
        first_column, last_column = max(int(left * side) - 1, 0), min(int(right * side) + 2, side)
        if first_row >= last_row or first_column >= last_column:
            return None
        return slice(first_row, last_row), slice(first_column, last_column)

    def offsets(self, window: tuple[slice, slice], x: float, y: float) -> tuple[np.ndarray, np.ndarray]:
        """Coordinates of a window's pixels relative to (x, y): (1, w) and (h, 1)."""
        return self.axis[window[1]] - x, (self.axis[window[0]] - y)[:, None]

    def cover(self, distance: np.ndarray, soft: float = 0.0) -> np.ndarray:
        """Coverage 0 to 1 from signed distances (positive inside); `soft` widens the edge: out of focus."""
        return np.clip(distance * (1.0 / (self.pixel + soft)) + 0.5, 0.0, 1.0)

    def paint(self, window: tuple[slice, slice], cover: np.ndarray, colour: np.ndarray) -> None:
        """Lay `colour` (3, 1, 1) or (3, h, w) over a window where `cover` (h, w) says so."""
        region = self.image[:, window[0], window[1]]
        region += cover * (colour - region)

    def shade(self, window: tuple[slice, slice], distance: np.ndarray, reach: float, strength: float) -> None:
        """Darken around a shape: a soft contact shadow that fades over `reach`."""
        fall = np.clip(1.0 + distance * (1.0 / reach), 0.0, 1.0)
        self.image[:, window[0], window[1]] *= 1.0 - strength * fall

    def fade(self, period: float) -> float:
        """How much of a pattern with this period the pixels can carry, 0 to 1: keeps fine lines from aliasing."""
        return min(max(period / self.pixel * 0.5 - 1.0, 0.0), 1.0)


def colour(red: float, green: float, blue: float) -> np.ndarray:
    """(3, 1, 1) float32."""
    return np.array([[[red]], [[green]], [[blue]]], np.float32)


def gradient(*stops: tuple[float, np.ndarray]) -> np.ndarray:
    """(3, STEPS) table of colours from (place 0 to 1, colour (3, 1, 1)) in rising order."""
    places = [place for place, _ in stops]
    return np.stack(
        [np.interp(ALONG, places, [stop[channel, 0, 0] for _, stop in stops]) for channel in range(3)]
    ).astype(np.float32)


@lru_cache(maxsize=512)
def outline(base: float, tip: float, teeth: int = 0, depth: float = 0.0) -> np.ndarray:
    """(STEPS,) half-width along a petal or leaf, at most 1: ~t^base at its foot, ~(1-t)^tip at its end.

    `teeth` notches of the given depth along the edge make it serrated or lobed.
    """
    width = ALONG**base * (1.0 - ALONG) ** tip
    width /= width.max()
    if teeth:
        width *= 1.0 - depth * np.abs(2.0 * (ALONG * teeth % 1.0) - 1.0)
    return width.astype(np.float32)


def lookup(table: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Entries of a (..., STEPS) table at places 0 to 1 (clipped)."""
    return np.take(table, (at * (STEPS - 1) + 0.5).astype(np.int32), axis=-1, mode="clip")


def blade(
    canvas: Canvas,
    foot: tuple[float, float],
    angle: float,
    length: float,
    width: float,
    shape: np.ndarray,
    colours: np.ndarray,
    *,
    bend: float = 0.0,
    soft: float = 0.0,
    rib: float = 0.0,
    veins: float = 0.0,
    roundness: float = 0.25,
    light: float = 0.1,
    shadow: float = 0.0,
    lobes: float = 0.0,
) -> None:
    """Paint a leaf, a blade of grass, a stem or a petal seen alone.

    It grows from `foot` in direction `angle` (radians, 0 to the right, rising clockwise), `length` long and
    `width` to either side where the (STEPS,) `shape` is 1, curved by `bend`; `colours` run from foot to tip. `rib`
    and `veins` are the strength of its markings, `lobes` waves its end.
    """
    along_x, along_y = math.cos(angle), math.sin(angle)
    end_x, end_y = foot[0] + length * along_x, foot[1] + length * along_y
    curve_x, curve_y = -along_y * bend * length, along_x * bend * length
    reach = width + 0.5 * soft + (0.3 * length * lobes)
    window = canvas.window(
        min(foot[0], end_x, end_x + curve_x) - reach,
        max(foot[0], end_x, end_x + curve_x) + reach,
        min(foot[1], end_y, end_y + curve_y) - reach,
        max(foot[1], end_y, end_y + curve_y) + reach,
    )
    if window is None:
        return
    x, y = canvas.offsets(window, *foot)
    at = (x * along_x + y * along_y) * (1.0 / length)
    across = y * along_x - x * along_y - (bend * length) * at * at
    half = lookup(shape, at) * width
    side = across / (half + 1e-4)
    aside = np.abs(across)
    end = 1.0 - at if not lobes else 1.0 + lobes * np.cos(7.85 * np.clip(side, -1.2, 1.2)) - at
    distance = np.minimum(half - aside, np.minimum(at, end) * length)
    cover = canvas.cover(distance, soft)
    if shadow:
        canvas.shade(window, distance, 0.25 * width + 0.015, shadow)
    side = np.clip(side, -1.0, 1.0)
    tone = 1.0 + light * side - roundness * side * side
    if rib:
        tone += rib * np.clip(1.0 - aside * (1.0 / (0.1 * width + 0.7 * canvas.pixel)), 0.0, 1.0)
    veins *= canvas.fade(length / 9.0) if veins else 0.0
    if veins:
        tone += veins * np.sin((at - 0.35 * aside * (1.0 / width)) * 56.0)
    canvas.paint(window, cover, lookup(colours, at) * tone)


def disc(
    canvas: Canvas,
    x: float,
    y: float,
    radius: float,
    tint: np.ndarray,
    *,
    squash: float = 1.0,
    angle: float = 0.0,
    soft: float = 0.0,
    dome: float = 0.0,
    strength: float = 1.0,
) -> None:
    """Paint an ellipse with half-axes `radius` and `radius` * `squash`; `dome` lights it like a ball."""
    reach = radius + 0.5 * soft
    window = canvas.window(x - reach, x + reach, y - reach, y + reach)
    if window is None:
        return
    dx, dy = canvas.offsets(window, x, y)
    if squash != 1.0:
        along_x, along_y = math.cos(angle), math.sin(angle)
        dx, dy = dx * along_x + dy * along_y, (dy * along_x - dx * along_y) * (1.0 / squash)
    distance = radius - np.sqrt(dx * dx + dy * dy)
    cover = canvas.cover(distance * (0.5 + 0.5 * squash), soft) * strength
    if dome:
        tint = tint * (1.0 + dome * (np.clip(distance * (1.6 / radius), 0.0, 1.0) - 0.6) - (0.25 * dome / radius) * dy)
    canvas.paint(window, cover, tint)


@lru_cache(maxsize=64)
def _weave(resolution: int, cells: int) -> np.ndarray:
    """(R, cells) cubic B-spline weights that stretch a lattice of `cells` values smoothly over R pixels."""
    at = (np.arange(resolution) + 0.5) / resolution * (cells - 1)
    away = np.abs(at[:, None] - np.arange(cells))
    weights: np.ndarray = np.where(away < 1, 2 / 3 - away**2 + away**3 / 2, np.clip(2 - away, 0, None) ** 3 / 6)
    shares: np.ndarray = weights / weights.sum(1, keepdims=True)
    return shares.astype(np.float32)


def noise(canvas: Canvas, rng: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    """(R, R) smooth random field, about -1 to 1, of `rows` x `columns` lumps."""
    lattice = rng.random((rows, columns), dtype=np.float32) * 3.4 - 1.7
    field: np.ndarray = _weave(canvas.resolution, rows) @ lattice @ _weave(canvas.resolution, columns).T
    return field


@lru_cache(maxsize=128)
def _smear(resolution: int, level: int) -> np.ndarray:
    sigma = np.hypot(0.38, level * 0.0011 * resolution)  # a lens always blurs a little: that hides jagged edges
    at = np.arange(resolution)
    weights: np.ndarray = np.exp(-0.5 * ((at[:, None] - at) / sigma) ** 2)
    shares: np.ndarray = weights / weights.sum(1, keepdims=True)
    return shares.astype(np.float32)


def blur(canvas: Canvas, across: int, down: int) -> None:
    """Blur the picture; the levels 0, 1, 2 ... are steps of 0.11 % of its width."""
    canvas.image = _smear(canvas.resolution, down) @ canvas.image @ _smear(canvas.resolution, across).T
