"""The document of `sweep --json` and its words, from sweeps crafted on disk whose numbers are known."""

import json

import pytest

from tl.__main__ import main
from tl.analysis import sweep_wording
from tl.analysis.results import NEW_PICTURES, THESE_PICTURES, Interval, Learning
from tl.analysis.sweep import sweep_result
from tl.analysis.sweep_results import BreakEven, SizeResult, SweepComparison, SweepFinding
from tl.config import ArmConfig, Experiment, Refused
from tl.jobs import submit_sweep, sweep
from tl.report import size_findings
from tl.store.files import write_json
from tl.store.home import Home
from tl.store.metrics import write_metrics
from tl.store.queue.database import move, read_run
from tl.ui.parts import view
from tl.ui.watch import sweep_view
from tl.words import about

ARMS = (ArmConfig(name="scratch", strategy="scratch"), ArmConfig(name="full_finetuning", strategy="full_finetuning"))
SIZES = (100, 300, 1000, 3000)
CURVES = {"scratch": lambda n: 10 * n**-0.7 + 0.10, "full_finetuning": lambda n: 1.2 * n**-0.4 + 0.10}
SPREAD = (-0.004, 0.0, 0.004)  # of the seeds


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path)


def swept(
    home: Home, sizes=SIZES, curves=CURVES, seeds: int = 3, leave=lambda run: False, arms=ARMS, **settings
) -> str:
    """A sweep whose runs have finished with the curves' errors, but for those that `leave` says; its id."""
    spec = Experiment(dataset="blossoms", arms=arms, seeds=tuple(range(seeds)), patience_steps=0, **settings)
    sweep_id = submit_sweep(home, spec, sizes)
    for run in sweep(home, sweep_id)["runs"]:
        if not leave(run):
            finish(home, run, 1 - curves[run.arm](run.samples) - SPREAD[run.seed])
    return sweep_id


def finish(home: Home, run: dict, accuracy: float) -> None:
    files = home.run(run.run_id)
    slow = 4 if run.arm == "scratch" else 1
    rows = [
        {"epoch": n, "val_accuracy": accuracy * n / slow, "elapsed_seconds": n * run.samples / 100}
        for n in range(1, slow + 1)
    ]
    write_metrics(files.metrics, rows)
    result = {"status": "finished", "test_accuracy": accuracy, "best_val_accuracy": accuracy, "best_epoch": slow}
    write_json(files.result, result | {"elapsed_seconds": slow * run.samples / 100})
    assert move(home, read_run(home, run.run_id), "running")
    assert move(home, read_run(home, run.run_id), "finished")


def found_in(home: Home, sweep_id: str) -> SweepFinding:
    """What was found, which has to make a document that is JSON without NaN, the same after a round trip."""
    found = sweep_result(home, sweep_id)
    assert json.loads(json.dumps(found.to_json(), allow_nan=False)) == found.to_json()
    return found


