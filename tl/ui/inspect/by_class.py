"""How each class fares with every arm that is looked at: a table."""

from collections.abc import Sequence

import streamlit as st

from tl.analysis.inspection.confusion import class_scores
from tl.analysis.results import Interval
from tl.languages import say
from tl.ui.inspect.gallery import ArmAnswers
from tl.words import cell, percent


def by_class(voices: Sequence[ArmAnswers], names: Sequence[str]) -> None:
    """Draw recall, precision and the number of pictures and answers."""
    st.header(say("Class by class"), anchor=False)
    columns: dict[str, list[str] | list[int]] = {say("class"): [cell(name) for name in names]}
    titles = [cell(each.title) for each in voices]
    for place, each in enumerate(voices):
        scores = class_scores(each.predictions, len(names))
        title = titles[place] if titles.count(titles[place]) == 1 else f"{titles[place]} ({each.position + 1})"
        if not place:
            columns[say("test pictures")] = [score.pictures for score in scores]
        columns[say("recall, {arm}", arm=title)] = [_share(score.recall, say("no pictures")) for score in scores]
        columns[say("precision, {arm}", arm=title)] = [_share(score.precision, say("no answers")) for score in scores]
        columns[say("answers, {arm}", arm=title)] = [score.answers for score in scores]
    st.dataframe(columns, hide_index=True, alt=say("Recall and precision of every class"))
    st.caption(
        say(
            "Recall: the share of a class's pictures that were recognised. Precision: the share of such answers that are "
            "right. In brackets 95 % intervals (Wilson) for other pictures and these networks; pictures that belong "
            "together count once."
        )
    )


def _share(found: Interval | None, none: str) -> str:
    if found is None or found.low is None or found.high is None:
        return none
    low, high = f"{100 * found.low:.0f}", percent(found.high, 0)
    return say("{share} ({low} to {high})", share=percent(found.mean), low=low, high=high)
