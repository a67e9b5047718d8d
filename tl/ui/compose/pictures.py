"""The form's pictures: which, how many of them; uploading a zip; what is in the set."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.uploaded_file_manager import UploadedFile

from tl import datasets
from tl.config import Refused
from tl.datasets.info import DatasetInfo
from tl.languages import joined, later, say
from tl.store.home import Home
from tl.ui.compose import bands, class_editor, grouping, own_pictures, splits, target, upload_review, zip_names
from tl.ui.compose.contents import contents, strip, words
from tl.ui.compose.form_state import shared_key
from tl.ui.parts import uploads
from tl.ui.parts.fold import fold
from tl.ui.parts.number_field import number_field
from tl.ui.parts.numbers import Number
from tl.ui.parts.problems import show_kept, show_problems
from tl.ui.parts.render_slot import without_slot
from tl.ui.parts.text import escape
from tl.words import plain

DATASET, SAMPLES = shared_key("dataset"), shared_key("samples")
WANTS_UPLOAD, UPLOADED, UPLOADER = "form_wants_upload", "form_uploaded", "form_uploader"
OPEN = "form_open_pictures"
ARCHIVES = ("zip", "tar", "tgz", "gz", "bz2", "xz", "7z")  # endings of what is accepted
ENDINGS = tuple(f".{ending}" for ending in ARCHIVES)
ATTEMPT, REFUSAL = "form_zip_attempt", "form_zip_refusal"
WITHOUT_LABELS = "form_zip_unlabelled"
UNLABELLED_HELP = later(
    "Nobody has labelled them. A network can't learn classes from them, but one trained on other pictures can be adapted to "
    "them. How they are sorted into folders doesn't matter."
)


def section(
    home: Home, lines: DeltaGenerator, how_many: Callable[[Home, DatasetInfo], None] | None = None
) -> DatasetInfo | None:
    """Draw the section, and in `lines` the one that says what is in the set; the chosen one, None while there is none to
    train on.

    `how_many(home, info)` draws the choice of how many training pictures; by default one number.
    """
    sound, damaged = datasets.survey(home)
    known = {info.name: info for info in sound if info.labelled}
    state = st.session_state
    if state[DATASET] not in known:
        state[DATASET] = next(iter(known))  # its own choice was deleted
        state[SAMPLES] = None
    left, right = st.columns(2)
    with left:
        st.selectbox(
            say("Data set"),
            list(known),
            key=DATASET,
            format_func=lambda name: _option(known[name]),
            on_change=state.update,
            args=({WANTS_UPLOAD: False, SAMPLES: None, splits.RESPLIT: None},),
            persist_state="session",
        )
        info = known[state[DATASET]]
        (how_many or _sample_count)(home, info)
    usable = None
    if not state.get(WANTS_UPLOAD):
        with right:
            usable = _seen(home, info)
    splits.drop_unusable_resplit(home, info)
    show_kept(own_pictures.PROBLEM)
    for name, sentence in damaged.items():
        st.warning(escape(sentence), icon=":material/broken_image:")
        own_pictures.delete_button(home, name)
    _upload(home, [text for info in sound for text in (info.name, info.title)])
    if state.get(WANTS_UPLOAD):
        hint = say("Add a zip of your pictures above; then everything else is ready to start.")
        st.info(hint, icon=":material/upload:")
        return None
    with lines:
        place = fold(say("Pictures"), words(info), OPEN)
    if place is not None:
        with place:
            splits.switch(home, info)
            if usable:
                contents(home, info)
            class_editor.change_classes(home, info, [other.name for other in sound], UPLOADED)
            own_pictures.delete_button(home, info.name)
    with lines:
        fits = target.section(home, info, sound)
    return usable if fits else None


def _seen(home: Home, info: DatasetInfo) -> DatasetInfo | None:
    """Show some of its pictures; the set, None where some of its files are damaged."""
    try:
        strip(home, info)
    except Refused as problem:
        st.error(escape(problem), icon=":material/error:")
        return None
    return info


def use_newest_upload(home: Home) -> None:
    """Choose the user's newest own set; without one, ask for it."""
    uploads = [info for info in datasets.list_datasets(home) if info.origin == "upload" and info.labelled]
    if uploads:
        newest = max(uploads, key=lambda info: _age(home.dataset_dir(info.name)))
        st.session_state[DATASET] = newest.name
        st.session_state[SAMPLES] = None
    st.session_state[WANTS_UPLOAD] = not uploads


