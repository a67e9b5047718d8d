"""Marks on arms that had no fair chance, and what would be fairer with one click: going on, or training again."""

import streamlit as st

from tl import jobs
from tl.analysis.fairness import remedy
from tl.analysis.fairness_wording import already_said
from tl.analysis.results import Learning, Verdict
from tl.arm_names import arm_title
from tl.config import Experiment
from tl.languages import joined, later, listed, plural, say
from tl.report import findings
from tl.store.queue.schema import RESUMABLE
from tl.ui.parts.problems import show_kept, show_problems
from tl.ui.parts.refresh import set_going
from tl.ui.parts.text import escape, unbroken
from tl.ui.parts.view import ExperimentView
from tl.words import duration, number_of, rate

PROBLEM = "verdict_problem"
CHANGES = {  # whether an arm may train longer, else at another rate; whether patience is another -> what is otherwise
    (True, False): later(
        "A new comparison with the same settings, but this one may take {epochs} instead of {before}."
    ),
    (True, True): later(
        "A new comparison with the same settings, but this one may take {epochs} instead of {before}, and patience is "
        "{patience}."
    ),
    (False, False): later(
        "A new comparison with the same settings, but this one begins at a learning rate of {rate} instead of {before}."
    ),
    (False, True): later(
        "A new comparison with the same settings, but this one begins at a learning rate of {rate} instead of {before}, and "
        "patience is {patience}."
    ),
}


def show(now: ExperimentView, found: Verdict) -> None:
    """A red mark for every arm that had no fair chance, with a button for what would be fairer where that is clear."""
    show_kept(PROBLEM)
    for name, sentence in findings.marks(found):
        given = found.summary[name].ledger
        stopped = given.learning == Learning.STOPPED
        if already_said(found, name) and not stopped and remedy(now.experiment, name, given) is None:
            continue  # it is told, and there is nothing to press
        with st.container(horizontal=True, vertical_alignment="center"):
            words = "" if already_said(found, name) else f" {unbroken(sentence)}"  # else only the button is news
            st.markdown(f":red[:material/flag: **{escape(arm_title(name))}**{words}]")  # not shown
            if stopped:
                _resumable(now, name)
            else:
                _improvable(now, found, name)


def _resumable(now: ExperimentView, name: str) -> None:
    runs = [run for run in now.runs if run.arm == name and run.status in RESUMABLE]
    cut_short = [run.run_id for run in runs]
    if not now.imported:  # what was trained elsewhere came without what it had learned
        st.button(
            say("Resume") if len(cut_short) == 1 else say("Resume {number} runs", number=len(cut_short)),
            icon=":material/play_arrow:",
            key=f"go_on_{name}",
            on_click=set_going,
            args=(PROBLEM, jobs.resume_all, now.home, cut_short),
            help=say("Goes on after the last finished epoch.")
            if any(run.epochs for run in runs)
            else say("Begins with the first epoch."),
        )


def _improvable(now: ExperimentView, found: Verdict, name: str) -> None:
    """The button that trains the comparison again, with what the arm lacked."""
    given = found.summary[name].ledger
    fairer = remedy(now.experiment, name, given)
    if fairer is None:
        return
    arm = next(arm for arm in fairer.arms if arm.name == name)
    budget = fairer.epochs_of(arm)
    if budget > given.budget:
        label = say("Train it for {epochs}", epochs=number_of(budget, "epoch"))
    elif given.learning == Learning.LEARNED_NOTHING:
        label = say("Train it at the usual rate")
    else:
        label = say("Train it at a tenth of the rate")
    st.button(
        label,
        icon=":material/more_time:" if budget > given.budget else ":material/speed:",
        key=f"longer_{name}",
        on_click=_train_longer,
        args=(now, fairer, name),
    )
    anew = _anew(now, found, fairer, name)
    also = [arm_title(each) for each in anew[1:]]
    sentences = [
        _change(now, found, fairer, name),
        plural("{arms} is trained again, too.", "{arms} are trained again, too.", len(also), arms=listed(also))
        if also
        else None,
        say("The finished runs of the other arms are taken over.") if {*found.summary} - {*anew} else None,
        _cost(found, anew, budget / given.budget),
    ]
    st.caption(escape(joined(sentences)))


def _change(now: ExperimentView, found: Verdict, fairer: Experiment, name: str) -> str:
    """What is otherwise in the new comparison."""
    given, arm = found.summary[name].ledger, next(arm for arm in fairer.arms if arm.name == name)
    budget, patience = fairer.epochs_of(arm), fairer.patience
    longer = budget > given.budget
    return say(
        CHANGES[longer, patience != now.experiment.patience],
        epochs=number_of(budget, "epoch"),
        rate=rate(arm.learning_rate),
        before=f"{given.budget:,}" if longer else rate(given.learning_rate),
        patience=number_of(patience, "epoch"),
    )


def _anew(now: ExperimentView, found: Verdict, fairer: Experiment, name: str) -> list[str]:
    """Arms that are trained again in the new comparison: first the one it is for."""
    patience = fairer.patience != now.experiment.patience
    others = [each for each, own in found.summary.items() if each != name and patience and own.ledger.stopped_early]
    return [name, *others]


def _cost(found: Verdict, anew: list[str], times: float) -> str:
    """What training these arms takes, the first for so many times the epochs; nothing where that is not known."""
    seconds = 0.0
    for place, each in enumerate(anew):
        own = found.summary[each]
        if own.elapsed_seconds is None:
            return ""
        seconds += own.runs * own.elapsed_seconds * (1 if place else times)
    return say("That takes about {time} of computing time.", time=duration(seconds))


def _train_longer(now: ExperimentView, fairer: Experiment, name: str) -> None:
    """The key makes a second click, or a second tab, find the comparison of the first."""
    with show_problems(PROBLEM):
        arm = next(arm for arm in fairer.arms if arm.name == name)
        key = f"longer {now.experiment_id} {name} {arm.epochs} {arm.learning_rate}"  # not shown
        experiment_id = jobs.submit(now.home, fairer, key=key, keep_of=now.experiment_id)
        st.query_params["experiment"] = experiment_id
        jobs.ensure_supervisor(now.home)
