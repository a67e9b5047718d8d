"""Pictures as they may come another day: out of focus, grainy, compressed, underexposed.

Strengths follow what ImageNet-C calls mild to severe (Hendrycks and Dietterich 2019, arXiv 1903.12261).
"""

import io
from collections.abc import Callable

import numpy as np
import torch
from PIL import Image
from torchvision.transforms.v2 import functional

SEED = 20_260_101  # of the noise: always the same
BLUR = (0.01, 0.02, 0.04)  # standard deviation, as a part of the picture's side
NOISE = (0.05, 0.10, 0.20)  # standard deviation of each value, of 1 from black to white
QUALITY = (25, 12, 6)  # of a JPEG, 1 to 100
BRIGHTNESS = (0.7, 0.5, 0.3)  # factor of each value


def _blur(batch: torch.Tensor, strength: int, _place: int) -> torch.Tensor:
    sigma = BLUR[strength] * batch.shape[-1]
    kernel = 2 * max(1, round(3 * sigma)) + 1
    kernel = min(kernel, 2 * (batch.shape[-1] // 2) - 1)  # no wider than the picture, and odd
    blurred: torch.Tensor = functional.gaussian_blur_image(batch, [kernel, kernel], [sigma, sigma])
    return blurred


def _noise(batch: torch.Tensor, strength: int, place: int) -> torch.Tensor:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED + 1_000 * place + strength)
        noisy: torch.Tensor = functional.gaussian_noise_image(batch, 0.0, NOISE[strength])
        return noisy


def _jpeg(batch: torch.Tensor, strength: int, _place: int) -> torch.Tensor:
    """By Pillow: torchvision gives up its own way (its release 0.29 warns)."""
    found = [_through_jpeg(picture, QUALITY[strength]) for picture in batch.permute(0, 2, 3, 1).numpy()]
    return torch.from_numpy(np.stack(found)).permute(0, 3, 1, 2)


def _through_jpeg(picture: np.ndarray, quality: int) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality)
    return np.array(Image.open(file).convert("RGB"))


def _brightness(batch: torch.Tensor, strength: int, _place: int) -> torch.Tensor:
    darker: torch.Tensor = functional.adjust_brightness_image(batch, BRIGHTNESS[strength])
    return darker


SHIFT: dict[str, Callable[[torch.Tensor, int, int], torch.Tensor]] = {
    "blur": _blur,
    "noise": _noise,
    "jpeg": _jpeg,
    "brightness": _brightness,
}


def shifted(pixels: np.ndarray, kind: str, strength: int, place: int) -> np.ndarray:
    """(N, S, S, 3) uint8 -> the same pictures shifted; `strength` 1 to 3; `place`: which part of all pictures they are,
    so that the noise of each part is its own and the same for every network."""
    batch = torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2)
    return SHIFT[kind](batch, strength - 1, place).permute(0, 2, 3, 1).contiguous().numpy()