def all_of(home: Home, name: str, samples: int | None) -> bool:
    """Whether these are all training pictures of a set that may be used."""
    return samples in (None, home.policy.at_most("samples", datasets.describe(home, name).train))


def _age(folder: Path) -> float:
    return folder.stat().st_mtime if folder.exists() else 0.0


def _option(info: DatasetInfo) -> str:
    title = plain(info.title)
    if info.origin == "upload":
        return say("{dataset} (your pictures)", dataset=title)
    return title if info.ready else say("{dataset} (downloads on first use)", dataset=title)


def _sample_count(home: Home, info: DatasetInfo) -> None:
    lowest = min(max(2, len(info.classes)), info.train)
    most = max(lowest, home.policy.at_most("samples", info.train))
    wanted = st.session_state[SAMPLES]
    if wanted is None and info.origin == "drawn":
        wanted = 500  # "all" of a set drawn by code is a number without meaning
    if not isinstance(wanted, str):  # of a preset, or of another set: not typed
        st.session_state[SAMPLES] = min(max(wanted or most, lowest), most)
    title = say("Training pictures, of {total:,}", total=info.train)
    number_field(
        Number(title=title, low=lowest, high=most, name=say("Training pictures")),
        SAMPLES,
        help=say(
            "Drawn evenly from all classes; a smaller sample is always part of a larger one. Validation and test pictures "
            "stay the same."
        ),
    )


def _upload(home: Home, taken: list[str]) -> None:
    if st.session_state.get(WANTS_UPLOAD):
        st.session_state[UPLOADER] = True
    box = st.expander(say("Add your own pictures"), icon=":material/upload:", on_change="rerun", key=UPLOADER)
    if box.open:
        with box:
            _uploader(home, taken)


def _uploader(home: Home, taken: list[str]) -> None:
    st.caption(
        say(
            "A zip with one folder per class, or with a table that names the classes: JPEG, HEIC, AVIF, PNG, WebP, BMP, "
            "GIF, TIFF, PGM or PPM. Folders named train, val and test are respected; otherwise 15 % are kept for validation "
            "and 15 % for the test. You see how it was read before it is used."
        )
    )
    st.text_input(say("Name of the set"), key="form_zip_name", placeholder=say("as the zip"), max_chars=40)
    unlabelled = st.toggle(say("These pictures have no labels"), key=WITHOUT_LABELS, help=say(UNLABELLED_HELP))
    complete, group = grouping.choice()
    shown_bands = bands.choice(st.session_state.get(REFUSAL))
    files = _files(home)
    state = st.session_state
    one_zip = len(files) == 1 and files[0].name.lower().endswith(".zip")
    settled, names = zip_names.choice(files[0]) if one_zip else (True, None)
    if files and complete and settled:
        name = (state["form_zip_name"] or "").strip() or _suggest(_top(files), taken)
        # The uploader keeps its files: what was tried once is not tried again on every rerun.
        ways = {"group": group, "names": names, "bands": shown_bands, "unlabelled": unlabelled}
        attempt = (tuple(file.file_id for file in files), state["form_zip_name"], *ways.values())
        if state.get(ATTEMPT) != attempt:
            _ingest(home, files, name, ways, attempt)
    elif not files and not state["form_zip"]:  # taken back, or none yet; not refused and forgotten
        state.pop(REFUSAL, None)
    show_kept(REFUSAL, every_run=True)
    upload_review.ask(UPLOADED)


