"""The heatmaps of what is taken for what: one an arm, one of the difference. A click chooses the pictures below."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from tl.analysis.inspection.confusion import confusion, most_confused
from tl.charts.palette import arm_colour
from tl.languages import joined, say
from tl.ui.inspect.choice import Choice
from tl.ui.inspect.gallery import ArmAnswers
from tl.ui.parts.chart import dot
from tl.ui.parts.chart import draw as draw_chart
from tl.ui.parts.text import escape

if TYPE_CHECKING:  # the page's first words don't wait for altair
    from tl.charts.drawing import Drawing

SHOWN, LABELLED, ANSWERED, BY = "shown", "labelled", "answered", "by"
SQUARE, ONE_OF_THEM, ANY = "square", "one", -1
MOST = 20  # classes that are drawn: more can't be read


def key(choice: Choice, name: str) -> str:
    """In the session: of this experiment, since another has other classes and arms."""
    return f"inspect_{name}_{choice.now.experiment_id}"


def keep_to(name: str, options: Collection[str]) -> None:
    """Forget what was chosen where it can't be any more, as once only one arm is looked at."""
    if name in st.session_state and st.session_state[name] not in options:
        del st.session_state[name]


def draw(choice: Choice, voices: Sequence[ArmAnswers], names: Sequence[str]) -> None:
    """Draw them side by side where there is room."""
    from tl.charts.confusion import Side, confusion_chart, difference_chart

    sides = [
        Side(title=each.title, colour=arm_colour(each.position), counts=confusion(each.predictions, len(names)))
        for each in voices
    ]
    among = [int(number) for number in most_confused([side.counts for side in sides], MOST)]
    framed = _framed(choice)
    with st.grid(min(3, 2 * len(sides) - 1), min_column_width=300):
        for place, side in enumerate(sides):
            chart = confusion_chart(side, names, among, framed.get(str(place)))
            _one(choice, chart, side.title, str(place), say("Confusion matrix of {arm}", arm=side.title))
        if len(sides) > 1:
            chart = difference_chart(sides[0], sides[1], names, among, framed.get(ONE_OF_THEM))
            both = {"arm": sides[0].title, "other": sides[1].title}
            about = say("Difference of the confusion matrices of {arm} and {other}", **both)
            _one(choice, chart, say("{arm} minus {other}", **both), ONE_OF_THEM, about)
    said = [say("Click a square to see its pictures.")]
    if len(among) < len(names):
        most = say("The {number} of {all} classes with the most mistakes.", number=len(among), all=len(names))
        said = [most, *said]
    if len(voices) > 1:
        first, second = (say("{colour} for {arm}", colour=dot(each.position), arm=escape(each.noun)) for each in voices)
        said.append(
            say(
                "In the difference, colours say which arm a square speaks for: {first}, {second}.",
                first=first,
                second=second,
            )
        )
    st.caption(joined(said))


def _one(choice: Choice, chart: "Drawing", title: str, by: str, alt: str) -> None:
    from tl.charts.confusion import CELL

    own = key(choice, f"confusion_{by}_{choice.arm}_{choice.other}_{choice.seed}")

    def picked() -> None:
        found = st.session_state[own].selection.get(CELL) or []
        if found:  # a second click takes the choice back: the pictures stay
            state = st.session_state
            state[key(choice, LABELLED)], state[key(choice, ANSWERED)] = int(found[0]["label"]), int(found[0]["answer"])
            state[key(choice, BY)], state[key(choice, SHOWN)] = by, SQUARE

    with st.container():
        st.markdown(f"**{escape(title)}**")
        draw_chart(chart, key=own, alt=alt, on_select=picked, selection_mode=CELL)


def _framed(choice: Choice) -> dict[str, tuple[int, int]]:
    """Chart -> the square whose pictures are shown; {} where none is."""
    state = st.session_state
    if state.get(key(choice, SHOWN)) != SQUARE:
        return {}
    label, answer = state.get(key(choice, LABELLED), ANY), state.get(key(choice, ANSWERED), ANY)
    return {state.get(key(choice, BY), "0"): (label, answer)}
