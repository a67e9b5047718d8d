"""Between reading an upload and using it: what was understood, with example pictures, and the choice between readings."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from tl.config import Refused
from tl.datasets import Edits, Incoming, LayoutRequest, Reading, TooSmall
from tl.datasets.info import reason_in_words
from tl.languages import commas, joined, later, plural, say, semicolons
from tl.ui.compose.class_editor import editor
from tl.ui.parts import uploads
from tl.ui.parts.problems import show_kept, show_problems
from tl.ui.parts.render_slot import without_slot
from tl.ui.parts.text import escape
from tl.words import count, number_of, plain

WAITING, READING, EDITOR = "form_zip_read", "form_zip_reading", "form_zip"
WHERE, SPLIT = "form_zip_where", "form_zip_split"
USE, DISCARD, PROBLEM = "form_zip_use", "form_zip_discard", "form_zip_problem"
WANTED = "form_zip_wanted"  # that they are used, until they are
NO_LONGER = later("These pictures waited too long and are no longer here. Add the zip again.")
SPLITS = {
    "train": later("{number:,} for training"),
    "validation": later("{number:,} for validation"),
    "test": later("{number:,} for the test"),
}
MOST_EXAMPLES = 24


def put(incoming: Incoming) -> None:
    """Ask about these from the next run on; what was asked about before is gone."""
    forget()
    st.session_state[WAITING] = incoming
    uploads.close_with_its_tab(incoming)


def forget() -> None:
    """Let what waits go, and the answers about it."""
    state = st.session_state
    if waiting := state.pop(WAITING, None):
        waiting.close()
    for key in (READING, WHERE, SPLIT, PROBLEM, WANTED):
        state.pop(key, None)


def ask(uploaded: str) -> None:
    """Draw the question, where pictures wait for an answer; the name of what is used is left as `uploaded`."""
    state = st.session_state
    incoming: Incoming | None = state.get(WAITING)
    if incoming is None:
        return
    if not incoming.open:
        forget()
        st.warning(say(NO_LONGER), icon=":material/hourglass_disabled:")
        return
    with st.container(border=True):
        st.markdown(say("**{title}: is this what you mean?**", title=escape(incoming.title)))
        readings = st.container()
        shown = st.container()  # what was understood stands above how it is read otherwise
        reading = _chosen(incoming, readings, st.container() if incoming.readings else readings)
        with shown:
            edits = _shown(incoming, reading) if reading else None
        show_kept(PROBLEM)
        with st.container(horizontal=True):
            if reading is not None and edits is not None:
                wanted = ({WANTED: True},)
                st.button(say("Use these pictures"), key=USE, type="primary", on_click=state.update, args=wanted)
            st.button(say("Discard"), key=DISCARD, on_click=forget)
        if state.get(WANTED) and reading is not None and edits is not None:
            _use(incoming, reading, edits, uploaded)


def _use(incoming: Incoming, reading: Reading, edits: Edits, uploaded: str) -> None:
    state = st.session_state
    with show_problems(PROBLEM), without_slot(), st.spinner(say("Making the data set …")):
        try:
            name = incoming.create_dataset(reading, edits).name
        except TooSmall as refusal:
            hint = say(
                "To go on without them, enter {number} under 'Leave out classes with fewer pictures than'.",
                number=refusal.least,
            )
            raise Refused(joined([str(refusal), hint])) from None
        forget()
        state[uploaded] = name
    # Only now: whoever touches a widget meanwhile ends this run of the page, and the next one settles it.
    state.pop(WANTED, None)
    st.rerun()


def _chosen(incoming: Incoming, above: DeltaGenerator, below: DeltaGenerator) -> Reading | None:
    """The reading that is chosen `above` among those found, or asked for `below`; None where there is none yet."""
    state, readings = st.session_state, incoming.readings
    if not incoming.labelled:
        return readings[0]
    if len(readings) > 1:
        places = range(len(readings))
        above.radio(
            say("They can be read in several ways; the likeliest comes first"),
            places,
            key=READING,
            format_func=lambda place: escape(readings[place].summary),
            captions=[escape(reading.how[:1].upper() + reading.how[1:]) for reading in readings],
        )
    with below:
        asked = _asked(bool(readings))
        try:
            if asked.options or not readings:
                return incoming.choose(asked)
        except Refused as refusal:
            st.error(escape(str(refusal)), icon=":material/error:")
            return None
    return readings[state.get(READING) or 0]


def _asked(otherwise: bool) -> LayoutRequest:
    """Draw how pictures are read where none of the readings is meant, or (not `otherwise`) where there is none."""
    title = say("Read them in another way") if otherwise else say("Say where the classes are")
    with st.expander(title, expanded=not otherwise):
        left, right = st.columns(2)
        with left:
            where = st.text_input(
                say("Classes from"),
                key=WHERE,
                max_chars=200,
                placeholder="2, 1+2, parent, photos/*, file-name, labels.csv:kind",  # not shown: typed in any language
                help=say(
                    "A folder level (1 is the outermost), levels joined as 1+2, parent for the folder right above each "
                    "picture, a path with a * where the class folders are, file-name, or a table in the zip and its column."
                ),
            )
        with right:
            split = st.text_input(
                say("Splits from"),
                key=SPLIT,
                max_chars=200,
                placeholder="new, 1, labels.csv:split",
                help=say(
                    "new divides the pictures anew; a folder level whose folders are called train, val and test; or a "
                    "table in the zip and its column."
                ),
            )
    return LayoutRequest(classes_from=(where or "").strip(), split_from=(split or "").strip())


def _shown(incoming: Incoming, reading: Reading) -> Edits | None:
    """Draw what a reading makes of the pictures; what is to be changed of its classes, None where that can't be."""
    total = number_of(sum(reading.sizes.values()), "picture")
    divided = {split: number for split, number in reading.splits.items() if split}
    parts = commas(say(SPLITS[split], number=number) for split, number in divided.items())
    held = {"classes": number_of(len(reading.classes), "class") if incoming.labelled else say("No labels")}
    held["pictures"] = total
    if parts:
        st.caption(say("{classes}, {pictures}, of them {parts}.", **held, parts=parts))
    else:
        st.caption(say("{classes}, {pictures}, divided here into training, validation and test pictures.", **held))
    if not incoming.labelled:
        return _without_labels(incoming, reading)
    if len(incoming.readings) == 1 or reading not in incoming.readings:  # else it stands at the choice
        st.caption(escape(say("Read as: {how}.", how=reading.how)))
    pictures = incoming.examples(reading, most=MOST_EXAMPLES)
    st.image(
        [pixels for _, pixels in pictures],
        caption=[escape(f"{name} ({count(reading.sizes[name])})") for name, _ in pictures],
        width=84,
        alt=[plain(name) for name, _ in pictures],
    )
    if len(reading.classes) > MOST_EXAMPLES:
        more = len(reading.classes) - MOST_EXAMPLES
        st.caption(plural("and {number:,} more class", "and {number:,} more classes", more))
    _told(incoming, reading)
    with st.expander(say("Leave out, merge or rename classes"), icon=":material/category:"):
        place = incoming.readings.index(reading) if reading in incoming.readings else "own"
        counts = {
            name: {split or "all": number for split, number in own.items()} for name, own in reading.counts.items()
        }
        with show_problems():
            return editor(counts, f"{EDITOR}_{place}")
    return None


def _told(incoming: Incoming, reading: Reading) -> None:
    for note in (*reading.notes, *incoming.notes):
        st.caption(escape(note))
    if left := incoming.left_out_by(reading):
        reasons = [
            say("{number:,} {reason}", number=number, reason=reason_in_words(reason)) for reason, number in left.items()
        ]
        st.caption(escape(say("Left out: {reasons}.", reasons=semicolons(reasons))))


def _without_labels(incoming: Incoming, reading: Reading) -> Edits:
    """Draw the first pictures; there are no classes that could be changed."""
    pictures = incoming.examples(reading, per_class=MOST_EXAMPLES)
    st.image(
        [pixels for _, pixels in pictures],
        width=84,
        alt=[say("picture {number}", number=n) for n in range(1, len(pictures) + 1)],
    )
    _told(incoming, reading)
    return Edits()