def _files(home: Home) -> list[UploadedFile]:
    """Draw where they are dropped: archives, or a folder with all that is in it."""
    folder = home.policy.takes_folders and st.toggle(say("Upload a folder instead of a zip"), key="form_zip_folder")
    found = st.file_uploader(
        say("Folder of class folders") if folder else say("Zip of class folders; several together make one data set"),
        type=None if folder else list(ARCHIVES),
        key="form_zip",
        max_upload_size=home.policy.upload_megabytes,
        accept_multiple_files="directory" if folder else True,
    )
    return list(found)


def _top(files: list[UploadedFile]) -> str:
    """What the set can be called after: the file, or the folder that all files lie in."""
    first = str(files[0].name).replace("\\", "/")
    return first.split("/")[0] if "/" in first else first


def _suggest(file_name: str, taken: list[str]) -> str:
    """A free name for a data set, made from an uploaded file's name, which is never used as a path: in another script than
    ASCII as it is."""
    stem = plain(file_name).rsplit("/", 1)[-1].lower()
    stem = stem.partition(".")[0] if stem.endswith(ENDINGS) else stem
    if not stem.isascii() and (title := stem.strip(" .")[:36].strip()):
        return _free(title, taken)
    letters = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in stem)
    return _free("-".join(part for part in letters.split("-") if part)[:36] or "pictures", taken)


def _free(name: str, taken: list[str]) -> str:
    free = (f"{name}-{number}" if number > 1 else name for number in range(1, 1000))
    return next(candidate for candidate in free if candidate not in taken)


def _ingest(
    home: Home, files: list[UploadedFile], name: str, ways: dict[str, Any], attempt: tuple[object, ...]
) -> None:
    """Read the upload, with progress, and ask how it is meant, or keep the sentence that says why it can't be read."""
    state = st.session_state
    state.pop(REFUSAL, None)
    can_have_name = False
    bar = st.progress(0.0, text=say("Reading the zip …"))

    def progress(done: int, total: int, what: str) -> None:
        said = say(what)
        what = escape(said[:1].upper() + said[1:])
        text = say("{what} …", what=what)
        if total:
            text = say("{what}: {done:,} of {total:,}", what=what, done=done, total=total)
        bar.progress(min(1.0, done / max(1, total)), text=text)

    with show_problems(REFUSAL):
        datasets.check_name(home, name)
        datasets.check_group(ways["group"])
        can_have_name = True
        source = files[0] if len(files) == 1 and "/" not in files[0].name else list(files)
        with without_slot():
            upload_review.put(datasets.read(home, source, name, progress, shown=_spoken_name(_top(files)), **ways))
    # Only now: whoever touches a widget meanwhile ends this run of the page, and the next one reads the zip again.
    state[ATTEMPT] = attempt
    bar.empty()
    if REFUSAL not in state or can_have_name:  # else another name, or another pattern, is all it takes
        for file in files:
            uploads.forget(file)  # it would fill the memory for uploads, which all visitors share
    if REFUSAL not in state:
        st.rerun()
    if can_have_name:
        state[REFUSAL] = joined([state[REFUSAL], say(uploads.NOT_KEPT)])


def _spoken_name(file_name: str) -> str:
    """The upload's own name, for sentences about it, as a file name that can do no harm."""
    stem = plain(file_name).replace("\\", "/").rsplit("/", 1)[-1].removesuffix(".zip")
    kept = "".join(letter if letter.isalnum() or letter in "-_ " else "_" for letter in stem).strip()[:60]
    return f"{kept or 'upload'}.zip"


def take_over_upload(home: Home) -> bool:
    """After a finished upload: choose the new set, before its widgets exist in this run; whether one is to be learned from.

    One without labels becomes the set that is worked on.
    """
    state = st.session_state
    name = state.pop(UPLOADED, None)
    if not name:
        return False
    state[UPLOADER] = False
    if not datasets.describe(home, name).labelled:
        state[target.NAME], state[target.OPEN] = name, True
        target.suit(state, labelled=False)
        return False
    state[DATASET], state[SAMPLES], state[WANTS_UPLOAD] = name, None, False
    return True
