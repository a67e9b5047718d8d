"""The worst mistakes of the arm that is looked at, and the pictures that most networks get wrong."""

from collections.abc import Sequence

import streamlit as st

from tl.analysis.inspection.difference import same_pictures
from tl.analysis.inspection.mistakes import Hardest, hardest, worst_mistakes
from tl.languages import plural, say
from tl.store.predictions import Answers
from tl.ui.inspect import gallery
from tl.ui.inspect.choice import Choice
from tl.ui.inspect.gallery import Line
from tl.ui.parts.text import escape
from tl.words import count, number_of


def show(choice: Choice) -> None:
    arm, other = gallery.arm_answers(choice, choice.arm), gallery.arm_answers(choice, choice.other)
    if arm is None:
        st.info(say("This run's answers are no longer here."), icon=":material/image_search:")
        return
    told = arm.predictions
    names = gallery.class_names(choice, told.probabilities.shape[1])
    st.header(say("Worst mistakes: {arm}", arm=escape(arm.title)), anchor=False)
    rows = worst_mistakes(told)
    st.markdown(
        say(
            "{arm} got {wrong} of {pictures} wrong (seed {seed}). Those where it was surest of the wrong class come first; "
            "in brackets the probability it gave to the right one.",
            arm=escape(arm.title),
            wrong=count(len(rows)),
            pictures=choice.asked(len(told.label)),
            seed=choice.seed,
        )
    )
    voices = [arm, other] if other and same_pictures((told, other.predictions)) else [arm]
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
    found = [choice.answers(run.arm, run.seed) for run in choice.now.answered]
    answers = [each for each in found if each is not None]
    if len(answers) < 2:
        return
    st.header(say("Hardest pictures"), anchor=False)
    hard = hardest(answers, len(names))
    asked = len({int(place) for each in answers for place in each.picture})
    st.markdown(mistakes_sentence(hard, answers, choice.asked(asked)))

    def said(row: int) -> list[Line]:
        text = say(
            "wrong in {wrong} of {asked}, mostly {answer}",
            wrong=hard.wrong[row],
            asked=hard.asked[row],
            answer=names[hard.taken_for[row]],
        )
        return [Line(title=say("All networks"), position=None, text=text)]

    gallery.show(
        choice,
        hard.picture,
        hard.label,
        names,
        said,
        f"inspect_hardest_{choice.now.experiment_id}",
    )


def mistakes_sentence(hard: Hardest, answers: Sequence[Answers], of: str) -> str:
    """How many `of` these pictures were wrong in all networks, and in any; Markdown."""
    every = int((hard.wrong == hard.asked).sum())
    if not len(hard.picture):
        return say(
            "All {networks}, of all arms and seeds, got every test picture right.",
            networks=number_of(len(answers), "network"),
        )
    return plural(
        "{wrong} of {pictures} was answered wrongly by all {networks}, {once} by at least one. The hardest come first: "
        "some may be labelled wrongly, or show several things.",
        "{wrong} of {pictures} were answered wrongly by all {networks}, {once} by at least one. The hardest come "
        "first: some may be labelled wrongly, or show several things.",
        every,
        wrong=count(every),
        pictures=of,
        networks=_tested(hard, answers),
        once=count(len(hard.picture)),
    )


def _tested(hard: Hardest, answers: Sequence[Answers]) -> str:
    """Of how many networks that is said; where seeds have test sets of their own, none was asked about every picture."""
    if (hard.asked == len(answers)).all():
        return say("{networks} (all arms and seeds)", networks=number_of(len(answers), "network"))
    return say("networks that were tested on them (of {number}, all arms and seeds)", number=len(answers))
