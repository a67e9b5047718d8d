"""Which pretrained networks are worth a try: those whose weights are here, the best by the hint, each as a linear probe.
No streamlit."""

from dataclasses import replace
from typing import Any

from tl import datasets, sources
from tl.backbones import BACKBONES
from tl.config import ArmConfig, Refused
from tl.differences import usual_name_of
from tl.languages import english
from tl.sources import Source
from tl.store.home import Home

MOST = 4  # networks
# A head alone takes many steps, which cost next to nothing: 200 photos have only 7 of them an epoch.
LEARNING_RATE, EPOCHS = 1e-2, 30


def probes(home: Home, dataset: str, resolution: int) -> tuple[ArmConfig, ...]:
    """An arm for each, the most promising first: by the hint where networks have been looked at for these pictures at
    `resolution`, the others after them by the accuracy that their publisher reports.

    Each at the resolution its weights were trained at, `resolution` at most.
    """
    here = [entry for backbone in BACKBONES for entry in sources.available(home, backbone) if entry.file]
    # Weights that have learned these very pictures know the answers.
    title = english(datasets.describe(home, dataset).title)
    here = [entry for entry in here if not (entry.state == "library" and english(entry.source_data) == title)]
    here = [entry for entry in here if BACKBONES[entry.backbone].min_resolution <= resolution]
    ranked = _by_hint(home, dataset, resolution)

    def promise(entry: Source) -> tuple[int, float]:
        key = (entry.backbone, entry.key)
        return ranked.index(key) if key in ranked else len(ranked), -(entry.accuracy or 0.0)

    return tuple(_of(entry, resolution) for entry in sorted(here, key=promise)[:MOST])


def _of(entry: Source, resolution: int) -> ArmConfig:
    side = max(BACKBONES[entry.backbone].min_resolution, min(resolution, entry.input.size // 16 * 16))
    return probe(backbone=entry.backbone, weights=entry.key, resolution=side)


def probe(**own: Any) -> ArmConfig:
    """A linear probe, of a network, weights and a resolution of its `own` where it has some, named after them."""
    arm = ArmConfig(name="linear_probe", strategy="linear_probe", learning_rate=LEARNING_RATE, epochs=EPOCHS, **own)
    return replace(arm, name=usual_name_of(arm))


def _by_hint(home: Home, dataset: str, resolution: int) -> list[tuple[str, str]]:
    """(network, weights) that were looked at, the best first; empty where none was."""
    from tl.analysis.forecasts import hints  # numpy, pandas: after what comes before is on its way to the browser

    try:
        if not datasets.describe(home, dataset).ready:
            return []
        return hints.ranking(home, hints.question(home, dataset, None, resolution))
    except Refused:
        return []
