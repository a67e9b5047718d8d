"""Published results appear only where pictures and network are the same."""

import pytest

from tl.analysis.references import REFERENCES, published
from tl.backbones import BACKBONES
from tl.datasets import BUILT_IN
from tl.datasets.info import DatasetInfo

CIFAR10 = BUILT_IN["cifar10"]


def named(*classes: str) -> DatasetInfo:
    """A set brought as a zip."""
    sizes = {"train": 100, "validation": 10, "test": 10, "native_resolution": 32}
    return DatasetInfo(name="mine", title="mine", origin="upload", classes=classes, **sizes)


@pytest.mark.parametrize("reference", REFERENCES, ids=lambda entry: f"{entry.dataset}-{entry.backbone}")
def test_every_result_names_what_is_here_and_its_source(reference):
    assert reference.dataset in BUILT_IN and reference.backbone in BACKBONES
    assert 0.5 < reference.accuracy < 1
    assert reference.source and reference.url.startswith("https://")
    assert f"{100 * reference.accuracy:.1f} %" in reference.label


def test_the_same_pictures_and_network_have_their_results():
    assert [line.accuracy for line in published(CIFAR10, "mobilenet_v2")] == [0.957]
    assert [line.accuracy for line in published(CIFAR10, "resnet50")] == [0.968]
    (scratch,) = published(CIFAR10, "resnet18")
    assert (scratch.accuracy, scratch.pretrained) == (0.96, False)
    assert published(named(*(name.title() for name in CIFAR10.classes[::-1])), "mobilenet_v2"), "a zip of CIFAR-10"


def test_other_pictures_or_networks_have_none():
    assert published(CIFAR10, "vgg16") == ()
    assert published(named("rose", "tulip"), "mobilenet_v2") == ()
    assert published(named(*CIFAR10.classes[:-1]), "mobilenet_v2") == ()
    assert published(None, "mobilenet_v2") == ()
