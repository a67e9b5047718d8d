"""Try a picture: one that no network has seen, from a file or the camera; what every arm answers, how sure it is, where it looks.

The picture is in this session's memory, and on the disk for the seconds in which the networks read it.
"""

from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.runtime.uploaded_file_manager import UploadedFile

from tl.analysis.inspection.thresholds import at_threshold
from tl.arm_names import arm_title
from tl.config import Refused
from tl.datasets.single import decoded
from tl.jobs.listing import RunEntry
from tl.jobs.measurements import saliency as job
from tl.languages import later, say
from tl.store.saliency import Saliency, drop_pixels, forget_saliency, hand_over, own_name, read_saliency
from tl.ui.inspect import heat, saliency
from tl.ui.inspect.choice import Choice
from tl.ui.parts import uploads
from tl.ui.parts.problems import show_kept
from tl.ui.parts.render_slot import without_slot
from tl.ui.parts.text import escape
from tl.words import duration, share

FROM, FILE, CAMERA, BUTTON, SURE = "try_from", "try_file", "try_camera", "try_ask", "try_sure"
HELD, PROBLEM, TAKEN = "try_held", "try_problem", "try_taken"
MEGABYTES = 20  # of a picture, at most
KEPT = later(
    "The picture stays in this tab's memory until you close the tab or choose another picture; it is on the disk only "
    "for the seconds in which the networks read it. It is not added to any data set, and nothing trains on it."
)
UPLOAD, PHOTO = "upload", "photo"
ORIGINS = {UPLOAD: later("A file"), PHOTO: later("The camera")}


@dataclass
class TriedPicture:
    """A picture of one's own, and what the networks have made of it so far."""

    name: str  # in the cache
    pixels: dict[int, NDArray[np.uint8]]  # resolution of an arm -> (S, S, 3)
    found: dict[str, Saliency]  # run -> what its network answered


def show(choice: Choice) -> None:
    st.header(say("Try a picture"), anchor=False)
    st.caption(say(KEPT))
    runs = tuple(run for arm in choice.now.experiment.arms if (run := choice.run(arm.name)) is not None)
    sides = {run.run_id: _side(choice, run) for run in runs}
    _take(choice, set(sides.values()))
    show_kept(PROBLEM, every_run=True)
    held: TriedPicture | None = st.session_state.get(HELD)
    if held is not None and all(side in held.pixels for side in sides.values()):
        _asked(choice, runs, held, sides)
    _threshold(choice, runs, held)


def _side(choice: Choice, run: RunEntry) -> int:
    experiment = choice.now.experiment
    return next(experiment.of(arm).resolution for arm in experiment.arms if arm.name == run.arm)


def _take(choice: Choice, sides: set[int]) -> None:
    """Draw where a picture comes from; what came is decoded and held, or refused in one sentence."""
    origin = st.segmented_control(
        say("From"),
        list(ORIGINS),
        format_func=lambda origin: say(ORIGINS[origin]),
        key=FROM,
        default=UPLOAD,
        required=True,
    )
    if origin == PHOTO:  # only now the browser asks for the camera
        file = st.camera_input(say("Take a photo"), key=CAMERA, width=420)
    else:
        most = choice.now.home.policy.at_most("upload_megabytes", MEGABYTES)
        file = st.file_uploader(
            say("Photo"), key=FILE, max_upload_size=most, help=say("JPEG, PNG, WebP, HEIC and others.")
        )
    if file is not None and file.file_id != st.session_state.get(TAKEN):
        st.session_state[TAKEN] = file.file_id
        st.session_state.pop(PROBLEM, None)
        st.session_state.pop(HELD, None)
        try:
            st.session_state[HELD] = _held(choice, file, sides)
        except Refused as refusal:
            st.session_state[PROBLEM] = str(refusal)
        uploads.forget(file)  # what is needed of it is held