def test_a_finished_sweep_is_told_in_full(home):
    found = found_in(home, swept(home))
    assert (found.sizes, found.baseline, found.headline) == (SIZES, "scratch", "full_finetuning")
    entry = found.arms["scratch"][300]
    assert entry.accuracy.mean == pytest.approx(1 - CURVES["scratch"](300))
    # sd 0.004, n 3: 4.302653 * 0.004 / sqrt(3) = 0.009936
    assert entry.accuracy.high - entry.accuracy.mean == pytest.approx(0.009936, abs=1e-5)
    assert (entry.accuracy.basis, found.best.basis) == (THESE_PICTURES, THESE_PICTURES)
    assert (entry.seconds, entry.seeds, len(entry.test_accuracies)) == (12.0, 3, 3)
    fit = found.curves["scratch"]
    assert (fit.a, fit.b, fit.c) == pytest.approx((10, 0.7, 0.10), rel=0.02)
    assert tuple(fit.residuals) == SIZES
    even = found.best.break_even
    assert even.n == pytest.approx(802, abs=2)
    assert even.low <= even.n <= even.high
    assert found.best.worth_in_pictures[300].ratio == pytest.approx(1.794, rel=0.01)
    assert found.comparisons["full_finetuning"].gain[100].low is not None
    # At 300 pictures the target is 95 % of the weaker arm's best: scratch reaches it in its last epoch, after 12 s.
    time = found.comparisons["full_finetuning"].time_to_target[300]
    assert (time.baseline.seconds, time.arm.seconds, time.saved) == (12.0, 3.0, 0.75)
    assert found.text.startswith("Full fine-tuning is worth it up to about 800 pictures (95 % interval")
    assert " over 3 seeds; these runs kept no predictions, so nothing is said about new pictures); with" in found.text
    assert "with more, training from scratch comes within 1 point of it." in found.text
    assert "With 100 pictures it does as well as training from scratch with about 290, 2.9 times as many." in found.text
    assert "hint" not in found.text and "Of 24 runs" not in found.text


def test_an_advantage_that_stays_is_beyond(home):
    curves = CURVES | {"scratch": lambda n: CURVES["full_finetuning"](n) + 0.2}
    found = found_in(home, swept(home, curves=curves))
    assert found.best.break_even == BreakEven(n=None, beyond=6000, low=None)
    worth = found.best.worth_in_pictures[1000]
    assert (worth.ratio, worth.bound) == (6.0, "at_least")
    assert "stays worth it at every size" in found.text and "up to 6,000 pictures" in found.text


def test_an_advantage_that_comes_late_is_not_claimed_for_every_size(home):
    curves = {"scratch": lambda n: 0.917, "full_finetuning": lambda n: 0.917 - (0.0 if n == 100 else n / 10_000)}
    found = found_in(home, swept(home, curves=curves))
    assert found.best.worth_in_pictures == {}, "what guesses at every size can't be caught up with"
    text = found.text
    assert text.startswith("Full fine-tuning is worth it, though not with 100 pictures: its advantage over")
    assert "From scratch did no better than chance (8 %) at any size." in text
    assert "Full fine-tuning did no better than chance (8 %) with 100 pictures." in text, "11.3 % is"


def test_a_lead_among_arms_that_guess_makes_no_arm_worth_it(home):
    curves = {"scratch": lambda n: 0.917, "full_finetuning": lambda n: 0.9 if n < 1000 else 0.6}
    text = found_in(home, swept(home, curves=curves)).text
    assert text.startswith(
        "Full fine-tuning against training from scratch on the test set: +31.7 points with 1,000 pictures and"
    )
    assert "With 100 and 300 pictures neither arm was clearly better than chance, so no break-even point can be" in text
    assert "worth it" not in text
    assert "From scratch did no better than chance (8 %) with 1,000 and 3,000 pictures." in text, "no size twice"
    assert "Full fine-tuning did" not in text


def test_where_no_arm_learned_anything_at_any_size_nothing_is_said_of_their_worth(home):
    curves = {"scratch": lambda n: 0.917, "full_finetuning": lambda n: 0.9}
    text = found_in(home, swept(home, curves=curves)).text
    assert text.startswith("Neither arm was clearly better than chance at any size, so it can't be said whether full")


def late_and_gone(gains, even):
    """A sweep with these gains, whose break-even is known."""
    compared = SweepComparison(
        gain={size: Interval(gain, None, None, "none") for size, gain in gains.items()},
        seeds=dict.fromkeys(SIZES, 3),
        break_even=even,
        worth_in_pictures={},
        basis=NEW_PICTURES,
        time_to_target={},
    )
    reached = SizeResult(
        accuracy=None,
        seconds=None,
        seeds=3,
        test_accuracies={},
        learning=Learning.CONVERGED,
        above_guessing=None,
        reached=None,
        budget=10,
    )
    return SweepFinding(
        sweep_id="x",
        setting=None,  # words don't need it
        experiments=dict.fromkeys(SIZES, "x"),
        statuses={"finished": 24},
        baseline="scratch",
        margin=0.01,
        chance=None,
        arms={arm: dict.fromkeys(SIZES, reached) for arm in CURVES},
        curves=dict.fromkeys(CURVES),
        headline="full_finetuning",
        comparisons={"full_finetuning": compared},
    )


