"""The record of accuracies estimated without labels: kept beside what was measured, and what it makes of a range."""

from pathlib import Path

import numpy as np
import pytest

from tests.two_sets_lab import compared, sets
from tl.analysis.adaptation import estimate_record, findings
from tl.analysis.adaptation.estimate import RULE, AccuracyEstimate
from tl.analysis.adaptation.estimate_record import (
    FEWEST,
    HELD,
    EstimatedComparison,
    EstimateRecord,
    Met,
    in_words,
    record,
    widened,
    widening_in_words,
)
from tl.analysis.experiment import experiment_result
from tl.store.home import Home
from tl.store.queue import database
from tl.store.queue.removal import delete_runs


def kept(pair: str, *measured: float, number: int = 0) -> EstimatedComparison:
    """A comparison of two data sets; each arm was estimated at 60 % (50 to 70), and measured at one of these."""
    met = [Met(arm=f"arm{n}", accuracy=0.6, low=0.5, high=0.7, measured=one) for n, one in enumerate(measured)]
    ident = f"{pair}{number}"
    return EstimatedComparison(
        experiment_id=ident, sets=(pair, "other"), finished_runs=1, labels=0, rule=RULE, met=tuple(met)
    )


def test_ranges_are_widened_by_what_those_of_other_pairs_missed() -> None:
    """With nine of them the quantile is the worst miss: 40 - 50 = 10 points; that of the pair itself, 45 points, is no part."""
    missed = [kept("a", 0.6, 0.55, 0.65, 0.45), kept("b", 0.6, 0.6, 0.7), kept("c", 0.4, 0.72)]
    found = EstimateRecord(kept=(*missed, kept("mine", 0.05)))
    by = found.widening(("mine", "other"))
    assert by is not None and (round(by.by, 6), by.ranges, by.pairs) == (0.1, FEWEST, 3)
    assert found.widening(("other", "mine")) == by, "the other way round is the same pair"
    estimate = AccuracyEstimate(accuracy=0.6, low=0.05, high=0.95, apart=0.3, pictures=100, networks=3)
    assert (widened(estimate, by).low, widened(estimate, by).high) == (0.0, 1.0)
    assert widening_in_words(by) == (
        "The ranges are 10 points wider on either side than the networks alone would make them: with that, nine in ten "
        "of the 9 earlier ranges, from 3 other pairs of data sets, would have held."
    )


def test_ranges_that_always_held_and_too_few_of_them_widen_nothing() -> None:
    held = EstimateRecord(kept=tuple(kept(pair, 0.6, 0.6, 0.6) for pair in "abc"))
    by = held.widening(("mine", "other"))
    assert by is not None and by.by == 0 and widening_in_words(by) == ""
    estimate = AccuracyEstimate(accuracy=0.6, low=0.2, high=0.9, apart=0.3, pictures=100, networks=3)
    assert widened(estimate, by) == estimate
    few = EstimateRecord(kept=(kept("a", *[0.1] * (FEWEST - 1)), kept("mine", *[0.1] * FEWEST)))
    assert few.widening(("mine", "other")) is None and widened(estimate, None) == estimate


@pytest.mark.parametrize("past", [FEWEST, 30])
def test_widened_ranges_hold_nine_of_ten_where_the_next_is_like_those_before(past: int) -> None:
    random, held = np.random.default_rng(past), 0
    for _ in range(400):
        truths = np.clip(random.normal(0.6, 0.2, past + 1), 0, 1)
        by = EstimateRecord(kept=(kept("a", *truths[:-1]),)).widening(("mine", "other"))
        assert by is not None
        held += 0.5 - by.by <= truths[-1] <= 0.7 + by.by
    assert held / 400 > HELD - 0.03  # two standard errors


def test_the_record_in_words() -> None:
    assert in_words(EstimateRecord(kept=())).startswith(
        "No record yet: no such estimate has been checked against labels on this machine."
    )
    assert in_words(EstimateRecord(kept=(kept("a", 0.2, 0.6, 0.7), kept("b")))) == (
        "The record of such estimates on this machine: 2 of 3 ranges contained the measured accuracy; on average the "
        "estimate was 10.0 points too high, and up to 40 off."
    )


def test_what_was_measured_is_kept_beside_the_estimate_and_outlives_its_runs(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sets(home, tmp_path, labelled=True, count=80)
    monkeypatch.setattr(estimate_record, "LEAST_PICTURES", 24)  # as many test pictures as two classes of 80 have
    measured = compared(home, {"source_only": 0.5, "mcc": 0.9}, seeds=2, unmatched="leave_out")
    found = experiment_result(home, measured).adaptation
    assert found is not None and found.record is not None
    (own,) = found.record.kept
    assert [one.arm for one in own.met] == ["source_only", "mcc"] and own.sets == ("photos", "sketches")
    assert own.met[0].measured == pytest.approx(0.5, abs=0.02)
    assert own.met[0].low <= own.met[0].accuracy <= own.met[0].high
    assert found.text[2] == in_words(found.record) and "2 ranges contained" in found.text[2]
    assert found.to_json()["record"]["measured"] == 2
    with monkeypatch.context() as patched:
        patched.setattr("tl.analysis.adaptation.findings.estimates", lambda *_: pytest.fail("nothing is new"))
        assert record(home) == found.record
    assert delete_runs(home, database.read_runs(home, measured)) and not database.read_runs(home)
    assert record(home) == found.record


@pytest.mark.parametrize(("labelled", "by"), [(False, 0.05), (True, 0.0)])
def test_a_range_is_widened_where_nothing_was_measured(home, tmp_path, monkeypatch, labelled, by) -> None:
    sets(home, tmp_path, labelled=labelled, count=180)
    experiment_id = compared(home, {"source_only": 0.5, "mcc": 0.9}, **{"unmatched": "leave_out"} if labelled else {})

    def estimate() -> AccuracyEstimate:
        found = experiment_result(home, experiment_id).adaptation.arms["mcc"]
        assert (found.measured is not None) == labelled
        return found.estimate

    monkeypatch.setattr(findings, "record", lambda home: EstimateRecord(kept=()))
    before = estimate()
    monkeypatch.setattr(findings, "record", lambda home: EstimateRecord(kept=(kept("a", *[0.45] * FEWEST),)))
    after, expected = estimate(), (max(0.0, before.low - by), min(1.0, before.high + by))
    assert (after.low, after.high) == pytest.approx(expected) and before.low > 0.05
