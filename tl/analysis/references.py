"""Published results on the same pictures with the same network: what a comparison here can be held against."""

from dataclasses import dataclass

from tl.datasets import BUILT_IN
from tl.datasets.info import DatasetInfo
from tl.languages import later, say
from tl.words import percent


@dataclass(frozen=True, kw_only=True)
class Reference:
    """One published test accuracy, learned on the whole training set."""

    dataset: str  # key of BUILT_IN
    backbone: str  # key of BACKBONES
    pretrained: bool  # fine-tuned from ImageNet weights, else trained from scratch
    accuracy: float  # 0..1, on the official test set
    source: str  # where it is published, marked for the catalogues
    url: str

    @property
    def label(self) -> str:
        """What stands beside its line."""
        if self.pretrained:
            published = later("published: fine-tuned from ImageNet, whole training set, {accuracy}")
        else:
            published = later("published: from scratch, whole training set, {accuracy}")
        return say(published, accuracy=percent(self.accuracy))


_SELECTION = {
    "source": later("Transfer Learning Library (TLlib), model selection benchmark: test accuracy after fine-tuning"),
    "url": "https://github.com/thuml/Transfer-Learning-Library/tree/master/examples/model_selection",
}
_ADAPTATION = {
    "source": later(
        "Transfer Learning Library (TLlib), task adaptation benchmark: plain fine-tuning, mean of the classes"
    ),
    "url": "https://github.com/thuml/Transfer-Learning-Library/tree/master/examples/task_adaptation/image_classification",
}
_AIRBENCH = {
    "source": later("Keller Jordan, cifar10-airbench: a standard ResNet-18 (made for 32 px, unlike torchvision's)"),
    "url": "https://github.com/KellerJordan/cifar10-airbench",
}

REFERENCES: tuple[Reference, ...] = (
    Reference(dataset="cifar10", backbone="mobilenet_v2", pretrained=True, accuracy=0.957, **_SELECTION),
    Reference(dataset="cifar10", backbone="resnet50", pretrained=True, accuracy=0.968, **_SELECTION),
    Reference(dataset="cifar10", backbone="densenet121", pretrained=True, accuracy=0.972, **_SELECTION),
    Reference(dataset="cifar10", backbone="resnet18", pretrained=False, accuracy=0.96, **_AIRBENCH),
    Reference(dataset="flowers102", backbone="resnet50", pretrained=True, accuracy=0.930, **_ADAPTATION),
)


def published(info: DatasetInfo | None, backbone: str) -> tuple[Reference, ...]:
    """What is published for this network on these pictures; a set brought as a zip is known by its classes' names."""
    if info is None:
        return ()
    names = {name.lower() for name in info.classes}
    return tuple(
        reference
        for reference in REFERENCES
        if reference.backbone == backbone and {name.lower() for name in BUILT_IN[reference.dataset].classes} == names
    )
