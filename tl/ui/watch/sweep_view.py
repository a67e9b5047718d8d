"""A sweep as the page shows it: its sizes with how far each is, the table of what was found. No streamlit.

Everything is read from the queue and the run folders, so a reload, a second tab or a restarted server shows the same.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tl import jobs
from tl.analysis.sweep_results import SizeResult, SweepFinding
from tl.analysis.sweep_wording import accuracy_with_interval
from tl.config import ID_PATTERN, Experiment, Refused
from tl.jobs.listing import RunEntry
from tl.report import size_findings
from tl.store.database import Unknown
from tl.store.documents import Imported
from tl.store.home import Home
from tl.store.labels import Label, label_of
from tl.store.schema import ACTIVE, RESUMABLE
from tl.strategies import arm_title
from tl.ui.parts.text import NOT_AVAILABLE, cell, count, duration
from tl.ui.parts.view import ExperimentView
from tl.words import number_of


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
    def label(self) -> Label:
        """What somebody calls it, and notes about it."""
        return label_of(self.sizes[0].home, self.sweep_id)

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
        """What came with a sweep that was trained elsewhere (see tl.report.intake); None for one of this home."""
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
        raise Refused("This link is not valid. You find all sweeps under Data size.")
    try:
        found = jobs.sweep(home, sweep_id)
    except Unknown:
        raise Refused(f"There is no sweep {sweep_id} here. You find all sweeps under Data size.") from None
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
    words = f"{len(ended)} of {number_of(len(size.runs), 'run')} ended" + (f", {bad} without finishing" if bad else "")
    training = [arm for arm in size.arms if arm.current.status == "running"]
    if training:
        run = training[0].current
        seed = f", seed {run.seed}" if len(size.experiment.seeds) > 1 else ""
        done = max(arm.current.epochs for arm in training)
        epoch = min(done + 1, run.max_epochs)  # after the last comes the test
        words += f" · epoch {epoch} of {run.max_epochs}{seed}"
    return (1.0 if len(ended) == len(size.runs) else min(fraction, 1.0)), words


def table(found: SweepFinding, titles: dict[str, str]) -> dict[str, list[str]]:
    """Columns of what was found, a row per size: accuracies, then of each arm what it gains over the baseline."""
    columns = {"pictures": [count(size) for size in found.sizes]}
    for arm, reached in found.arms.items():
        columns[titles[arm]] = [_accuracy(reached[size]) for size in found.sizes]
    several = len(found.comparisons) > 1
    for arm, compared in found.comparisons.items():
        suffix = f" ({titles[arm]})" if several else ""
        columns[f"gain{suffix}"] = [size_findings.gain(compared.gain[size]) for size in found.sizes]
        columns[f"worth in pictures{suffix}"] = [
            size_findings.worth(compared.worth_in_pictures.get(size)) for size in found.sizes
        ]
        if not found.works_on:  # it is until an accuracy on the source's pictures: not what counts
            saved = [size_findings.saved(compared.time_to_target[size]) for size in found.sizes]
            columns[f"time saved{suffix}"] = saved
    for arm, reached in found.arms.items():
        columns[f"time of a run ({titles[arm]})"] = [duration(reached[size].seconds) for size in found.sizes]
    return columns


def _accuracy(entry: SizeResult) -> str:
    return NOT_AVAILABLE if entry.accuracy is None else accuracy_with_interval(entry.accuracy, entry.seeds)
