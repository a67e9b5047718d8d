"""Pictures on the GPU as the store has them, where they fit: then nothing but the numbers of their rows goes there."""

import numpy as np
import torch

SHARE = 0.25  # of the GPU's free memory, at most: the rest is the network's
AT_ONCE = 64 << 20  # bytes, copied


class Resident:
    """(N, R, R, 3) uint8 pixels that are indexed by rows like an array, and give tensors on `device`."""

    def __init__(self, pixels: np.ndarray, device: torch.device):
        self._pixels = pixels
        self.shape = pixels.shape
        self._kept: torch.Tensor | None = torch.empty(pixels.shape, dtype=torch.uint8, device=device)
        step = max(1, AT_ONCE // max(1, pixels[:1].nbytes))
        for start in range(0, len(pixels), step):
            self._kept[start : start + step] = torch.from_numpy(np.array(pixels[start : start + step]))

    def __len__(self) -> int:
        return len(self._pixels)

    def __getitem__(self, rows: np.ndarray | slice) -> torch.Tensor | np.ndarray:
        """The pictures of some rows; from the store where they had to give way."""
        if self._kept is None:
            return self._pixels[rows]
        return self._kept[rows if isinstance(rows, slice) else sent(rows, self._kept.device)]

    def release(self) -> bool:
        """Give the memory back, in which the network has no room; False where that was done before."""
        kept, self._kept = self._kept, None
        return kept is not None


def resident(pixels: np.ndarray, device: torch.device) -> np.ndarray | Resident:
    """The pictures on the GPU where `device` is one and has room for them, else as they are."""
    if device.type != "cuda" or pixels.nbytes > SHARE * torch.cuda.mem_get_info(device)[0]:
        return pixels
    return Resident(pixels, device)


def sent(values: np.ndarray, device: torch.device) -> torch.Tensor:
    """`values` as a tensor on `device`; nobody waits until a GPU has them."""
    tensor = torch.from_numpy(values)
    if device.type == "cuda":
        tensor = tensor.pin_memory()  # only from there the copy need not be waited for
    return tensor.to(device, non_blocking=True)