def test_an_advantage_that_comes_late_and_goes_again_is_not_claimed_below():
    gains = dict(zip(SIZES, (0.003, 0.05, 0.03, 0.02)))
    found = late_and_gone(gains, BreakEven(n=4510, low=200, high_beyond=6000))
    assert sweep_wording.text(found) == (
        "Full fine-tuning is worth it, though not with 100 pictures, up to about 4,500 pictures (95 % interval 200 "
        "to beyond 6,000 for new pictures; 3 seeds); with more, training from scratch comes within 1 point of it."
    )
    assert size_findings.break_even_rows(found) == [
        {
            "Arm": "Full fine-tuning",
            "Worth it up to": "about 4,500 pictures, though not with 100 pictures",
            "95 % interval": "200 to beyond 6,000 for new pictures; 3 seeds",
        }
    ]


@pytest.mark.parametrize("even", [{"n": 4510, "high_beyond": 6000}, {"n": None, "beyond": 6000}])
def test_where_the_break_even_may_lie_anywhere_nothing_is_claimed_but_the_differences_are_told(even):
    """Adapting to dusk with 60 to 480 pictures was called worth it by +2.2 points at 480, where the interval began below 60."""
    gains = dict(zip(SIZES, (0.0, -0.001, 0.005, 0.022)))
    found = late_and_gone(gains, BreakEven(low=100, low_at_most=True, **even))
    assert sweep_wording.text(found).startswith(
        "It is undecided up to how many pictures full fine-tuning is worth it (95 % interval 100 or fewer to beyond "
        "6,000 for new pictures; 3 seeds). Full fine-tuning against training from scratch on the test set: ±0.0 points "
        "with 100 pictures, −0.1 points with 300 pictures, +0.5 points with 1,000 pictures and +2.2 points with 3,000 "
        "pictures."
    )


def test_an_arm_that_was_still_learning_is_named(home):
    found = found_in(home, swept(home))
    assert found.arms["scratch"][100].learning == Learning.STILL_IMPROVING
    assert "From scratch had not converged with 100, 300 and 1,000 pictures: more epochs may" not in found.text
    assert "From scratch had not converged with 100 and 300 pictures: more epochs may narrow the gap." in found.text


def test_an_arm_that_never_came_to_train_all_it_should_is_named(home):
    late = [ArmConfig(name=name, strategy="freeze_then_unfreeze", frozen_epochs=5) for name in ("Late", "To come")]
    curves = CURVES | {"Late": lambda n: CURVES["full_finetuning"](n) + 0.01}
    arms, leave = (*ARMS, *late), lambda run: run.arm == "To come"
    found = found_in(home, swept(home, sizes=SIZES[:2], curves=curves, arms=arms, seeds=1, epochs=2, leave=leave))
    assert found.headline == "full_finetuning"
    assert "Late was never unfrozen in 2 epochs." in found.text and found.text.count("unfrozen") == 1


def test_a_size_at_which_an_arm_guessed_is_worth_no_number_of_pictures(home):
    curves = CURVES | {"full_finetuning": lambda n: 0.917 if n == 100 else CURVES["full_finetuning"](n)}
    worth = found_in(home, swept(home, curves=curves)).best.worth_in_pictures
    assert set(worth) == {300, 1000, 3000}
    assert size_findings.worth(worth.get(100)) == "not available"


