"""Starting points of a comparison, as data: a preset fills the form, everything can be changed after. No streamlit."""

from contextlib import suppress
from dataclasses import dataclass, replace

from tl import datasets
from tl.config import ArmConfig, Experiment, Refused
from tl.jobs.shortage import fitted
from tl.jobs.time_budget import within
from tl.languages import later
from tl.store.home import Home
from tl.ui.compose.best_networks import probe, probes

SCRATCH = ArmConfig(name="scratch", strategy="scratch")


@dataclass(frozen=True, kw_only=True)
class Preset:
    """What a click on its name fills in."""

    title: str  # on the button; this and the sentence are worded where they are shown
    icon: str  # Material symbol
    sentence: str  # what it is good for
    experiment: Experiment
    upload: bool = False  # wants the user's own pictures: the newest uploaded set, or the uploader
    lower: bool = False  # takes a lower resolution where memory, or the policy, does not allow its own
    seconds: float | None = None  # takes the highest resolution at which own pictures are compared in that time here
    probes: bool = False  # its arms are the networks that are here, the most promising for the pictures first

    def here(self, home: Home | None = None, dataset: str | None = None) -> Experiment:
        """What it fills in on this machine, for the pictures of `dataset`; without a home no more than is known anywhere."""
        found = fitted(self.experiment) if self.lower else self.experiment
        if home is None:
            return found
        if self.seconds and dataset and dataset not in datasets.BUILT_IN:
            with suppress(Refused):  # deleted, or damaged: said where it is chosen
                info = datasets.describe(home, dataset)
                sizes = {"train": info.train, "validation": info.validation, "test": info.test}
                found = within(home, found, sizes, self.seconds)
        if not self.probes:
            return found
        arms = probes(home, dataset or found.dataset, found.resolution)
        return fitted(replace(found, arms=arms)) if arms else found


PRESETS: dict[str, Preset] = {
    "quick_look": Preset(
        title=later("Quick look"),
        icon=":material/bolt:",
        sentence=later(
            "500 flowers drawn by the computer, a small network, weights that come with TL Lab, 3 seeds: "
            "about two minutes, no download."
        ),
        experiment=Experiment(
            dataset="blossoms",
            samples=500,
            backbone="resnet18_narrow",
            resolution=32,
            epochs=8,
            batch_size=12,  # 336 steps: with fewer than 300 a network from scratch had no fair chance, says the verdict
            patience=0,  # all use the whole minute: what a short run from scratch looks like early on says little
            seeds=(0, 1, 2),
            arms=(
                SCRATCH,
                # The usual 1e-4 is for larger networks with better weights: it ends at two thirds of what this reaches.
                ArmConfig(name="full_finetuning", strategy="full_finetuning", learning_rate=1e-3),
            ),
        ),
    ),
    "few_photos": Preset(
        title=later("Few photos"),
        icon=":material/add_photo_alternate:",
        sentence=later(
            "Your own pictures, as a zip with one folder per class; a few dozen per class are enough to begin. "
            "ImageNet weights, no download."
        ),
        experiment=Experiment(
            dataset="blossoms",
            backbone="efficientnet_lite0",
            weights="imagenet",
            resolution=128,
            epochs=7,  # 200 photos take a minute on 2 cores then
            arms=(
                SCRATCH,
                probe(),
            ),
        ),
        upload=True,
        lower=True,
        seconds=90,  # by an estimate, which is an upper bound: a minute, then
    ),
    "which_network": Preset(
        title=later("Which pretrained network?"),
        icon=":material/hub:",
        sentence=later(
            "Up to four pretrained networks that are on this computer, each as a linear probe on your own pictures at "
            "a resolution that suits it, 3 seeds: the best according to the hint below if it has looked at these "
            "pictures, otherwise by their published accuracy."
        ),
        experiment=Experiment(
            dataset="blossoms",
            backbone="efficientnet_lite0",
            weights="imagenet",
            resolution=128,
            epochs=15,
            seeds=(0, 1, 2),
            arms=(
                probe(backbone="efficientnet_lite0", weights="imagenet", resolution=128),
                probe(backbone="mobilenet_v2", weights="mobilenet_v2-tiny-imagenet-64", resolution=64),
            ),
        ),
        upload=True,
        lower=True,
        probes=True,
    ),
    "cifar10_mobilenet": Preset(
        title=later("MobileNetV2 on CIFAR-10"),
        icon=":material/school:",
        sentence=later(
            "The textbook recipe: head alone for 2 epochs, then everything; Adam at 1e-3, cut to a tenth every "
            "3 epochs, 5 epochs at 224 px with ImageNet weights."
        ),
        experiment=Experiment(
            dataset="cifar10",
            samples=2000,
            weights="imagenet",
            resolution=224,
            epochs=5,
            batch_size=32,
            schedule="step",
            step_epochs=3,
            step_factor=0.1,
            arms=(
                ArmConfig(name="scratch", strategy="scratch", learning_rate=1e-3),
                ArmConfig(
                    name="freeze_then_unfreeze",
                    strategy="freeze_then_unfreeze",
                    learning_rate=1e-3,
                    frozen_epochs=2,
                ),
            ),
        ),
    ),
    "resnet50_30_80": Preset(
        title=later("ResNet-50: 30 against 80 epochs"),
        icon=":material/timer:",
        sentence=later(
            "Is pretraining worth more than patience? Fine-tuning with 30 epochs against 80 from scratch, 5,000 "
            "CIFAR-10 pictures. Takes hours without a GPU."
        ),
        experiment=Experiment(
            dataset="cifar10",
            samples=5000,
            backbone="resnet50",
            weights="imagenet",
            resolution=64,
            epochs=80,
            arms=(
                ArmConfig(name="scratch", strategy="scratch", epochs=80),
                ArmConfig(name="full_finetuning", strategy="full_finetuning", epochs=30),
            ),
        ),
    ),
}
