"""An experiment as the page shows it: its runs grouped by arm, how far each is, how long it still takes. No streamlit.

Everything is read from the queue and the run folders, so a reload, a second tab or a restarted server shows the same.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tl import jobs
from tl.arm_names import arm_title
from tl.config import ID_PATTERN, Experiment, Training, refusal
from tl.differences import networks
from tl.jobs.listing import RunEntry
from tl.jobs.progress import seconds_left, share_done
from tl.languages import say
from tl.store.documents import Imported, Progress, read_imported
from tl.store.home import Home
from tl.store.queue.database import Unknown
from tl.store.queue.name_and_notes import NameAndNotes, name_and_notes_of
from tl.store.queue.schema import ACTIVE
from tl.store.queue.settle_plan import SettlePlan
from tl.words import PHASES, STATUSES, ordinal

if TYPE_CHECKING:  # the page's first paint doesn't wait for pandas
    import pandas as pd

    from tl.datasets.info import DatasetInfo

LOG_BYTES = 6000  # of a failed run's log, from its end


def state(run: RunEntry) -> str:
    """What a run does or did, in words."""
    doing = STATUSES[run.status]
    if run.status == "running":
        doing = PHASES.get((run.progress or Progress()).phase or "", doing)
    return say(doing.title)


@dataclass(frozen=True)
class Arm:
    """One side of the comparison with its runs (rows of tl.jobs.list_runs), one per seed."""

    position: int
    name: str
    runs: tuple[RunEntry, ...]

    @property
    def title(self) -> str:
        """Its name as shown; not escaped."""
        return arm_title(self.name)

    @property
    def current(self) -> RunEntry:
        """The run to look at: the one that trains, else the next in the queue, else the last."""
        by_status = {run.status: run for run in reversed(self.runs)}
        return by_status.get("running") or by_status.get("queued") or self.runs[-1]

    @property
    def active(self) -> bool:
        """Whether anything of it trains or waits in the queue."""
        return any(run.status in ACTIVE for run in self.runs)

    @property
    def state(self) -> str:
        """What its current run does, in words."""
        return state(self.current)

    @property
    def fraction(self) -> float:
        """How much of its budget is done, 0..1; what has finished counts as done."""
        return share_done(self.runs)


@dataclass(frozen=True)
class ExperimentView:
    """One experiment at this moment."""

    home: Home
    experiment_id: str
    experiment: Experiment
    runs: tuple[RunEntry, ...]
    settling: SettlePlan | None = None  # the plan to add seeds until it is settled
    sweep_id: str | None = None

    @cached_property
    def arms(self) -> tuple[Arm, ...]:
        """In the order of their positions: the order of their colours."""
        names = [arm.name for arm in self.experiment.arms]
        groups = (tuple(run for run in self.runs if run.arm == name) for name in names)
        return tuple(Arm(n, name, runs) for n, (name, runs) in enumerate(zip(names, groups, strict=True)) if runs)

    @property
    def active(self) -> bool:
        """Whether anything still trains or waits, or more seeds may come at any moment."""
        settles = self.settling is not None and self.settling.open
        return settles or any(run.status in ACTIVE for run in self.runs)

    @property
    def titles(self) -> list[str]:
        """Names of all arms as shown, by position."""
        return [arm_title(arm.name) for arm in self.experiment.arms]

    @property
    def max_epochs(self) -> int:
        return max(self.experiment.epochs_of(arm) for arm in self.experiment.arms)

    @cached_property
    def imported(self) -> Imported | None:
        """What came with an experiment that was trained elsewhere (see tl.report.bundle_import); None for one of this home."""
        return read_imported(self.home.run(self.runs[0].run_id)) if self.runs else None

    @cached_property
    def pictures(self) -> "DatasetInfo | None":
        """What is known about its data set, a DatasetInfo; None where it is gone."""
        from tl.analysis.experiment import pictures_of

        return pictures_of(self.home, self.experiment, [run.run_id for run in self.runs])

    def seconds_left(self, metrics: "pd.DataFrame") -> dict[int, float | None]:
        """Arm position -> seconds until its current run is done, at most; None where that is not known yet.

        `metrics` as `metrics()` gives them.
        """
        current = {arm.current.run_id: arm.position for arm in self.arms}
        runs = [arm.current for arm in self.arms]
        left = seconds_left(self.home, runs, lambda run_id: metrics[metrics["run_id"] == run_id].to_dict("records"))
        return {current[run_id]: seconds for run_id, seconds in left.items()}

    def metrics(self) -> "pd.DataFrame":
        """All epochs of all runs in one frame; `arm` holds titles."""
        from tl.store.metrics import read_metrics

        return self._table("metrics", read_metrics)

    def resources(self) -> "pd.DataFrame":
        """All hardware samples of all runs in one frame, with `arm` (title) and `run_id`."""
        from tl.store.metrics import RESOURCES, read_table

        return self._table("resources", lambda path: read_table(path, RESOURCES))

    def _table(self, name: str, read: Callable[[Path], "pd.DataFrame"]) -> "pd.DataFrame":
        import pandas as pd

        from tl.store.metrics import is_damaged

        frames = []
        for arm in self.arms:
            for run in arm.runs:
                path = getattr(self.home.run(run.run_id), name)
                frame = read(path)
                if is_damaged(path, frame):
                    self.damaged.append(
                        say("{file} of {arm}, seed {seed}", file=path.name, arm=arm.title, seed=run.seed)
                    )
                frames.append(frame.assign(run_id=run.run_id, arm=arm.title))
        return pd.concat(frames, ignore_index=True)

    @cached_property
    def answered(self) -> tuple[RunEntry, ...]:
        """Those of its finished runs that have kept what they answered."""
        return tuple(
            run for run in self.runs if run.status == "finished" and self.home.run(run.run_id).predictions.exists()
        )

    @cached_property
    def label(self) -> NameAndNotes:
        """What somebody calls it, and notes about it."""
        return name_and_notes_of(self.home, self.experiment_id)

    @cached_property
    def about(self) -> str:
        """Network and data set: "MobileNetV2 on Blossoms (drawn by the computer)"; not escaped."""
        data = data_title(self.home, self.experiment, [run.run_id for run in self.runs])
        return say("{networks} on {data}", networks=networks(self.experiment), data=data)

    @property
    def title(self) -> str:
        """What it is called: its name, else what it is about; not escaped."""
        return self.label.name or self.about

    @cached_property
    def damaged(self) -> list[str]:
        """Files that could not be read, in words, tables as `metrics` and `resources` find them; not escaped."""
        told = self.imported
        if told and (told.exported is None or (told.dataset and self.pictures is None)):
            return [say("imported.json, which names its pictures and weights")]
        return []


def load(home: Home, experiment_id: str) -> ExperimentView:
    """The experiment with this id. Raises Refused, one sentence, for an id that is unknown or none at all."""
    if not ID_PATTERN.fullmatch(experiment_id):
        raise refusal("This link is not valid. You find all experiments under Runs.")
    try:
        found = jobs.experiment(home, experiment_id)
    except Unknown:
        raise refusal(
            "There is no experiment {experiment} here. You find all experiments under Runs.", experiment=experiment_id
        ) from None
    runs, plan = tuple(found["runs"]), found["settling"]
    return ExperimentView(home, experiment_id, found["experiment"], runs, plan, found["sweep_id"])


def in_queue(run: RunEntry) -> str:
    """Where a run that waits stands: "3rd in the queue"."""
    return say("{place} in the queue", place=ordinal(run.place)) if run.place else say(STATUSES["queued"].title)


def kept_on_stop(runs: Iterable[RunEntry]) -> str:
    """What a stop leaves of those of these runs that still train or wait, a sentence."""
    ended = [run for run in runs if run.status in ACTIVE]
    begun = [run for run in ended if run.epochs]
    if not begun:
        return say("No epoch is done yet, so nothing will be kept.")
    if len(begun) == len(ended):
        return say("The best epoch so far is kept.")
    return say("The best epoch so far is kept of every run that has finished one.")


def log_end(home: Home, run_id: str) -> str:
    try:
        with open(home.run(run_id).log, "rb") as file:
            start = max(0, file.seek(0, 2) - LOG_BYTES)
            file.seek(start)
            text = file.read().decode(errors="replace")
            text = home.policy.without_places(text.partition("\n")[2] if start else text)  # from a line's beginning on
            return text.strip()
    except FileNotFoundError:
        return ""


def data_title(home: Home, learned: str | Training, run_ids: Iterable[str] = ()) -> str:
    """Title of a data set, or of those of a training, which says where it was drawn by the computer; of what was deleted
    its name.

    `run_ids` are runs that learned it: imported ones bring the title with them.
    """
    from tl.analysis.experiment import pictures_of

    info = pictures_of(home, learned, run_ids)
    names = (learned,) if isinstance(learned, str) else learned.sets
    if info is None:
        return say("{data} (no longer here)", data=" → ".join(names))
    return info.title if info.origin == "upload" else say(info.title)


def sets_title(home: Home, dataset: str, target: str | None, run_id: str | None = None) -> str:
    """The same of a data set and, where there is one, of the one to work on, whose settings are not at hand."""
    runs = [run_id] if run_id else []
    alone = target is None or any(home.run(each).imported.exists() for each in runs)  # those bring both in one
    return " → ".join(data_title(home, name, runs) for name in (dataset, None if alone else target) if name is not None)
