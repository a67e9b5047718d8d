"""The comparison being composed: what the form's widgets hold, to and from an Experiment. No streamlit.

`state` is st.session_state, or any dict in tests. An arm is known by a number that stays when others are removed.
"""

from collections.abc import Iterable, MutableMapping
from dataclasses import fields
from typing import Any

from tl.arm_names import arm_title
from tl.config import TRANSFERRED, ArmConfig, Experiment, Training, new_id
from tl.differences import usual_name, usual_name_of
from tl.effects import USUAL, has_effect, of_another_strategy
from tl.jobs.settle_plan import begun_plan, with_least_seeds, with_seeds
from tl.languages import english
from tl.store.home import Home
from tl.store.queue.database import experiment_with_key
from tl.store.queue.settle_plan import SettlePlan
from tl.strategies import RANDOM, STRATEGIES, offered
from tl.ui.parts.numbers import typed
from tl.words import plain

SHARED = tuple(entry.name for entry in fields(Training))
ARM_FIELDS = tuple(entry.name for entry in fields(ArmConfig))
ARMS, SEEDS, TOKEN, NEXT_ARM = "form_arms", "form_seeds", "form_token", "form_next_arm"
OWN_SEEDS = "form_own_seeds"  # those of what filled the form: as many of them as are asked for come first
SETTLE = "form_settle"  # whether seeds are added until it is settled: no setting of an experiment
MAX_ARMS = 8
USUAL_STRATEGIES = ("full_finetuning", "linear_probe")  # what an arm that is added has, where no other arm has it


def shared_key(name: str) -> str:
    """Widget key of a setting all arms share."""
    return f"form_{name}"


def arm_key(arm: int, name: str) -> str:
    return f"form_arm{arm}_{name}"


def fill(state: MutableMapping[Any, Any], experiment: Experiment) -> None:
    """Put an experiment's settings into the form."""
    for name in SHARED:
        state[shared_key(name)] = getattr(experiment, name)
    state[SEEDS], state[OWN_SEEDS] = len(experiment.seeds), experiment.seeds
    state[SETTLE] = False
    fill_arms(state, experiment.arms)


def fill_arms(state: MutableMapping[Any, Any], arms: Iterable[ArmConfig]) -> None:
    """Put these arms into the form in place of those that it has."""
    state[ARMS] = []
    for arm in arms:
        add_arm(state, arm)


def add_arm(state: MutableMapping[Any, Any], arm: ArmConfig) -> None:
    """Append an arm; a name that it would have anyway is left to `compose`."""
    number = state.get(NEXT_ARM, 0)
    state[NEXT_ARM] = number + 1
    for name in ARM_FIELDS:
        state[arm_key(number, name)] = getattr(arm, name)
    if arm.name == usual_name_of(arm):
        state[arm_key(number, "name")] = ""
    state[ARMS] = [*state.get(ARMS, []), number]


def unused_strategy(used: Iterable[str]) -> str:
    """The first strategy that no arm has yet: of the usual ones, then of all."""
    known = set(used)
    return next((key for key in (*USUAL_STRATEGIES, *offered(two_sets=False)) if key not in known), USUAL_STRATEGIES[0])


def remove_arm(state: MutableMapping[Any, Any], number: int) -> None:
    state[ARMS] = [arm for arm in state[ARMS] if arm != number]


def renew_token(state: MutableMapping[Any, Any], home: Home) -> None:
    """While a form is drawn: a key for its next start, another one once something was started with it.

    A second click on the same button comes before that, so it finds what the first one started.
    """
    if TOKEN not in state or experiment_with_key(home, state[TOKEN]):
        state[TOKEN] = new_id()


def arm_names(state: MutableMapping[Any, Any]) -> list[str]:
    """The name of every arm: the user's, else the usual one; numbered where it comes twice."""
    names: list[str] = []
    for number in state[ARMS]:
        wanted = plain(state.get(arm_key(number, "name")) or "") or usual_name_in(state, number)
        name, again = wanted, 2
        while any(_called(name) & _called(other) for other in names):
            name, again = f"{english(arm_title(wanted))[:56]} {again}", again + 1
        names.append(name)
    return names


def _called(name: str) -> set[str]:
    """What an arm of this name is called, in English and to whoever reads."""
    return {english(arm_title(name)), arm_title(name)}


def usual_name_in(state: MutableMapping[Any, Any], number: int) -> str:
    """What an arm is called that nobody names."""
    strategy = state[arm_key(number, "strategy")]
    return usual_name(strategy, {name: state[arm_key(number, name)] for name in _own(strategy)})


def _own(strategy: str) -> list[str]:
    """What an arm of this strategy may have of its own, of TRANSFERRED."""
    return [name for name in TRANSFERRED if name not in of_another_strategy(strategy)]


def compose(state: MutableMapping[Any, Any], *, sized: bool = True) -> Experiment:
    """The experiment the form describes; not `sized`: on all pictures, whatever number it holds.

    What a setting without effect holds, which is not shown then, does not count. Raises Refused where another one can't
    be accepted.
    """
    arms = []
    for number, name in zip(state[ARMS], arm_names(state), strict=True):
        strategy = state[arm_key(number, "strategy")]
        without = of_another_strategy(strategy) | {"name", "strategy"}
        if state[arm_key(number, "weights")] == RANDOM and not STRATEGIES[strategy].either_start:
            without |= {"weights"}  # chosen for another strategy
        settings = {entry: typed(state, arm_key(number, entry)) for entry in ARM_FIELDS if entry not in without}
        arms.append(ArmConfig(name=name, strategy=strategy, **settings))
    shared = {name: _shared(state, name) for name in SHARED if sized or name != "samples"}
    asked = typed(state, SEEDS)
    first = tuple(state.get(OWN_SEEDS, (0,)))[:asked]
    return with_seeds(Experiment(**shared, arms=tuple(arms), seeds=first), asked)


def _shared(state: MutableMapping[Any, Any], name: str) -> Any:
    matters = has_effect(name, lambda other: _shared(state, other))
    return typed(state, shared_key(name)) if matters else USUAL[name]


def experiment_and_plan(state: MutableMapping[Any, Any]) -> tuple[Experiment, SettlePlan | None]:
    """The comparison to begin with, and the plan to settle it where that is asked for. Raises Refused."""
    experiment = compose(state)
    if not state.get(SETTLE):
        return experiment, None
    experiment, plan = with_least_seeds(experiment), SettlePlan()
    return experiment, begun_plan(plan, experiment)
