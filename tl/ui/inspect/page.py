"""The Inspect page: which comparison, which arms and which seed, then one section at a time; what is not open costs nothing."""

from dataclasses import dataclass
from importlib import import_module

import streamlit as st

from tl import datasets
from tl.analysis.adaptation.given_labels import known_labels
from tl.arm_names import arm_title
from tl.config import Refused
from tl.datasets.info import DatasetInfo
from tl.languages import later, say
from tl.store.home import Home
from tl.ui.inspect.choice import Choice, initial_choice
from tl.ui.parts import view
from tl.ui.parts.links import COMPARE, experiment_link
from tl.ui.parts.text import escape

SECTION, ARM, OTHER, SEED = "inspect_section", "inspect_arm", "inspect_other", "inspect_seed"


@dataclass(frozen=True)
class Section:
    """A part of the page."""

    title: str  # `say` words it
    icon: str  # Material symbol
    module: str  # in tl.ui.inspect; its show(choice) draws it


SECTIONS: dict[str, Section] = {
    "confusion": Section(later("Confusion"), ":material/grid_on:", "confusion"),
    "mistakes": Section(later("Worst mistakes"), ":material/priority_high:", "mistakes"),
    "label": Section(later("Label here"), ":material/edit:", "label_here"),
    "labels": Section(later("Labels"), ":material/label:", "labels"),
    "looks": Section(later("Where it looks"), ":material/visibility:", "where_it_looks"),
    "try": Section(later("Try a picture"), ":material/add_a_photo:", "try_picture"),
    "both_sets": Section(later("Both sets"), ":material/scatter_plot:", "both_sets"),
    "calibration": Section(later("Calibration"), ":material/speed:", "calibration"),
    "shifted": Section(later("Shifted test"), ":material/blur_on:", "shifted"),
    "model": Section(later("Use it elsewhere"), ":material/deployed_code:", "model"),
}
UNLABELLED = ("label", "both_sets", "try", "model")  # sections of a comparison whose test pictures have no labels
# And those that some of them are enough for, once they have been labelled.
LABELLED_HERE = ("confusion", "mistakes", "looks")


def show(home: Home, experiment_id: str) -> None:
    """Draw the page for an experiment, or one sentence where there is nothing to look at."""
    try:
        now = view.load(home, experiment_id)
        first, other = initial_choice(now)
    except Refused as problem:
        st.error(escape(problem), icon=":material/link_off:")
        return
    title = view.data_title(home, now.experiment, [run.run_id for run in now.runs])
    st.title(say("Which pictures: {data}", data=escape(title)), anchor=False)
    experiment_link(COMPARE, experiment_id, say("To its verdict"), ":material/arrow_back:")
    choice = _choice(now, first, other)
    sections = _sections(choice)
    wanted = st.query_params.get("look")
    opened = st.pills(
        say("Look at"),
        sections,
        format_func=lambda key: f"{SECTIONS[key].icon} {say(SECTIONS[key].title)}",
        key=SECTION,
        default=wanted if wanted in sections else next(iter(sections), None),
        required=True,
        wrap=True,
    )
    if opened:
        import_module(f"tl.ui.inspect.{SECTIONS[opened].module}").show(choice)  # only now it is loaded


def _sections(choice: Choice) -> list[str]:
    """Keys of those that say something: labels are given where there are none, and without them nothing is right or wrong."""
    absent = set() if choice.now.experiment.target_dataset else {"both_sets"}
    if choice.target is None or choice.target.labelled:
        return [key for key in SECTIONS if key not in {"label", *absent}]
    return [key for key in SECTIONS if key in UNLABELLED or (choice.known and key in LABELLED_HERE)]


def _choice(now: view.ExperimentView, first: str, other: str | None) -> Choice:
    """Draw what may be chosen, and what was."""
    kept = now.answered
    names = [arm.name for arm in now.experiment.arms if any(run.arm == arm.name for run in kept)]
    left, middle, right = st.columns(3)
    arm = left.selectbox(say("Arm"), names, index=names.index(first), format_func=arm_title, key=ARM)
    others = [name for name in names if name != arm]
    compared = None
    if others:
        usual = others.index(other) if other in others else 0
        compared = middle.selectbox(say("Compared with"), others, index=usual, format_func=arm_title, key=OTHER)
    seeds = sorted({run.seed for run in kept if run.arm == arm})
    seed = right.selectbox(say("Seed"), seeds, key=SEED) if len(seeds) > 1 else seeds[0]
    tested_on = now.experiment.sets[-1]
    try:
        info: DatasetInfo | None = datasets.describe(now.home, tested_on)
    except Refused:  # deleted since
        info = None
    if now.imported and tested_on not in datasets.BUILT_IN:
        info = None  # of another machine: what has this name here may be other pictures
    target = info if now.experiment.target_dataset else None
    numbers = _numbers(now, target) if target and target.labelled else None
    known = known_labels(now.home, now.experiment) if target and not target.labelled else None
    return Choice(
        now=now,
        arm=arm,
        other=compared,
        seed=seed,
        info=info,
        target=target,
        numbers=numbers,
        known=known[0] if known else None,
    )


def _numbers(now: view.ExperimentView, target: DatasetInfo) -> tuple[int, ...] | None:
    """Of each class of the runs its number in the target; None where what is learned from is gone."""
    try:
        return datasets.match(
            datasets.describe(now.home, now.experiment.dataset).classes, target.classes
        ).target_numbers
    except Refused:
        return None
