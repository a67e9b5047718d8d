"""The settings of an arm and those all arms share, as data, and one widget for each kind of setting."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from tl.config import (
    AUGMENTS,
    BALANCES,
    BATCHNORMS,
    JUDGES,
    MOST_DEVICES,
    PLANNED_LOOKS,
    PRECISIONS,
    VIEWS_BY,
    Experiment,
    Refused,
    usual_rate,
)
from tl.datasets.info import DatasetInfo, uneven
from tl.differences import listed
from tl.effects import has_effect
from tl.jobs import memory
from tl.schedules import OPTIMIZERS, SCHEDULES
from tl.store.home import Home
from tl.strategies import PARAMETERS, STRATEGIES, arm_title
from tl.ui.compose import bounds
from tl.ui.compose.form_state import ARMS, OWN_SEEDS, SETTLE, arm_key, compose, shared_key, usual_name_in
from tl.ui.parts.number_field import number_field
from tl.ui.parts.numbers import Number, typed
from tl.ui.parts.text import count, escape, rate
from tl.words import number_of

SCHEDULE_TITLES = {
    "constant": "Constant",
    "step": "Step: cut every few epochs",
    "cosine": "Cosine: falls smoothly to 0",
    "one_cycle": "One cycle: up, then down",
}
AUGMENT_TITLES = {
    "crop_flip": "Random crop and horizontal flip",
    "trivial": "Crop, flip and TrivialAugment",
}
BATCHNORM_TITLES = {"local": "Each GPU's share of the batch", "sync": "The whole batch"}
VIEWS_BY_TITLES = {"dataset": "The data set", "seed": "The seed"}
PRECISION_TITLES = {"auto": "Whichever is faster in a few steps at the start"}
JUDGE_TITLES = {
    "auto": "Balanced accuracy if classes are uneven",
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
}
BALANCE_TITLES = {
    "none": "No: train on the pictures as they are",
    "loss": "Yes: rare classes weigh more in the loss",
    "sampling": "Yes: rare classes are shown more often",
}
DEFAULTS = {name: entry.default for name, entry in Experiment.__dataclass_fields__.items()} | {"seeds": 1}


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One widget; its kind follows from the default value: a switch, a number, or a choice where there are options."""

    title: str
    low: float = 0  # of a number
    high: float = 1000
    options: dict[str, str] | None = None  # value -> as shown
    help: str | None = None


def _titled(keys: Iterable[str], titles: dict[str, str]) -> dict[str, str]:
    return {key: titles.get(key, key) for key in keys}


