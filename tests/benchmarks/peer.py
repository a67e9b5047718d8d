"""The peers as contestants: plain loop, fastai, Lightning; those that are not installed do not take part."""

import sys
from collections.abc import Collection
from pathlib import Path

from tests.benchmarks.contest import Contestant, peer_python, script
from tl import sources
from tl.store.home import Home

PLAIN, FASTAI, LIGHTNING = "plain loop", "fastai", "Lightning"
MODULES = {PLAIN: "plain", FASTAI: "fastai_pipeline", LIGHTNING: "lightning_finetuning"}
PACKAGES = {FASTAI: "fastai", LIGHTNING: "lightning"}


def peers(
    home: Home, folder: Path, batch_size: int, epochs: int, frozen: bool, names: Collection[str]
) -> list[Contestant]:
    """Those of `names` that are installed, on the photos in `folder` at 64 px, from the weights that come with TL Lab."""
    settings = {
        "folder": str(folder),
        "resolution": 64,
        "batch_size": batch_size,
        "epochs": epochs,
        "frozen": frozen,
        "weights": str(sources.source(home, "mobilenet_v2", "bundled").place),
        "learning_rate": 1e-3 if frozen else 1e-4,
    }
    pythons = {PLAIN: sys.executable} | {name: peer_python(package) for name, package in PACKAGES.items()}
    installed = {name: pythons[name] for name in names if pythons[name]}
    return [script(home, name, python, f"peers.{MODULES[name]}", **settings) for name, python in installed.items()]
