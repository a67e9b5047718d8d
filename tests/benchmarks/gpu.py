"""On a GPU, in about ten minutes: training against the bare step, and CIFAR-10 whole, in time and accuracy."""

from dataclasses import replace

from tests.benchmarks.contest import contest, ours
from tests.benchmarks.limit import limit
from tests.benchmarks.pictures import archive
from tests.benchmarks.row import Row, Skipped
from tests.benchmarks.runs import new_run
from tests.benchmarks.scale import Scale
from tests.datasets.crafted import ingest
from tl.backbones import BACKBONES
from tl.config import Training
from tl.datasets import prepare
from tl.store.files import read_json
from tl.store.home import Home

NETWORKS = (  # backbone, strategy, resolution
    ("resnet18_cifar", "scratch", 32),
    ("resnet18", "scratch", 64),
    ("mobilenet_v2", "scratch", 64),
    ("mobilenet_v2", "full_finetuning", 64),
)
LIMITS = ("mobilenet_v2", "resnet50")  # against the bare step, at 64 and 224 px
DATASET, EPOCHS, BATCH_SIZE = "cifar10-photos", 15, 256


def gpu(home: Home, scale: Scale) -> list[Row]:
    """Training against the bare step, and CIFAR-10 whole: time and accuracy; skipped without a GPU."""
    if not scale.gpu:
        raise Skipped("there is no GPU")
    networks = tuple(network for network in scale.limits if network[0] in LIMITS)
    rows = limit(home, replace(scale, limits=networks, limit_turns=scale.gpu_turns))
    try:
        return [*rows, *cifar10(home, scale)]
    except Skipped as reason:
        return [*rows, Row(what="CIFAR-10 whole", measured=None, unit="", note=f"skipped: {reason}")]


def cifar10(home: Home, scale: Scale) -> list[Row]:
    """Computing time and test accuracy of 15 epochs on all training pictures."""
    if not (home.dataset_dir(DATASET) / "dataset.json").exists():
        ingest(home, archive("TL_CIFAR10_ZIP", "cifar10-images.zip"), DATASET)
    rows = []
    for backbone, strategy, resolution in NETWORKS:
        pictures = len(prepare(home, DATASET, resolution).pixels("train"))
        samples = scale.many_pictures if scale.many_pictures < pictures else None
        settings = Training(
            dataset=DATASET,
            samples=samples,
            backbone=backbone,
            resolution=resolution,
            epochs=EPOCHS,
            batch_size=BATCH_SIZE,
            schedule="one_cycle",
        )
        run = new_run(home, strategy, settings)
        contest([ours(strategy, run)])
        result, what = read_json(run.result), f"{BACKBONES[backbone].title}, {resolution} px, {strategy}"
        what += f", {EPOCHS} epochs of {samples or pictures:,} pictures"
        rows.append(Row(what=f"{what}, computing time", measured=result["elapsed_seconds"], unit="s"))
        rows.append(Row(what=f"{what}, test accuracy", measured=100 * result["test_accuracy"], unit="%"))
    return rows
