"""How far accuracies estimated without labels were off here: each one beside what was measured, where there are labels.

One JSON file per comparison of two data sets, which outlives its runs; a comparison is looked at again when a run of it has
finished, when somebody has labelled more of its target's pictures, and when what is estimated has changed.

What the record makes of a range. A range that has missed before is widened by split conformal prediction (conformalized
quantile regression, Romano et al., arXiv 1905.03222): by how far past ranges were from what was measured, so far that nine
of ten of them would have held it, with the usual correction for their number. That needs FEWEST of them. They are arms of
*other* pairs of data sets than the one in question. The promise is for the next as long as it is like those before, and
arms of one pair err alike: that is why it is said how many pairs there were.
"""

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from msgspec import Struct, to_builtins

from tl.analysis.adaptation.estimate import RULE, AccuracyEstimate
from tl.analysis.records import RunRecord, mean
from tl.config import Experiment
from tl.datasets import given_labels
from tl.languages import plural, say
from tl.store.documents import Count, Share, all_in
from tl.store.files import write_json
from tl.store.home import Home
from tl.store.queue.database import read_runs
from tl.store.queue.rows import Id, RunRow
from tl.words import number_of, points

HELD = 0.9  # share of ranges that should hold the truth once they are widened
FEWEST = 9  # ranges: with fewer no such quantile exists, ceil(HELD * (n + 1)) > n
LEAST_PICTURES = 50  # with labels, for an accuracy to count as measured: within 14 points, in 95 of 100 cases


class Met(Struct, frozen=True, kw_only=True):
    """An estimate that has met the truth: of one arm, over its networks."""

    arm: str
    accuracy: Share  # as estimated
    low: Share
    high: Share
    measured: Share

    @property
    def missed_by(self) -> float:
        """How far outside the range the truth lay; below 0: how far inside."""
        return max(self.low - self.measured, self.measured - self.high)


class EstimatedComparison(Struct, frozen=True, kw_only=True):
    """One comparison; its fields are the keys of its file."""

    experiment_id: Id
    sets: tuple[str, str]  # names of the source and the target
    finished_runs: Count  # which it rests on
    labels: Count  # that a person had given the target
    rule: Count  # by which it was estimated
    met: tuple[Met, ...]  # none where nobody has labelled the target


@dataclass(frozen=True, kw_only=True)
class Widening:
    """By how much a range is widened on either side, and what that rests on."""

    by: float  # of accuracy
    ranges: int
    pairs: int  # of data sets


@dataclass(frozen=True, kw_only=True)
class EstimateRecord:
    """All that have met the truth on this machine."""

    kept: tuple[EstimatedComparison, ...]

    @property
    def met(self) -> list[Met]:
        """One for each arm of each comparison."""
        return [one for own in self.kept for one in own.met]

    def widening(self, sets: Sequence[str]) -> Widening | None:
        """What ranges of these two data sets are widened by; None where other pairs say too little."""
        others = [own for own in self.kept if set(own.sets) != set(sets) and own.met]
        missed = sorted(one.missed_by for own in others for one in own.met)
        place = math.ceil(HELD * (len(missed) + 1))
        if place > len(missed):
            return None
        pairs = len({frozenset(own.sets) for own in others})
        return Widening(by=max(0.0, missed[place - 1]), ranges=len(missed), pairs=pairs)

    def to_json(self) -> dict[str, Any]:
        """How many there are, how many ranges held, by how much estimates were too high."""
        met = self.met
        return {
            "measured": len(met),
            "in_range": sum(one.missed_by <= 0 for one in met),
            "too_high_by": mean(one.accuracy - one.measured for one in met),
        }