SHARED: dict[str, Setting] = {
    "epochs": Setting(title="Epochs at most", low=1),
    "patience": Setting(
        title="Stop after epochs without a lower validation loss",
        help="Early stopping; 0 switches it off. The best epoch is kept either way.",
    ),
    "patience_start": Setting(
        title="Epochs ignored at the start",
        help="A new network's validation loss means little until its BatchNorm statistics have settled.",
    ),
    "patience_steps": Setting(
        title="Steps ignored after random weights",
        high=10**6,
        help="A step is one batch. With few pictures an epoch has few steps, and a network with random weights may seem "
        "to stand still at first.",
    ),
    "patience_errors": Setting(
        title="Noise in the loss, in standard errors",
        high=10,
        help="With few validation pictures the loss goes up and down by chance; an epoch within that noise does not count "
        "towards stopping. 0: every epoch without a lower loss counts.",
    ),
    "seeds": Setting(
        title="Seeds",
        low=1,
        high=20,
        help="Each arm is run once per seed. From 3 on the verdict carries an interval.",
    ),
    "batch_size": Setting(title="Batch size", low=2, high=4096),
    "optimizer": Setting(title="Optimizer", options={name: each.title for name, each in OPTIMIZERS.items()}),
    "weight_decay": Setting(
        title="Weight decay", high=1, help="Where an arm is held to its start, that is its decay instead."
    ),
    "find_rate": Setting(
        title="Find the learning rate by a range test",
        help="Before the first epoch the rate grows step by step until the loss takes off; arms with a learning rate "
        "of their own keep it. Where more thaws later, with what trains first and with all: the lower rate counts.",
    ),
    "schedule": Setting(title="Learning rate over time", options=_titled(SCHEDULES, SCHEDULE_TITLES)),
    "step_epochs": Setting(title="Epochs between cuts", low=1),
    "step_factor": Setting(title="Factor of each cut", low=1e-6, high=1),
    "augmentation": Setting(
        title="Augment training pictures",
        help="Pictures are varied at random, in the same way for every arm (frozen parts: see views).",
    ),
    "augment": Setting(
        title="How they are varied",
        options=_titled(AUGMENTS, AUGMENT_TITLES),
        help="TrivialAugment changes each picture by one operation at random (a turn, a shift, a colour, a contrast ...) of "
        "random strength. It helps most where pictures are few and epochs many, and takes time on a processor.",
    ),
    "judge_by": Setting(
        title="Judged by",
        options=_titled(JUDGES, JUDGE_TITLES),
        help="What the best epoch, early stopping and the verdict go by. Balanced accuracy is the mean over the classes "
        "of the share recognised, so that a rare class counts as much as a frequent one. Uneven: the largest class has "
        "more than three times as many pictures as the smallest.",
    ),
    "balance": Setting(
        title="Make classes count alike in training",
        options=_titled(BALANCES, BALANCE_TITLES),
        help="The same for every arm. Training loss and accuracy are still those of the pictures as they are.",
    ),
    "views": Setting(
        title="Cached views per picture",
        high=100,
        help="A frozen part's features of so many augmented views (at most half as many as there are frozen epochs) are "
        "computed once and used again and again; 0 disables caching: every epoch computes a new view.",
    ),
    "views_by": Setting(
        title="Cached views belong to",
        options=_titled(VIEWS_BY, VIEWS_BY_TITLES),
        help="The data set: all runs see the same crops where they use cached views, and compute them once together. The "
        "seed: each seed has crops of its own, which its arms have in common.",
    ),
    "devices": Setting(
        title="GPUs for each run",
        low=1,
        high=MOST_DEVICES,
        help="They share each batch, so batch size and learning rate keep their meaning. An arm of which only the head is "
        "computed takes one.",
    ),
    "batchnorm": Setting(
        title="BatchNorm normalises by",
        options=_titled(BATCHNORMS, BATCHNORM_TITLES),
        help="By the whole batch, several GPUs learn what one does; it takes longer, since they wait for each other in "
        "every such layer.",
    ),
    "precision": Setting(title="Precision", options=_titled(PRECISIONS, PRECISION_TITLES)),
}


def shared_settings(info: DatasetInfo | None = None) -> None:
    """A widget for every setting that all arms share and that matters now; `info`: of the pictures, where known."""
    for name, setting in SHARED.items():
        if has_effect(name, _said) and (name != "devices" or _several_devices()):
            _widget(shared_key(name), _held(name, setting), type(DEFAULTS[name]))
        if name == "judge_by" and info and st.session_state[shared_key(name)] == "auto":
            st.caption(_judged_by(info))


def _several_devices() -> bool:
    """Whether a run can have more than one here, or was given more elsewhere."""
    return _said("devices") != DEFAULTS["devices"] or Home().policy.at_most("devices", memory.gpus()) > 1


def _said(name: str) -> Any:
    """What the form holds as a setting; where that can't be, the default."""
    try:
        return typed(st.session_state, shared_key(name))
    except Refused:
        return DEFAULTS[name]


def _judged_by(info: DatasetInfo) -> str:
    """What is meant, for this set, by being judged as it suits the classes."""
    if unevenness := uneven(info):
        return f"{unevenness}, so this set is judged by balanced accuracy."
    similar = "Its classes are similar enough in size: t" if info.counts else "T"
    return f"{similar}his set is judged by accuracy."


