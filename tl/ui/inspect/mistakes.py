"""The worst mistakes of the arm that is looked at, and the pictures that most networks get wrong."""

from collections.abc import Sequence

import streamlit as st

from tl.analysis.inspection.difference import same_pictures
from tl.analysis.inspection.mistakes import Hardest, hardest, worst_mistakes
from tl.store.predictions import Answers
from tl.ui.inspect import gallery
from tl.ui.inspect.choice import Choice, finished
from tl.ui.inspect.gallery import Line
from tl.ui.parts.text import count, escape
from tl.words import number_of


def show(choice: Choice) -> None:
    """Draw the section."""
    arm, other = gallery.voice(choice, choice.arm), gallery.voice(choice, choice.other)
    if arm is None:
        st.info("What this run answered is no longer here.", icon=":material/image_search:")
        return
    told = arm.told
    names = gallery.class_names(choice, told.probabilities.shape[1])
    st.header(f"Worst mistakes: {escape(arm.title)}", anchor=False)
    rows = worst_mistakes(told)
    st.markdown(
        f"{escape(arm.title)} got {count(len(rows))} of {choice.asked(len(told.label))} wrong (seed "
        f"{choice.seed}). Those where it was surest of the wrong class come first; in brackets the probability it gave to "
        "the right one."
    )
    voices = [arm, other] if other and same_pictures((told, other.told)) else [arm]
    gallery.legend(voices)
    gallery.show(
        choice,
        told.picture[rows],
        told.label[rows],
        names,
        lambda row: [each.line(int(rows[row]), names) for each in voices],
        f"inspect_mistakes_{choice.now.experiment_id}_{choice.arm}_{choice.other}_{choice.seed}",
    )
    _hardest(choice, names)


def _hardest(choice: Choice, names: Sequence[str]) -> None:
    """Draw what most networks of the comparison got wrong."""
    found = [choice.answers(run.arm, run.seed) for run in finished(choice.now)]
    answers = [each for each in found if each is not None]
    if len(answers) < 2:
        return
    st.header("Hardest pictures", anchor=False)
    hard = hardest(answers, len(names))
    st.markdown(told_of(hard, answers, choice.asked(pictures_of(answers))))
    gallery.show(
        choice,
        hard.picture,
        hard.label,
        names,
        lambda row: [Line(title="All networks", position=None, text=_said(hard, row, names))],
        f"inspect_hardest_{choice.now.experiment_id}",
    )


def pictures_of(answers: Sequence[Answers]) -> int:
    """How many pictures any of the networks was asked about."""
    return len({int(place) for each in answers for place in each.picture})


def told_of(hard: Hardest, answers: Sequence[Answers], of: str | None = None) -> str:
    """How many were wrong in all networks, and in any; Markdown. `of`: other words than "550 test pictures"."""
    every = int((hard.wrong == hard.asked).sum())
    if not len(hard.picture):
        return f"All {len(answers)} networks, of all arms and seeds, got every test picture right."
    return (
        f"{count(every)} of {of or number_of(pictures_of(answers), 'test picture')} {'was' if every == 1 else 'were'} wrong in all "
        f"{_tested(hard, answers)}, {count(len(hard.picture))} in at least one. The hardest come first: some may be labelled "
        "wrongly, or show several things."
    )


def _tested(hard: Hardest, answers: Sequence[Answers]) -> str:
    """Of how many networks that is said; where seeds have test sets of their own, none was asked about every picture."""
    if (hard.asked == len(answers)).all():
        return f"{len(answers)} networks (all arms and seeds)"
    return f"networks that were tested on them (of {len(answers)}, all arms and seeds)"


def _said(hard: Hardest, row: int, names: Sequence[str]) -> str:
    return f"wrong in {hard.wrong[row]} of {hard.asked[row]}, mostly {names[hard.taken_for[row]]}"
