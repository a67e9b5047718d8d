"""Estimates against seconds worked out by hand."""

import subprocess
import sys
from itertools import pairwise

import pytest

from tl.analysis.time_estimate import RunState, estimate_seconds, times_left
from tl.config import ArmConfig, Experiment
from tl.store.documents import Progress

PROBE = {
    "train_images_per_second": 100.0,
    "head_only_images_per_second": 400.0,
    "eval_images_per_second": 500.0,
    "startup_seconds": 3.0,
}
SIZES = {"train": 2000, "validation": 250, "test": 500}


def experiment(*arms: ArmConfig, **settings) -> Experiment:
    """500 pictures, ten epochs unless told otherwise."""
    return Experiment(**{"dataset": "blossoms", "samples": 500, "epochs": 10, "arms": arms} | settings)


SCRATCH = ArmConfig(name="scratch", strategy="scratch")
LINEAR = ArmConfig(name="linear_probe", strategy="linear_probe")


def test_training_evaluation_and_start_are_added_up():
    # 10 epochs of 500 pictures at 100/s: 50 s; validation 10 * 250 / 500: 5 s; test 500 / 500: 1 s; start 3 s
    found = estimate_seconds(experiment(SCRATCH), PROBE, SIZES)
    assert found.arms == {"scratch": pytest.approx(59.0)}


def test_what_is_frozen_is_computed_once_per_view():
    # 10 epochs of 500 heads at 400/s: 12.5 s; 4 views of 500 at 500/s: 4 s; validation once: 0.5 s; test 1 s; start 3 s
    found = estimate_seconds(experiment(SCRATCH, LINEAR, seeds=(0, 1, 2)), PROBE, SIZES)
    assert found.arms["linear_probe"] == pytest.approx(12.5 + 4 + 0.5 + 4)
    assert found.total == pytest.approx(3 * (59.0 + 21.0))
    # the features of the 4 views and of validation are there for later seeds, where these have the same pictures
    common = estimate_seconds(
        experiment(SCRATCH, LINEAR, seeds=(0, 1, 2), resplit=False, views_by="dataset"), PROBE, SIZES
    )
    assert (common.arms, common.total) == (found.arms, pytest.approx(found.total - 2 * 4.5))
    # the same in every epoch where nothing is kept: 10 passes of 500 and validation 10 times
    assert estimate_seconds(experiment(LINEAR, views=0), PROBE, SIZES).total == pytest.approx(12.5 + 10 + 5 + 4)
    two = ArmConfig(name="two", strategy="freeze_then_unfreeze", frozen_epochs=2, epochs=4)
    # 2 epochs of heads and 2 at 100/s: 12.5 s; 1 view, used twice: 1 s; validation once frozen, twice whole: 1.5 s
    assert estimate_seconds(experiment(two), PROBE, SIZES).arms["two"] == pytest.approx(12.5 + 1 + 1.5 + 1 + 3)


def test_runs_that_compute_side_by_side_take_less_in_all_and_longer_each():
    both = experiment(SCRATCH, LINEAR, seeds=(0, 1, 2))  # 3 * (59 + 21) s, one after the other
    gains = {"train_gain_of_two": 2.0, "eval_gain_of_two": 1.25}
    # from scratch: 50 s of training take 25 s of both, 6 s of evaluating 4.8 s, and the start is the start; of the linear
    # probe 12.5 s train the head, which is not measured side by side, and 5.5 s of evaluating take 4.4 s
    scratch, linear = 25 + 4.8 + 3, 12.5 + 4.4 + 3
    found = estimate_seconds(both, PROBE | gains, SIZES, at_once=2)
    assert found.arms == pytest.approx({"scratch": 2 * scratch, "linear_probe": 2 * linear})
    assert found.total == pytest.approx(3 * (scratch + linear) + 59 - scratch), "the last one may compute alone"
    slower = {"scratch": PROBE | gains | {"train_gain_of_two": 1.2}}
    assert estimate_seconds(both, PROBE | gains, SIZES, slower, at_once=2).total > found.total
    for unknown in ({}, {"train_gain_of_two": None}):
        assert estimate_seconds(both, PROBE | unknown, SIZES, at_once=2).total == pytest.approx(240)
    assert estimate_seconds(both, PROBE | {"train_gain_of_two": 0.8}, SIZES, at_once=2).total > 240, (
        "they hinder each other"
    )
    assert estimate_seconds(both, PROBE | gains, SIZES).total == pytest.approx(240)


