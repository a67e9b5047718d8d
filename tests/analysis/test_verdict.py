"""What verdicts claim, on runs whose numbers were worked out by hand."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.verdict_lab import FULL, PROBE, SCRATCH, experiment, judge, run, three
from tl.analysis.cost_results import Cost, Ratio
from tl.analysis.results import Interval, Learning
from tl.analysis.verdict import verdict
from tl.config import Refused


def test_one_run_each_is_a_hint_with_every_number():
    spec = experiment(SCRATCH, FULL)
    scratch = run(SCRATCH, [0.2, 0.4, 0.5, 0.5, 0.5], 0.48, memory_peak_bytes=200)
    full = run(FULL, [0.5, 0.6, 0.7, 0.7, 0.7], 0.68, seconds=5.0, memory_peak_bytes=100)
    found = judge(spec, [scratch, full])
    entry = found.comparisons[FULL]
    assert found.baseline == SCRATCH
    assert list(found.comparisons) == [FULL]
    assert found.margin == 0.01
    assert entry.claim.outcome == "undecided"
    assert entry.seeds == 1
    assert entry.probability_better == 1.0
    assert entry.test_accuracy_gain == Interval(pytest.approx(0.2), None, None, "none")
    # The weaker arm's best is 0.5, so the target is 0.475: scratch gets there at 30 s, the other at 5 s.
    time = entry.time_to_target
    assert found.target_accuracy == time.target_accuracy == pytest.approx(0.475)
    assert (time.baseline.seconds, time.arm.seconds, time.speedup.value) == (30.0, 5.0, 6.0)
    assert (time.baseline.epochs, time.arm.epochs) == (3, 1)
    assert (time.baseline.images, time.arm.images) == (1500, 500)
    assert time.saved == pytest.approx(5 / 6)
    assert entry.cost.seconds.ratio.value == pytest.approx(0.5)
    assert entry.cost.memory_bytes == Cost(
        baseline=200.0, arm=100.0, ratio=Ratio(value=pytest.approx(0.5), low=None, high=None)
    )
    assert entry.cost.energy_joules.ratio is None
    assert entry.learning == Learning.CONVERGED
    assert found.summary[SCRATCH].ledger.learning == Learning.CONVERGED
    assert found.text == (
        "In this one run transfer was better: +20.0 points on the test set (68.0 % against 48.0 %); it reached 48 % "
        "6.0 times sooner (5.0 s against 30 s). One run each is a hint, not a proof. Two more seeds allow a verdict. "
        "From scratch had converged."
    )


def test_three_seeds_that_agree_settle_it():
    found = judge(*three([0.12, 0.14, 0.16]))
    entry = found.comparisons[FULL]
    assert entry.claim.outcome == "helps"
    assert entry.seeds == 3
    # mean 0.14, sd 0.02, n 3: at the first look's 96 % t(2, 0.98) = 4.848732, so the half width is 0.055988
    assert entry.test_accuracy_gain.low == pytest.approx(0.14 - 0.055988, abs=1e-6)
    assert entry.test_accuracy_gain.basis == "these_pictures"
    assert found.text == (
        "Transfer helps: +14.0 points on these test pictures (95 % interval 8.4 to 19.6 over 3 seeds; these runs kept "
        "no predictions, so nothing is said about new pictures); both reached 48 % after about the same time (10 s "
        "against 10 s). From scratch had converged."
    )


@pytest.mark.parametrize(
    ("gains", "outcome", "words"),
    [
        ([-0.12, -0.14, -0.16], "hurts", "Transfer hurts: −14.0 points"),
        ([0.001, 0.0, -0.001], "no_difference", "Transfer makes no difference that matters: ±0.0 points"),
        ([0.2, -0.1, 0.1], "undecided", "It is undecided whether transfer helps: +6.7 points"),
    ],
)
def test_the_other_outcomes_are_named_as_plainly(gains, outcome, words):
    found = judge(*three(gains))
    assert found.comparisons[FULL].claim.outcome == outcome
    assert found.text.startswith(words)


def test_two_seeds_are_still_a_hint():
    found = judge(*three([0.1, 0.12]))
    assert found.comparisons[FULL].claim.outcome == "undecided"
    assert found.comparisons[FULL].test_accuracy_gain.low is None
    assert "In these two runs" in found.text
    assert "Two runs each are a hint, not a proof. One more seed allows a verdict." in found.text


def test_a_stopped_arm_is_compared_by_validation_and_says_so():
    spec = experiment(SCRATCH, FULL)
    runs = [run(SCRATCH, [0.2, 0.4], 0.38), run(FULL, [0.5, 0.6], status="stopped")]
    found = judge(spec, runs)
    entry = found.comparisons[FULL]
    assert entry.test_accuracy_gain is None
    assert entry.claim.outcome == "undecided"
    assert entry.seeds == 0
    assert entry.validation_accuracy_gain.mean == pytest.approx(0.2)
    assert found.text.startswith(
        "There is no comparison on the test set, because full fine-tuning was stopped. By the best validation accuracy "
        "so far, full fine-tuning is at 60.0 % and from scratch at 40.0 %."
    )


def test_a_stopped_run_never_counts_as_tested():
    runs = [run(SCRATCH, [0.4], 0.4), run(FULL, [0.6], 0.9, status="stopped")]
    assert judge(experiment(SCRATCH, FULL), runs).comparisons[FULL].test_accuracy_gain is None


def test_a_diverged_run_is_left_out_and_named():
    spec = experiment(SCRATCH, FULL, seeds=(0, 1, 2, 3))
    runs = [
        run(side, [accuracy], accuracy + 0.01 * s * (side == FULL), seed=s)
        for s in range(3)
        for side, accuracy in ((SCRATCH, 0.5), (FULL, 0.6))
    ]
    runs.append(run(SCRATCH, [0.4, float("nan")], seed=3, status="failed", result={"reason": "diverged"}))
    runs.append(run(FULL, [0.6], 0.6, seed=3))
    found = judge(spec, runs)
    assert found.comparisons[FULL].seeds == 3
    assert found.comparisons[FULL].claim.outcome == "helps"
    assert "From scratch: 1 of 4 runs failed (diverged), not counted." in found.text
    assert found.summary[SCRATCH].reasons == ("diverged",)


def test_an_arm_that_only_diverged_is_said_to_have_failed():
    runs = [
        run(SCRATCH, [float("nan")], status="failed", result={"reason": "diverged"}),
        run(FULL, [0.6], 0.6),
    ]
    text = judge(experiment(SCRATCH, FULL), runs).text
    assert text == (
        "From scratch has no finished epoch because it failed (diverged), so there is nothing to compare; full "
        "fine-tuning reached 60.0 % on the test set."
    )


def test_runs_that_go_on_are_told_as_they_stand():
    spec = experiment(SCRATCH, FULL)
    assert judge(spec, []).text == "No epoch is finished yet."
    queued = [run(SCRATCH, [], status="queued"), run(FULL, [], status="queued")]
    assert judge(spec, queued).text.startswith("No epoch is finished yet.")
    failed = [run(SCRATCH, [], status="failed"), run(FULL, [], status="stopped")]
    assert judge(spec, failed).text.startswith("No run finished an epoch. From scratch: its only run failed")
    running = [run(SCRATCH, [0.1, 0.2], status="running"), run(FULL, [0.3, 0.4], status="running")]
    found = judge(spec, running)
    assert "because from scratch has not finished and full fine-tuning has not finished" in found.text
    assert found.summary[SCRATCH].ledger.learning == Learning.UNKNOWN, "a run that is still learning rises of course"


def test_one_arm_alone_is_not_compared():
    found = judge(experiment(SCRATCH), [run(SCRATCH, [0.5], 0.49)])
    assert found.comparisons == {}
    assert found.headline is None
    assert found.baseline == SCRATCH
    assert found.text == (
        "From scratch reached 49.0 % on the test set; without a second arm there is nothing to compare it with."
    )


def test_without_scratch_the_first_arm_is_the_baseline():
    spec = experiment(PROBE, FULL)
    found = judge(spec, [run(PROBE, [0.5] * 5, 0.5), run(FULL, [0.6] * 5, 0.6)])
    assert found.baseline == PROBE
    assert "full fine-tuning instead of linear probe was better" in found.text, "this says nothing about transfer"


def test_only_weights_that_were_learned_elsewhere_are_called_transfer():
    spec = experiment(SCRATCH, "mean_var_init")
    found = judge(spec, [run(SCRATCH, [0.5] * 5, 0.5), run("mean_var_init", [0.6] * 5, 0.6)])
    assert "pretrained scale only instead of training from scratch was better" in found.text


def test_an_arm_from_scratch_of_another_name_is_the_baseline():
    spec = experiment(FULL, SCRATCH, SCRATCH, names=("mine", "80 epochs", "30 epochs"))
    assert judge(spec, []).baseline == "80 epochs"


def test_of_several_arms_the_best_is_told():
    spec = experiment(SCRATCH, PROBE, FULL)
    runs = [run(SCRATCH, [0.5] * 5, 0.5), run(PROBE, [0.55] * 5, 0.55), run(FULL, [0.7] * 5, 0.7)]
    found = judge(spec, runs)
    assert found.headline == FULL
    assert found.text.startswith(
        "Of the 2 arms compared with training from scratch, full fine-tuning has done best so far. In this one run"
    )
    assert "transfer (linear probe) was better: +5.0 points" in found.comparisons[PROBE].text


def test_the_best_of_several_arms_has_to_be_surer_than_an_only_one():
    spec, runs = three([0.11, 0.14, 0.17])
    others = [run(arm, [0.5] * 3, 0.5, seed=seed) for arm in (PROBE, "lp_ft") for seed in range(3)]
    found = judge(experiment(SCRATCH, FULL, PROBE, "lp_ft", seeds=range(3)), runs + others)
    # sd 0.03, n 3: at 96 % the half width is 0.0840, at 1 - 0.04 / 3 it is 0.1487, more than 0.14 - 0.01
    assert (
        found.comparisons[FULL].claim.outcome == "helps"
        and "Transfer (full fine-tuning) helps" in found.comparisons[FULL].text
    )
    claim = found.headline_claim
    assert (claim.outcome, claim.of, claim.confidence) == ("undecided", 3, pytest.approx(1 - 0.04 / 3))
    assert found.text.startswith(
        "It is undecided whether transfer (full fine-tuning) helps: +14.0 points on these test pictures (95 % interval "
        "−0.8 to 28.8 over 3 seeds, allowing for the choice among 3; these runs kept no predictions"
    )
    assert f"About {claim.more_seeds} more seed" in found.text and claim.more_seeds > 0
    alone = judge(spec, runs)
    assert (alone.headline_claim.outcome, alone.headline_claim.confidence) == ("helps", pytest.approx(0.96))
    assert alone.text == alone.comparisons[FULL].text


def test_an_unknown_baseline_is_an_error():
    with pytest.raises(Refused, match="baseline is 'nobody'; it must be one of the arms: "):
        verdict(experiment(SCRATCH, FULL), [], baseline="nobody")


def test_nothing_learned_and_nothing_measured_is_survived():
    spec = experiment(SCRATCH, FULL)
    zero = judge(spec, [run(SCRATCH, [0.0, 0.0], 0.0), run(FULL, [0.0], 0.0)])
    assert zero.target_accuracy is None
    assert "±0.0 points" in zero.text
    empty = [run(side, [None, None], None, seconds=float("nan")) for side in (SCRATCH, FULL)]
    assert judge(spec, empty).text.startswith("No epoch is finished yet.")
    timeless = [run(side, [0.5, 0.6], 0.6, seconds=float("nan")) for side in (SCRATCH, FULL)]
    assert judge(spec, timeless).comparisons[FULL].time_to_target.speedup is None


def test_an_open_question_says_how_many_more_seeds_would_probably_settle_it():
    found = judge(*three([0.02, 0.05, 0.035]))
    more = found.comparisons[FULL].claim.more_seeds
    assert more > 0 and f"About {more} more seed" in found.text
    settled = judge(*three([0.12, 0.14, 0.16]))
    assert settled.comparisons[FULL].claim.more_seeds == 0 and "more seed" not in settled.text
    hopeless = judge(*three([0.03, -0.01, 0.01]))
    assert hopeless.comparisons[FULL].claim.more_seeds is None
    assert "Even 100 seeds would hardly settle it: the gain is too close to the margin of 1.0 points" in hopeless.text
    assert judge(*three([0.1])).comparisons[FULL].claim.more_seeds == 2


def test_margin_and_target_are_the_users():
    runs = three([0.02, 0.021, 0.022])
    assert judge(*runs).comparisons[FULL].claim.outcome == "helps"
    assert judge(*runs, margin=0.05).comparisons[FULL].claim.outcome == "no_difference"
    assert judge(*runs, target=0.51).target_accuracy == 0.51
    for wrong in ({"margin": 0.0}, {"margin": 2.0}, {"target": 85.0}, {"target": -0.1}):
        with pytest.raises(Refused, match=next(iter(wrong))):
            judge(*runs, **wrong)


accuracy = st.one_of(st.none(), st.floats(0, 1))
STATUSES = ["queued", "running", "finished", "stopped", "failed", "interrupted"]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_was_measured_there_is_a_verdict(data):
    seeds = range(data.draw(st.integers(1, 4)))
    spec = experiment(SCRATCH, FULL, PROBE, seeds=seeds)
    runs = []
    for arm in (SCRATCH, FULL, PROBE):
        for seed in seeds:
            if data.draw(st.booleans()):
                status = data.draw(st.sampled_from(STATUSES))
                accuracies = data.draw(st.lists(accuracy, max_size=6))
                runs.append(run(arm, accuracies, data.draw(accuracy), seed=seed, status=status))
    found = judge(spec, runs, target=data.draw(st.one_of(st.none(), st.floats(0.01, 1))))
    assert found.text
    assert all(entry.text for entry in found.comparisons.values())
    for entry in found.comparisons.values():
        assert (entry.claim.outcome == "undecided") or entry.seeds >= 3
        for text in (found.text, entry.text):
            assert "None" not in text
            assert "nan" not in text
            assert text.endswith(".")
