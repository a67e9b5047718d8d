"""One experiment as a typed and frozen value: its runs and its verdict. `to_json` gives what `compare --json` prints."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tl.analysis.cost_results import fields_as_json
from tl.analysis.results import Verdict

if TYPE_CHECKING:  # pandas: not for listing and stopping
    from tl.analysis.adaptation.findings import Findings


@dataclass(frozen=True, kw_only=True)
class ComparisonSetting:
    """What was compared on what; the sizes of a sweep share it."""

    home: str  # its path
    dataset: str
    target_dataset: str | None  # that it works on, where that is another
    classes: tuple[str, ...] | None  # None where the data set is gone
    backbone: str
    weights: str
    resolution: int  # pixels
    seeds: tuple[int, ...]

    def to_json(self) -> dict[str, Any]:
        """By name; the second data set only where there is one."""
        return fields_as_json(self, *([] if self.target_dataset else ["target_dataset"]))


@dataclass(frozen=True, kw_only=True)
class RunSummary:
    """One run: how it ended and what it measured; None where something was not measured."""

    run_id: str
    seed: int
    status: str  # queued, running, finished, stopped, failed or interrupted
    reason: str | None  # why it failed
    message: str | None
    epochs: int  # done
    best_epoch: int | None
    stopped_early: bool
    best_val_accuracy: float | None
    test_accuracy: float | None  # of a finished run, like the next two
    test_balanced_accuracy: float | None
    test_macro_f1: float | None
    elapsed_seconds: float | None  # computing time, as it would be alone
    reused_seconds: float | None  # of that, what other runs spent, whose features were kept
    memory_peak_bytes: int | None
    energy_joules: float | None
    flops: float | None
    flops_per_image: float | None
    images_per_second: float | None
    total_parameters: int | None
    trainable_parameters: int | None
    device: str | None


@dataclass(frozen=True, kw_only=True)
class ArmRuns:
    """The runs of one arm."""

    strategy: str  # key of tl.strategies.STRATEGIES
    backbone: str  # with the next two: what its runs were trained with, the arm's own or the experiment's
    weights: str
    resolution: int
    runs: tuple[RunSummary, ...]


@dataclass(frozen=True, kw_only=True)
class ExperimentResult:
    """One experiment with its runs and its verdict."""

    experiment_id: str
    setting: ComparisonSetting
    samples: int | None  # training pictures; None: all, where it is not known how many those are
    arms: dict[str, ArmRuns]
    verdict: Verdict
    adaptation: "Findings | None" = None  # of two data sets: what is known of the one that it works on

    def to_json(self) -> dict[str, Any]:
        """The document of `compare --json`."""
        own = fields_as_json(self, *([] if self.adaptation else ["adaptation"]))
        return {**own.pop("setting"), **own}
