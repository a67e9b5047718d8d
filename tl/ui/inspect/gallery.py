"""Pictures with what networks said of them, a page at a time; without the pictures, the same as a table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from tl.analysis.names import noun
from tl.arm_names import arm_title
from tl.config import Refused
from tl.datasets.stored_pictures import ShownPicture, pictures_at
from tl.languages import say
from tl.store.predictions import Predictions
from tl.ui.inspect.choice import Choice
from tl.ui.parts.chart import dot
from tl.ui.parts.text import escape, unbroken
from tl.words import cell, number_of, plain, share

PER_PAGE = 24
WIDTH = 128  # pixels: of a picture on the page
GREY = np.full((8, 8, 3), 150, np.uint8)  # for a picture that can't be shown


@dataclass(frozen=True, kw_only=True)
class Line:
    """What one network, or all, said of a picture."""

    title: str  # whose; not escaped
    position: int | None  # of the arm, for its colour
    text: str  # not escaped


@dataclass(frozen=True, kw_only=True)
class ArmAnswers:
    """One arm's network; those of a gallery were asked about the same pictures, in the same order."""

    name: str  # of the arm, as in the experiment
    position: int  # of the arm, for its colour
    predictions: Predictions

    @property
    def title(self) -> str:
        """As shown; not escaped."""
        return arm_title(self.name)

    @property
    def noun(self) -> str:
        """In a sentence; not escaped."""
        return noun(self.name)

    def line(self, row: int, names: Sequence[str]) -> Line:
        """Its answer about the picture of a row, and how sure it was; where it is wrong, of the right class as well."""
        label, answer = int(self.predictions.label[row]), int(self.predictions.predicted[row])
        shares = self.predictions.probabilities[row]
        text = f"{names[answer]} {share(float(shares[answer]))}"
        wrong = f"✗ {text} ({names[label]} {share(float(shares[label]))})"
        return Line(title=self.title, position=self.position, text=f"✓ {text}" if label == answer else wrong)


def arm_answers(choice: Choice, arm: str | None, split: str = "test") -> ArmAnswers | None:
    """An arm's network of the seed that is looked at; None where it kept no answers."""
    predictions = choice.predictions(arm, split=split) if arm is not None else None
    if arm is None or predictions is None:
        return None
    position = [each.name for each in choice.now.experiment.arms].index(arm)
    return ArmAnswers(name=arm, position=position, predictions=predictions)


def class_names(choice: Choice, classes: int) -> tuple[str, ...]:
    """In label order, on one line each, not escaped; numbered where they are not known."""
    known = choice.now.pictures
    if known is not None and len(known.classes) == classes:
        return tuple(plain(name) for name in known.classes)
    return tuple(say("Class {number}", number=number) for number in range(1, classes + 1))


def legend(voices: Sequence[ArmAnswers]) -> None:
    """Whose answer stands beside which mark."""
    with st.container(horizontal=True, gap="medium"):
        for each in voices:
            st.markdown(f"{dot(each.position)} {escape(each.title)}", width="content")


def show(
    choice: Choice,
    picture: NDArray[np.int64],
    label: NDArray[np.int64],
    names: Sequence[str],
    lines: Callable[[int], list[Line]],
    key: str,
) -> None:
    """Draw the k pictures (places in the data set) with their labels; `lines(i)` gives what is said of the i-th.

    `key` is another one for another choice of pictures: each begins with its first page.
    """
    pages = -(-len(picture) // PER_PAGE)
    place = f"{key}_page"
    page = min(int(st.session_state.get(place) or 1), max(1, pages))
    rows = range((page - 1) * PER_PAGE, min(page * PER_PAGE, len(picture)))
    found = _pixels(choice, picture[rows.start : rows.stop], label[rows.start : rows.stop])
    told = [(names[label[row]], lines(row)) for row in rows]
    if found is None:
        _table([int(picture[row]) for row in rows], told)
    elif rows:
        st.image(
            [GREY if each.pixels is None else each.pixels for each in found],
            caption=[_caption(each, name, own) for each, (name, own) in zip(found, told, strict=True)],
            width=WIDTH,
            output_format="JPEG",
            alt=[plain(f"{name}: {'; '.join(f'{line.title} {line.text}' for line in own)}") for name, own in told],
        )
    if pages > 1:
        st.pagination(pages, key=place)


def _pixels(choice: Choice, picture: NDArray[np.int64], label: NDArray[np.int64]) -> list[ShownPicture] | None:
    """None, with a sentence, where none of the pictures can be shown."""
    if choice.info is None:
        st.caption(say("The pictures are no longer here, so only numbers can be shown."))
        return None
    try:
        found = pictures_at(choice.home, choice.info, picture.tolist(), choice.stored(label.tolist()), choice.sides)
    except Refused as problem:
        st.warning(escape(problem), icon=":material/broken_image:")
        return None
    if len(found) and all(each.pixels is None for each in found):
        st.caption(say("These pictures are no longer here as the runs saw them, so only numbers can be shown."))
        return None
    return found


def _caption(found: ShownPicture, name: str, lines: Sequence[Line]) -> str:
    missing = [say(":small[{file} can't be shown]", file=escape(found.name))] if found.pixels is None else []
    said = [
        f":small[{dot(line.position) + ' ' if line.position is not None else ''}{unbroken(line.text)}]"
        for line in lines
    ]
    return "  \n".join([f"**{escape(name)}**", *missing, *said])


def _table(places: Sequence[int], told: Sequence[tuple[str, list[Line]]]) -> None:
    columns: dict[str, list[str]] = {
        say("picture"): [f"{place + 1}" for place in places],
        say("labelled"): [cell(name) for name, _ in told],
    }
    for _, own in told:
        for line in own:
            columns.setdefault(cell(line.title), []).append(cell(line.text))
    pictures = number_of(len(places), "picture")
    st.dataframe(columns, hide_index=True, alt=say("Details of {pictures}", pictures=pictures))