def test_all_pictures_are_as_many_as_there_are():
    for samples in (None, 2000, 9999):
        found = estimate_seconds(experiment(SCRATCH, samples=samples), PROBE, SIZES)
        assert found.total == pytest.approx(200 + 9)


def state(arm=SCRATCH, epochs=0, seconds=(2.0, 0.5), stage="everything", **progress) -> RunState:
    """A run of ten epochs of which `epochs` are done in `seconds` of training and evaluation each."""
    rows = [{"stage": stage, "train_seconds": seconds[0], "eval_seconds": seconds[1]}] * epochs
    config = experiment(arm).runs("e" * 26)[0]
    return RunState(config=config, progress=Progress(**{"phase": "waiting", "epoch": epochs} | progress), epochs=rows)


def test_a_run_alone_takes_its_epochs_that_are_left():
    assert times_left({"a": state(epochs=6, phase="waiting", epoch=6)}) == {"a": pytest.approx(4 * 2.5)}
    half = state(epochs=6, phase="training", epoch=7, step=5, steps=10)
    assert times_left({"a": half}) == {"a": pytest.approx(3.5 * 2.5)}


def test_turns_of_the_others_are_waited_for():
    states = {"quick": state(epochs=8, seconds=(1.0, 0.0)), "slow": state(epochs=6, seconds=(3.0, 0.0))}
    # quick: 2 epochs of its own and 2 turns of the other; slow: 4 of its own and 2 turns of the quick one
    assert times_left(states) == {"quick": pytest.approx(2 + 6), "slow": pytest.approx(12 + 2)}


def test_at_two_places_nobody_waits_for_one_other():
    states = {"quick": state(epochs=8, seconds=(1.0, 0.0)), "slow": state(epochs=6, seconds=(3.0, 0.0))}
    assert times_left(states, places=2) == {"quick": pytest.approx(4), "slow": pytest.approx(12)}


def test_before_the_first_epoch_nothing_is_said():
    assert times_left({"a": state()}) == {"a": None}
    other = state(arm=LINEAR, epochs=1, stage="head")
    assert times_left({"a": other, "b": state()})["a"] is None, "its turns are unknown too"


@pytest.mark.parametrize("phase", ["testing", "done"])
def test_what_is_done_takes_no_time_and_makes_nobody_wait(phase):
    states = {"done": state(epochs=3, phase=phase, epoch=3), "other": state(epochs=9)}
    assert times_left(states) == {"done": 0, "other": pytest.approx(2.5)}
    assert times_left({"late": state(epochs=12)}) == {"late": 0}


def test_what_an_earlier_session_took_says_nothing_once_this_one_has_done_an_epoch():
    slow, quick = ({"stage": "everything", "train_seconds": each, "eval_seconds": 0.0} for each in (9.0, 1.0))
    config = experiment(SCRATCH).runs("e" * 26)[0]

    def left(rows, **progress):
        progress = Progress(**{"epochs_before": 5} | progress)
        return times_left({"a": RunState(config=config, progress=progress, epochs=rows)})["a"]

    assert left([slow] * 5, phase="preparing") is None, "how long that takes is not known"
    assert left([slow] * 5, phase="waiting") is None, "nor is it before its first turn"
    assert left([slow] * 5, phase="training", epoch=6, step=1, steps=10) == pytest.approx(4.9 * 9.0)
    assert left([slow] * 5 + [quick], phase="waiting", epoch=6) == pytest.approx(4 * 1.0)


def test_it_does_not_jump_from_phase_to_phase():
    """Every half second of a run of ten epochs of 2 s training and 0.5 s validation: it only falls, and by little."""
    told = []
    for epoch in range(2, 11):
        steps = [{"phase": "training", "step": step, "steps": 4} for step in range(5)]
        for now in ({"phase": "training"}, *steps, {"phase": "validating", "step": 1, "steps": 2}):
            told.append(times_left({"a": state(epochs=epoch - 1, epoch=epoch - (not now.get("steps")), **now)})["a"])
    told.append(times_left({"a": state(epochs=10)})["a"])
    falls = [before - after for before, after in pairwise(told)]
    assert told[0] == pytest.approx(9 * 2.5) and told[-1] == 0
    assert min(falls) >= -1e-9 and max(falls) < 1


