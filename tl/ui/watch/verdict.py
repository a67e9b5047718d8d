"""The verdict card: what tl.analysis found, in its words, the numbers it rests on, and whether it was fair."""

from typing import TYPE_CHECKING, Any, Literal

import streamlit as st

from tl import jobs
from tl.analysis import claim_wording
from tl.analysis.fairness_wording import already_said
from tl.analysis.names import adapts, instead
from tl.analysis.results import Learning, Verdict
from tl.config import PLANNED_LOOKS, Experiment
from tl.languages import joined, language, later, listed, plural, say
from tl.report import findings
from tl.store.home import Home
from tl.store.schema import RESUMABLE
from tl.strategies import arm_title
from tl.ui.compose import forecast
from tl.ui.compose.arms import dot
from tl.ui.parts.problems import show_problems
from tl.ui.parts.text import cell, duration, escape, first_sentence, unbroken
from tl.ui.parts.view import ExperimentView
from tl.ui.watch import add_seeds, again, class_by_class, downloads, judging, take_home, target
from tl.words import number_of, rate

if TYPE_CHECKING:
    from tl.analysis.adaptation.findings import Findings

OUTCOMES: dict[str, tuple[str, Literal["green", "red", "gray", "orange"], str]] = {  # outcome -> words, colour, icon
    "helps": (later("Helps"), "green", ":material/trending_up:"),
    "hurts": (later("Hurts"), "red", ":material/trending_down:"),
    "no_difference": (later("No difference that matters"), "gray", ":material/drag_handle:"),
    "undecided": (later("Not settled yet"), "orange", ":material/help:"),
}
MOST_COLUMNS = 6
PROBLEM = "verdict_problem"


def show(now: ExperimentView) -> tuple[dict[str, Any], Verdict]:
    """Draw the card of an experiment that has ended; what the user has it judged by (see tl.ui.watch.judging), what came out."""
    with st.container(border=True, key="verdict"):
        place = st.container()
        chosen = judging.judging_options(now.experiment, now.experiment_id)
        found = verdict_of(now, chosen)
        with place:
            _answer(found)
            target.show(now, adaptation_of(now, chosen))
            _to_its_pictures(now)
            add_seeds.controls(now, found)
            _marks(now, found)
            if any(run.status == "finished" for run in now.runs):  # else it would fail or stop again
                again.show(now, found)
        positions = {name: position for position, name in enumerate(found.summary)}
        for name in found.comparisons:
            _comparison(found, name, positions)
        class_by_class.show(found)
        _fairness(found)
        if not now.imported and now.pictures is not None:
            forecast.after_comparison(now.home, now.experiment)
        if not now.imported:
            take_home.section(now, "verdict")
        downloads.show(now.home, now.experiment_id, chosen)
    return chosen, found


def verdict_of(now: ExperimentView, judged: dict[str, Any]) -> Verdict:
    """The verdict of an experiment that has ended; kept."""
    return _found(now.home, str(now.home.path), now.experiment_id, _states(now), tuple(judged.items()), language())[0]


def adaptation_of(now: ExperimentView, judged: dict[str, Any]) -> "Findings | None":
    """What is known of the second data set of an experiment that has ended; None where there is none; kept."""
    return _found(now.home, str(now.home.path), now.experiment_id, _states(now), tuple(judged.items()), language())[1]


@st.cache_data(max_entries=16, show_spinner=False)
def _found(
    _home: Home, path: str, experiment_id: str, states: tuple[Any, ...], judged: tuple[tuple[str, Any], ...], code: str
) -> "tuple[Verdict, Findings | None]":  # not shown
    """In the language with this `code`; computed anew when a run has ended or started (`states`) or is to be `judged`
    otherwise: it reads every run."""
    from tl.analysis import experiment_result

    found = experiment_result(_home, experiment_id, **dict(judged))
    return found.verdict, found.adaptation


def _states(now: ExperimentView) -> tuple[Any, ...]:
    """Changes whenever the verdict may have changed; without its data set less is known of the pictures, and with labels that
    somebody has given more."""
    given: tuple[Any, ...] = ()
    if now.experiment.target_dataset:
        from tl.datasets import given_labels

        given = tuple(given_labels.read(now.home, now.experiment.target_dataset).labels.items())
    return (
        *((run.run_id, run.status, run.attempt) for run in now.runs),
        now.experiment.looks,
        None if now.pictures is None else (now.pictures.train, now.pictures.test),
        given,
    )


def _outcome(found: Verdict, name: str, outcome: str) -> tuple[str, Literal["green", "red", "gray", "orange"], str]:
    """What is said of an arm in a badge: words, colour, icon."""
    words, colour, icon = OUTCOMES[outcome]
    if instead(found, name):  # two networks: nothing helps or hurts, one is better
        words = {"helps": later("Better"), "hurts": later("Worse")}.get(outcome, words)
    elif adapts(found, name) and outcome == "hurts":
        words = later("Negative transfer")
    return say(words), colour, icon


def _answer(found: Verdict) -> None:
    claim = found.headline_claim
    badges = []
    if claim and found.headline and found.comparisons[found.headline].seeds >= PLANNED_LOOKS[0]:
        badges.append(_outcome(found, found.headline, claim.outcome))
    for name in found.hurting:
        words, colour, icon = _outcome(found, name, "hurts")
        badges.append((escape(say("{outcome}: {arm}", outcome=words, arm=arm_title(name))), colour, icon))
    if badges:
        with st.container(horizontal=True, gap="small"):
            for words, colour, icon in badges:
                st.badge(words, color=colour, icon=icon)
    first, rest = first_sentence(found.text)
    st.header(unbroken(first), anchor=False)
    if rest:
        st.markdown(unbroken(rest))
    if covers := claim_wording.covers(found):
        st.caption(escape(covers))


