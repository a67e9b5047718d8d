"""Why an archive makes no data set: everything that is known, by kind, in one sentence that says what to do."""

from collections import Counter
from collections.abc import Sequence

from tl.config import Refused, refusal
from tl.datasets.class_names import EXPECTED, label, listed_folders
from tl.datasets.info import reason_in_words
from tl.datasets.intake.layouts import LayoutInput, annotations, folders, read
from tl.datasets.intake.layouts import vocabulary as words
from tl.datasets.intake.layouts.views import majority, views
from tl.languages import commas, later, listed, plural, say, semicolons
from tl.words import number_of

LeftOut = Sequence[tuple[str, str]]  # (reason, name) of files that are no readable pictures
MOST_KINDS = 6
READ = later("JPEG, PNG, WebP, BMP, GIF, TIFF, HEIC, AVIF, PGM and PPM are read")


class NoClasses(Refused):
    """The pictures could be read; what their classes are is not to be seen."""


def no_pictures(files: int, left_out: LeftOut) -> Refused:
    """None of the files is a readable picture."""
    text = later("None of the {number:,} files is a readable picture ({kinds}); {read}.")
    return refusal(text, number=files, kinds=kinds(left_out), read=say(READ))


def kinds(left_out: LeftOut) -> str:
    """'24 HEIC files: format not read (convert it to JPEG or PNG)': what was left out, by kind and reason."""
    found = Counter((reason, _kind(name)) for reason, name in left_out)
    by_reason: dict[str, list[str]] = {}
    for (reason, kind), number in found.most_common(MOST_KINDS):
        files = (
            plural("{number:,} {kind} file", "{number:,} {kind} files", number, kind=kind)
            if kind
            else number_of(number, "file")
        )
        by_reason.setdefault(reason, []).append(files)
    said: list[str] = [
        say("{files}: {reason}", files=commas(counted), reason=reason_in_words(reason))
        for reason, counted in by_reason.items()
    ]
    if (more := len(found) - MOST_KINDS) > 0:
        said.append(say("and {kinds}", kinds=number_of(more, "other kind")))  # not shown
    return semicolons(said or [""])


def _kind(name: str) -> str:
    stem, dot, suffix = name.rpartition("/")[2].rpartition(".")
    return suffix.upper() if dot and stem and suffix.isalnum() and len(suffix) <= 5 else ""


def no_classes(found: LayoutInput, left_out: LeftOut) -> NoClasses:
    """There are pictures and no two classes of them."""
    if box := annotations.boxes(found):
        text = later("{export}: boxes, not classes; export it for classification, or {expected}.")
        return NoClasses(say(text, export=box, expected=say(EXPECTED)))
    view = next(views(found.folders), None)
    outer = list(majority(view.rests, 0)) if view else []  # the folders that would be the classes
    unread = _unread_classes(found, left_out)
    if unread:
        return NoClasses(
            say(
                "Of {number} class folders only {readable} has readable pictures; in {unread} nothing could be read ({kinds}).",
                number=len(outer) + len(unread),
                readable=listed(repr(label(name)) for name in outer) if outer else say("none"),
                unread=commas(repr(label(name)) for name in unread),
                kinds=kinds([each for each in left_out if {*unread} & {*each[1].split("/")}]),
            )
        )
    if outer and all(map(folders.tells_nothing, outer)):
        return NoClasses(
            plural(
                "The folder {folders} holds pictures, but no class folders; {expected}.",
                "The folders {folders} hold pictures, but no class folders; {expected}.",
                len(outer),
                folders=listed_folders(sorted(outer)),
                expected=say(EXPECTED),
            )
        )
    if len(outer) == 1:
        text = later("There is only one class folder, {name!r}; at least two classes are needed: {expected}.")
        return NoClasses(say(text, name=label(outer[0]), expected=say(EXPECTED)))
    if len(outer) > found.most_classes:
        text = later("There are {number:,} class folders; at most {most:,} are accepted.")
        return NoClasses(say(text, number=len(outer), most=found.most_classes))
    return NoClasses(say("The pictures are not in class folders; {expected}.", expected=say(EXPECTED)))


def _unread_classes(found: LayoutInput, left_out: LeftOut) -> list[str]:
    """Classes of which there are files that look like pictures, and not one that could be read."""
    likely = [name for _, name in left_out if _kind(name) in words.PICTURES]
    every = read(LayoutInput(names=[*found.names, *likely], most_classes=found.most_classes))
    if not every:
        return []
    readable = {place.label for place in every[0].places[: len(found.names)] if not isinstance(place, str)}
    return [name for name in every[0].classes if name not in readable and not words.is_clutter(name)]
