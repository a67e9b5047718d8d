"""Classes by file name: cat.0.jpg, cat_001.jpg, cat (2).jpg."""

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from tl.datasets.intake.layouts import vocabulary as words
from tl.datasets.intake.layouts.folders import FEW
from tl.datasets.intake.layouts.reading import FILE_NAME, LayoutInput, LayoutRequest, Place, Reading
from tl.datasets.intake.layouts.views import splits_by_folder
from tl.languages import later, say, semicolons

LIKELY = 72.0
MOST_UNNAMED = 0.1  # share of the pictures whose names hold no class
UNNAMED = later("its file name holds no class")


def readings(found: LayoutInput) -> Iterator[Reading]:
    """The one reading by file names, where nearly all hold a word and a number."""
    names = [class_of(name) for name in found.names]
    held = Counter(name for name in names if name)
    usual = {name for name, number in held.items() if number >= FEW}
    missing = sum(name not in usual for name in names) / max(1, len(names))
    if 2 <= len(usual) <= found.most_classes and missing <= MOST_UNNAMED:
        yield by_name(found)


def by_name(found: LayoutInput) -> Reading:
    """The reading by file names, whatever comes of it; splits by folder are kept."""
    splits, how = splits_by_folder(found.folders)
    names = [class_of(name) for name in found.names]
    places = [Place(split, name) if name else UNNAMED for split, name in zip(splits, names, strict=True)]
    sizes = Counter(name for name in names if name)
    few = sum(number < FEW for number in sizes.values()) / max(1, len(sizes))
    return Reading(
        how=semicolons([say("the class is the word before the number in each file's name"), *how]),
        places=places,
        asked=LayoutRequest(classes_from=FILE_NAME),
        likely=LIKELY - 60 * few,
    )


def class_of(name: str) -> str | None:
    """'pets/cat_001.jpg' -> 'cat'; None where there is no such word, or one that cameras write."""
    stem = name.rpartition("/")[2].rpartition(".")[0]
    end = len(stem)
    while end and not stem[end - 1].isalnum():
        end -= 1
    number = end
    while number and stem[number - 1].isdigit():
        number -= 1
    before = stem[:number].strip(" _-.([")
    return before if number < end and _tells(before) else None


@lru_cache(maxsize=10_000)  # the same word stands before many numbers
def _tells(before: str) -> bool:
    """Whether it is a word that no camera writes."""
    return any(word not in words.PREFIXES for word in words.words_of(before))
