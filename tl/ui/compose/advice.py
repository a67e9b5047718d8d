"""Below the start: what to expect of transfer before anything trains, why, and what will transfer well."""

import streamlit as st

from tl.config import Experiment, Refused
from tl.datasets.info import DatasetInfo
from tl.differences import each_of
from tl.languages import say
from tl.store.home import Home
from tl.ui.compose import hints
from tl.ui.parts import advised

MEMORY_SECONDS = 60  # for so long the free memory counts as known: asking a GPU's driver takes a moment


def section(home: Home, info: DatasetInfo, experiment: Experiment) -> None:
    with st.container(border=True):
        st.header(say("What to expect"), anchor=False)
        _advice(home, experiment)
        hints.section(home, info, experiment)


def _advice(home: Home, experiment: Experiment) -> None:
    """Draw the advice; nothing where the settings can't be trained: the form says so itself."""
    # numpy, scipy: after what comes before is on its way to the browser
    from tl.analysis.forecasts import advice_record
    from tl.jobs.measurements.advice import advise

    need = (repr([(own.backbone, own.resolution) for own in each_of(experiment)]), experiment.batch_size)
    try:
        found = advise(home, experiment, _fits(home, *need, experiment))
    except Refused:
        return
    advised.show(found, advice_record.in_words(advice_record.record(home)), "form_advice")


@st.cache_data(ttl=MEMORY_SECONDS, show_spinner=False, max_entries=50)
def _fits(_home: Home, networks: str, batch_size: int, _experiment: Experiment) -> bool:
    from tl.jobs.measurements.advice import fits_memory

    return fits_memory(_home, _experiment)
