"""The documents of `compare --json` and `sweep --json`: the keys that other programs read, and where they stand."""

import pickle

import pytest

from tests.analysis.test_sweep import ARMS, swept
from tests.verdict_lab import FULL, SCRATCH, judge, three
from tl.analysis.experiment import experiment_result
from tl.analysis.results import Interval, Learning
from tl.analysis.sweep import sweep_result
from tl.analysis.sweep_results import BreakEven

INTERVAL = {"mean", "low", "high", "basis"}
SIDES = {"baseline", "arm"}
TIME = {"seconds", "epochs", "images", "reached", "not_reached_in", "seconds_at_least"}
TIME_TO_TARGET = {
    *("target_accuracy", "near_chance", "disturbed_epochs", "comparable", "devices", "reused_seconds", "runs", "saved"),
    *("speedup", "speedup_low", "speedup_high", "speedup_at_least", "speedup_at_most"),
    *(f"{side}_{name}" for side in SIDES for name in TIME),
}
COMPARISON = {
    *(
        "against",
        "differs",
        "outcome",
        "more_seeds",
        "seeds",
        "test_accuracy_gain",
        "test_accuracy",
        "validation_accuracy_gain",
    ),
    *("validation_accuracy", "probability_better", "time_to_target", "cost", "converged", "classes", "text"),
}
SUMMARY = {
    *("strategy", "backbone", "weights", "resolution"),
    *("runs", "statuses", "reasons", "test_accuracy", "best_val_accuracy", "above_guessing", "epochs"),
    *(
        "best_epoch",
        "elapsed_seconds",
        "images_seen",
        "memory_peak_bytes",
        "energy_joules",
        "flops",
        "budget",
        "reached",
        "thawed_from",
        "steps",
    ),
    *(
        "lowest_rate",
        "learning_rate",
        "rate_chosen",
        "stopped_early",
        "out_of_budget",
        "cut_short",
        "late_rise",
        "late_slope",
    ),
    *("usual_rate", "patience", "patience_start", "patience_steps", "patience_errors", "counted_accuracy", "chance"),
    *("validation_pictures", "learning", "converged"),
    *("test_balanced_accuracy", "test_macro_f1", "classes"),
}
SETTING = {"home", "dataset", "classes", "backbone", "weights", "resolution", "seeds"}
RUN = {
    *("run_id", "seed", "status", "reason", "message", "epochs", "best_epoch", "stopped_early", "best_val_accuracy"),
    *(
        "test_balanced_accuracy",
        "test_macro_f1",
        "test_accuracy",
        "elapsed_seconds",
        "reused_seconds",
        "memory_peak_bytes",
        "energy_joules",
        "flops",
        "flops_per_image",
    ),
    *("images_per_second", "total_parameters", "trainable_parameters", "device"),
}


def test_a_verdict_keeps_its_keys():
    found = judge(*three([0.12, 0.14, 0.16])).to_json()
    assert found.keys() == {
        *("baseline", "margin", "target_accuracy", "chance", "judge_by", "judge_by_wanted"),
        *("headline", "headline_claim", "hurting", "arms", "between", "summary", "text"),
    }
    assert found["headline_claim"].keys() == {
        *("of", "look", "confidence", "interval", "outcome", "more_seeds", "seeds_can_settle"),
        *("test_pictures", "more_pictures"),
    }
    (entry,) = found["arms"].values()
    assert entry.keys() == COMPARISON
    assert entry["test_accuracy_gain"].keys() == INTERVAL | {"confidence"}
    assert entry["validation_accuracy_gain"].keys() == INTERVAL
    assert entry["test_accuracy"].keys() == entry["validation_accuracy"].keys() == SIDES
    assert entry["time_to_target"].keys() == TIME_TO_TARGET
    costs = entry["cost"]
    assert costs.keys() == {"seconds", "images", "epochs", "memory_bytes", "energy_joules", "flops"}
    assert {frozenset(cost) for cost in costs.values()} == {frozenset(SIDES | {"ratio", "low", "high"})}
    assert found["summary"].keys() == {SCRATCH, FULL}
    assert {frozenset(own) for own in found["summary"].values()} == {frozenset(SUMMARY)}
    assert found["summary"][FULL]["test_accuracy"].keys() == INTERVAL


def test_a_sweep_and_its_experiments_keep_their_keys(home):
    finding = sweep_result(home, swept(home))
    document = experiment_result(home, finding.experiments[100]).to_json()
    assert document.keys() == SETTING | {"experiment_id", "samples", "arms", "verdict"}
    assert document["arms"]["scratch"].keys() == {"strategy", "backbone", "weights", "resolution", "runs"}
    assert {frozenset(run) for run in document["arms"]["scratch"]["runs"]} == {frozenset(RUN)}
    found = finding.to_json()
    assert found.keys() == SETTING | {
        *("sweep_id", "sizes", "experiments", "statuses", "baseline", "margin", "chance", "arms", "curves", "headline"),
        *("comparisons", "break_even", "worth_in_pictures", "worth_in_pictures_bounds", "text", "judge_by"),
    }
    sizes = {"100", "300", "1000", "3000"}
    assert found["experiments"].keys() == found["worth_in_pictures"].keys() == sizes
    of_size = INTERVAL | {"seconds", "seeds", "test_accuracies", "converged", "above_guessing"}
    assert {size: entry.keys() for size, entry in found["arms"]["scratch"].items()} == dict.fromkeys(sizes, of_size)
    assert found["arms"]["scratch"]["100"]["test_accuracies"].keys() == {"0", "1", "2"}
    assert found["curves"]["scratch"].keys() == {"a", "b", "c", "largest", "residuals"}
    compared = found["comparisons"]["full_finetuning"]
    assert compared.keys() == {"gain", "seeds", "break_even", "worth_in_pictures", "basis", "against", "time_to_target"}
    assert compared["gain"]["100"].keys() == INTERVAL
    assert compared["worth_in_pictures"]["100"].keys() == {"pictures", "ratio", "low", "high", "bound"}
    assert compared["time_to_target"]["100"].keys() == TIME_TO_TARGET
    assert found["break_even"] == compared["break_even"]


@pytest.mark.parametrize(
    ("even", "document"),
    [
        (BreakEven(n=802, low=700, high=900), {"n": 802, "low": 700, "high": 900}),
        (BreakEven(n=100, low=None, at_most=True), {"n": 100, "low": None, "high": None, "at_most": True}),
        (
            BreakEven(n=802, low=100, low_at_most=True, high_beyond=6000),
            {"n": 802, "low": 100, "high": None, "low_at_most": True, "high_beyond": 6000},
        ),
        (BreakEven(n=None, beyond=6000, low=500), {"beyond": 6000, "low": 500}),
    ],
)
def test_a_break_even_has_the_keys_that_say_something(even, document):
    assert even.to_json() == document


def test_findings_survive_the_pages_cache_as_they_are(home):
    finding = sweep_result(home, swept(home, arms=ARMS[:1], seeds=1))
    assert pickle.loads(pickle.dumps(finding)) == finding


@pytest.mark.parametrize("learning", Learning)
def test_only_what_has_come_to_rest_is_called_converged(learning):
    assert learning.converged is {"converged": True, "still_improving": False}.get(learning.value)


def test_a_comparison_speaks_of_the_test_set_where_it_was_tested():
    entry = judge(*three([0.1])).comparisons[FULL]
    assert entry.tested and entry.gain == entry.test_accuracy_gain == Interval(pytest.approx(0.1), None, None, "none")
    assert entry.claim.interval == entry.gain
