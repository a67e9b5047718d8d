"""A sweep as the page shows it: its sizes with how far each is, the table of what was found. No streamlit.

Everything is read from the queue and the run folders, so a reload, a second tab or a restarted server shows the same.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tl import jobs
from tl.analysis.sweep_results import SweepFinding
from tl.analysis.sweep_wording import accuracy_with_interval
from tl.arm_names import arm_title
from tl.config import ID_PATTERN, Experiment, refusal
from tl.jobs.listing import RunEntry
from tl.languages import say
from tl.report import size_findings
from tl.store.documents import Imported
from tl.store.home import Home
from tl.store.queue.database import Unknown
from tl.store.queue.name_and_notes import NameAndNotes, name_and_notes_of
from tl.store.queue.schema import ACTIVE, RESUMABLE
from tl.ui.parts.view import ExperimentView
from tl.words import cell, count, duration, not_available, number_of


@dataclass(frozen=True)
class SweepView:
    """One sweep at this moment."""

    sweep_id: str
    sizes: tuple[ExperimentView, ...]  # ascending

    @property
    def experiment(self) -> Experiment:
        """What all sizes share; its sample count is the smallest."""
        return self.sizes[0].experiment

    @cached_property
    def runs(self) -> list[RunEntry]:
        """Runs of all sizes, as tl.jobs.list_runs gives them."""
        return [run for size in self.sizes for run in size.runs]

    @cached_property
    def label(self) -> NameAndNotes:
        """What somebody calls it, and notes about it."""
        return name_and_notes_of(self.sizes[0].home, self.sweep_id)

    @cached_property
    def about(self) -> str:
        """Network and data set: "MobileNetV2 on Blossoms (drawn by the computer)"; not escaped."""
        return self.sizes[0].about

    @property
    def title(self) -> str:
        """What it is called: its name, else what it is about; not escaped."""
        return self.label.name or self.about

    @property
    def active(self) -> bool:
        """Whether anything trains or waits."""
        return any(size.active for size in self.sizes)

    @property
    def resumable(self) -> bool:
        """Whether a run ended without finishing; one that was trained elsewhere can't go on here."""
        return self.imported is None and any(run.status in RESUMABLE for run in self.runs)

    @property
    def imported(self) -> Imported | None:
        """What came with a sweep that was trained elsewhere (see tl.report.bundle_import); None for one of this home."""
        return self.sizes[0].imported

    @property
    def states(self) -> tuple[tuple[Any, ...], ...]:
        """Changes whenever what was found may have changed: accuracies on the test set are known of ended runs only."""
        return tuple((run.run_id, run.status, run.attempt) for run in self.runs)

    @property
    def titles(self) -> dict[str, str]:
        """Arm -> its name as shown, by position; not escaped."""
        found: dict[str, str] = {}
        for position, arm in enumerate(self.experiment.arms):
            title = cell(arm_title(arm.name))
            found[arm.name] = f"{title} ({position + 1})" if title in found.values() else title
        return found


def load(home: Home, sweep_id: str) -> SweepView:
    """The sweep with this id. Raises Refused, one sentence, for an id that is unknown or none at all."""
    if not ID_PATTERN.fullmatch(sweep_id):
        raise refusal("This link is not valid. You find all sweeps under Data size.")
    try:
        found = jobs.sweep(home, sweep_id)
    except Unknown:
        raise refusal("There is no sweep {sweep} here. You find all sweeps under Data size.", sweep=sweep_id) from None
    return SweepView(
        sweep_id,
        tuple(
            ExperimentView(home, own, spec, tuple(run for run in found["runs"] if run.experiment_id == own))
            for own, spec in found["experiments"].items()
        ),
    )


def progress(size: ExperimentView) -> tuple[float, str]:
    """How much of one size is done, 0..1, and that in words."""
    ended = [run for run in size.runs if run.status not in ACTIVE]
    fraction = sum(arm.fraction for arm in size.arms) / len(size.arms)
    bad = sum(run.status in RESUMABLE for run in ended)
    runs = number_of(len(size.runs), "run")
    if bad:
        words: str = say("{ended} of {runs} ended, {bad} without finishing", ended=len(ended), runs=runs, bad=bad)
    else:
        words = say("{ended} of {runs} ended", ended=len(ended), runs=runs)
    training = [arm for arm in size.arms if arm.current.status == "running"]
    if training:
        run = training[0].current
        done = max(arm.current.epochs for arm in training)
        epoch = min(done + 1, run.max_epochs)  # after the last comes the test
        if len(size.experiment.seeds) > 1:
            at = say("epoch {epoch} of {epochs}, seed {seed}", epoch=epoch, epochs=run.max_epochs, seed=run.seed)
        else:
            at = say("epoch {epoch} of {epochs}", epoch=epoch, epochs=run.max_epochs)
        words = f"{words} · {at}"
    return (1.0 if len(ended) == len(size.runs) else min(fraction, 1.0)), words


def size_columns(found: SweepFinding, titles: dict[str, str]) -> dict[str, list[str]]:
    """Columns of what was found, a row per size: accuracies, then of each arm what it gains over the baseline."""
    columns: dict[str, list[str]] = {say("pictures"): [count(size) for size in found.sizes]}
    for place, (arm, reached) in enumerate(found.arms.items(), 1):
        title = titles[arm]  # may be that of another column
        columns[f"{title} ({place})" if title in columns else title] = [
            not_available() if entry.accuracy is None else accuracy_with_interval(entry.accuracy, entry.seeds)
            for entry in map(reached.__getitem__, found.sizes)
        ]
    several = len(found.comparisons) > 1
    for arm, compared in found.comparisons.items():
        whose = titles[arm] if several else None
        columns[_head(say("gain"), whose)] = [size_findings.gain(compared.gain[size]) for size in found.sizes]
        columns[_head(say("worth in pictures"), whose)] = [
            size_findings.worth(compared.worth_in_pictures.get(size)) for size in found.sizes
        ]
        if not found.works_on:  # it is until an accuracy on the source's pictures: not what counts
            saved = [size_findings.saved(compared.time_to_target[size]) for size in found.sizes]
            columns[_head(say("time saved"), whose)] = saved
    for arm, reached in found.arms.items():
        columns[say("time of a run ({arm})", arm=titles[arm])] = [
            duration(reached[size].seconds) for size in found.sizes
        ]
    return columns


def _head(name: str, arm: str | None) -> str:
    return say("{name} ({explained})", name=name, explained=arm) if arm else name
