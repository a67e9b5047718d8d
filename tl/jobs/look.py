"""One look at the outcome of an experiment that is run until it is settled: `python -m tl.jobs.look HOME EXPERIMENT_ID`.

Started by the supervisor (tl.jobs.look_starter) when all its runs have ended: adds seeds up to the next planned look, or ends
the plan and says why. Done twice, it changes things once.
"""

import signal
import sys
from contextlib import suppress

from tl.analysis.settle import Decision, decide, standing_of
from tl.config import Experiment, Refused
from tl.jobs.look_starter import LIMIT_SECONDS
from tl.jobs.seeds import add_seeds
from tl.jobs.settle_plan import spent_seconds
from tl.languages import later, read_sentence, say
from tl.policy import QuotaExceeded
from tl.store.files import keep_private, locked
from tl.store.home import Home
from tl.store.queue import database, settle_plan
from tl.store.queue.database import Unknown
from tl.store.queue.rows import RunRow
from tl.store.queue.schema import ACTIVE, RESUMABLE

ENDED = {  # a run's status -> a sentence on it, one with why
    "stopped": (
        later("The run of {arm} with seed {seed} was stopped."),
        later("The run of {arm} with seed {seed} was stopped: {why}"),
    ),
    "failed": (
        later("The run of {arm} with seed {seed} failed."),
        later("The run of {arm} with seed {seed} failed: {why}"),
    ),
    "interrupted": (
        later("The run of {arm} with seed {seed} was interrupted."),
        later("The run of {arm} with seed {seed} was interrupted: {why}"),
    ),
}


def look(home: Home, experiment_id: str) -> None:
    """Look at the outcome and do what follows from it; nothing where runs go on, or the plan has ended."""
    entry = database.read_experiment(home, experiment_id)
    plan, experiment = entry["settling"], entry["experiment"]
    rows = database.read_runs(home, experiment_id)
    if plan is None or not plan.open or any(row.status in ACTIVE for row in rows):
        return
    if unfinished := [row for row in rows if row.status in RESUMABLE]:
        settle_plan.end(home, experiment_id, *_of_unfinished(unfinished), seen=experiment)
        return
    try:
        from tl.analysis.experiment import experiment_result  # pandas

        found = experiment_result(home, experiment_id, rows, **plan.judged_by)
    except Refused as refusal:  # a baseline that is no arm
        settle_plan.end(home, experiment_id, "failed", str(refusal), seen=experiment)
        return
    standing = standing_of(found)
    decision = decide(standing, plan, spent_seconds(plan, rows))
    _carry_out(home, experiment_id, experiment, decision, standing.outcome)


def _of_unfinished(rows: list[RunRow]) -> tuple[str, str]:
    """How the plan ends where these runs did not finish, and why in a sentence."""
    failed = next((row for row in rows if row.status != "stopped"), None)
    first = failed or next((row for row in rows if row.message), rows[0])
    by_hand = failed is None and not first.message  # else its time was over
    forms = ENDED[first.status if first.status in ENDED else "interrupted"]
    ended, why = "stopped" if by_hand else "failed", read_sentence(first.message)
    return ended, say(forms[1] if why else forms[0], arm=first.arm, seed=first.seed, why=why or "")


def _carry_out(home: Home, experiment_id: str, seen: Experiment, decision: Decision, outcome: str) -> None:
    if decision.ended is not None:
        settle_plan.end(home, experiment_id, decision.ended, outcome=outcome, seen=seen)
        return
    assert decision.up_to is not None, decision
    try:
        add_seeds(home, experiment_id, decision.up_to, outcome)
    except Refused as refusal:
        ended = "seeds" if isinstance(refusal, QuotaExceeded) else "failed"  # something is gone that training needs
        settle_plan.end(home, experiment_id, ended, str(refusal), outcome=outcome, seen=seen)


def main(arguments: list[str]) -> int:
    """Exit status 0, also where there is nothing to do any more."""
    home, experiment_id = Home(arguments[0]), arguments[1]
    signal.alarm(int(LIMIT_SECONDS))  # also where the supervisor, which watches, was killed
    with locked(home.locks_dir / "settling.lock"), suppress(Unknown):  # deleted meanwhile
        look(home, experiment_id)
    return 0


if __name__ == "__main__":
    keep_private()
    sys.exit(main(sys.argv[1:]))
