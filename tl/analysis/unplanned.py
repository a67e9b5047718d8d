"""What did not go as planned with runs, as pages, the terminal and reports tell it."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from tl.config import ArmConfig
from tl.strategies import arm_title


class Told(Protocol):
    """A run with the sentences that it left."""

    @property
    def arm(self) -> str: ...
    @property
    def seed(self) -> int: ...
    @property
    def notes(self) -> tuple[str, ...]: ...


def notes_of(runs: Sequence[Told]) -> list[str]:
    """What did not go as planned with the runs of one arm, each sentence once; of several runs, with which seeds."""
    seeds: dict[str, list[str]] = {}
    for run in runs:
        for note in dict.fromkeys(run.notes):
            seeds.setdefault(note, []).append(str(run.seed))
    if len(runs) == 1:
        return list(seeds)
    return [f"Seed{'' if len(own) == 1 else 's'} {', '.join(own)}: {note}" for note, own in seeds.items()]


def notes(arms: Iterable[ArmConfig], runs: Sequence[Told]) -> list[str]:
    """What did not go as planned, arm by arm, in sentences that begin with the arm."""
    lines = []
    for arm in arms:
        own = [run for run in runs if run.arm == arm.name]
        for note in notes_of(own):  # begins with the seeds where there are several
            lines.append(arm_title(arm.name) + (f", {note[0].lower()}{note[1:]}" if len(own) > 1 else f": {note}"))
    return lines
