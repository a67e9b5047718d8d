"""The form filled as an earlier comparison was, ready to change; what of that there is no longer, in a sentence. No streamlit."""

from collections.abc import MutableMapping
from dataclasses import fields, replace
from typing import Any

from tl.arm_names import arm_title
from tl.config import AUTO, TRANSFERRED, ArmConfig, Experiment, Refused, Training
from tl.config.training import OF_TWO_SETS
from tl.languages import english, listed, say
from tl.setting_names import setting_name
from tl.store.home import Home
from tl.store.queue.database import has_experiment, read_experiment
from tl.ui.compose import form_state

ORIGIN = "form_origin"  # title of the comparison whose settings filled the form
BEFORE = "form_before"  # its id, where those of its runs that would only be repeated may be taken over
LEFT_OUT = "form_left_out"  # a sentence: what could not be filled in
TAKE_OVER = "form_take_over"  # whether finished runs are
_WANTED = "form_wanted"  # its settings, until the form has been drawn once with them
MOST_EPOCHS = 1000


def use(state: MutableMapping[Any, Any], experiment: Experiment, title: str, experiment_id: str | None = None) -> None:
    """Put the settings of an earlier comparison, called `title`, into the form.

    `experiment_id`: whose finished runs may be taken over for the arms that stay as they are.
    """
    form_state.fill(state, experiment)
    wanted = replace(form_state.compose(state), final=experiment.final)
    state[ORIGIN], state[BEFORE], state[_WANTED] = title, experiment_id, wanted
    state.pop(LEFT_OUT, None)


def forget(state: MutableMapping[Any, Any]) -> None:
    """The form begins with something else."""
    for key in (ORIGIN, BEFORE, LEFT_OUT, TAKE_OVER, _WANTED):
        state.pop(key, None)


def notice(state: MutableMapping[Any, Any]) -> None:
    """Once the form has been drawn, and holds only what there is: keep a sentence on what it lacks."""
    wanted = state.pop(_WANTED, None)
    if wanted is None:
        return
    try:
        lost = missing(wanted, form_state.compose(state))
    except Refused:  # the form says so itself
        return
    if lost:
        state[LEFT_OUT] = say("Could not be filled in as before: {settings}.", settings=listed(lost))


def missing(wanted: Experiment, now: Experiment) -> list[str]:
    """What differs between settings that were wanted and what came of them, in words; [] for nothing."""
    lost: list[str] = []
    others = {entry.name for entry in fields(Training)} - {"weights"}
    if wanted.final:
        lost.append(say("training on all pictures with none left for the test, which only a final model does"))
        others -= {"samples"}
    if wanted.dataset != now.dataset:
        lost.append(say("the data set {name!r}, which is no longer here", name=wanted.dataset))
        others -= {"dataset", "samples", "resplit"}
    if wanted.target_dataset != now.target_dataset:
        lost.append(say("the data set {name!r} to work on, which is no longer here", name=wanted.target_dataset))
        others -= {*OF_TWO_SETS}
    shared = [arm for arm in wanted.arms if arm.pretrained and arm.weights is None and arm.backbone is None]
    if wanted.weights not in (AUTO, now.weights) and shared:
        lost.append(say("the pretrained weights {name!r}, which are no longer here", name=wanted.weights))
    for before, after in zip(wanted.arms, now.arms, strict=True):
        own = [setting_name(name) for name in TRANSFERRED if getattr(before, name) != getattr(after, name)]
        if own:
            title = str.__str__(arm_title(before.name))
            lost.append(say("the {settings} of {arm!r}, not available here", settings=listed(own), arm=title))
        if before.epochs != after.epochs:
            others.add("epochs")
    changed = [name for name in sorted(others) if getattr(wanted, name, None) != getattr(now, name)]
    if wanted.seeds != now.seeds:
        changed.append("seeds")
    if changed:
        words = listed(setting_name(name) for name in changed)
        lost.append(say("{settings}, adjusted to what can be chosen here", settings=words))
    return lost


def kept_of(home: Home, state: MutableMapping[Any, Any], experiment: Experiment) -> str | None:
    """Id of the earlier comparison some of whose runs `experiment` would only repeat; None where there is none."""
    before_id = state.get(BEFORE)
    if before_id is None or not has_experiment(home, before_id):
        return None
    before: Experiment = read_experiment(home, before_id)["experiment"]
    alike = all(
        getattr(before, entry.name) == getattr(experiment, entry.name)
        for entry in fields(Training)
        if entry.name != "patience"
    )
    repeats = set(before.arms) & set(experiment.arms) and set(before.seeds) & set(experiment.seeds)
    return before_id if alike and repeats else None


def longer(experiment: Experiment) -> Experiment:
    """With twice the epochs for every arm."""
    arms = tuple(
        arm if arm.epochs is None else replace(arm, epochs=min(MOST_EPOCHS, 2 * arm.epochs)) for arm in experiment.arms
    )
    return replace(experiment, epochs=min(MOST_EPOCHS, 2 * experiment.epochs), arms=arms)


def with_another_arm(experiment: Experiment) -> Experiment:
    """With an arm of the first strategy that it has not."""
    strategy = form_state.unused_strategy(arm.strategy for arm in experiment.arms)
    taken = {english(arm_title(arm.name)) for arm in experiment.arms}
    names = (strategy, *(f"{english(arm_title(strategy))[:56]} {number}" for number in range(2, 99)))
    name = next(name for name in names if english(arm_title(name)) not in taken)
    return replace(experiment, arms=(*experiment.arms, ArmConfig(name=name, strategy=strategy)))
