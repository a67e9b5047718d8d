"""The settings of an arm and those all arms share: one widget for each kind of setting, and what is set in one line."""

from dataclasses import replace
from typing import Any

import streamlit as st

from tl.arm_names import arm_title
from tl.config import PLANNED_LOOKS, Experiment, Refused
from tl.config.arm import usual_rate
from tl.datasets.info import DatasetInfo, uneven
from tl.effects import has_effect
from tl.jobs import memory
from tl.languages import commas, later, listed, say
from tl.parameters import PARAMETERS
from tl.schedules import OPTIMIZERS, SCHEDULES
from tl.store.home import Home
from tl.strategies import STRATEGIES
from tl.ui.compose import bounds
from tl.ui.compose.form_state import ARMS, OWN_SEEDS, SETTLE, arm_key, compose, shared_key, usual_name_in
from tl.ui.compose.shared_settings import DEFAULTS, SHARED, Setting
from tl.ui.parts.number_field import number_field
from tl.ui.parts.numbers import Number, typed
from tl.ui.parts.text import escape
from tl.words import number_of, rate


def shared_settings(home: Home, info: DatasetInfo | None = None) -> None:
    """A widget for every setting that all arms share and that matters now; `info`: of the pictures, where known."""
    for name, setting in SHARED.items():
        if has_effect(name, _said) and (name != "devices" or _several_devices(home)):
            _widget(shared_key(name), _held(home, name, setting), type(DEFAULTS[name]))
        if name == "judge_by" and info and st.session_state[shared_key(name)] == "auto":
            st.caption(_judged_by(info))


def _several_devices(home: Home) -> bool:
    """Whether a run can have more than one here, or was given more elsewhere."""
    return _said("devices") != DEFAULTS["devices"] or home.policy.at_most("devices", memory.gpus()) > 1


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


def arm_settings(home: Home, number: int, key: str) -> None:
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
    learning_rate = Setting(title=later("Learning rate"), low=1e-7, high=10, help=later("For the head, at the start."))
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
        _widget(
            arm_key(number, "epochs"), _held(home, "epochs", SHARED["epochs"]), int, arm, placeholder=say("as all arms")
        )
    for name in strategy.parameters:
        bounds = PARAMETERS[name]
        setting = Setting(title=bounds.title, low=bounds.low, high=bounds.high)
        _widget(arm_key(number, name), setting, type(bounds.default), arm)


def _held(home: Home, name: str, setting: Setting) -> Setting:
    """The setting within the policy."""
    if name == "seeds":
        held = len(st.session_state.get(OWN_SEEDS, ()))  # what filled the form may have more
        return replace(setting, high=bounds.at_most_seeds(home, st.session_state, max(int(setting.high), held)))
    return replace(setting, high=home.policy.at_most("epochs", int(setting.high))) if name == "epochs" else setting


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
        say(SCHEDULES[chosen.schedule].rate),
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
