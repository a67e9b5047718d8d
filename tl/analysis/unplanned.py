"""What did not go as planned with runs, as pages, the terminal and reports tell it."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from tl.analysis.names import title
from tl.config import ArmConfig
from tl.languages import commas, plural, say


class NotedRun(Protocol):
    """A run with the sentences that it left."""

    @property
    def arm(self) -> str: ...
    @property
    def seed(self) -> int: ...
    @property
    def notes(self) -> tuple[str, ...]: ...


def notes_of(runs: Sequence[NotedRun]) -> list[str]:
    """What did not go as planned with the runs of one arm, each sentence once; of several runs, with which seeds."""
    if len(runs) == 1:
        return list(_seeds_of(runs))
    return [
        plural("Seed {seeds}: {note}", "Seeds {seeds}: {note}", len(seeds), seeds=commas(seeds), note=note)
        for note, seeds in _seeds_of(runs).items()
    ]


def notes(arms: Iterable[ArmConfig], runs: Sequence[NotedRun]) -> list[str]:
    """What did not go as planned, arm by arm, in sentences that begin with the arm."""
    lines: list[str] = []
    for arm in arms:
        own, named = [run for run in runs if run.arm == arm.name], title(arm.name)
        for note, seeds in _seeds_of(own).items():
            if len(own) == 1:
                lines.append(say("{arm}: {note}", arm=named, note=note))
            else:
                lines.append(
                    plural(
                        "{arm}, seed {seeds}: {note}",
                        "{arm}, seeds {seeds}: {note}",
                        len(seeds),
                        arm=named,
                        seeds=commas(seeds),
                        note=note,
                    )
                )
    return lines


def _seeds_of(runs: Sequence[NotedRun]) -> dict[str, list[str]]:
    """Sentence -> the seeds whose runs left it."""
    seeds: dict[str, list[str]] = {}
    for run in runs:
        for note in dict.fromkeys(run.notes):
            seeds.setdefault(note, []).append(str(run.seed))
    return seeds
