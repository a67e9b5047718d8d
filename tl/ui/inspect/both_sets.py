"""Both sets in one picture: what reaches the head of a network for pictures of the source and of the target, before and after."""

from collections import Counter
from contextlib import suppress
from functools import partial

import numpy as np
import streamlit as st

from tl import datasets
from tl.analysis.adaptation import both_sets as told
from tl.arm_names import arm_title
from tl.config import Refused
from tl.jobs.listing import RunEntry
from tl.jobs.measurements import both_sets as job
from tl.languages import joined, later, say
from tl.store.both_sets import BothSets, Seen, read_both_sets
from tl.store.origin import with_network
from tl.strategies import SOURCE_THEN_TARGET, STRATEGIES
from tl.ui.inspect import gallery
from tl.ui.inspect.choice import Choice
from tl.ui.inspect.saliency import GONE, OTHERS_ASKED, ask_button
from tl.ui.parts.chart import draw
from tl.ui.parts.refresh import while_working
from tl.ui.parts.text import escape, unbroken
from tl.words import number_of, percent, plain

BUTTON = "both_sets_ask"
UNKNOWN, REST = later("not labelled"), later("other classes")
ADAPTED = later(
    "In this arm BatchNorm uses the statistics of the pictures it is given: after training, the pictures of either set "
    "are normalised by that set's own statistics."
)


def show(choice: Choice) -> None:
    st.header(say("Both sets, before and after"), anchor=False)
    source, target = dataset_titles(choice)
    st.caption(
        say(
            "Pictures of {source} and of {target}, as the head of the network gets them, in the two directions in "
            "which they differ most (PCA of both together). No arm was trained with these pictures: up to 300 "
            "validation pictures of the first set and as many test pictures of the second.",
            source=escape(source),
            target=escape(target),
        )
    )
    while_working(_show, lambda: job.working(choice.home), choice)


def dataset_titles(choice: Choice) -> tuple[str, str]:
    """The two sets as people call them; not escaped."""
    names = []
    for name in choice.now.experiment.sets:
        with suppress(Refused):  # deleted since
            name = datasets.describe(choice.home, name).called
        names.append(name)
    return names[0], names[-1]


def _show(choice: Choice, active: bool) -> None:
    runs = [run for run in (choice.run(choice.arm), choice.other and choice.run(choice.other)) if run]
    found = {run.run_id: read_both_sets(choice.home.run(run.run_id).both_sets) for run in runs}
    left = [run for run in runs if found[run.run_id] is None]
    if left and active:
        st.caption(say(":material/hourglass_top: Loading the networks and looking at the pictures …"))
    elif left:
        _button(choice, left)
    if own := found.get(runs[0].run_id):
        _drawn(choice, own)
        for run in runs[1:]:
            if other := found.get(run.run_id):
                words = told.mixed(other.after)
                beside = say(
                    "{arm} after training, on the same pictures: {mixed}",
                    arm=arm_title(run.arm),
                    mixed=f"{words[0].lower()}{words[1:]}",
                )
                st.markdown(unbroken(beside))
        st.caption(
            joined(
                [
                    say(told.LOOK_FOR),
                    say(told.ONLY_A_VIEW),
                    say("One network (seed {seed}); another seed gives another picture.", seed=choice.seed),
                ]
            )
        )


def _button(choice: Choice, left: list[RunEntry]) -> None:
    for run in left:
        if problem := job.problem(choice.home, run.run_id):
            arm = escape(arm_title(run.arm))
            st.caption(say(":material/warning: {arm}: {problem}", arm=arm, problem=escape(problem)))
    here = [run.run_id for run in left if with_network(choice.home.run(run.run_id))]
    if not here:
        st.caption(say(GONE))
        return
    words = say("Ask {networks}", networks=number_of(len(here), "network"))
    begin = partial(job.ask, choice.home, here)
    ask_button(choice.home, words, ":material/scatter_plot:", BUTTON, begin, say(OTHERS_ASKED))


