"""Pictures of a data set that is here which occur in two splits or in two classes, as they were counted when it came in."""

from dataclasses import dataclass

from tl.datasets.archived import store_of
from tl.datasets.catalogue import home_of
from tl.datasets.info import DatasetInfo
from tl.datasets.intake.readable import FIRST_RESOLUTION
from tl.datasets.leakage import ACROSS, TWO_CLASSES, pairs
from tl.datasets.preparing import index_of
from tl.store.home import Home


@dataclass(frozen=True, kw_only=True)
class Duplicates:
    """Two pictures that are, or nearly are, the same."""

    kind: str  # as in `DatasetInfo.leakage`; `reason_in_words` has it in the reader's language
    row: int  # place of the one in the data set
    other: int  # place of the other

    @property
    def two_classes(self) -> bool:
        """Whether one of the two labels must be wrong."""
        return self.kind == TWO_CLASSES


def counted(info: DatasetInfo) -> int:
    """How many such pictures were counted when the data set came in."""
    return sum(entry["count"] for kind, entry in info.leakage.items() if kind in ACROSS)


def duplicates(home: Home, info: DatasetInfo) -> list[Duplicates]:
    """All of them. Raises Refused where the data set is damaged; [] where its pictures are not ready or none was counted."""
    if not counted(info):
        return []
    folder = home_of(home, info.name).dataset_dir(info.name)
    index = index_of(folder, info)
    store = store_of(folder, index, info.classes, min(FIRST_RESOLUTION, info.native_resolution))
    if store.ready < len(index) or not {"sha256", "looks"} <= {*index}:
        return []
    found = pairs(index, store.whole())
    return [Duplicates(kind=kind, row=row, other=other) for kind, row, other in found if kind in ACROSS]
