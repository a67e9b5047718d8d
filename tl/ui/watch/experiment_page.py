"""One experiment on the Compare page: what is compared, the verdict once there is one, the live part, its settings."""

from contextlib import suppress
from typing import Any

import streamlit as st

from tl.analysis.results import Verdict
from tl.config import Refused
from tl.differences import sides
from tl.languages import say
from tl.store.home import Home
from tl.ui.compose import cost, form
from tl.ui.parts import view
from tl.ui.parts.render_slot import render_slot
from tl.ui.parts.text import escape
from tl.ui.watch import live, name_and_notes, side_by_side, take_home
from tl.ui.watch.deleting import ask_to_delete
from tl.words import count, number_of


def show(home: Home, experiment_id: str) -> None:
    """Draw the experiment with this id, or one sentence where there is none."""
    try:
        now = view.load(home, experiment_id)
    except Refused as problem:
        st.session_state.pop(live.PROBLEM, None)  # of a click that came too late: it would say the same
        st.error(escape(problem), icon=":material/link_off:")
        st.button(say("New comparison"), icon=":material/add:", on_click=form.new_comparison, key="new_comparison")
        return
    _head(now)
    with render_slot():
        judged: dict[str, Any] = {}
        found: Verdict | None = None
        if not now.active and now.experiment.final:
            from tl.ui.watch import final_model

            final_model.show(now)
        elif not now.active:
            from tl.ui.watch import verdict

            judged, found = verdict.show(now)
        if not now.experiment.final or now.active or not take_home.takeable(now):
            live.show(now, found)  # of a final model there are no curves: nothing was validated
        if found is not None:
            side_by_side.show(now, found, judged)
        if not now.experiment.final:
            cost.show_command(
                say("The command that repeats this"), now.experiment, judged=judged, home=home, runs=now.runs
            )


def _head(now: view.ExperimentView) -> None:
    from tl import sources

    spec = now.experiment
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.title(escape(now.title), anchor=False, width="content")
        with st.container(horizontal=True, width="content"):
            st.button(say("New comparison"), icon=":material/add:", on_click=form.new_comparison, key="new_comparison")
            st.button(
                say("Use these settings"),
                icon=":material/edit_note:",
                key="use_settings",
                on_click=form.use,
                args=(spec, now.title),
                help=say("Opens the form with the settings of this comparison."),
            )
            name_and_notes.edit_box(now.home, now.experiment_id, now.label, now.about)
            if st.button(say("Delete"), icon=":material/delete:", type="tertiary", key="delete_experiment"):
                ask_to_delete(now.home, now.experiment_id, live.PROBLEM, now.sweep_id, then=form.new_comparison)
    weights = now.imported and now.imported.weights
    own = [arm.weights is not None or arm.backbone is not None for arm in spec.arms]
    transfers = any(arm.pretrained and not its for arm, its in zip(spec.arms, own, strict=True))
    if not now.imported and transfers:
        with suppress(Refused):  # deleted since
            weights = sources.source(now.home, spec.backbone, spec.weights).title
    facts = [
        *([say("final model")] if spec.final else []),
        say("{number} training pictures", number=count(spec.samples)) if spec.samples else say("all training pictures"),
        sides(spec),
        *([say("pretrained weights “{name}”", name=escape(weights or spec.weights))] if transfers else []),
        number_of(len(spec.seeds), "seed"),
    ]
    if now.imported:
        facts.append(say("imported: trained on another machine"))
    if now.label.name:
        facts.insert(0, escape(now.about))
    st.caption(" · ".join(facts))
    name_and_notes.show(now.label)