def arm_settings(number: int, key: str) -> None:
    """A widget for every setting of one arm that matters to its strategy, a `key` of STRATEGIES."""
    strategy, finds = STRATEGIES[key], st.session_state[shared_key("find_rate")]
    held = (st.session_state[name] for name in (shared_key("optimizer"), arm_key(number, "weights")))
    usual = f"{rate(usual_rate(key, *held))}, the usual one"
    st.text_input(
        "Name",
        key=arm_key(number, "name"),
        placeholder=arm_title(usual_name_in(st.session_state, number)),
        max_chars=60,
        persist_state="session",
    )
    learning_rate = Setting(title="Learning rate", low=1e-7, high=10, help="Of the head, at the start.")
    arm = f"arm {st.session_state[ARMS].index(number) + 1}"
    if strategy.fits:
        st.caption("No epochs and no learning rate: it is computed in one go.")
    else:
        _widget(
            arm_key(number, "learning_rate"),
            learning_rate,
            float,
            arm,
            placeholder="found by a range test" if finds else usual,
        )
        _widget(arm_key(number, "epochs"), _held("epochs", SHARED["epochs"]), int, arm, placeholder="as all arms")
    for name in strategy.parameters:
        bounds = PARAMETERS[name]
        setting = Setting(title=bounds.title, low=bounds.low, high=bounds.high)
        _widget(arm_key(number, name), setting, type(bounds.default), arm)


def _held(name: str, setting: Setting) -> Setting:
    """The setting within the policy."""
    if name == "seeds":
        held = len(st.session_state.get(OWN_SEEDS, ()))  # what filled the form may have more
        return replace(setting, high=bounds.at_most_seeds(st.session_state, max(int(setting.high), held)))
    return replace(setting, high=Home().policy.at_most("epochs", int(setting.high))) if name == "epochs" else setting


def _widget(key: str, setting: Setting, kind: type, of: str = "", placeholder: str | None = None) -> None:
    """`of`: whose it is, in a sentence; with a `placeholder` a number may be left out."""
    if setting.options is not None:
        st.selectbox(
            setting.title,
            list(setting.options),
            format_func=setting.options.__getitem__,
            key=key,
            help=setting.help,
            persist_state="session",
        )
    elif kind is bool:
        st.toggle(setting.title, key=key, help=setting.help, persist_state="session")
    else:
        number = Number(
            title=setting.title,
            low=setting.low,
            high=setting.high,
            whole=kind is int,
            optional=placeholder is not None,
            name=f"{setting.title}, {of}" if of else "",
        )
        number_field(number, key, placeholder=placeholder, help=setting.help)


def shared_summary() -> str:
    """The shared settings in one line, so that nobody has to open them to know them; "" where one can't be."""
    try:
        chosen = compose(st.session_state, sized=False)
    except Refused:  # the end of the form says which
        return ""
    seeds, at_first = len(chosen.seeds), ""
    if st.session_state.get(SETTLE):
        seeds, at_first = max(seeds, PLANNED_LOOKS[0]), " to begin with"
    schedule = _titled(SCHEDULES, SCHEDULE_TITLES)[chosen.schedule].split(":")[0].lower()
    parts = [
        f"up to {_budgets(chosen)}",
        f"stops after {chosen.patience} without progress" if chosen.patience else "no early stopping",
        (number_of(seeds, "seed") if chosen.seeds == tuple(range(len(chosen.seeds))) else _named(chosen.seeds))
        + at_first,
        f"batches of {chosen.batch_size}",
        OPTIMIZERS[chosen.optimizer].title,
        f"{schedule} rate" + (", found by a range test" if chosen.find_rate else ""),
    ]
    if chosen.balance != DEFAULTS["balance"]:
        parts.append("classes balanced")
    if chosen.augment != DEFAULTS["augment"]:
        parts.append("TrivialAugment")
    if chosen.devices != DEFAULTS["devices"]:
        parts.append(f"{chosen.devices} devices a run")
    if chosen.precision != DEFAULTS["precision"]:
        parts.append(chosen.precision)
    return ", ".join(parts)


def _named(seeds: tuple[int, ...]) -> str:
    """ "2 seeds: 4 and 8"; of many only how many there are."""
    return number_of(len(seeds), "seed") + (f": {listed([str(seed) for seed in seeds])}" if len(seeds) <= 5 else "")


def _budgets(chosen: Experiment) -> str:
    """ "15 epochs", or where arms differ "80 epochs (full fine-tuning: 30)"."""
    budgets = {arm.name: chosen.epochs_of(arm) for arm in chosen.arms}
    usual = chosen.epochs if chosen.epochs in budgets.values() else max(budgets.values())
    own = [f"{escape(arm_title(name))}: {count(epochs)}" for name, epochs in budgets.items() if epochs != usual]
    return number_of(usual, "epoch") + (f" ({', '.join(own)})" if own else "")
