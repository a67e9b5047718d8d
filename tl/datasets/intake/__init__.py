"""From what people bring to a data set: archives checked and decoded, their layouts read, data sets made."""

from tl.datasets.intake.edits import Edits
from tl.datasets.intake.incoming import Incoming, check_free, ingest_zip, read_zip
from tl.datasets.intake.layouts.reading import LayoutRequest, Reading
from tl.datasets.intake.readable import FIRST_RESOLUTION
from tl.datasets.intake.refusals import NoClasses

__all__ = [
    "FIRST_RESOLUTION",
    "Edits",
    "Incoming",
    "LayoutRequest",
    "NoClasses",
    "Reading",
    "check_free",
    "ingest_zip",
    "read_zip",
]
