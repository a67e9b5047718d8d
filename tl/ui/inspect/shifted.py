"""A shifted test: the same test pictures blurred, noisy, strongly compressed, darker; which arm holds up better."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from tl.analysis.inspection import shifted_record as record
from tl.arm_names import arm_title
from tl.jobs.listing import RunEntry
from tl.jobs.measurements import shifted as job
from tl.languages import joined, later, say, semicolons
from tl.report.shifted_findings import drawings
from tl.store.home import Home
from tl.store.origin import with_network
from tl.store.shifted import read_progress, read_shifted
from tl.ui.inspect.choice import Choice
from tl.ui.inspect.saliency import OTHERS_ASKED, ask_button
from tl.ui.parts.chart import draw
from tl.ui.parts.refresh import while_working
from tl.ui.parts.text import escape, unbroken
from tl.words import cell, number_of

BUTTON = "shifted_ask"
NAMED = 4  # networks that are named, of those that have not been asked
BESIDE = 2  # charts in a row: narrower, names of arms are cut off
ABOUT = later(
    "Photos taken another day are out of focus, grainy, compressed or underexposed. Here the networks of this comparison are "
    "asked about their test pictures again, each shifted in four ways at three strengths; nothing trains."
)


def show(choice: Choice) -> None:
    st.header(say("A shifted test"), anchor=False)
    st.caption(say(ABOUT))
    while_working(_show, lambda: job.working(choice.home), choice)


def _show(choice: Choice, active: bool) -> None:
    runs = choice.now.answered
    left = [run for run in runs if read_shifted(choice.home.run(run.run_id).shifted) is None]
    if left and active:
        st.progress(read_progress(choice.home), say("Testing the networks on shifted pictures …"))
    elif left:
        _button(choice.home, left, len(runs) - len(left))
    if len(left) < len(runs):
        _found(choice)


def _button(home: Home, left: list[RunEntry], asked_before: int) -> None:
    for run in left:
        if problem := job.problem(home, run.run_id):
            st.caption(
                say(
                    ":material/warning: {arm}, seed {seed}: {problem}",
                    arm=escape(arm_title(run.arm)),
                    seed=run.seed,
                    problem=escape(problem),
                )
            )
    here = [run.run_id for run in left if with_network(home.run(run.run_id))]
    if not here:
        st.caption(
            say("The networks of these runs are not here: they were trained elsewhere, or their files were deleted.")
        )
        return
    if asked_before:
        st.caption(escape(not_asked_yet(left, asked_before)))
    which = "more network" if asked_before else "network"  # not shown
    words = say("Ask {networks}", networks=number_of(len(here), which))
    ask_button(home, words, ":material/blur_on:", BUTTON, partial(job.ask, home, here), say(OTHERS_ASKED))


def not_asked_yet(left: Sequence[RunEntry], asked_before: int) -> str:
    """ "The figures are of 4 networks. Not asked yet: From scratch, seed 2." """
    named: list[str] = [say("{arm}, seed {seed}", arm=arm_title(run.arm), seed=run.seed) for run in left[:NAMED]]
    runs = semicolons(named)
    if len(left) > NAMED:
        waiting = say("Not asked yet: {runs} and {number} more.", runs=runs, number=len(left) - NAMED)
    else:
        waiting = say("Not asked yet: {runs}.", runs=runs)
    return joined([say("The figures are for {networks}.", networks=number_of(asked_before, "network")), waiting])


def _found(choice: Choice) -> None:
    train = choice.info.train if choice.info else None
    against = {choice.arm: choice.other} if choice.other else {}
    found = record.shifted_record(choice.home, choice.now.experiment, choice.now.runs, train, against)
    for sentence in found.text:
        st.markdown(unbroken(sentence))
    names = [arm.name for arm in choice.now.experiment.arms]
    drawn = list(drawings(found, names).items())
    for first in range(0, len(drawn), BESIDE):
        for column, (kind, chart) in zip(st.columns(BESIDE), drawn[first : first + BESIDE], strict=False):
            with column:
                st.caption(say("Pictures {kind}", kind=say(kind)))
                alt = say("Test accuracy of every arm with pictures {kind} more and more", kind=say(kind))
                draw(chart, key=f"shifted_{kind}", alt=alt)
    head, rows = record.head(), record.table_rows(found)
    st.dataframe(
        {name: [cell(row[place]) for row in rows] for place, name in enumerate(head)},
        hide_index=True,
        height="auto",
        alt=say("Accuracy of every arm on shifted pictures"),
    )
    st.caption(say(record.EXPLAINED))
