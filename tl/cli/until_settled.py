"""Following an experiment on a terminal until its runs have ended and, where seeds are added, until it is settled."""

import argparse
import time
from typing import Any

from tl import jobs
from tl.analysis import settle_wording
from tl.cli.parser import Parser
from tl.cli.watch import MAX_STARTS, POLL_SECONDS, tell, wait
from tl.config import PLANNED_LOOKS, Experiment, refusal
from tl.jobs.listing import RunEntry
from tl.jobs.settle_plan import begun_plan, with_least_seeds
from tl.jobs.start import log_path
from tl.languages import later, say
from tl.store.home import Home
from tl.store.queue import database
from tl.store.queue.settle_plan import SettlePlan

USUAL = SettlePlan()


def add_bounds(parser: Parser) -> None:
    """What adding seeds until it is settled may cost."""
    text = later("stop adding at this many seeds in all, at most {most}; default {default}")
    seeds = say(text, most=PLANNED_LOOKS[-1], default=USUAL.at_most_seeds)
    text = later(
        "begin no look that would end more than this many minutes after the first run starts; default {default}"
    )
    minutes = say(text, default=USUAL.at_most_minutes)
    parser.add_argument("--at-most-seeds", type=int, metavar="INT", help=seeds)
    parser.add_argument("--at-most-minutes", type=int, metavar="INT", help=minutes)


def add_options(parser: Parser) -> None:
    """The same as an option of `compare`."""
    looks = ", ".join(map(str, PLANNED_LOOKS))
    text = later("add seeds, looking at the outcome at {looks} seeds, until it is decided or the bounds are reached")
    parser.add_argument("--until-settled", action="store_true", help=say(text, looks=looks))
    add_bounds(parser)


def plan_from(arguments: argparse.Namespace, judged: dict[str, Any]) -> SettlePlan:
    """The plan that the options describe, `judged` as the verdict is. Raises Refused."""
    bounds = {name: getattr(arguments, name) for name in ("at_most_seeds", "at_most_minutes")}
    given = {name: value for name, value in bounds.items() if value is not None}
    judge_by = judged.get("judge_by")
    return SettlePlan(**given, baseline=judged.get("baseline"), margin=judged.get("margin"), judge_by=judge_by)


def experiment_and_plan(
    arguments: argparse.Namespace, experiment: Experiment, judged: dict[str, Any]
) -> tuple[Experiment, SettlePlan | None]:
    """The experiment to begin with, and the plan to settle it where there is to be one. Raises Refused."""
    if not arguments.until_settled:
        if arguments.at_most_seeds is not None or arguments.at_most_minutes is not None:
            raise refusal("--at-most-seeds and --at-most-minutes limit --until-settled; give that option, too.")
        return experiment, None
    plan, least = plan_from(arguments, judged), with_least_seeds(experiment)
    begun_plan(plan, least)  # refused before anything is told
    if least != experiment:
        seeds = ", ".join(map(str, least.seeds))
        text = later("With fewer than {number} seeds there is nothing to judge, so it begins with seeds {seeds}.")
        tell(say(text, number=len(least.seeds), seeds=seeds))
    return least, plan


def follow(home: Home, experiment_id: str, known: set[str]) -> list[RunEntry]:
    """Show how the runs that are not `known` yet go on, and each look, until nothing more comes; all runs at the end.

    Raises RuntimeError where no supervisor stays alive.
    """
    told, starts, known = 0, 0, set(known)
    while True:
        entry = database.read_experiment(home, experiment_id)
        experiment, plan = entry["experiment"], entry["settling"]
        looks = plan.looks if plan else ()
        for seeds, outcome in looks[told:]:
            tell(settle_wording.look(experiment, seeds, outcome))
        told = len(looks)
        new = {row.run_id for row in database.read_runs(home, experiment_id)} - known
        if new:
            wait(home, experiment_id, new)
            known |= new
            starts = 0
        elif plan is None or not plan.open:
            return jobs.list_runs(home, experiment_id)
        else:
            starts += jobs.ensure_supervisor(home)
            if starts > MAX_STARTS:
                raise RuntimeError(say("the supervisor does not stay alive; {path} says why", path=log_path(home)))
            time.sleep(POLL_SECONDS)


def as_document(home: Home, experiment_id: str) -> dict[str, Any]:
    """`{"settling", "looks"}` for `--json`: the plan and how it ended, null without one, and the looks it made."""
    entry = database.read_experiment(home, experiment_id)
    experiment, plan = entry["experiment"], entry["settling"]
    if plan is None:
        return {"settling": None, "looks": []}
    names = ("at_most_seeds", "at_most_minutes", "began", "ended", "message")
    numbers = settle_wording.looks_of(experiment)
    looks = [
        {"look": numbers.index(seeds) + 1, "seeds": seeds, "outcome": outcome}
        for seeds, outcome in plan.looks
        if seeds in numbers
    ]
    text = None if plan.open else settle_wording.why_ended(experiment, plan)
    return {"settling": {name: getattr(plan, name) for name in names} | {"text": text}, "looks": looks}
