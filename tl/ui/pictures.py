"""Section 1 of the form: which pictures, how many of them; uploading a zip; what is in the set."""

from contextlib import suppress
from pathlib import Path

import streamlit as st

from tl import datasets
from tl.config import Refused
from tl.limits import limits
from tl.store.home import Home
from tl.ui import demo, own_pictures, uploads
from tl.ui.compose import grouping, splits
from tl.ui.form_state import shared_key
from tl.ui.parts.number_field import number_field
from tl.ui.parts.numbers import Number
from tl.ui.problems import told
from tl.ui.text import cell, count, escape, plain
from tl.ui.turn import out_of_turn
from tl.words import number_of

DATASET, SAMPLES = shared_key("dataset"), shared_key("samples")
WANTS_UPLOAD, UPLOADED, UPLOADER = "form_wants_upload", "form_uploaded", "form_uploader"
MAX_EXAMPLES = 24
ATTEMPT, REFUSAL = "form_zip_attempt", "form_zip_refusal"
EXAMPLE_PIXELS = 64


def section(home: Home, how_many=None):
    """Draw the section; returns the chosen DatasetInfo, None while there is none to train on.

    `how_many(info)` draws the choice of how many training pictures; by default one number.
    """
    sound, damaged = datasets.survey(home)
    known = {info.name: info for info in sound}
    state = st.session_state
    if state[DATASET] not in known:
        state[DATASET] = next(iter(known))  # its own choice was deleted
        state[SAMPLES] = None
    st.subheader("1 · Pictures", anchor=False)
    left, right = st.columns(2)
    with left:
        st.selectbox(
            "Data set",
            list(known),
            key=DATASET,
            format_func=lambda name: _option(known[name]),
            on_change=_dataset_changed,
            persist_state="session",
        )
    info = known[state[DATASET]]
    with right:
        (how_many or _sample_count)(info)
    splits.switch(home, info)
    own_pictures.show_problem()
    for name, sentence in damaged.items():
        st.warning(escape(sentence), icon=":material/broken_image:")
        own_pictures.delete_button(home, name)
    _upload(home, list(known))
    if state.get(WANTS_UPLOAD):
        st.info("Add a zip of your pictures above; then everything else is ready to start.", icon=":material/upload:")
        return None
    try:
        _contents(home, info)
        usable = info
    except Refused as problem:  # some of its files are damaged
        st.error(escape(problem), icon=":material/error:")
        usable = None
    own_pictures.delete_button(home, info.name)
    return usable


def use_newest_upload(home: Home) -> None:
    """Choose the user's newest own set; without one, ask for it."""
    uploads = [info for info in datasets.list_datasets(home) if info.origin == "upload"]
    if uploads:
        newest = max(uploads, key=lambda info: _age(home.dataset_dir(info.name)))
        st.session_state[DATASET] = newest.name
        st.session_state[SAMPLES] = None
    st.session_state[WANTS_UPLOAD] = not uploads


def all_of(home: Home, name: str, samples: int | None) -> bool:
    """Whether these are all training pictures of a set that may be used."""
    return samples in (None, demo.at_most("samples", datasets.describe(home, name).train))


def _age(folder: Path) -> float:
    return folder.stat().st_mtime if folder.exists() else 0.0


def _option(info) -> str:
    notes = {"upload": " (your pictures)"}
    return plain(info.title) + notes.get(info.origin, "" if info.ready else " (downloads on first use)")


def _dataset_changed() -> None:
    st.session_state[WANTS_UPLOAD] = False
    st.session_state[SAMPLES] = st.session_state[splits.RESPLIT] = None


def _sample_count(info) -> None:
    lowest = min(max(2, len(info.classes)), info.train)
    most = max(lowest, demo.at_most("samples", info.train))
    wanted = st.session_state[SAMPLES]
    if wanted is None and info.origin == "drawn":
        wanted = 500  # "all" of a set drawn by code is a number without meaning
    if not isinstance(wanted, str):  # of a preset, or of another set: not typed
        st.session_state[SAMPLES] = min(max(wanted or most, lowest), most)
    title = f"Training pictures, of {count(info.train)}"
    number_field(
        Number(title=title, low=lowest, high=most, name="Training pictures"),
        SAMPLES,
        help="Drawn evenly from all classes; a smaller number is always part of a larger one. "
        "Validation and test pictures stay the same.",
    )