def _held(choice: Choice, file: UploadedFile, sides: set[int]) -> TriedPicture:
    """The picture as training would have it. Raises Refused."""
    native = choice.info.native_resolution if choice.info else max(sides)
    with without_slot(), st.spinner(say("Reading the picture …")):
        found = decoded(file.getvalue(), {min(side, native) for side in sides})
    pixels = {side: found[min(side, native)] for side in sides}
    return TriedPicture(own_name(pixels), pixels, {})


def _asked(choice: Choice, runs: tuple[RunEntry, ...], held: TriedPicture, sides: dict[str, int]) -> None:
    asked = saliency.SaliencyRequest(
        home=choice.home,
        picture=held.name,
        runs=runs,
        shown={run_id: held.pixels[side] for run_id, side in sides.items()},
        classes=choice.classes,
        label=None,
        key=BUTTON,
    )
    here = asked.here()

    def begin() -> bool:
        hand_over(choice.home, held.pixels)
        if job.ask(choice.home, held.name, here):
            return True
        drop_pixels(choice.home, held.name)
        return False

    def found() -> saliency.Found:
        for run in runs:  # from the disk into this session, where it goes with the picture
            known = read_saliency(choice.home, run.run_id, held.name)
            if isinstance(known, Saliency):
                held.found[run.run_id] = known
                forget_saliency(choice.home, run.run_id, held.name)
        return {
            run.run_id: held.found.get(run.run_id) or read_saliency(choice.home, run.run_id, held.name) for run in runs
        }

    saliency.show(asked, say("Ask every arm"), begin, found)
    answered = [(run, held.found[run.run_id]) for run in runs if run.run_id in held.found]
    if answered:
        _probabilities(asked, answered)
        if method := heat.explanation(answered[0][1]):
            st.caption(escape(method))


def _probabilities(asked: saliency.SaliencyRequest, answered: list[tuple[RunEntry, Saliency]]) -> None:
    columns = st.columns(max(2, len(answered)))
    for column, (run, found) in zip(columns, answered, strict=False):
        with column:
            st.dataframe(
                saliency.probabilities(asked, found),
                hide_index=True,
                height="auto",
                alt=say("The most likely classes according to {arm}", arm=arm_title(run.arm)),
                column_config={
                    say(saliency.BAR): st.column_config.ProgressColumn("", format=" ", min_value=0.0, max_value=1.0)
                },
            )
            took = duration(found.seconds)
            if found.seconds < 1:
                took = say("{number:.0f} ms", number=1000 * found.seconds)
            st.caption(say("Answered in {time} on this machine, once its network was loaded.", time=took))


def _threshold(choice: Choice, runs: tuple[RunEntry, ...], held: TriedPicture | None) -> None:
    """Draw from which probability on an answer counts, what that gives and costs, and what it means for this picture."""
    st.markdown(say("**“None of these” when unsure**"))
    lowest = say("Lowest probability at which an arm answers")
    threshold = st.slider(lowest, 0, 100, 50, 5, format="%d %%", key=SURE, width=420) / 100
    rows = []
    for run in runs:
        known = choice.predictions(run.arm, split="validation")
        found = at_threshold(known, threshold) if known is not None else None
        figures = (None, None, None) if found is None else (found.coverage, found.accuracy, found.lost)
        look = held.found.get(run.run_id) if held else None
        rows.append(
            {
                say("Arm"): arm_title(run.arm),
                say("This picture"): _said(choice, look, threshold),
                say("Answers"): share(figures[0]),
                say("Right when it answers"): share(figures[1], 1),
                say("Right answers lost"): share(figures[2], 1),
            }
        )
    st.dataframe(
        {name: [row[name] for row in rows] for name in rows[0]} if rows else {},
        hide_index=True,
        height="auto",
        alt=say("What the threshold gains and costs with every arm"),
    )
    st.caption(
        say(
            "The last three columns are for this seed's validation pictures, which all belong to one of the classes: "
            "they can't show how often a picture of something else is kept out. A network can be sure of nonsense."
        )
    )


def _said(choice: Choice, look: Saliency | None, threshold: float) -> str:
    if look is None:
        return "–"
    first = look.answers[0]
    if first.probability < threshold:
        return say("none of these")
    return saliency.named(choice.classes, first.label)