def _to_its_pictures(now: ExperimentView) -> None:
    if now.answered:
        st.page_link(
            "pages/3_Inspect.py",
            label=say("Look at its pictures"),
            icon=":material/image_search:",
            query_params={"experiment": now.experiment_id},
        )


def _comparison(found: Verdict, name: str, positions: dict[str, int]) -> None:
    shown = findings.measures(found, name)
    if not shown:
        return
    st.markdown(
        say(
            "{arm} against {baseline}",
            arm=f"{dot(positions[name])} **{escape(arm_title(name))}**",
            baseline=f"{dot(positions[found.against(name)])} **{escape(arm_title(found.against(name)))}**",
        )
    )
    rows = -(-len(shown) // MOST_COLUMNS)
    with st.grid(-(-len(shown) // rows), min_column_width=150):  # two columns on a phone
        for measure in shown:
            st.metric(
                measure.label,
                measure.value,
                measure.note,
                delta_color="off",
                delta_arrow="off",
                height="stretch",
                help=measure.help or None,
            )


def _marks(now: ExperimentView, found: Verdict) -> None:
    """A red mark for every arm that had no fair chance, with a button for what would be fairer where that is clear."""
    if problem := st.session_state.pop(PROBLEM, None):
        st.error(escape(problem), icon=":material/error:")
    for name, sentence in findings.marks(found):
        if already_said(found, name) and not _remediable(now, found, name):
            continue
        with st.container(horizontal=True, vertical_alignment="center"):
            words = "" if already_said(found, name) else f" {unbroken(sentence)}"  # else only the button is news
            st.markdown(f":red[:material/flag: **{escape(arm_title(name))}**{words}]")  # not shown
            if found.summary[name].ledger.learning == Learning.STOPPED:
                _resumable(now, name)
            else:
                _improvable(now, found, name)


def _remediable(now: ExperimentView, found: Verdict, name: str) -> bool:
    """Whether a mark has a button: what it says may be told already."""
    from tl.analysis.fairness import remedy

    given = found.summary[name].ledger
    return given.learning == Learning.STOPPED or remedy(now.experiment, name, given) is not None


def _resumable(now: ExperimentView, name: str) -> None:
    runs = [run for run in now.runs if run.arm == name and run.status in RESUMABLE]
    cut_short = [run.run_id for run in runs]
    if not now.imported:  # what was trained elsewhere came without what it had learned
        st.button(
            say("Resume") if len(cut_short) == 1 else say("Resume {number} runs", number=len(cut_short)),
            icon=":material/play_arrow:",
            key=f"go_on_{name}",
            on_click=_go_on,
            args=(now, cut_short),
            help=say("Goes on after the last finished epoch.")
            if any(run.epochs for run in runs)
            else say("Begins with the first epoch."),
        )


def _improvable(now: ExperimentView, found: Verdict, name: str) -> None:
    """The button that trains the comparison anew, with what the arm lacked."""
    from tl.analysis.fairness import remedy

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
    others = [each for each in found.summary if each not in anew]
    sentences = [
        _change(now, found, fairer, name),
        *([_also([arm_title(each) for each in anew[1:]])] if len(anew) > 1 else []),
        say("The finished runs of the other arms are taken over.") if others else None,
        _cost(found, anew, budget / given.budget),
    ]
    st.caption(escape(joined(sentences)))


def _change(now: ExperimentView, found: Verdict, fairer: Experiment, name: str) -> str:
    """What is otherwise in the new comparison."""
    given, arm = found.summary[name].ledger, next(arm for arm in fairer.arms if arm.name == name)
    budget = fairer.epochs_of(arm)
    patience = number_of(fairer.patience, "epoch") if fairer.patience != now.experiment.patience else None
    if budget > given.budget:
        epochs, before = number_of(budget, "epoch"), f"{given.budget:,}"
        if patience is None:
            return say(
                "A new comparison with the same settings, but this one may take {epochs} instead of {before}.",
                epochs=epochs,
                before=before,
            )
        return say(
            "A new comparison with the same settings, but this one may take {epochs} instead of {before}, and patience is "
            "{patience}.",
            epochs=epochs,
            before=before,
            patience=patience,
        )
    rates = {"rate": rate(arm.learning_rate), "before": rate(given.learning_rate)}
    if patience is None:
        return say(
            "A new comparison with the same settings, but this one begins at a learning rate of {rate} instead of {before}.",
            **rates,
        )
    return say(
        "A new comparison with the same settings, but this one begins at a learning rate of {rate} instead of {before}, and "
        "patience is {patience}.",
        patience=patience,
        **rates,
    )


def _also(arms: list[str]) -> str:
    return plural("{arms} is trained again, too.", "{arms} are trained again, too.", len(arms), arms=listed(arms))


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


def _go_on(now: ExperimentView, run_ids: list[str]) -> None:
    with show_problems(PROBLEM):
        jobs.resume_all(now.home, run_ids)
        jobs.ensure_supervisor(now.home)


def _fairness(found: Verdict) -> None:
    box = st.expander(say("Was every arm given a fair chance?"), icon=":material/balance:", key="fairness")
    rows = [(cell(arm), *values) for arm, *values in findings.fairness_rows(found)]
    columns = zip(*rows, strict=True)
    box.dataframe(
        dict(zip(findings.fairness_head(found), map(list, columns), strict=True)),
        hide_index=True,
        alt=say("Steps, learning rate and end of every arm"),
    )
    box.caption(say(findings.FAIRNESS_NOTE))