def _upload(home: Home, taken: list[str]) -> None:
    if st.session_state.get(WANTS_UPLOAD):
        st.session_state[UPLOADER] = True
    box = st.expander("Add your own pictures", icon=":material/upload:", on_change="rerun", key=UPLOADER)
    if box.open:
        with box:
            _uploader(home, taken)


def _uploader(home: Home, taken: list[str]) -> None:
    st.caption(
        "A zip with one folder per class: JPEG, PNG, WebP, BMP, GIF or TIFF. Folders named train, val and test are "
        "respected; otherwise 15 % are kept for validation and 15 % for the test."
    )
    st.text_input("Name of the set", key="form_zip_name", placeholder="as the zip", max_chars=40)
    complete, group = grouping.choice()
    largest = limits().upload_megabytes
    file = st.file_uploader("Zip of class folders", type="zip", key="form_zip", max_upload_size=largest)
    state = st.session_state
    if file is not None and complete:
        name = (state["form_zip_name"] or "").strip() or _suggest(file.name, taken)
        # The uploader keeps its file: what was tried once is not tried again on every rerun.
        attempt = (file.file_id, state["form_zip_name"], group)
        if state.get(ATTEMPT) != attempt:
            _ingest(home, file, name, group, attempt)
    elif (
        file is None and state["form_zip"] is None
    ):  # taken back, or none yet; what was refused and forgotten is something else
        state.pop(REFUSAL, None)
    if state.get(REFUSAL):
        st.error(escape(state[REFUSAL]), icon=":material/error:")


def _suggest(file_name: str, taken: list[str]) -> str:
    """A free data set name made from an uploaded file's name, which is never used as a path."""
    stem = plain(file_name).rsplit("/", 1)[-1].removesuffix(".zip").lower()
    letters = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in stem)
    name = "-".join(part for part in letters.split("-") if part)[:36] or "pictures"
    free = (f"{name}-{number}" if number > 1 else name for number in range(1, 1000))
    return next(candidate for candidate in free if candidate not in taken)


def _ingest(home: Home, file, name: str, group: str | None, attempt: tuple) -> None:
    """Make a data set of the upload, with progress, and choose it, or keep the sentence that says why not."""
    state = st.session_state
    state.pop(REFUSAL, None)
    can_have_name = False
    bar = st.progress(0.0, text="Reading the zip …")

    def progress(done: int, total: int, what: str) -> None:
        text = escape(what[:1].upper() + what[1:]) + (f": {count(done)} of {count(total)}" if total else " …")
        bar.progress(min(1.0, done / max(1, total)), text=text)

    with told(REFUSAL):
        datasets.check_name(home, name)
        datasets.check_group(group)
        can_have_name = True
        file.seek(0)
        with out_of_turn():
            about = {"shown": _spoken_name(file.name), "group": group}
            state[UPLOADED] = datasets.ingest(home, file, name, progress, **about).name
    # Only now: whoever touches a widget meanwhile ends this run of the page, and the next one reads the zip again.
    state[ATTEMPT] = attempt
    bar.empty()
    if REFUSAL not in state:
        uploads.forget(file)
        st.rerun()
    if can_have_name:  # else another name, or another pattern, is all it takes
        uploads.forget(file)  # it would fill the memory for uploads, which all visitors share
        state[REFUSAL] += f" {uploads.NOT_KEPT}"


def _spoken_name(file_name: str) -> str:
    """The upload's own name, for sentences about it, as a file name that can do no harm."""
    stem = plain(file_name).replace("\\", "/").rsplit("/", 1)[-1].removesuffix(".zip")
    kept = "".join(letter if letter.isalnum() or letter in "-_ " else "_" for letter in stem).strip()[:60]
    return f"{kept or 'upload'}.zip"