TWO = ArmConfig(name="two", strategy="freeze_then_unfreeze", frozen_epochs=2)
GRADUAL = ArmConfig(name="gradual", strategy="gradual_unfreezing")


def test_after_thawing_only_epochs_like_the_present_count():
    rows = [{"stage": "head", "train_seconds": 1.0, "eval_seconds": 0.0}] * 2
    rows += [{"stage": "everything", "train_seconds": 4.0, "eval_seconds": 0.0}]
    progress = Progress(phase="waiting", epoch=3)
    run = RunState(config=experiment(TWO).runs("e" * 26)[0], progress=progress, epochs=rows)
    assert times_left({"a": run}) == {"a": pytest.approx(7 * 4.0)}


def test_what_thaws_later_takes_as_long_as_it_took_another_run():
    frozen = state(arm=TWO, epochs=1, seconds=(1.0, 0.0), stage="head")
    assert times_left({"a": frozen}) == {"a": None}, "nobody has trained everything yet"
    # one epoch of the head and eight of everything; the other is done
    whole = state(epochs=10, seconds=(4.0, 0.0), phase="done", epoch=10)
    assert times_left({"a": frozen, "b": whole})["a"] == pytest.approx(1 + 8 * 4)
    # of a part that nobody has trained yet no more can be said than of everything
    gradual = state(arm=GRADUAL, epochs=1, seconds=(1.0, 0.0), stage="head")
    assert times_left({"a": gradual, "b": whole})["a"] == pytest.approx(9 * 4)


def test_a_phase_that_waits_for_progress_to_end_may_begin_soon_and_is_not_left_again():
    probe = ArmConfig(name="lp_ft", strategy="lp_ft", probe_patience=2)
    whole = state(epochs=10, seconds=(4.0, 0.0), phase="done", epoch=10)
    early = state(arm=probe, epochs=1, seconds=(1.0, 0.0), stage="head")
    assert times_left({"a": early, "b": whole})["a"] == pytest.approx(2 + 7 * 4), "from epoch 4 on"
    begun = state(arm=probe, epochs=2, seconds=(5.0, 0.0), stage="everything")
    assert times_left({"a": begun, "b": whole})["a"] == pytest.approx(8 * 5)


def test_a_range_test_and_an_early_thaw_are_counted():
    # 100 steps of 32 pictures at 100/s
    assert estimate_seconds(experiment(SCRATCH, find_rate=True), PROBE, SIZES).total == pytest.approx(59 + 32)
    given = ArmConfig(name="scratch", strategy="scratch", learning_rate=0.01)
    assert estimate_seconds(experiment(given, find_rate=True), PROBE, SIZES).total == pytest.approx(59)
    probe = ArmConfig(name="lp_ft", strategy="lp_ft", probe_patience=2)
    three = ArmConfig(name="three", strategy="freeze_then_unfreeze", frozen_epochs=3)
    both = [estimate_seconds(experiment(arm), PROBE, SIZES).total for arm in (probe, three)]
    # Both train a head for 3 epochs, but one makes 2 views (for the 5 epochs it plans), 500 at 500/s, the other 1.
    assert both[0] == pytest.approx(both[1] + 1)
    # a test of the head, 100 steps of 32 at 400/s, behind what is frozen, at 500/s; and one of everything at 100/s
    tested = estimate_seconds(experiment(three, find_rate=True), PROBE, SIZES).total
    assert tested == pytest.approx(both[1] + 3200 / 400 + 3200 / 500 + 3200 / 100)


def test_an_estimate_needs_no_pandas():
    code = "import sys, tl.analysis.time_estimate; print([m for m in ('pandas', 'scipy', 'torch') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_page_slows_down_a_processor_the_more_the_fewer_cores_it_has_and_a_gpu_not_at_all():
    alone = estimate_seconds(experiment(SCRATCH), PROBE, SIZES).total
    beside = {
        cores: estimate_seconds(experiment(SCRATCH), PROBE | {"cores": cores}, SIZES).total for cores in (1, 2, 8)
    }
    assert beside[1] > beside[2] > 1.4 * alone
    assert alone < beside[8] < 1.1 * alone
    assert estimate_seconds(experiment(SCRATCH), PROBE | {"cores": None}, SIZES).total == alone
