"""How each class fares with every arm that is looked at: a table."""

from collections.abc import Sequence

import streamlit as st

from tl.analysis.inspection.confusion import class_scores
from tl.analysis.results import Interval
from tl.ui.inspect.gallery import Voice
from tl.ui.parts.text import cell
from tl.words import percent


def by_class(voices: Sequence[Voice], names: Sequence[str]) -> None:
    """Draw recall, precision and the number of pictures and answers."""
    st.header("Class by class", anchor=False)
    columns: dict[str, list[str] | list[int]] = {"class": [cell(name) for name in names]}
    titles = [cell(each.title) for each in voices]
    for place, each in enumerate(voices):
        scores = class_scores(each.told, len(names))
        title = titles[place] if titles.count(titles[place]) == 1 else f"{titles[place]} ({each.position + 1})"
        if not place:
            columns["test pictures"] = [score.pictures for score in scores]
        columns[f"recall, {title}"] = [_share(score.recall, "no pictures") for score in scores]
        columns[f"precision, {title}"] = [_share(score.precision, "no answers") for score in scores]
        columns[f"answers, {title}"] = [score.answers for score in scores]
    st.dataframe(columns, hide_index=True, alt="Recall and precision of every class")
    st.caption(
        "Recall: the share of a class's pictures that were recognised. Precision: the share of such answers that are right. "
        "In brackets 95 % intervals (Wilson) for other pictures and these networks; pictures that belong together count once."
    )


def _share(found: Interval | None, none: str) -> str:
    if found is None or found.low is None or found.high is None:
        return none
    return f"{percent(found.mean)} ({100 * found.low:.0f} to {percent(found.high, 0)})"
