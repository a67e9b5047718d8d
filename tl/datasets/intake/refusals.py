"""Why an archive makes no data set: everything that is known, by kind, in one sentence that says what to do."""

from collections import Counter
from collections.abc import Sequence

from tl.config import Refused
from tl.datasets.intake.layouts import Found, exports, folders, read
from tl.datasets.intake.layouts import vocabulary as words
from tl.datasets.intake.layouts.views import majority, views
from tl.datasets.layout import EXPECTED, label
from tl.words import number_of

LeftOut = Sequence[tuple[str, str]]  # (reason, name) of files that are no readable pictures
MOST_KINDS = 6
READ = "JPEG, PNG, WebP, BMP, GIF, TIFF, HEIC, AVIF, PGM and PPM are read"


class NoClasses(Refused):
    """The pictures could be read; what their classes are is not to be seen."""


def no_pictures(files: int, left_out: LeftOut) -> Refused:
    """None of the files is a readable picture."""
    return Refused(f"None of the {files:,} files is a readable picture ({kinds(left_out)}); {READ}.")


def kinds(left_out: LeftOut) -> str:
    """'24 HEIC files: format not read (convert it to JPEG or PNG)': what was left out, by kind and reason."""
    found = Counter((reason, _kind(name)) for reason, name in left_out)
    by_reason: dict[str, list[str]] = {}
    for (reason, kind), number in found.most_common(MOST_KINDS):
        by_reason.setdefault(reason, []).append(number_of(number, f"{kind} file" if kind else "file"))
    more = len(found) - MOST_KINDS
    said = [f"{', '.join(counted)}: {reason}" for reason, counted in by_reason.items()]
    return "; ".join(said) + (f"; and {number_of(more, 'other kind')}" if more > 0 else "")


def _kind(name: str) -> str:
    stem, dot, suffix = name.rpartition("/")[2].rpartition(".")
    return suffix.upper() if dot and stem and suffix.isalnum() and len(suffix) <= 5 else ""


def no_classes(found: Found, left_out: LeftOut) -> NoClasses:
    """There are pictures and no two classes of them."""
    if box := exports.boxes(found):
        return NoClasses(f"{box}: {exports.BOXES}; export it for classification, or {EXPECTED}.")
    outer = _outer(found)
    unread = _unread_classes(found, left_out)
    if unread:
        readable = " and ".join(repr(label(name)) for name in outer) or "none"
        return NoClasses(
            f"Of {len(outer) + len(unread)} class folders only {readable} has readable pictures; in "
            f"{', '.join(repr(label(name)) for name in unread)} nothing could be read ({kinds(_in(unread, left_out))})."
        )
    if outer and all(map(folders.tells_nothing, outer)):
        shown = " and ".join(repr(label(folder)) for folder in sorted(outer)[:6])
        more = f" and {len(outer) - 6} more" if len(outer) > 6 else ""
        holds = f"folder {shown} holds" if len(outer) == 1 else f"folders {shown}{more} hold"
        return NoClasses(f"The {holds} pictures, but no class folders; {EXPECTED}.")
    if len(outer) == 1:
        return NoClasses(
            f"There is only one class folder, {label(outer[0])!r}; at least two classes are needed: {EXPECTED}."
        )
    if len(outer) > found.most_classes:
        return NoClasses(f"There are {len(outer):,} class folders; at most {found.most_classes:,} are accepted.")
    return NoClasses(f"The pictures lie in no class folders; {EXPECTED}.")


def _outer(found: Found) -> list[str]:
    """The folders that would be the classes."""
    view = next(views(found.folders), None)
    return list(majority(view.rests, 0)) if view else []


def _in(unread: Sequence[str], left_out: LeftOut) -> list[tuple[str, str]]:
    return [(reason, name) for reason, name in left_out if {*unread} & {*name.split("/")}]


def _unread_classes(found: Found, left_out: LeftOut) -> list[str]:
    """Classes of which there are files that look like pictures, and not one that could be read."""
    likely = [name for _, name in left_out if _kind(name) in words.PICTURES]
    every = read(Found(names=[*found.names, *likely], most_classes=found.most_classes))
    if not every:
        return []
    readable = {place.label for place in every[0].places[: len(found.names)] if not isinstance(place, str)}
    return [name for name in every[0].classes if name not in readable and not words.is_clutter(name)]
