"""The settings of an arm and those all arms share, as data, and one widget for each kind of setting."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from tl.config import PLANNED_LOOKS, Experiment, Refused
from tl.config.arm import usual_rate
from tl.config.training import AUGMENTS, BALANCES, BATCHNORMS, JUDGES, MOST_DEVICES, PRECISIONS, VIEWS_BY
from tl.datasets.info import DatasetInfo, uneven
from tl.effects import has_effect
from tl.jobs import memory
from tl.languages import commas, later, listed, say
from tl.schedules import OPTIMIZERS, SCHEDULES
from tl.store.home import Home
from tl.strategies import PARAMETERS, STRATEGIES, arm_title
from tl.ui.compose import bounds
from tl.ui.compose.form_state import ARMS, OWN_SEEDS, SETTLE, arm_key, compose, shared_key, usual_name_in
from tl.ui.parts.number_field import number_field
from tl.ui.parts.numbers import Number, typed
from tl.ui.parts.text import escape, rate
from tl.words import number_of

SCHEDULE_TITLES = {
    "constant": later("Constant"),
    "step": later("Step: cut every few epochs"),
    "cosine": later("Cosine: falls smoothly to 0"),
    "one_cycle": later("One cycle: up, then down"),
}
RATES = {
    "constant": later("constant rate"),
    "step": later("step rate"),
    "cosine": later("cosine rate"),
    "one_cycle": later("one cycle rate"),
}
AUGMENT_TITLES = {
    "crop_flip": later("Random crop and horizontal flip"),
    "trivial": later("Crop, flip and TrivialAugment"),
}
BATCHNORM_TITLES = {"local": later("Each GPU's share of the batch"), "sync": later("The whole batch")}
VIEWS_BY_TITLES = {"dataset": later("The data set"), "seed": later("The seed")}
PRECISION_TITLES = {"auto": later("Whichever is faster in a few steps at the start")}
JUDGE_TITLES = {
    "auto": later("Balanced accuracy if classes are uneven"),
    "accuracy": later("Accuracy"),
    "balanced_accuracy": later("Balanced accuracy"),
}
BALANCE_TITLES = {
    "none": later("No: train on the pictures as they are"),
    "loss": later("Yes: rare classes weigh more in the loss"),
    "sampling": later("Yes: rare classes are shown more often"),
}
DEFAULTS = {name: entry.default for name, entry in Experiment.__dataclass_fields__.items()} | {"seeds": 1}


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One widget; its kind follows from the default value: a switch, a number, or a choice where there are options.

    Its title, options and help are worded where they are shown.
    """

    title: str
    low: float = 0  # of a number
    high: float = 1000
    options: dict[str, str] | None = None  # value -> as shown
    help: str | None = None


def _titled(keys: Iterable[str], titles: dict[str, str]) -> dict[str, str]:
    return {key: titles.get(key, key) for key in keys}


