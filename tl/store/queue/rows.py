"""One run's row of the queue, read and checked: where SQLite would take anything, a value that can't be is damage."""

import json
from functools import lru_cache
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from tl.config import ID_PATTERN, ArmConfig, Experiment, Newer, Refused, newer, refusal
from tl.languages import read_sentence, say
from tl.store.documents import Finite, T, place_of
from tl.store.queue.damage import QueueDamaged

Id = Annotated[str, Meta(pattern=rf"\A{ID_PATTERN.pattern}\Z")]
Status = Literal["queued", "running", "finished", "stopped", "failed", "interrupted"]


class RunRow(Struct, frozen=True, kw_only=True):
    """A run as the queue knows it: a row of `runs` with what its experiment adds."""

    run_id: Id
    experiment_id: Id
    arm: str
    seed: int
    position: int  # place in its experiment: the order of training
    status: Status
    attempt: int
    stop_requested: int  # 0: no
    created: Finite  # Unix seconds, like the other times
    queued: Finite  # since when it waits, or waited last
    started: Finite | None
    ended: Finite | None
    spent: Finite  # seconds that its ended attempts took
    handle: str | None  # of what trains it: its launcher's own text (tl.jobs.launchers.launcher)
    reason: str | None
    message: str | None  # a sentence in the reader's language
    spec: str  # the experiment's JSON
    sweep_id: str | None = None  # the same for all sizes of one sweep
    owner: str | None = None  # whose it is (see Home.owner)

    @property
    def experiment(self) -> Experiment:
        return experiment_of(self.spec)

    @property
    def arm_config(self) -> ArmConfig:
        return next(arm for arm in self.experiment.arms if arm.name == self.arm)


class Waiting(Struct, frozen=True, kw_only=True):
    """Of a run that waits what its place in the queue depends on; the rest is read once it is its turn."""

    run_id: Id
    experiment_id: Id
    seed: int
    position: int
    queued: Finite
    owner: str | None


def waiting_of(found: list[dict[str, Any]]) -> list[Waiting]:
    """The rows with these columns. Raises QueueDamaged where a value can't be."""
    return _converted(found, list[Waiting])


def row_of(columns: dict[str, Any]) -> RunRow:
    """The row with these columns (others are passed over). Raises QueueDamaged where a value can't be."""
    row = _converted(columns, RunRow)
    if all(arm.name != row.arm for arm in row.experiment.arms):
        raise QueueDamaged(say("a run in it has an invalid arm"))
    return msgspec.structs.replace(row, message=read_sentence(row.message)) if row.message else row


def _converted(found: object, kind: type[T]) -> T:
    try:
        return msgspec.convert(found, kind)
    except msgspec.ValidationError as problem:
        place = place_of(problem, "")
        what = (
            say("a run in it has an invalid {place}", place=place) if place else say("a run in it has an invalid value")
        )
        raise QueueDamaged(what) from None


@lru_cache(maxsize=512)
def experiment_of(spec: str) -> Experiment:
    """The experiment stored as `spec`. Raises QueueDamaged; Refused where a newer TL Lab has stored it.

    Looked at once for all runs of an experiment, however often they are listed. Kept by all of `spec`: an Experiment's
    own checks bound every text and number in it, to 10 kB or so in all.
    """
    try:
        return Experiment.from_json(json.loads(spec))
    except Newer as found:
        raise Refused(newer(say("The queue (tl.sqlite)"), found)) from None
    except (Refused, ValueError, TypeError, KeyError, AttributeError, RecursionError) as problem:
        raise QueueDamaged(say("an experiment in it can't be read ({problem})", problem=str(problem))) from None


def refuse_final(experiment_id: str, experiment: Experiment) -> None:
    """Raise Refused for a final model, where arms are compared or test pictures are needed."""
    if experiment.final:
        raise refusal(
            "Experiment {id} is a final model, so there is nothing to compare; `python -m tl export-model` writes it "
            "with its card.",
            id=experiment_id,
        )


def refuse_two_sets(experiment: Experiment) -> None:
    """Raise Refused where pictures of one data set are to be corrected, and those that were tested are another's."""
    if experiment.target_dataset:
        raise refusal(
            "This comparison was tested on a different data set from the one it learned from; run a comparison within "
            "one of the two to check its labels."
        )