def test_no_advantage_from_the_first_size_on_is_said_so(home):
    found = found_in(home, swept(home, curves=dict.fromkeys(CURVES, CURVES["scratch"]), seeds=1))
    assert found.best.break_even.at_most is True
    assert found.text.startswith("Even with 100 pictures, the fewest tried,")
    assert "One run each is a hint, not a proof." in found.text


def test_three_sizes_are_no_curve_but_differences(home):
    found = found_in(home, swept(home, sizes=(100, 300, 1000)))
    assert found.best.break_even is None and set(found.curves.values()) == {None}
    assert found.best.worth_in_pictures[100].ratio > 1
    assert "+20.8 points with 100 pictures, " in found.text
    assert "The break-even point needs at least 4 finished sizes." in found.text
    assert size_findings.size_rows(found)[1]["Time saved"].endswith("against 4.0 s")


def test_of_two_data_sets_it_is_said_whose_test_pictures_count_and_no_time_on_the_others(home, capsys):
    arms = tuple(ArmConfig(name=name, strategy=name) for name in ("source_only", "dann"))
    curves = {"source_only": CURVES["scratch"], "dann": CURVES["full_finetuning"]}
    target = {"target_dataset": "blossoms_dusk", "resplit": False}
    sweep_id = swept(home, sizes=(100, 300), seeds=1, arms=arms, curves=curves, **target)
    found = found_in(home, sweep_id)
    assert found.text.count("the test pictures of Blossoms at dusk.") == 1
    assert size_findings.size_rows(found)[1]["Time saved"] == "not available"
    assert not any(
        "time saved" in name for name in sweep_view.size_columns(found, {arm.name: arm.name for arm in arms})
    )
    titled = "Blossoms (drawn by the computer) → Blossoms at dusk (drawn by the computer)"
    assert view.sets_title(home, "blossoms", "blossoms_dusk") == titled
    for command in ("runs", "sweeps"):
        assert main([command, "--home", str(home.path)]) == 0
        assert "blossoms (drawn) → blossoms_dusk" in capsys.readouterr().out


def test_a_sweep_that_was_stopped_is_told_with_what_is_there(home):
    found = found_in(home, swept(home, leave=lambda run: run.samples == 3000 or run.seed == 2))
    assert found.arms["scratch"][3000].accuracy is None and found.arms["scratch"][3000].seconds is None
    assert found.arms["scratch"][300].seeds == 2 and found.arms["scratch"][300].accuracy.low is None
    assert found.statuses == {"finished": 12, "queued": 12}
    assert "Two runs each are a hint" in found.text
    assert "Of 24 runs 12 are finished, 12 still to come." in found.text


def test_a_sweep_of_which_nothing_is_finished_says_so(home):
    found = found_in(home, swept(home, leave=lambda run: True))
    assert found.headline is None and found.best is None
    assert found.text.startswith("No size has a finished run of both arms yet")


def test_one_arm_alone_is_a_learning_curve_and_no_comparison(home):
    found = found_in(home, swept(home, arms=ARMS[:1]))
    assert found.curves["scratch"] and not found.comparisons
    assert found.text == "Without a second arm there is nothing to compare training from scratch with."


def test_curves_that_miss_what_was_measured_are_called_uncertain(home):
    bent = CURVES | {"scratch": lambda n: CURVES["scratch"](n) + (0.1 if n == 1000 else 0)}
    assert "miss what was measured by up to" in found_in(home, swept(home, curves=bent)).text


def test_an_unknown_sweep_or_an_impossible_margin_is_refused(home):
    with pytest.raises(Refused, match="There is no sweep"):
        sweep_result(home, "x" * 26)
    with pytest.raises(Refused, match="margin is 2"):
        sweep_result(home, "x" * 26, margin=2)


@pytest.mark.parametrize(("number", "words"), [(87, "87"), (1234, "1,200"), (802, "800"), (26_550, "27,000")])
def test_a_fitted_number_of_pictures_is_said_to_two_digits(number, words):
    assert about(number) == words
