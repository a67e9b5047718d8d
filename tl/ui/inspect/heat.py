"""A picture with where a network looks laid over it, and what there is to say about that. No streamlit."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tl.languages import joined, later, say
from tl.store.saliency import GRAD_CAM, Saliency

SIDE = 320  # pixels that are shown
DIMMED = 0.45  # brightness of what a network does not look at
STRONGEST = 0.55  # of the colour over what it looks at most
COLOURS = np.array([[59, 28, 140], [200, 45, 120], [250, 140, 40], [252, 245, 130]], np.float32)  # from little to much
EXPLAINED = later(
    "Bright: what speaks for the answer, compared with the rest of the same picture; dark: what does not, or speaks against "
    "it. The places are coarse: {places} of them, as many as the network still tells apart in its {stage}. It is a hint, "
    "not a reason: two arms may look at the same place and see different things."
)
GRAD_CAM_METHOD = later("Grad-CAM (Selvaraju et al. 2017, arXiv 1610.02391).")
OTHER_METHOD = later("Gradient times token, summed over channels: what Grad-CAM is for networks that work with tokens.")


def overlay(pixels: NDArray[np.uint8], heat: Sequence[Sequence[float]]) -> NDArray[np.uint8]:
    """(S, S, 3) and rows of shares 0..1 -> (SIDE, SIDE, 3): dimmed and grey where it is 0, coloured where it is 1."""
    picture = np.asarray(enlarged(pixels), np.float32)
    spread = Image.fromarray(np.array(heat, np.float32)).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    share = np.clip(np.asarray(spread), 0, 1)[..., None]
    grey = picture.mean(-1, keepdims=True) * DIMMED
    shown = grey * (1 - share) + picture * share
    colour = STRONGEST * share
    return np.asarray(np.clip(shown * (1 - colour) + _colours(share[..., 0]) * colour, 0, 255).astype(np.uint8))


def enlarged(pixels: NDArray[np.uint8]) -> Image.Image:
    """A picture in the size in which pictures are shown."""
    return Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BICUBIC)


def explanation(look: Saliency) -> str:
    """How the heat was found and how to read it; "" where there is none."""
    if look.heat is None:
        return ""
    rows = len(look.heat)
    read = say(EXPLAINED, places=f"{rows} × {len(look.heat[0])}", stage=_stage(look.stage))
    return joined([say(GRAD_CAM_METHOD if look.method == GRAD_CAM else OTHER_METHOD), read])


def _stage(name: str | None) -> str:
    """ "stage3" -> "stage 3"; None: the last one."""
    if not name:
        return say("last stage")
    if number := re.fullmatch(r"stage(\d+)", name):
        return say("stage {number}", number=number[1])
    return re.sub(r"(?<=[a-z])(?=\d)", " ", name)


def _colours(share: NDArray[np.float32]) -> NDArray[np.float32]:
    place = share * (len(COLOURS) - 1)
    low = np.minimum(place.astype(np.int64), len(COLOURS) - 2)
    part = (place - low)[..., None]
    return np.asarray(COLOURS[low] * (1 - part) + COLOURS[low + 1] * part)