def record(home: Home) -> EstimateRecord:
    """What is known by now; what is new is looked up and written down."""
    kept = {own.experiment_id: own for own in all_in(home.estimates_dir, EstimatedComparison) if own.rule == RULE}
    finished: dict[str, list[RunRow]] = {}
    for row in read_runs(home, statuses=("finished",)):
        if row.experiment.target_dataset:
            finished.setdefault(row.experiment_id, []).append(row)
    for experiment_id, rows in finished.items():
        target = rows[0].experiment.target_dataset
        assert target is not None
        given = len(given_labels.read(home, target).usable)
        known = kept.get(experiment_id)
        if known and (known.finished_runs, known.labels) == (len(rows), given):
            continue
        kept[experiment_id] = EstimatedComparison(
            experiment_id=experiment_id,
            sets=(rows[0].experiment.dataset, target),
            finished_runs=len(rows),
            labels=given,
            rule=RULE,
            met=_met(home, rows),
        )
        with suppress(OSError):  # a full disk: it is looked up again
            write_json(home.estimates_dir / f"{experiment_id}.json", to_builtins(kept[experiment_id]))
    return EstimateRecord(kept=tuple(kept.values()))


def _met(home: Home, rows: list[RunRow]) -> tuple[Met, ...]:
    """Of the finished runs of one comparison; none where they were trained elsewhere, on pictures that are not here."""
    from tl.analysis.adaptation.findings import estimates  # they show this record
    from tl.analysis.experiment import load_records  # pandas

    if any(home.run(row.run_id).imported.exists() for row in rows):
        return ()
    experiment: Experiment = rows[0].experiment
    records = load_records(home, rows)
    found = []
    for arm, estimate in estimates(home, experiment, records).items():
        measured = _measured([one for one in records if one.arm == arm])
        if estimate is not None and measured is not None:
            figures = {"accuracy": estimate.accuracy, "low": estimate.low, "high": estimate.high}
            found.append(Met(arm=arm, measured=measured, **figures))
    return tuple(found)


def _measured(records: Sequence[RunRecord]) -> float | None:
    """Mean accuracy on the target; None where too few of its pictures have labels."""
    asked = [len(one.answers.label) if one.answers else 0 for one in records]
    return mean(one.test_accuracy for one in records) if min(asked, default=0) >= LEAST_PICTURES else None


def widened(found: AccuracyEstimate, by: Widening | None) -> AccuracyEstimate:
    """The estimate with its range as the record has it."""
    if by is None:
        return found
    return replace(found, low=max(0.0, found.low - by.by), high=min(1.0, found.high + by.by))


def in_words(found: EstimateRecord) -> str:
    """The record as one sentence or two."""
    met = found.met
    if not met:
        return say(
            "No record yet: no such estimate has been checked against labels on this machine. Elsewhere they were up to 57 "
            "points too high (art to cartoons); only labels tell."
        )
    off = sum(one.accuracy - one.measured for one in met) / len(met)
    said = {
        "held": sum(one.missed_by <= 0 for one in met),
        "ranges": number_of(len(met), "range"),
        "average": points(abs(off)).lstrip("+±"),
        "most": 100 * max(abs(one.accuracy - one.measured) for one in met),
    }
    if off > 0:
        return say(
            "The record of such estimates on this machine: {held} of {ranges} contained the measured accuracy; on "
            "average the estimate was {average} too high, and up to {most:.0f} off.",
            **said,
        )
    return say(
        "The record of such estimates on this machine: {held} of {ranges} contained the measured accuracy; on average "
        "the estimate was {average} too low, and up to {most:.0f} off.",
        **said,
    )


def widening_in_words(by: Widening) -> str:
    """Why the ranges are wider than the networks alone make them; empty where they are not."""
    if not by.by:
        return ""
    return plural(
        "The ranges are {points:.0f} points wider on either side than the networks alone would make them: with that, "
        "nine in ten of the {ranges} earlier ranges, from one other pair of data sets, would have held.",
        "The ranges are {points:.0f} points wider on either side than the networks alone would make them: with that, "
        "nine in ten of the {ranges} earlier ranges, from {number} other pairs of data sets, would have held.",
        by.pairs,
        points=100 * by.by,
        ranges=by.ranges,
    )
