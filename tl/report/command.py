"""The command line that repeats an experiment."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import fields, replace
from types import MappingProxyType

from tl.arms import parse_arms
from tl.config import ArmConfig, Experiment, Training
from tl.store.settling import Settling

NOTHING: Mapping = MappingProxyType({})
_DEFAULTS = Training(dataset="blossoms")
_ALWAYS = ("dataset", "samples", "backbone", "epochs", "resolution")  # said even where they are the defaults
_SPECIAL = re.compile(r"[,:=]")  # an arm's name with one of these can't be written on the command line


def command(
    experiment: Experiment,
    sizes: tuple[int, ...] = (),
    judged: Mapping = NOTHING,
    settle: Settling | None = None,
) -> str:
    """The command line that runs this experiment, at `sizes` as a sweep; most settings at their defaults are left out.

    `judged`: baseline, margin and target of the verdict, where they are not the usual ones. `settle`: the plan by which
    seeds are added. One that has grown is repeated with all its seeds at once.
    """
    words = ["python", "-m", "tl", "sweep" if sizes else "compare"]
    if sizes:
        words += ["--sizes", ",".join(map(str, sizes))]
        experiment = replace(experiment, samples=None)
    for entry in fields(Training):
        value, option = getattr(experiment, entry.name), entry.name.replace("_", "-")
        if value is None or (value == getattr(_DEFAULTS, entry.name) and entry.name not in _ALWAYS):
            continue
        if isinstance(value, bool):
            words += [f"--{option}" if value else f"--no-{option}"]
        else:
            words += [f"--{option}", _said(value)]
    arms = ",".join(map(_arm, experiment.arms))
    words += ["--arms", arms, "--seeds", _seeds(experiment.seeds)]
    return shlex.join(words + _settled(settle) + _judged(experiment, arms, judged))


def _settled(plan: Settling | None) -> list[str]:
    """The options by which seeds are added until it is settled."""
    if plan is None:
        return []
    usual = Settling()
    bounds = [name for name in ("at_most_seeds", "at_most_minutes") if getattr(plan, name) != getattr(usual, name)]
    said = [word for name in bounds for word in (f"--{name.replace('_', '-')}", str(getattr(plan, name)))]
    return ["--until-settled", *said]


def _judged(experiment: Experiment, arms: str, judged: Mapping) -> list[str]:
    """The options of the verdict; the baseline by the name it gets where `arms` is read back."""
    # What a verdict is judged by afterwards would choose other epochs, too, as an option of training: left out.
    chosen = {name: value for name, value in judged.items() if value is not None and name != "judge_by"}
    if not chosen:
        return []
    from tl.analysis.verdict import MARGIN  # numpy: not for the form's command

    if chosen.get("margin") == MARGIN:
        del chosen["margin"]
    if "baseline" in chosen:
        names = {arm.name: again.name for arm, again in zip(experiment.arms, parse_arms(arms), strict=True)}
        chosen["baseline"] = names[chosen["baseline"]]
    return [word for name, value in chosen.items() for word in (f"--{name}", _said(value))]


def _arm(arm: ArmConfig) -> str:
    default = ArmConfig(name=arm.strategy, strategy=arm.strategy)
    text = arm.strategy
    for entry in fields(ArmConfig):
        value = getattr(arm, entry.name)
        if value != getattr(default, entry.name) and not _SPECIAL.search(str(value)):
            text += f":{entry.name}={_said(value)}"
    return text


def _seeds(seeds: tuple[int, ...]) -> str:
    if seeds == tuple(range(len(seeds))):
        return str(len(seeds))
    return ",".join(map(str, seeds)) + ("," if len(seeds) == 1 else "")


def _said(value) -> str:
    """A setting as the command line reads it back, as short as that allows."""
    short = f"{value:g}" if isinstance(value, float) else str(value)
    return short if not isinstance(value, float) or float(short) == value else repr(value)
