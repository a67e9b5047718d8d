"""Go on from a finished comparison: more seeds, more epochs, another arm; in the same comparison where that is sound."""

import streamlit as st

from tl.analysis.results import Verdict
from tl.analysis.settle import UNDECIDED, next_look
from tl.jobs.settle_plan import with_seeds
from tl.languages import say
from tl.ui.compose import arms, form, reuse
from tl.ui.compose.form_state import MAX_ARMS
from tl.ui.parts.view import ExperimentView
from tl.ui.watch import add_seeds


def show(now: ExperimentView, found: Verdict) -> None:
    """Draw the buttons. Seeds come into the same comparison, up to the next planned look, which the interval allows for; a
    longer schedule and another arm make a new one, which takes over the runs that stay as they are."""
    up_to, spec = next_look(len(now.experiment.seeds)), now.experiment
    title = now.title
    before = None if now.imported else now.experiment_id
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(say("Again with:"), width="content")
        if up_to and (now.imported or now.sweep_id):  # these can't grow
            st.button(
                say("More seeds"),
                icon=":material/add:",
                key="again_seeds",
                on_click=form.use,
                args=(with_seeds(spec, up_to), title, before),
                help=say("Opens the form with the settings of this comparison and {number} seeds.", number=up_to),
            )
        # Where it is undecided the button stands above, or does not help.
        elif up_to and found.headline_claim and found.headline_claim.outcome != UNDECIDED:
            add_seeds.add_button(now, up_to)
        st.button(
            say("More epochs"),
            icon=":material/more_time:",
            key="again_epochs",
            on_click=form.use,
            args=(reuse.longer(spec), title, before, arms.SETTINGS_OPEN),
            help=say(
                "Opens the form with the settings of this comparison and twice the epochs: longer training is a "
                "different recipe, so it is a different comparison. Early stopping may end it sooner."
            ),
        )
        if len(spec.arms) < MAX_ARMS:
            st.button(
                say("Another arm"),
                icon=":material/playlist_add:",
                key="again_arm",
                on_click=form.use,
                args=(reuse.with_another_arm(spec), title, before, arms.OPEN),
                help=say(
                    "Opens the form with the settings of this comparison and one more arm. The finished runs of the "
                    "others are taken over."
                ),
            )
