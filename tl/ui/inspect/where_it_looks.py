"""Where it looks: a test picture, and which places of it speak for the answer of each of two arms."""

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from tl.analysis.names import inside
from tl.datasets.stored_pictures import pictures_at
from tl.jobs.listing import RunEntry
from tl.jobs.measurements import saliency as job
from tl.languages import later, say
from tl.store.predictions import Answers
from tl.store.saliency import Saliency
from tl.ui.inspect import heat, saliency
from tl.ui.inspect.choice import Choice
from tl.ui.inspect.confusion_charts import keep_to
from tl.ui.parts.text import escape
from tl.words import count, plain

KIND, PLACE, BUTTON = "looks_kind", "looks_place", "looks_ask"
MOST = 500  # pictures to choose from in a list; more are found by number
NUMBER = "number"  # in place of a kind of pictures
UNREADABLE = later("This run's answers can't be read; run the comparison again.")
NO_PICTURES = later("The pictures of this comparison are no longer here, so there is nothing to look at.")


def show(choice: Choice) -> None:
    st.header(say("Where it looks"), anchor=False)
    own = choice.answers(choice.arm)
    other = choice.answers(choice.other) if choice.other else None
    if choice.info is None or own is None or own.label.max() >= len(choice.classes):
        st.info(say(UNREADABLE if own is None else NO_PICTURES), icon=":material/image_search:")
        return
    if other is not None and not np.array_equal(own.picture, other.picture):
        other = None
    row = _chosen(choice, own, other)
    if row is None:
        return
    place, label = int(own.picture[row]), int(own.label[row])
    runs = tuple(run for run in (choice.run(choice.arm), choice.other and choice.run(choice.other)) if run)
    asked = saliency.SaliencyRequest(
        home=choice.home,
        picture=str(place),
        runs=runs,
        shown=_pictures(choice, runs, place, label),
        classes=choice.classes,
        label=label,
        key=BUTTON,
    )
    name = escape(saliency.named(choice.classes, label))
    st.markdown(say("Picture {number} is labelled **{label}**.", number=count(place + 1), label=name))
    here = asked.here()
    saliency.show(
        asked,
        say("Where do they look?") if len(runs) > 1 else say("Where does it look?"),
        lambda: job.ask(choice.home, asked.picture, here),
    )
    for known in asked.found().values():
        if isinstance(known, Saliency) and known.heat is not None:
            st.caption(escape(heat.explanation(known)))
            break


def _chosen(choice: Choice, own: Answers, other: Answers | None) -> int | None:
    """Draw what may be chosen; the row of the picture that was, None where there is none."""
    kinds = _kinds(choice, own, other)
    titles = {name: title for name, (title, _) in kinds.items()} | {NUMBER: say("By number")}
    keep_to(KIND, titles)
    kind = st.pills(
        say("Which pictures"),
        list(titles),
        format_func=titles.__getitem__,
        key=KIND,
        default=next(iter(titles)),
        required=True,
        wrap=True,
    )
    if kind in kinds:
        rows = kinds[kind][1][:MOST]
        places = own.picture[rows].tolist()
        names = choice.classes
        labels = dict(zip(places, own.label[rows].tolist(), strict=True))
        place = st.selectbox(
            say("Picture"),
            places,
            format_func=lambda place: say(
                "picture {number}, {label}", number=place + 1, label=plain(names[labels[place]])
            ),
            key=f"{PLACE}_{kind}_{choice.arm}_{choice.other}_{choice.seed}",
            width=360,
        )
    else:
        first = int(own.picture.min()) + 1
        last = int(own.picture.max()) + 1
        place = int(st.number_input(say("Number of the picture"), first, last, first, key=PLACE, width=220)) - 1
    found = np.flatnonzero(own.picture == place)
    if not len(found):
        st.caption(say("This picture is not among the test pictures of this seed; choose another number."))
        return None
    return int(found[0])


def _kinds(choice: Choice, own: Answers, other: Answers | None) -> dict[str, tuple[str, NDArray[np.int64]]]:
    """Pictures that something can be learned from -> what they are called, their rows; only those there are some of."""
    if other is None or choice.other is None:
        found = {"wrong": (say("Wrong"), ~own.right), "right": (say("Right"), own.right)}
    else:
        found = {
            "only_arm": (say("Only {arm} is right", arm=inside(choice.arm)), own.right & ~other.right),
            "only_other": (say("Only {arm} is right", arm=inside(choice.other)), ~own.right & other.right),
            "both_wrong": (say("Both wrong"), ~own.right & ~other.right),
            "both_right": (say("Both right"), own.right & other.right),
        }
    return {
        name: (f"{escape(what)} ({count(int(rows.sum()))})", np.flatnonzero(rows))
        for name, (what, rows) in found.items()
        if rows.any()
    }


def _pictures(choice: Choice, runs: tuple[RunEntry, ...], place: int, label: int) -> dict[str, NDArray[np.uint8]]:
    """Run -> the picture, as near as it is ready to how the run's network takes it; without those that can't be shown."""
    assert choice.info is not None
    sides = {arm.name: choice.now.experiment.of(arm).resolution for arm in choice.now.experiment.arms}
    shown = {}
    for run in runs:
        (one,) = pictures_at(choice.home, choice.info, [place], choice.stored([label]), [sides[run.arm]])
        if one.pixels is not None:
            shown[run.run_id] = one.pixels
    return shown
