"""What torchvision can download: known before it is there. The download itself is `python -m tl.train.fetch`."""

from dataclasses import dataclass

from tl.datasets.info import DatasetInfo
from tl.languages import later

CIFAR10_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_FLOWERS = (
    "alpine sea holly, anthurium, artichoke, azalea, ball moss, balloon flower, barbeton daisy, bearded iris, bee "  # not shown
    "balm, bird of paradise, bishop of llandaff, black-eyed susan, blackberry lily, blanket flower, bolero deep "
    "blue, bougainvillea, bromelia, buttercup, californian poppy, camellia, canna lily, canterbury bells, cape "
    "flower, carnation, cautleya spicata, clematis, colt's foot, columbine, common dandelion, corn poppy, "
    "cyclamen, daffodil, desert-rose, english marigold, fire lily, foxglove, frangipani, fritillary, garden phlox, "
    "gaura, gazania, geranium, giant white arum lily, globe thistle, globe-flower, grape hyacinth, great "
    "masterwort, hard-leaved pocket orchid, hibiscus, hippeastrum, japanese anemone, king protea, lenten rose, "
    "lotus, love in the mist, magnolia, mallow, marigold, mexican aster, mexican petunia, monkshood, moon orchid, "
    "morning glory, orange dahlia, osteospermum, oxeye daisy, passion flower, pelargonium, peruvian lily, petunia, "
    "pincushion flower, pink primrose, pink-yellow dahlia?, poinsettia, primula, prince of wales feathers, purple "
    "coneflower, red ginger, rose, ruby-lipped cattleya, siam tulip, silverbush, snapdragon, spear thistle, spring "
    "crocus, stemless gentian, sunflower, sweet pea, sweet william, sword lily, thorn apple, tiger lily, toad "
    "lily, tree mallow, tree poppy, trumpet creeper, wallflower, water lily, watercress, wild pansy, windflower, "
    "yellow iris"
)
FLOWERS102_CLASSES = tuple(_FLOWERS.split(", "))


@dataclass(frozen=True, kw_only=True)
class Downloadable:
    """A set before it is there, and what changes then."""

    info: DatasetInfo
    note: str  # in place of the one of `info`, once it is there


_SETS = (
    Downloadable(
        info=DatasetInfo(
            name="cifar10",
            title="CIFAR-10",
            origin="torchvision",
            classes=CIFAR10_CLASSES,
            train=47_500,
            validation=2_500,
            test=10_000,
            native_resolution=32,
            counts={name: {"train": 4_750, "validation": 250, "test": 1_000} for name in CIFAR10_CLASSES},
            note=later("Photographs of 32 x 32 px (Krizhevsky 2009); 170 MB are downloaded on first use."),
            ready=False,
        ),
        note=later("Photographs of 32 x 32 px (Krizhevsky 2009)."),
    ),
    Downloadable(
        info=DatasetInfo(
            name="flowers102",
            title="Oxford 102 Flowers",
            origin="torchvision",
            classes=FLOWERS102_CLASSES,
            train=1_020,
            validation=1_020,
            test=6_149,
            native_resolution=224,
            note=later("Photographs of 102 flowers (Nilsback and Zisserman 2008); 345 MB are downloaded on first use."),
            ready=False,
        ),
        note=later("Photographs of 102 flowers (Nilsback and Zisserman 2008)."),
    ),
)
DOWNLOADABLE = {downloadable.info.name: downloadable for downloadable in _SETS}
