"""What is known of a network as data: its stages, its head, the weights there are and the input they expect. No torch."""

import re
from dataclasses import dataclass
from functools import reduce
from typing import Annotated

from msgspec import Meta

from tl.languages import later, say

LICENCE = later("BSD-3-Clause (torchvision); trained on ImageNet-1k, whose pictures are for research use")
IMAGENET_1K = later("ImageNet-1k, 1.28 million photos in 1,000 classes")
UNKNOWN_PICTURES = later("unknown pictures")
PICTURES_OF_A_FILE = later("pictures that {file} does not name")
# What weights were trained on, as cards and tables have it in English, where that is more than a name.
PICTURES = (
    IMAGENET_1K,
    UNKNOWN_PICTURES,
    later("pictures that its model card names"),
    PICTURES_OF_A_FILE,
    later("OpenAI's 400 million pictures with texts"),
    later("MetaCLIP's pictures with texts"),
    later("a billion Instagram pictures"),
    later("SAT-493M, pictures from satellites"),
    later("Tiny ImageNet, 202 classes at {side} px (ImageNet, Stanford CS231n)"),
)
THEN = ", then "  # not shown: between two sets of pictures that the table names
Positive = Annotated[float, Meta(gt=0, le=10)]


@dataclass(frozen=True, kw_only=True)
class Input:
    """What weights expect of a picture: values 0..1 less `mean`, divided by `std`, per channel (R, G, B)."""

    mean: tuple[float, float, float]
    std: tuple[Positive, Positive, Positive]
    size: int  # side of the pictures they were trained on, pixels
    interpolation: str  # by which those pictures were made smaller


IMAGENET_INPUT = Input(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225), size=224, interpolation="bilinear")


@dataclass(frozen=True, kw_only=True)
class ImageNetWeights:
    """Weights that torchvision publishes; the file's name carries a part of its hash."""

    url: str
    accuracy: float  # top-1 on ImageNet-1k validation at 224 px, fraction 0..1, as torchvision reports it
    size_mb: float  # download, 2**20 bytes
    licence: str = LICENCE
    source_data: str = IMAGENET_1K  # in English, as everywhere: `pictures_in_words` says it
    input: Input = IMAGENET_INPUT

    @property
    def file_name(self) -> str:
        """Name in torch's cache folder."""
        return self.url.rsplit("/", 1)[1]

    @property
    def sha256(self) -> str:
        """First hex digits of the file's SHA-256: more is not known."""
        return self.file_name.removesuffix(".pth").rsplit("-", 1)[1]


@dataclass(frozen=True, kw_only=True)
class PackagedWeights:
    """Weights that a package from the package index carries, a pickle: its whole hash decides whether it is opened."""

    package: str  # as pip knows it
    file: str  # in the folder of site packages
    sha256: str
    accuracy: float  # top-1 on ImageNet-1k validation at `input.size`, fraction 0..1, as its publisher reports it
    size_mb: float  # of the file, 2**20 bytes
    input: Input
    licence: str
    source_data: str = IMAGENET_1K


@dataclass(frozen=True, kw_only=True)
class HubWeights:
    """Weights that a model hub holds as safetensors; the hub says what their hash is."""

    key: str  # what timm calls them: the tag behind the network's name
    repository: str  # OWNER/NAME on the hub
    file: str  # in the repository
    licence: str | None  # its identifier on the hub; None: not stated
    source_data: str
    accuracy: float | None  # top-1 on ImageNet-1k validation, fraction 0..1, as timm reports it; None: it does not
    classes: int  # of their head; 0: they have none
    input: Input


@dataclass(frozen=True, kw_only=True)
class Backbone:
    """One network: what its library calls it, which stages it has, where its head is."""

    title: str  # as the page shows it
    timm: str | None = None  # what timm calls it; None: torchvision builds it, under the table's key
    family: str
    stages: dict[str, tuple[str, ...]]  # stage name -> module prefixes, from the input to the head
    head: str  # prefix of the last linear layer, which is replaced by one for the own classes
    parameters: int  # in all, with a head of 1000 classes
    gflops: (
        float | None
    )  # multiply-adds of a forward pass, 1e9, as torchvision reports or torch counts it; None: unknown
    gflops_side: int = 224  # of the picture they are counted at, pixels
    imagenet: ImageNetWeights | PackagedWeights | None  # None: nobody publishes any
    hub: tuple[HubWeights, ...] = ()  # what a model hub has, the one its publisher recommends first
    min_resolution: int = 32  # smallest side of the picture that the network can take, pixels
    torchvision: str | None = None  # what torchvision calls it, where that is not its key
    small_stem: bool = False  # a ResNet that begins with a 3x3 convolution of stride 1 and doesn't pool, for 32 px
    narrower: int = 1  # such a ResNet has this part of the library's channels in every layer: 4, a quarter
    sides: tuple[int, ...] = ()  # of the pictures it can take, ascending; (): all from `min_resolution` on
    sized: bool = False  # timm builds it for one size of picture, which it is told
    whole: bool = False  # can't be cut behind its frozen part, which is computed again in every epoch
    other_heads: tuple[str, ...] = ()  # prefixes of further last linear layers, where there are some
    activation_bytes: float = 120e6  # kept for the backward pass per picture at 224 px; most have up to 150 MB

    @property
    def published(self) -> bool:
        """Whether anybody publishes weights for it."""
        return self.imagenet is not None or bool(self.hub)

    @property
    def stage_names(self) -> tuple[str, ...]:
        """Names of the stages, from the input on."""
        return tuple(self.stages)

    @property
    def heads(self) -> tuple[str, ...]:
        """Prefixes of every classifier: the head's, and those of what learns beside it and is averaged with it."""
        return (self.head, *self.other_heads)

    def takes(self, side: int) -> bool:
        """Whether the network can look at pictures of `side` x `side` pixels."""
        return side in self.sides if self.sides else side >= self.min_resolution

    def why_not(self, name: str, side: int) -> str:
        """What to say where it can't; `name` as its user knows it."""
        said = {"side": side, "network": name}
        if not self.sides:
            least = self.min_resolution
            return say("resolution is {side}; it must be at least {least} for {network}.", least=least, **said)
        if len(self.sides) == 1:
            return say("resolution is {side}; it must be {only} for {network}.", only=self.sides[0], **said)
        sides = ", ".join(map(str, self.sides))
        return say("resolution is {side}; it must be one of {sides} for {network}.", sides=sides, **said)

    def stage_of(self, parameter: str) -> str:
        """The stage that holds a parameter or module, "head" for the head. KeyError where none does."""
        for name, prefixes in (*self.stages.items(), ("head", self.heads)):
            if any(parameter == prefix or parameter.startswith(prefix + ".") for prefix in prefixes):
                return name
        raise KeyError(parameter)


def reworded(text: str, *known: str) -> str:
    """A text that was made in English from one of the `known` ones (with {names}), in the reader's language; any other as
    it is."""
    for one in known:
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(one))
        if found := re.fullmatch(pattern, text):
            return say(one, **found.groupdict())
    return text


def pictures_in_words(text: str) -> str:
    """`source_data` of weights in the reader's language, where it is more than a name."""
    each = [reworded(part, *PICTURES) for part in text.split(THEN)]
    return reduce(lambda first, following: say("{first}, then {next}", first=first, next=following), each)
