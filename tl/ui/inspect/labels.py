"""Labels: which are suspicious, which pictures are in two splits or two classes; what to do with each, and compare again."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from tl import datasets
from tl.analysis.forecasts.question import ForecastQuestion
from tl.analysis.inspection import held_out
from tl.analysis.inspection.label_issues import LabelIssues, Suspect
from tl.arm_names import arm_title
from tl.config import Refused
from tl.datasets.info import DatasetInfo
from tl.datasets.preparing import index_of
from tl.datasets.stored_pictures import pictures_at
from tl.languages import commas, joined, later, plural, say
from tl.store.home import Home
from tl.ui.inspect import checking, correcting, duplicates, second_look
from tl.ui.inspect.choice import Choice
from tl.ui.inspect.correcting import Labelled
from tl.ui.parts.text import escape
from tl.words import count, number_of, percent, share

PER_PAGE = 12
MOST = 0.2  # of the labels; where more are suspicious, few of those are wrong
TOO_MANY = later(
    ":orange[:material/warning: This many doubts say more about these networks than about the labels: few of them are likely "
    "to be right.]"
)
PAIRS = 5  # kinds of confusion that are named


def show(choice: Choice) -> None:
    second_look.show(choice)
    info = choice.info
    if info is None or choice.now.imported:
        st.info(
            say("The pictures are not on this computer, so their labels can't be looked at."), icon=":material/label:"
        )
        return
    if choice.target is not None:
        st.info(
            say(
                "A network that learned from one data set and works on another can't show wrong labels: it also takes "
                "pictures that merely look different for another class. To check the labels of either set, run a "
                "comparison within it."
            ),
            icon=":material/label:",
        )
        return
    if info.origin == "drawn":
        right = say("{data} is drawn by the computer: its labels are right.", data=escape(info.title))
        st.info(right, icon=":material/label:")
        return
    try:
        index = index_of(datasets.home_of(choice.home, info.name).dataset_dir(info.name), info)
    except Refused as problem:
        st.error(escape(problem), icon=":material/broken_image:")
        return
    pictures = Labelled(index["name"].tolist(), index["label"].tolist(), index["split"].tolist())
    place = st.container()
    with place:  # now: drawn last, it would move all that is below
        again = correcting.correction_bar(choice, info, pictures)
    _suspects(choice, info, pictures)
    duplicates.show(choice, info, pictures)
    if again:
        with place:
            again()


def _suspects(choice: Choice, info: DatasetInfo, pictures: Labelled) -> None:
    st.header(say("Suspicious labels"), anchor=False)
    asked, why_not = _asked(choice)
    runs = tuple((run.arm, run.run_id) for run in choice.now.answered)
    stamp = None if asked is None else checking.stamp(choice.home, asked)
    found = _found(choice.home, str(choice.home.path), runs, asked, stamp)
    issues = found.issues
    suspects = [one for one in issues.suspects if _same(one, pictures)]
    st.markdown(
        plural(
            "{labels} of {judged} is suspicious: a network that never trained on the picture takes it for another class. "
            "Suspicious is not wrong: look at each. First come those to which their own class was least probable.",
            "{labels} of {judged} are suspicious: a network that never trained on the picture takes it for another class. "
            "Suspicious is not wrong: look at each. First come those to which their own class was least probable.",
            len(suspects),
            labels=number_of(len(suspects), "label"),
            judged=count(issues.judged),
        )
    )
    st.caption(joined([*map(_judge, found.judges), _kinds(issues, info.classes)]))
    if len(suspects) > MOST * issues.judged:
        st.markdown(say(TOO_MANY))
    checking.controls(choice, asked, why_not)
    if not suspects:
        return
    pages = -(-len(suspects) // PER_PAGE)
    key = f"inspect_labels_{choice.now.experiment_id}_page"
    page = min(int(st.session_state.get(key) or 1), pages)
    _grid(choice, info, pictures, suspects[(page - 1) * PER_PAGE : page * PER_PAGE])
    if pages > 1:
        st.pagination(pages, key=key)


def _asked(choice: Choice) -> tuple[ForecastQuestion | None, str | None]:
    """What the training pictures are asked by, or why they can't be."""
    try:
        return held_out.asked_of(choice.home, choice.now.experiment, choice.arm), None
    except Refused as problem:
        return None, str(problem)


@st.cache_data(max_entries=8, show_spinner=False)
def _found(
    _home: Home, path: str, runs: tuple[tuple[str, str], ...], asked: ForecastQuestion | None, stamp: float | None
) -> held_out.Doubts:
    """`runs`: (arm, run id) of those that have kept answers; `stamp` changes when what the probe says does."""
    return held_out.suspicious(_home, runs, asked if stamp else None)


def _judge(judge: held_out.Judge) -> str:
    """Who judged, and how often it was right: a sentence."""
    pictures, right = number_of(judge.pictures, "picture"), percent(judge.right)
    if judge.arm is None:
        return say(
            "{pictures} were judged by a linear probe on the pretrained network's features, fitted to other pictures; it "
            "agrees with {right} of their labels.",
            pictures=pictures,
            right=right,
        )
    return say(
        "{pictures} were judged by those networks of {arm} that did not train on them; they agree with {right} of the labels.",
        pictures=pictures,
        arm=escape(arm_title(judge.arm)),
        right=right,
    )


def _same(one: Suspect, pictures: Labelled) -> bool:
    """Whether the data set still has the picture that was judged."""
    return 0 <= one.picture < len(pictures.labels) and pictures.labels[one.picture] == one.label


def _kinds(found: LabelIssues, classes: Sequence[str]) -> str:
    """Which classes are taken for which, most first: a sentence."""
    off = found.joint.copy()
    np.fill_diagonal(off, 0)
    most = [(int(off[row, column]), row, column) for row, column in zip(*np.nonzero(off), strict=True)]
    most.sort(key=lambda entry: (-entry[0], entry[1:]))
    if not most or len(off) > len(classes):
        return ""
    said = [f"{escape(classes[row])} → {escape(classes[column])} {number}" for number, row, column in most[:PAIRS]]
    return say("Most often: {kinds}.", kinds=commas(said))


def _grid(choice: Choice, info: DatasetInfo, pictures: Labelled, suspects: Sequence[Suspect]) -> None:
    spec = choice.now.experiment
    places, labels = [one.picture for one in suspects], [one.label for one in suspects]
    shown = pictures_at(choice.home, info, places, labels, choice.sides)
    with st.grid(4, min_column_width=150):
        for one, picture in zip(suspects, shown, strict=True):
            own, other = escape(info.classes[one.label]), escape(info.classes[one.looks_like])
            with st.container(border=True, key=f"suspect_{one.picture}"):
                words = say(
                    "Looks like {other}, is labelled {own}",
                    other=info.classes[one.looks_like],
                    own=info.classes[one.label],
                )
                correcting.image(picture, words)
                st.markdown(say("looks like **{other}**, is labelled **{own}**", other=other, own=own))
                shares = f"{other} {share(one.other)}, {own} {share(one.own)}"
                place = "" if spec.resplit else f" · {say(correcting.SPLITS[pictures.splits[one.picture]])}"
                st.caption(f"{shares}{place}  \n{escape(picture.name)}")
                correcting.picker(info, pictures, one.picture, "suspect", one.looks_like)
