"""The command line that repeats an experiment."""

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from types import MappingProxyType
from typing import Any

from tl.arms import quoted
from tl.config import ArmConfig, Experiment, Training
from tl.config.training import MOST_THREADS, PRECISIONS
from tl.differences import usual_name_of
from tl.effects import idle, of_another_strategy
from tl.languages import listed, say
from tl.store.documents import Result
from tl.store.queue.settle_plan import SettlePlan
from tl.words import short

NOTHING: Mapping[str, Any] = MappingProxyType({})
_DEFAULTS = Training(dataset="blossoms")
_ALWAYS = ("dataset", "samples", "backbone", "epochs", "resolution")  # said even where they are the defaults


def command(
    experiment: Experiment,
    sizes: tuple[int, ...] = (),
    judged: Mapping[str, Any] = NOTHING,
    settle: SettlePlan | None = None,
) -> str:
    """The command line that runs this experiment, at `sizes` as a sweep; most settings at their defaults are left out.

    `judged`: baseline, margin and target of the verdict, where they are not the usual ones. `settle`: the plan by which
    seeds are added. One that has grown is repeated with all its seeds at once.
    """
    words = ["python", "-m", "tl", "sweep" if sizes else "compare"]
    if sizes:
        words += ["--sizes", ",".join(map(str, sizes))]
        experiment = replace(experiment, samples=None)
    without_effect = idle(experiment)
    for entry in fields(Training):
        value, option = getattr(experiment, entry.name), entry.name.replace("_", "-")
        if value is None or (value == getattr(_DEFAULTS, entry.name) and entry.name not in _ALWAYS):
            continue
        if entry.name in without_effect:
            continue
        if isinstance(value, bool):
            words += [f"--{option}" if value else f"--no-{option}"]
        else:
            words += [f"--{option}", _said(value)]
    times = Counter(map(usual_name_of, experiment.arms))
    arms = ",".join(_arm(arm, alone=times[usual_name_of(arm)] == 1) for arm in experiment.arms)
    words += ["--arms", arms, "--seeds", _seeds(experiment.seeds)]
    return shlex.join(words + _settled(settle) + _judged(judged))


def pinned(experiment: Experiment, results: Iterable[Result]) -> tuple[Experiment, str]:
    """The experiment with precision and threads as its runs were computed, and in a sentence what that leaves open."""
    done = [result for result in results if result.status == "finished"]
    if not done:
        return experiment, ""
    precisions, threads = {result.precision for result in done}, {result.threads for result in done}
    if len(precisions) > 1:
        told = listed(sorted(map(str, precisions)))
        return experiment, say(
            "Its runs were computed in different precisions ({precisions}), which no single command repeats.",
            precisions=told,
        )
    if (precision := precisions.pop()) in PRECISIONS:
        experiment = replace(experiment, precision=precision)
    if not all((result.device or "").startswith("CPU") for result in done):
        return experiment, say("The last digits may differ: the order in which a GPU adds up numbers can't be fixed.")
    number = threads.pop() if len(threads) == 1 else None
    if number is None or not 1 <= number <= MOST_THREADS:
        return experiment, say(
            "The last digits may differ: the number of threads depended on what else the machine was doing, or was not "
            "recorded."
        )
    experiment = replace(experiment, threads=number)
    return experiment, say("On this machine, with the same versions, it repeats every run to the last digit.")


def _settled(plan: SettlePlan | None) -> list[str]:
    """The options by which seeds are added until it is settled."""
    if plan is None:
        return []
    usual = SettlePlan()
    bounds = [name for name in ("at_most_seeds", "at_most_minutes") if getattr(plan, name) != getattr(usual, name)]
    said = [word for name in bounds for word in (f"--{name.replace('_', '-')}", str(getattr(plan, name)))]
    return ["--until-settled", *said]


def _judged(judged: Mapping[str, Any]) -> list[str]:
    # What a verdict is judged by afterwards would choose other epochs, too, as an option of training: left out.
    chosen = {name: value for name, value in judged.items() if value is not None and name != "judge_by"}
    if not chosen:
        return []
    from tl.analysis.verdict import MARGIN  # numpy: not for the form's command

    if chosen.get("margin") == MARGIN:
        del chosen["margin"]
    words = {f"--{name}": _said(value) for name, value in chosen.items()}
    # A word that begins with a dash would be an option by itself.
    return [word for option in words.items() for word in (["=".join(option)] if option[1][:1] == "-" else option)]


def _arm(arm: ArmConfig, *, alone: bool) -> str:
    """One arm; `alone`: no other would be called so, if nobody had named it."""
    default = {entry.name: entry.default for entry in fields(ArmConfig)} | {
        "name": usual_name_of(arm) if alone else None
    }
    text, without = arm.strategy, of_another_strategy(arm.strategy)
    for entry in fields(ArmConfig):
        value = getattr(arm, entry.name)
        if entry.name != "strategy" and value != default[entry.name] and entry.name not in without:
            text += f":{entry.name}={quoted(_said(value))}"
    return text


def _seeds(seeds: tuple[int, ...]) -> str:
    if seeds == tuple(range(len(seeds))):
        return str(len(seeds))
    return ",".join(map(str, seeds)) + ("," if len(seeds) == 1 else "")


def _said(value: object) -> str:
    """A setting as the command line reads it back, as short as that allows."""
    return short(value) if isinstance(value, int | float) else str(value)
