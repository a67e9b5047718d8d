"""Data sets: those that come with TL Lab and those people bring. Imports no torch; torchvision runs as a process."""

from tl.datasets.bringing import check_group, check_name, read
from tl.datasets.catalogue import BUILT_IN, describe, has, home_of, list_datasets, name_of, survey
from tl.datasets.corrections import Corrections
from tl.datasets.derived import derive
from tl.datasets.info import DatasetInfo, grouped, reading_notes, reason_in_words, story, uneven
from tl.datasets.intake.edits import Edits
from tl.datasets.intake.incoming import Incoming
from tl.datasets.intake.layouts.reading import LayoutRequest, Reading
from tl.datasets.intake.refusals import NoClasses
from tl.datasets.matching import match, source_of
from tl.datasets.preparing import check_resplit, drawn_here, examples, prepare, resplits_by_itself
from tl.datasets.split import TooSmall
from tl.datasets.training_pictures import check_for, describe_after, describe_for, prepare_for

__all__ = [
    "BUILT_IN",
    "Corrections",
    "DatasetInfo",
    "Edits",
    "Incoming",
    "LayoutRequest",
    "NoClasses",
    "Reading",
    "TooSmall",
    "check_for",
    "check_group",
    "check_name",
    "check_resplit",
    "derive",
    "describe",
    "describe_after",
    "describe_for",
    "drawn_here",
    "examples",
    "grouped",
    "has",
    "home_of",
    "list_datasets",
    "match",
    "name_of",
    "prepare",
    "prepare_for",
    "read",
    "reading_notes",
    "reason_in_words",
    "resplits_by_itself",
    "source_of",
    "story",
    "survey",
    "uneven",
]
