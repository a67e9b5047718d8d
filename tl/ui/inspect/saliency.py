"""What arms made of one picture, side by side: asked for by a button, looked at in the background, shown when it is there."""

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from tl.arm_names import arm_title
from tl.jobs import background
from tl.jobs.listing import RunEntry
from tl.jobs.measurements import saliency
from tl.languages import later, read_sentence, say
from tl.store.home import Home
from tl.store.origin import with_network
from tl.store.saliency import Failed, Saliency, read_saliency
from tl.ui.inspect import heat
from tl.ui.parts.refresh import while_working
from tl.ui.parts.text import escape
from tl.words import share

BAR = later("How sure")  # column of `probabilities`: the numbers, for a bar
OTHERS_ASKED = later("Other networks are answering just now; try again in a while.")
OTHERS = later("Another picture is being looked at; try again in a few seconds.")
GONE = later("The network of this arm is not here: it was trained elsewhere, or its files were deleted.")
NO_MAP = later("This network has no map of places, so it can't be shown where it looks.")
NOWHERE = later("No part of the picture speaks for this answer.")
Found = dict[str, Saliency | Failed | None]  # run -> what was found


@dataclass(frozen=True)
class SaliencyRequest:
    """A picture and the networks that look at it."""

    home: Home
    picture: str  # its place in the data set, or the name of one's own
    runs: tuple[RunEntry, ...]  # one of each arm
    shown: dict[str, NDArray[np.uint8]]  # run -> the picture as its network takes it, (S, S, 3)
    classes: tuple[str, ...]
    label: int | None  # the right class, where it is known
    key: str  # of its button

    def here(self) -> tuple[str, ...]:
        return tuple(run.run_id for run in self.runs if with_network(self.home.run(run.run_id)))

    def found(self) -> Found:
        """What is known by now."""
        return {run.run_id: read_saliency(self.home, run.run_id, self.picture) for run in self.runs}


def named(classes: tuple[str, ...], number: int) -> str:
    """A class as it is shown, not escaped."""
    return classes[number] if number < len(classes) else say("class {number}", number=number + 1)


def show(
    asked: SaliencyRequest, button: str, begin: Callable[[], bool], found: Callable[[], Found] | None = None
) -> None:
    """Draw the button, the progress and what was found; `begin` starts looking, `found` knows what there is."""
    working = functools.partial(saliency.working, asked.home)
    while_working(_show, working, asked, button, begin, found or asked.found, seconds=0.7)


def _show(
    asked: SaliencyRequest, button: str, begin: Callable[[], bool], found: Callable[[], Found], active: bool
) -> None:
    known = found()
    missing = [run_id for run_id in asked.here() if not isinstance(known[run_id], Saliency)]
    if missing and active:
        done = len(asked.here()) - len(missing)
        st.progress(
            done / len(asked.here()),
            say("Loading the networks and looking: {done} of {all} done …", done=done, all=len(asked.here())),
        )
    elif missing:
        ask_button(asked.home, button, ":material/visibility:", asked.key, begin, say(OTHERS))
    columns = st.columns(max(2, len(asked.runs)))
    for column, run in zip(columns, asked.runs, strict=False):
        with column:
            _arm(asked, run, known[run.run_id])


def ask_button(home: Home, label: str, icon: str, key: str, begin: Callable[[], bool], others: str) -> None:
    """Draw the button by which networks are asked, while nothing trains: `begin` has them asked, and says whether it could;
    `others` says why not."""
    busy = background.busy(home)
    pressed = st.button(label, icon=icon, key=key, disabled=busy, type="primary")
    if busy:
        st.caption(say("Networks can answer once nothing is training."))
    if pressed:
        if begin():
            st.rerun()
        st.caption(others)


def _arm(asked: SaliencyRequest, run: RunEntry, found: Saliency | Failed | None) -> None:
    name = arm_title(run.arm)
    st.markdown(f"**{escape(name)}**")
    pixels = asked.shown.get(run.run_id)
    if isinstance(found, Saliency):
        _answered(asked, found, pixels, name)
        return
    if pixels is not None:
        st.image(heat.enlarged(pixels), width=heat.SIDE, alt=say("The picture as this network takes it"))
    if isinstance(found, Failed):
        st.caption(f":material/warning: {escape(read_sentence(found.error))}")  # not shown
    elif run.run_id not in asked.here():
        st.caption(say(GONE))


def _answered(asked: SaliencyRequest, found: Saliency, pixels: NDArray[np.uint8] | None, name: str) -> None:
    first = found.answers[0]
    if pixels is not None:
        seen = heat.enlarged(pixels) if found.heat is None else heat.overlay(pixels, found.heat)
        st.image(seen, width=heat.SIDE, alt=say("Where {arm} looks", arm=name))
    mark = "" if asked.label is None else ":material/check: " if first.label == asked.label else ":material/close: "
    answer = say(
        "{answer}, {probability}",
        answer=escape(named(asked.classes, first.label)),
        probability=share(first.probability, 1),
    )
    st.markdown(mark + answer)
    if found.heat is None:
        st.caption(say(NO_MAP))
    elif not any(map(any, found.heat)):
        st.caption(say(NOWHERE))


def probabilities(asked: SaliencyRequest, found: Saliency) -> dict[str, list[object]]:
    """Columns of a table: the surest classes first."""
    return {
        say("Class"): [named(asked.classes, each.label) for each in found.answers],
        say("Probability"): [share(each.probability, 1) for each in found.answers],
        say(BAR): [each.probability for each in found.answers],
    }
