"""The runs of a sweep as they are read from disk, once: every size with its records and its verdict."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tl.analysis import data_size, gains, paired
from tl.analysis.experiment import experiment_result, load_records, pictures_of
from tl.analysis.experiment_results import ExperimentResult
from tl.analysis.paired import Pair, PairedAnswers, asked
from tl.analysis.records import RunRecord
from tl.config import ACCURACY, BALANCED_ACCURACY, Experiment
from tl.datasets.info import DatasetInfo
from tl.store.home import Home
from tl.store.queue.database import read_runs, read_sweep
from tl.store.queue.rows import RunRow


@dataclass(frozen=True, kw_only=True)
class SizeRuns:
    """One size: its experiment, the runs of that, and what came of them."""

    experiment: Experiment
    records: list[RunRecord]
    result: ExperimentResult

    def tested(self, arm: str) -> list[RunRecord]:
        """Finished runs of an arm."""
        return [run for run in self.records if run.arm == arm and run.test_accuracy is not None]


@dataclass(frozen=True, kw_only=True)
class SweepRuns:
    """All sizes, ascending, and the data set, None where nothing is known of it."""

    sizes: dict[int, SizeRuns]
    info: DatasetInfo | None

    @property
    def first(self) -> SizeRuns:
        """The smallest size."""
        return next(iter(self.sizes.values()))

    @property
    def records(self) -> list[RunRecord]:
        """The runs of all sizes."""
        return [run for size in self.sizes.values() for run in size.records]

    @property
    def judge_by(self) -> str:
        """What sizes are compared by: accuracy where one size can't be judged by balanced accuracy."""
        judged = {size.result.verdict.judge_by for size in self.sizes.values()}
        return judged.pop() if len(judged) == 1 else ACCURACY

    def reached(self, runs: Iterable[RunRecord]) -> dict[int, float]:
        """seed -> accuracy (balanced where that judges) on the test set, 0..1, of runs where it is known."""
        found = {run.seed: gains.figure(run, self.judge_by) for run in runs}
        return {seed: accuracy for seed, accuracy in found.items() if accuracy is not None}

    def pairs(self, baseline: str, arm: str) -> data_size.Pairs:
        """What two arms reached at every size, with what their networks answered where that is known."""
        found = {}
        for size, own in self.sizes.items():
            if pairs := paired.pairs_of(own.tested(baseline), own.tested(arm), "test_accuracy"):
                found[size] = sorted(pairs, key=lambda pair: pair[1].seed)
        errors = [1 - np.array(gains.figures(pairs, self.judge_by)).T for pairs in found.values()]  # (2, seeds) each
        known = _same_pictures([asked(pairs) for pairs in found.values()])
        first = known[0] if known else None
        return data_size.Pairs(
            sizes=np.array(list(found), dtype=float),
            baseline=[of_baseline for of_baseline, _ in errors],
            arm=[of_arm for _, of_arm in errors],
            rights=[(np.stack(each.baseline).astype(float), np.stack(each.arm).astype(float)) for each in known]
            or None,
            clusters=first.groups[0] if first else None,
            test_share=self._test_share([pair for pairs in found.values() for pair in pairs]),
            classes=first.labels[0] if first and self.judge_by == BALANCED_ACCURACY else None,
        )

    def errors(self, arm: str) -> dict[int, list[float]]:
        """size -> share of test pictures that were wrong, of each tested run; sizes without one are left out."""
        reached = {size: self.reached(own.tested(arm)).values() for size, own in self.sizes.items()}
        return {size: [1 - accuracy for accuracy in each] for size, each in reached.items() if each}

    def _test_share(self, pairs: Sequence[Pair]) -> float | None:
        """Test pictures per picture of the training part, also where a size takes a sample of that.

        0 where all seeds have the same pictures, None where it is not known.
        """
        if not self.first.experiment.resplit:
            return 0.0
        if self.info is None or not self.info.train:
            return None
        how = gains.judging_of(self.first.experiment, self.judge_by, self.info.train, self.info.test)
        tested = gains.pictures_tested(how, pairs)
        return tested / self.info.train if tested else None


def _same_pictures(found: Sequence[PairedAnswers | None]) -> list[PairedAnswers]:
    """What was answered at every size; nothing where one lacks it, or not all were asked about the same pictures."""
    known = [each for each in found if each is not None and each.same]
    if len(known) < len(found) or not known:
        return []
    first = known[0].pictures[0]
    return known if all(np.array_equal(first, each.pictures[0]) for each in known) else []


def read_sweep_runs(
    home: Home, sweep_id: str, rows_of: Mapping[str, list[RunRow]] | None = None, **judged: Any
) -> SweepRuns:
    """The sweep's runs. Raises Refused for an unknown sweep or arm.

    `rows_of` (experiment id -> its rows of runs) saves queries where the caller has looked after their statuses;
    `judged`: as tl.analysis.experiment.experiment_result takes it.
    """
    sizes: dict[int, SizeRuns] = {}
    run_ids: list[str] = []
    experiments: dict[str, Experiment] = read_sweep(home, sweep_id)["experiments"]
    for experiment_id, experiment in experiments.items():
        rows = read_runs(home, experiment_id) if rows_of is None else rows_of[experiment_id]
        records = load_records(home, rows)
        result = experiment_result(home, experiment_id, rows, records, **judged)
        sizes[experiment.samples or 0] = SizeRuns(experiment=experiment, records=records, result=result)
        run_ids += [row.run_id for row in rows]
    first = next(iter(sizes.values())).experiment
    return SweepRuns(sizes=sizes, info=pictures_of(home, first, run_ids))