SHARED: dict[str, Setting] = {
    "epochs": Setting(title=later("Epochs at most"), low=1),
    "patience": Setting(
        title=later("Stop after epochs without a lower validation loss"),
        help=later("Early stopping; 0 switches it off. The best epoch is kept either way."),
    ),
    "patience_start": Setting(
        title=later("Epochs ignored at the start"),
        help=later("A new network's validation loss means little until its BatchNorm statistics have settled."),
    ),
    "patience_steps": Setting(
        title=later("Steps ignored after random weights"),
        high=10**6,
        help=later(
            "A step is one batch. With few pictures an epoch has few steps, and a network with random weights may seem "
            "to stand still at first."
        ),
    ),
    "patience_errors": Setting(
        title=later("Noise in the loss, in standard errors"),
        high=10,
        help=later(
            "With few validation pictures the loss goes up and down by chance; an epoch within that noise does not count "
            "towards stopping. 0: every epoch without a lower loss counts."
        ),
    ),
    "seeds": Setting(
        title=later("Seeds"),
        low=1,
        high=20,
        help=later("Each arm is run once per seed. From 3 on the verdict carries an interval."),
    ),
    "batch_size": Setting(title=later("Batch size"), low=2, high=4096),
    "optimizer": Setting(title=later("Optimizer"), options={name: each.title for name, each in OPTIMIZERS.items()}),
    "weight_decay": Setting(
        title=later("Weight decay"), high=1, help=later("Where an arm is held to its start, that is its decay instead.")
    ),
    "find_rate": Setting(
        title=later("Find the learning rate by a range test"),
        help=later(
            "Before the first epoch the rate grows step by step until the loss takes off; arms with a learning rate "
            "of their own keep it. Where more thaws later, with what trains first and with all: the lower rate counts."
        ),
    ),
    "schedule": Setting(title=later("Learning rate over time"), options=_titled(SCHEDULES, SCHEDULE_TITLES)),
    "step_epochs": Setting(title=later("Epochs between cuts"), low=1),
    "step_factor": Setting(title=later("Factor of each cut"), low=1e-6, high=1),
    "augmentation": Setting(
        title=later("Augment training pictures"),
        help=later("Pictures are varied at random, in the same way for every arm (frozen parts: see views)."),
    ),
    "augment": Setting(
        title=later("How they are varied"),
        options=_titled(AUGMENTS, AUGMENT_TITLES),
        help=later(
            "TrivialAugment changes each picture by one operation at random (a turn, a shift, a colour, a contrast ...) of "
            "random strength. It helps most where pictures are few and epochs many, and takes time on a processor."
        ),
    ),
    "judge_by": Setting(
        title=later("Judged by"),
        options=_titled(JUDGES, JUDGE_TITLES),
        help=later(
            "What the best epoch, early stopping and the verdict go by. Balanced accuracy is the mean over the classes "
            "of the share recognised, so that a rare class counts as much as a frequent one. Uneven: the largest class has "
            "more than three times as many pictures as the smallest."
        ),
    ),
    "balance": Setting(
        title=later("Make classes count alike in training"),
        options=_titled(BALANCES, BALANCE_TITLES),
        help=later("The same for every arm. Training loss and accuracy are still those of the pictures as they are."),
    ),
    "views": Setting(
        title=later("Cached views per picture"),
        high=100,
        help=later(
            "A frozen part's features of so many augmented views (at most half as many as there are frozen epochs) are "
            "computed once and used again and again; 0 disables caching: every epoch computes a new view."
        ),
    ),
    "views_by": Setting(
        title=later("Cached views belong to"),
        options=_titled(VIEWS_BY, VIEWS_BY_TITLES),
        help=later(
            "The data set: all runs see the same crops where they use cached views, and compute them once together. The "
            "seed: each seed has crops of its own, which its arms have in common."
        ),
    ),
    "devices": Setting(
        title=later("GPUs for each run"),
        low=1,
        high=MOST_DEVICES,
        help=later(
            "They share each batch, so batch size and learning rate keep their meaning. An arm of which only the head is "
            "computed takes one."
        ),
    ),
    "batchnorm": Setting(
        title=later("BatchNorm normalises by"),
        options=_titled(BATCHNORMS, BATCHNORM_TITLES),
        help=later(
            "By the whole batch, several GPUs learn what one does; it takes longer, since they wait for each other in "
            "every such layer."
        ),
    ),
    "precision": Setting(title=later("Precision"), options=_titled(PRECISIONS, PRECISION_TITLES)),
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
        return say("{unevenness}, so this set is judged by balanced accuracy.", unevenness=unevenness)
    if info.counts:
        return say("Its classes are similar enough in size: this set is judged by accuracy.")
    return say("This set is judged by accuracy.")


def arm_settings(number: int, key: str) -> None:
    """A widget for every setting of one arm that matters to its strategy, a `key` of STRATEGIES."""
    strategy, finds = STRATEGIES[key], st.session_state[shared_key("find_rate")]
    held = (st.session_state[name] for name in (shared_key("optimizer"), arm_key(number, "weights")))
    usual = say("{rate}, the usual one", rate=rate(usual_rate(key, *held)))
    st.text_input(
        say("Name"),
        key=arm_key(number, "name"),
        placeholder=arm_title(usual_name_in(st.session_state, number)),
        max_chars=60,
        persist_state="session",
    )
    learning_rate = Setting(title=later("Learning rate"), low=1e-7, high=10, help=later("Of the head, at the start."))
    arm = say("arm {number}", number=st.session_state[ARMS].index(number) + 1)
    if strategy.fits:
        st.caption(say("No epochs and no learning rate: it is computed in one go."))
    else:
        _widget(
            arm_key(number, "learning_rate"),
            learning_rate,
            float,
            arm,
            placeholder=say("found by a range test") if finds else usual,
        )
        _widget(arm_key(number, "epochs"), _held("epochs", SHARED["epochs"]), int, arm, placeholder=say("as all arms"))
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
    title, help, options = say(setting.title), say(setting.help) if setting.help else None, setting.options
    if options is not None:
        st.selectbox(
            title,
            list(options),
            format_func=lambda value: say(options[value]),
            key=key,
            help=help,
            persist_state="session",
        )
    elif kind is bool:
        st.toggle(title, key=key, help=help, persist_state="session")
    else:
        number = Number(
            title=title,
            low=setting.low,
            high=setting.high,
            whole=kind is int,
            optional=placeholder is not None,
            name=say("{setting}, {arm}", setting=title, arm=of) if of else "",
        )
        number_field(number, key, placeholder=placeholder, help=help)


def shared_summary() -> str:
    """The shared settings in one line, so that nobody has to open them to know them; "" where one can't be."""
    try:
        chosen = compose(st.session_state, sized=False)
    except Refused:  # the end of the form says which
        return ""
    number, patience = len(chosen.seeds), chosen.patience
    if st.session_state.get(SETTLE):
        number = max(number, PLANNED_LOOKS[0])
    usual = chosen.seeds == tuple(range(len(chosen.seeds)))
    seeds = number_of(number, "seed") if usual else _named(chosen.seeds)
    parts = [
        say("up to {epochs}", epochs=_budgets(chosen)),
        say("stops after {epochs} without progress", epochs=patience) if patience else say("no early stopping"),
        say("{seeds} to begin with", seeds=seeds) if st.session_state.get(SETTLE) else seeds,
        say("batches of {number}", number=chosen.batch_size),
        say(OPTIMIZERS[chosen.optimizer].title),
        say(RATES[chosen.schedule]),
    ]
    if chosen.find_rate:
        parts.append(say("found by a range test"))
    if chosen.balance != DEFAULTS["balance"]:
        parts.append(say("classes balanced"))
    if chosen.augment != DEFAULTS["augment"]:
        parts.append("TrivialAugment")
    if chosen.devices != DEFAULTS["devices"]:
        parts.append(say("{number} devices a run", number=chosen.devices))
    if chosen.precision != DEFAULTS["precision"]:
        parts.append(chosen.precision)
    return commas(parts)


def _named(seeds: tuple[int, ...]) -> str:
    """ "2 seeds: 4 and 8"; of many only how many there are."""
    number = number_of(len(seeds), "seed")
    return say("{number}: {seeds}", number=number, seeds=listed(seeds)) if len(seeds) <= 5 else number


def _budgets(chosen: Experiment) -> str:
    """ "15 epochs", or where arms differ "80 epochs (full fine-tuning: 30)"."""
    budgets = {arm.name: chosen.epochs_of(arm) for arm in chosen.arms}
    usual = chosen.epochs if chosen.epochs in budgets.values() else max(budgets.values())
    own = [
        say("{arm}: {epochs:,}", arm=escape(arm_title(name)), epochs=epochs)
        for name, epochs in budgets.items()
        if epochs != usual
    ]
    words = number_of(usual, "epoch")
    return say("{epochs} ({arms})", epochs=words, arms=commas(own)) if own else words
