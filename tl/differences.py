"""How arms differ in what they transfer, in words: networks, sources and resolutions of a comparison. No files, no torch."""

import re
from collections.abc import Mapping
from typing import Any

from tl.arm_names import FROM_SCRATCH, own_in_words
from tl.backbones import BACKBONES
from tl.config import AUTO, TRANSFERRED, ArmConfig, Experiment, Training
from tl.config.training import IMAGENET
from tl.languages import later, listed, say
from tl.strategies import RANDOM, STRATEGIES

LONGEST_NAME = 56  # characters: what makes a name unique has room behind it
NOUNS = {  # what may differ
    "backbone": later("networks"),
    "weights": later("pretrained weights"),
    "resolution": later("resolutions"),
}
# A model is called NETWORK-PICTURES-SIDE unless somebody names it otherwise (`python -m tl pretrain`).
_MODEL = re.compile(r"([^-]+)-(.+)-[0-9]+")
_PICTURES = {IMAGENET: "ImageNet", "tiny-imagenet": "Tiny ImageNet"}  # not shown: names, the same in every language


def source_title(weights: str) -> str:
    """What pretrained weights were trained on, as far as their key tells; else the key."""
    named = _MODEL.fullmatch(weights)
    pictures = named[2] if named and named[1] in BACKBONES else weights
    return _PICTURES.get(pictures, pictures)


def _transferred(own: Mapping[str, Any]) -> list[str]:
    """What is there of TRANSFERRED, in English: names are made of it."""
    backbone, weights, resolution = (own.get(name) for name in TRANSFERRED)
    parts = [
        backbone and (BACKBONES[backbone].title if backbone in BACKBONES else backbone),
        weights and weights != AUTO and (FROM_SCRATCH if weights == RANDOM else source_title(weights)),
        resolution and f"{resolution} px",
    ]
    return [part for part in parts if part]


def transferred_words(own: Mapping[str, Any]) -> str:
    """What is there of TRANSFERRED: "EfficientNet-Lite0, ImageNet, 128 px", "from scratch"; "" for nothing."""
    return own_in_words(_transferred(own))


def own_words(arm: ArmConfig) -> str:
    """What an arm transfers that is its own, as `transferred_words`."""
    return transferred_words(vars(arm))


def usual_name(strategy: str, own: Mapping[str, Any]) -> str:
    """What an arm is called that nobody named: after its strategy (a key of STRATEGIES), and where it transfers something
    of its own (`own`, by TRANSFERRED) after that, too: "Linear probe, EfficientNet-Lite0, 128 px". In English, whoever
    reads: it is what the arm is called for ever, and `tl.arm_names.arm_title` words it."""
    words = ", ".join(_transferred(own))
    return f"{STRATEGIES[strategy].title}, {words}"[:LONGEST_NAME].rstrip(", ") if words else strategy


def usual_name_of(arm: ArmConfig) -> str:
    """`usual_name` of an arm, whatever it is called."""
    return usual_name(arm.strategy, vars(arm))


def each_of(experiment: Experiment) -> list[Training]:
    """What its arms are trained with, by position."""
    return [experiment.of(arm) for arm in experiment.arms]


def networks(experiment: Experiment) -> str:
    """ "MobileNetV2", or where arms differ "MobileNetV2 and EfficientNet-Lite0"; as titles of pages and reports have it."""
    return listed(dict.fromkeys(BACKBONES[own.backbone].title for own in each_of(experiment)))


def sides(experiment: Experiment) -> str:
    """ "64 px", or where arms differ "64 and 128 px"."""
    each = dict.fromkeys(own.resolution for own in each_of(experiment))
    return say("{sides} px", sides=listed(each))