def take_over_upload() -> None:
    """After a finished upload: choose the new set, before its widgets exist in this run."""
    name = st.session_state.pop(UPLOADED, None)
    if name:
        st.session_state[DATASET] = name
        st.session_state[SAMPLES] = None
        st.session_state[WANTS_UPLOAD] = st.session_state[UPLOADER] = False


def _contents(home: Home, info) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if info.note:
            st.badge(escape(info.note), icon=":material/draw:" if info.origin == "drawn" else None, color="gray")
        held_out = f"{count(info.validation)} more for validation and {count(info.test)} for the test"
        st.caption(
            f"{count(info.train)} training pictures in {len(info.classes)} classes; {held_out}.", width="content"
        )
    if unevenness := datasets.uneven(info):
        st.caption(f"{unevenness}, so arms are judged by balanced accuracy unless you choose otherwise.")
    for sentence in datasets.grouped(info):
        st.caption(escape(sentence))
    _examples(home, info)
    if info.left_out:
        left = sum(entry["count"] for entry in info.left_out.values())
        with st.expander(f"{count(left)} files were left out", icon=":material/warning:", expanded=True):
            for reason, entry in info.left_out.items():
                more = ", …" if entry["count"] > len(entry["first"]) else ""
                st.caption(f"{escape(reason)}: {count(entry['count'])} ({escape(', '.join(entry['first']))}{more})")
    if info.leakage:
        _leakage(info)
    if info.counts:
        _counts(info)


def _leakage(info) -> None:
    """Pictures that occur more than once: what is seen in training makes the accuracy on the test pictures too good."""
    seen = sum(entry["count"] for kind, entry in info.leakage.items() if "same picture in training and test" in kind)
    title = (
        f"Test pictures that occur in training, too: {count(seen)}" if seen else "Some pictures occur more than once"
    )
    with st.expander(title, icon=":material/content_copy:"):
        for kind, entry in info.leakage.items():
            more = ", …" if entry["count"] > len(entry["first"]) else ""
            st.caption(f"{escape(kind)}: {count(entry['count'])} ({escape(', '.join(entry['first']))}{more})")


def _counts(info) -> None:
    listing = st.expander("Classes and counts", icon=":material/table_rows:", on_change="rerun", key="form_counts")
    if listing.open:
        with listing:
            splits = ("train", "validation", "test")
            table = {"class": [cell(name) for name in info.counts]}
            table |= {split: [entry.get(split, 0) for entry in info.counts.values()] for split in splits}
            st.dataframe(table, hide_index=True, alt="Pictures per class and split")


def _examples(home: Home, info) -> None:
    place = datasets.home_of(home, info.name)
    pictures = _example_pictures(str(place.path), info.name, _stamp(place.dataset_dir(info.name)), info.ready)
    if not pictures:
        st.caption("Examples appear once the pictures are here: they are downloaded when a run needs them first.")
        return
    names = [_caption(name, info) for name, _ in pictures]
    st.image(
        [pixels for _, pixels in pictures],
        caption=names,
        width=84,
        alt=[plain(name) for name, _ in pictures],
    )
    if len(info.classes) > len(pictures):
        st.caption(f"and {len(info.classes) - len(pictures)} more classes")


def _caption(name: str, info) -> str:
    """A class and how many pictures it has; of a set drawn on demand the number means nothing."""
    if info.origin == "drawn" or name not in info.counts:
        return escape(name)
    pictures = sum(info.counts[name].values())
    return f"{escape(name)}  \n:small[{number_of(pictures, 'picture')}]"  # a line of its own


def _stamp(folder: Path) -> tuple[int, int] | None:
    """Changes with the data set: under a name that was deleted another may come."""
    with suppress(FileNotFoundError):
        found = (folder / "dataset.json").stat()
        return found.st_mtime_ns, found.st_size
    return None


@st.cache_data(max_entries=20, show_spinner=False)
def _example_pictures(home_path: str, name: str, stamp: tuple[int, int] | None, ready: bool):
    """Of the set as it is now; the cache is everybody's, hence the whole path."""
    return (
        datasets.examples(Home(home_path), name, per_class=1, resolution=EXAMPLE_PIXELS)[:MAX_EXAMPLES] if ready else []
    )
