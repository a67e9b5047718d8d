"""The second domain of the drawn data set: the same species at dusk, seen by another camera. Needs numpy alone.

Other scenes than those of `blossoms`, painted in the same way; then little light and hardly any colour, a blue cast, dark
corners, and a sensor that makes noise of what it lacks. A picture depends on (seed, split, index) and nothing else.
"""

import numpy as np
from numpy.typing import NDArray

from tl.datasets import blossoms

OTHER_SCENES = 7_041  # added to the seed: no scene is in both domains
GAMMA = 2.2  # of a display: pixel values to light and back
SEEN_BY_RODS = np.array(
    [0.08, 0.42, 0.50], np.float32
)  # what red, green and blue weigh in little light (Purkinje shift)
CAST = np.array([0.62, 0.84, 1.30], np.float32)  # the light of a sky whose sun has set
Pictures = NDArray[np.uint8]


def draw(indices: NDArray[np.int64], resolution: int, split: str = "train", seed: int = 0) -> Pictures:
    """(n, R, R, 3) uint8 pictures with these numbers; labels and errors are those of `blossoms`."""
    scenes = blossoms.draw(indices, resolution, split, seed + OTHER_SCENES)
    for row, index in enumerate(np.asarray(indices).tolist()):
        rng = np.random.default_rng((seed + OTHER_SCENES, blossoms.SPLITS.index(split), index, 1))
        scenes[row] = at_dusk(rng, scenes[row])
    return scenes


def at_dusk(rng: np.random.Generator, picture: Pictures) -> Pictures:
    """One picture, (R, R, 3) uint8 by day, as the other camera sees it at dusk."""
    light = (picture.astype(np.float32) / 255) ** GAMMA
    grey = (light @ SEEN_BY_RODS)[..., None]
    light = (grey + float(rng.uniform(0.05, 0.3)) * (light - grey)) * CAST
    away = np.linspace(-1, 1, len(picture), dtype=np.float32) ** 2
    corners = 1 - float(rng.uniform(0.25, 0.45)) * (away[:, None] + away[None])[..., None]
    light *= corners * float(rng.uniform(0.2, 0.5))
    photons = float(rng.uniform(120, 400))  # that white would send to a pixel: few make grain
    grain = rng.standard_normal(light.shape, dtype=np.float32)
    light += grain * np.sqrt(np.clip(light, 0, None) / photons + 1e-5)
    return (np.clip(light, 0, 1) ** (1 / GAMMA) * 255 + 0.5).astype(np.uint8)