def _drawn(choice: Choice, found: BothSets) -> None:
    strategies = {arm.name: STRATEGIES[arm.strategy] for arm in choice.now.experiment.arms}
    labels = _labels(choice, found)
    colours = _colours(labels)
    names = gallery.class_names(choice, max([*labels, *(len(choice.classes) - 1,)], default=0) + 1)
    _legend(choice, names, labels, colours)
    before = say("Before: random weights") if found.random else say("Before: pretrained weights")
    after = say("After: {arm}", arm=arm_title(choice.arm))
    sides = (("before", before, found.before), ("after", after, found.after))
    for column, (key, title, own) in zip(st.columns(2), sides, strict=True):
        with column:
            st.markdown(f"**{escape(title)}**")
            _one(choice, found, own, names, labels, colours, key)
            st.markdown(unbroken(told.mixed(own)))
            st.caption(told.explained(own))
    if sentence := told.change(found):
        st.markdown(f"**{sentence}**")
    if strategies[choice.arm].learns_from == SOURCE_THEN_TARGET:
        st.markdown(f":material/info: {say(ADAPTED)}")  # not shown
    if found.random:
        st.caption(say(told.RANDOM))


def _labels(choice: Choice, found: BothSets) -> list[int]:
    """Of each picture its class, -1 where nobody has labelled it; what was labelled here since is known."""
    known = choice.known or {}
    return [
        label if label >= 0 or place < found.of_source else known.get(picture, -1)
        for place, (label, picture) in enumerate(zip(found.label, found.picture, strict=True))
    ]


def _colours(labels: list[int]) -> dict[int, int]:
    """Class -> its place among the chart's colours: of those with most pictures."""
    from tl.charts.both_sets import MOST_CLASSES

    counts = Counter(label for label in labels if label >= 0)
    shown = sorted(sorted(counts, key=lambda label: (-counts[label], label))[:MOST_CLASSES])
    return {label: place for place, label in enumerate(shown)}


def _legend(choice: Choice, names: tuple[str, ...], labels: list[int], colours: dict[int, int]) -> None:
    from tl.charts.both_sets import COLOURS, OTHER, SIGNS

    def dot(place: int) -> str:
        return f':small[:color[⬤]{{foreground="{COLOURS[place]}"}}]'

    with st.container(horizontal=True, gap="medium"):
        for sign, name in zip(SIGNS, dataset_titles(choice), strict=True):
            st.markdown(f"{sign} {escape(name)}", width="content")
    with st.container(horizontal=True, gap="small"):
        for label, place in colours.items():
            st.markdown(f"{dot(place)} {escape(names[label])}", width="content")
        others, unknown = bool({*labels} - {*colours} - {-1}), -1 in labels
        if others and unknown:
            st.markdown(f"{dot(OTHER)} {say('other classes, not labelled')}", width="content")
        elif others or unknown:
            st.markdown(f"{dot(OTHER)} {say(REST if others else UNKNOWN)}", width="content")


def _one(
    choice: Choice,
    found: BothSets,
    own: Seen,
    names: tuple[str, ...],
    labels: list[int],
    colours: dict[int, int],
    key: str,
) -> None:
    from tl.charts.both_sets import OTHER, both_sets_chart

    sets = [plain(name) for name in dataset_titles(choice)]
    rows = []
    for place in np.random.default_rng(0).permutation(len(labels)):  # else the one set would lie on top of the other
        side, label = int(place >= found.of_source), labels[place]
        told_class = names[label] if label >= 0 else say(UNKNOWN)
        x, y = own.places[place]
        rows.append((x, y, side, colours.get(label, OTHER), sets[side], told_class, found.picture[place] + 1))
    first, second = (percent(share, 0) for share in own.explained)
    shown = {"number": len(rows), "source": sets[0], "target": sets[1]}
    if key == "before":
        drawn = say("{number} pictures of {source} and {target} before training.", **shown)
    else:
        drawn = say("{number} pictures of {source} and {target} after training.", **shown)
    alt = joined([drawn, told.mixed(own)])
    draw(both_sets_chart(rows, (first, second)), key=f"both_sets_{key}", alt=alt)
