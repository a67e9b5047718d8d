"""What is taken for what, which pictures an arm fixes and breaks, and how each class fares."""

from collections.abc import Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from tl.analysis.inspection.difference import Difference, difference
from tl.analysis.inspection.mistakes import sureness
from tl.arm_names import arm_title
from tl.languages import later, say
from tl.ui.inspect import confusion_charts, gallery
from tl.ui.inspect.by_class import by_class
from tl.ui.inspect.choice import Choice
from tl.ui.inspect.confusion_charts import ANSWERED, ANY, BY, LABELLED, ONE_OF_THEM, SHOWN, SQUARE, keep_to, key
from tl.ui.inspect.fixed_wording import meaning, net, totals
from tl.ui.inspect.gallery import ArmAnswers
from tl.ui.parts.text import escape
from tl.words import count, number_of

NOTHING = later("No such pictures.")


def show(choice: Choice) -> None:
    arm, other = gallery.arm_answers(choice, choice.arm), gallery.arm_answers(choice, choice.other)
    if arm is None:
        st.info(say("This run's answers are no longer here."), icon=":material/image_search:")
        return
    names = gallery.class_names(choice, arm.predictions.probabilities.shape[1])
    between = difference(arm.predictions, other.predictions) if other else None
    voices = [arm, other] if other and between else [arm]
    if between and other:
        st.markdown(totals(arm.noun, other.noun, between, choice.asked(between.pictures)))
        st.caption(meaning(arm.noun, other.noun, choice.seed))
        if over := net(choice):
            st.markdown(over)
    elif choice.other:
        _told_why(choice, other)
    confusion_charts.draw(choice, voices, names)
    _pictures(choice, voices, names, between)
    by_class(voices, names)


def _told_why(choice: Choice, other: ArmAnswers | None) -> None:
    """Why two arms that were chosen are not held against each other."""
    title = escape(arm_title(choice.other or ""))
    if other:
        why = say("{arm} was tested on other pictures, so the two can't be compared picture by picture.", arm=title)
    else:
        why = say(
            "{arm} has no finished run with seed {seed}, so the two can't be compared picture by picture.",
            arm=title,
            seed=choice.seed,
        )
    st.info(why, icon=":material/info:")


def _pictures(choice: Choice, voices: Sequence[ArmAnswers], names: Sequence[str], between: Difference | None) -> None:
    """Draw one group of pictures; which is chosen above them, or by a click on a square."""
    groups = _groups(voices, between)
    st.header(say("Pictures"), anchor=False)
    titles = {name: f"{title} ({count(len(rows))})" for name, (title, rows) in groups.items()}
    titles[SQUARE] = say("By class")
    keep_to(key(choice, SHOWN), titles)
    usual = next((name for name, (_, rows) in groups.items() if len(rows)), SQUARE)
    opened = st.segmented_control(
        say("Show"),
        list(titles),
        format_func=titles.__getitem__,
        key=key(choice, SHOWN),
        default=None if key(choice, SHOWN) in st.session_state else usual,
        required=True,
        wrap=True,
        label_visibility="collapsed",
    )
    rows = _square(choice, voices, names) if opened == SQUARE else groups[str(opened)][1]
    if not len(rows):
        st.caption(say(NOTHING))
        return
    gallery.legend(voices)
    told = voices[0].predictions
    square = (st.session_state.get(key(choice, name)) for name in (LABELLED, ANSWERED, BY))
    gallery.show(
        choice,
        told.picture[rows],
        told.label[rows],
        names,
        lambda row: [each.line(int(rows[row]), names) for each in voices],
        "_".join(map(str, (key(choice, "pictures"), choice.arm, choice.other, choice.seed, opened, *square))),
    )


def _groups(voices: Sequence[ArmAnswers], between: Difference | None) -> dict[str, tuple[str, NDArray[np.int64]]]:
    """Name -> title, rows of the pictures: where the arms differ most first, else those of which the first is least sure."""
    first = voices[0].predictions
    _, own = sureness(first)
    if between is None:
        return {
            "wrong": (say("Wrong"), _ordered(~first.right, own)),
            "right": (say("Right"), _ordered(first.right, own)),
        }
    _, theirs = sureness(voices[1].predictions)
    return {
        "fixed": (say("Fixed"), _ordered(between.fixed, theirs - own)),
        "broken": (say("Broken"), _ordered(between.broken, own - theirs)),
        "both_wrong": (say("Both wrong"), _ordered(between.both_wrong, own)),
        "both_right": (say("Both right"), _ordered(between.both_right, own)),
    }


def _ordered(mask: NDArray[np.bool_], by: NDArray[np.float64]) -> NDArray[np.int64]:
    rows = np.flatnonzero(mask)
    return rows[np.argsort(by[rows], kind="stable")].astype(np.int64)


def _square(choice: Choice, voices: Sequence[ArmAnswers], names: Sequence[str]) -> NDArray[np.int64]:
    """Draw the choice of a label and an answer, which a click on a square sets; gives the rows."""
    left, middle, right = st.columns(3)
    classes = [ANY, *range(len(names))]

    def named(number: int) -> str:
        return say("Any class") if number == ANY else names[number]

    label = left.selectbox(say("Labelled"), classes, format_func=named, key=key(choice, LABELLED))
    answer = middle.selectbox(say("Answered"), classes, format_func=named, key=key(choice, ANSWERED))
    titles = {str(place): each.title for place, each in enumerate(voices)}
    if len(voices) > 1:
        titles[ONE_OF_THEM] = say("Only one of the two")
    keep_to(key(choice, BY), titles)
    by = right.selectbox(say("By"), list(titles), format_func=titles.__getitem__, key=key(choice, BY))
    found = _answered(voices, label, answer, by)
    if len(found):
        st.caption(say("{pictures}, the surest answers first.", pictures=number_of(len(found), "picture")))
    return found


def _answered(voices: Sequence[ArmAnswers], label: int, answer: int, by: str) -> NDArray[np.int64]:
    """Rows of the pictures with this label (or ANY) that were answered so (or ANY) by one network, or by one alone."""
    told = [each.predictions for each in voices]
    picked = [each.predicted if answer == ANY else np.full(len(each.label), answer) for each in told]
    so = [each.predicted == wanted for each, wanted in zip(told, picked, strict=True)]
    shares = [
        np.take_along_axis(each.probabilities, wanted[:, None], 1)[:, 0].astype(np.float64)
        for each, wanted in zip(told, picked, strict=True)
    ]
    if by == ONE_OF_THEM:
        alone = told[0].predicted != told[1].predicted
        here, weight = alone & (so[0] | so[1]), np.where(so[0], shares[0], shares[1])
    else:
        here, weight = so[int(by)], shares[int(by)]
    return _ordered(here & ((told[0].label == label) | (label == ANY)), -weight)
