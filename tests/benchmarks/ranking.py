"""Does the hint rank pretrained weights as linear probes then do? Kendall's tau on three sets of photographs.

To the weights that need no download come two of the home's own, learned on drawings. Everything goes through the
commands that people use: `hints` first, then one comparison with a probe of each candidate.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import mean
from typing import Any

from tests.benchmarks.pictures import ROOT, archive, flowers_zip
from tests.benchmarks.row import Row
from tests.benchmarks.scale import Scale
from tl.analysis.forecasts.hint_record import signs
from tl.store.home import Home

RESOLUTION = 96  # pixels: what one set of features at is compared with
PROBE = "learning_rate=1e-2:epochs=30"
OWN = (  # strategy, network of what is learned on drawings first
    ("full_finetuning:learning_rate=3e-4", "mobilenet_v2"),
    ("scratch", "resnet18_narrow"),
)


def ranking(home: Home, scale: Scale) -> list[Row]:
    """How well the hint's order of all weights that are here agrees with that of their linear probes, on three sets."""
    pacs, drawings = (archive(f"TL_PACS_{name.upper()}_ZIP", f"pacs-{name}.zip") for name in ("photo", "cartoon"))
    cifar10 = archive("TL_CIFAR10_ZIP", "cifar10-images.zip")
    _own_weights(home, drawings, scale)
    rows = []
    for name, path in (("flowers", flowers_zip()), ("pacs", pacs), ("cifar10", cifar10)):
        dataset = _ingested(home, path, f"ranking-{name}")
        rows.append(_agreement(home, name, dataset, scale))
    return rows


def _agreement(home: Home, name: str, dataset: str, scale: Scale) -> Row:
    about = ["--dataset", dataset, "--samples", str(scale.ranked_pictures), "--resolution", str(RESOLUTION)]
    candidates = _tl(home, "hints", *about)["candidates"]
    arms = {
        place: f"linear_probe:backbone={each['backbone']}:weights={each['weights']}:{PROBE}:name=place{place}"
        for place, each in enumerate(candidates)
    }
    seeds = ["--seeds", str(scale.seeds), "--patience", "0"]
    found = _tl(home, "compare", *about, *seeds, "--arms", ",".join(arms.values()))["arms"]
    accuracies = [mean(run["test_accuracy"] for run in found[f"place{place}"]["runs"]) for place in arms]
    words = [f"{each['title']} {value:.1%}" for each, value in zip(candidates, accuracies, strict=True)]
    what = f"{name}, {len(arms)} sources: LogME and probe agree"
    found_signs = signs([(each["logme"], value) for each, value in zip(candidates, accuracies, strict=True)])
    return Row(what=what, measured=mean(found_signs), unit="tau", note="as the hint ranks: " + ", ".join(words))


def _own_weights(home: Home, drawings: Path, scale: Scale) -> None:
    """Put what both of OWN learned into the home's library, where it is not yet."""
    kept = {entry["name"] for entry in _tl(home, "library")["library"]}
    for arm, backbone in OWN:
        if (name := f"drawings-{backbone}") in kept:
            continue
        dataset = _ingested(home, drawings, "ranking-drawings")
        about = ["--dataset", dataset, "--backbone", backbone, "--resolution", "64", "--epochs", str(scale.own_epochs)]
        (learned,) = _tl(home, "compare", *about, "--arms", f"{arm}:name=own", "--patience", "0")["arms"]["own"]["runs"]
        _tl(home, "library", "--keep", learned["run_id"], "--name", name)


def _ingested(home: Home, path: Path, name: str) -> str:
    if not (home.dataset_dir(name) / "dataset.json").exists():
        _tl(home, "ingest", str(path), "--name", name)
    return name


def _tl(home: Home, *command: str) -> dict[str, Any]:
    """What `python -m tl COMMAND --json` answers. Raises RuntimeError where it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "tl", *command, "--json"],
        cwd=ROOT,
        env=os.environ | {"TL_HOME": str(home.path)},
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed\n{done.stderr.decode()[-2000:]}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
