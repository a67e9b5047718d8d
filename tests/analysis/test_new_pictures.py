"""What verdicts say of new pictures, from what each network answered; never more than the interval that is shown."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.verdict_lab import FULL, PROBE, SCRATCH, answered, experiment, judge, networks, run, three
from tl.analysis import certainty, gains
from tl.analysis.claim_wording import span
from tl.analysis.gains import Judging
from tl.analysis.guessing import Pictures
from tl.config import Refused

EARLIER = "these runs kept no predictions, so nothing is said about new pictures"


def halves(pictures: int) -> Pictures:
    """A split of two classes of one size."""
    return Pictures((pictures / 2, pictures / 2))


def rows(share: float, seeds: int, pictures: int, seed: int) -> np.ndarray:
    """(S, N) right answers of which nine in ten stay with another seed."""
    random = np.random.default_rng(seed)
    hard = random.random(pictures)
    luck = np.where(random.random((seeds, pictures)) < 0.9, hard, random.random((seeds, pictures)))
    return luck < share


def first(number: int, pictures: int = 45, seeds: int = 3) -> np.ndarray:
    """(S, N): right about the first `number` pictures, with every seed."""
    return np.tile(np.arange(pictures) < number, (seeds, 1))


def test_one_picture_won_with_every_seed_decides_nothing():
    found = judge(*networks({SCRATCH: first(30), FULL: first(31)}))
    gain = found.comparisons[FULL].test_accuracy_gain
    assert gain.mean == pytest.approx(1 / 45) and gain.low < 0 < 0.06 < gain.high
    assert found.headline_claim.outcome == "undecided"
    assert found.text.startswith(
        f"It is undecided whether transfer helps: +2.2 points on new pictures (95 % interval {span(gain)}"
    )
    assert (found.headline_claim.seeds_can_settle, found.headline_claim.more_seeds) == (False, None)
    more = found.headline_claim.more_pictures
    assert more > 45 and "More seeds can't settle it: 45 test pictures are too few; at least about " in found.text


def test_the_same_of_runs_without_predictions_is_no_surer():
    spec, runs = three([1 / 45] * 3)
    known = judge(spec, runs, test=halves(45))
    assert known.headline_claim.outcome == "undecided"
    assert known.headline_claim.interval.basis == "these_pictures"
    assert known.headline_claim.interval.low < 0
    assert known.headline_claim.more_seeds is None or known.headline_claim.more_seeds > 1
    unknown = judge(spec, runs)  # on how many pictures isn't known either
    assert unknown.headline_claim.interval.low is None and unknown.headline_claim.outcome == "undecided"


def test_a_clear_gain_is_said_to_hold_on_new_pictures():
    right = {SCRATCH: rows(0.6, 3, 153, 1), FULL: rows(0.85, 3, 153, 2)}
    found = judge(*networks(right))
    entry = found.comparisons[FULL]
    expected = certainty.gain_interval(right[FULL], right[SCRATCH])
    assert entry.test_accuracy_gain == expected == entry.claim.interval
    assert found.text.startswith("Transfer helps: +")
    assert f" points on new pictures (95 % interval {span(expected)}; 3 seeds, 153 test pictures)" in found.text
    assert found.to_json()["arms"][FULL]["test_accuracy_gain"]["confidence"] == pytest.approx(0.96)
    assert (entry.claim.more_seeds, entry.claim.more_pictures, entry.claim.test_pictures) == (0, 0, 153)
    assert found.summary[FULL].test_accuracy == certainty.share_interval(right[FULL], confidence=0.95)


@pytest.mark.parametrize(("seeds", "words"), [(1, "In this one run"), (2, "In these two runs")])
def test_one_or_two_runs_have_an_interval_from_their_pictures(seeds, words):
    found = judge(*networks({SCRATCH: rows(0.5, seeds, 300, 1), FULL: rows(0.95, seeds, 300, 2)}))
    claim = found.headline_claim
    assert claim.interval.low > 0.3 and claim.interval.basis == "these_networks"
    assert (claim.outcome, claim.more_seeds) == ("undecided", 3 - seeds), "a hint, however clear"
    assert found.text.startswith(f"{words} transfer was better: +")
    assert f"95 % interval {span(claim.interval)} for these networks; another training may differ)" in found.text
    assert "a hint, not a proof" in found.text


def test_a_lead_that_chance_could_explain_is_called_so():
    found = judge(*networks({SCRATCH: first(30, seeds=1), FULL: first(32, seeds=1)}))
    assert "In this one run transfer was better, but not by more than chance could explain: +4.4 points" in found.text


def test_runs_of_earlier_versions_say_nothing_of_new_pictures():
    spec, runs = three([0.12, 0.14, 0.16])
    found = judge(spec, runs, test=halves(500))
    assert EARLIER in found.text and "on these test pictures" in found.text and "on new" not in found.text
    spec, runs = networks({SCRATCH: rows(0.6, 3, 90, 1), FULL: rows(0.9, 3, 90, 2)})
    mixed = judge(spec, [replace(runs[0], answers=None), *runs[1:]], test=halves(90))
    assert mixed.headline_claim.interval.basis == "these_pictures" and EARLIER in mixed.text


def test_splits_drawn_anew_cover_the_training_pictures():
    right = {SCRATCH: rows(0.6, 5, 60, 1), FULL: rows(0.9, 5, 60, 2)}
    spec, runs = networks(right, {"resplit": True})
    moved = [replace(each, answers=replace(each.answers, picture=each.answers.picture + each.seed)) for each in runs]
    found = judge(spec, moved, train_pictures=280)
    differences = (right[FULL].mean(1) - right[SCRATCH].mean(1)).tolist()
    expected = certainty.resampled_interval(differences, test_pictures=60, train_pictures=280)
    assert found.headline_claim.interval == expected
    assert f"on new pictures (95 % interval {span(expected)}; 5 splits drawn anew)" in found.text
    assert found.summary[FULL].test_accuracy.basis == "new_training"
    assert found.summary[FULL].test_accuracy.high <= 1
    unknown = judge(spec, moved)
    assert unknown.headline_claim.interval.low is None and "In these 5 runs transfer was better" in unknown.text
    assert unknown.headline_claim.outcome == "undecided"
    two = judge(replace(spec, seeds=(0, 1)), [each for each in moved if each.seed < 2], train_pictures=280)
    assert two.headline_claim.interval.basis == "these_networks"
    assert two.summary[FULL].test_accuracy.basis == "these_networks"


def test_each_look_with_three_seeds_makes_the_next_one_stricter():
    right = {SCRATCH: rows(0.6, 5, 153, 1), FULL: rows(0.8, 5, 153, 2)}
    once, again = (judge(*networks(right, {"looks": looks})) for looks in ((), (1, 3, 5)))
    assert (once.headline_claim.look, again.headline_claim.look) == (1, 2)
    wide, narrow = (each.headline_claim.interval for each in (again, once))
    assert wide.high - wide.low > narrow.high - narrow.low
    assert again.headline_claim.confidence > once.headline_claim.confidence
    assert "allowing for 2 looks; 5 seeds, 153 test pictures)" in again.text and "looks" not in once.text


def test_the_best_of_several_arms_shows_the_interval_that_allows_for_the_choice():
    right = {SCRATCH: rows(0.6, 3, 153, 1), FULL: rows(0.8, 3, 153, 2), PROBE: rows(0.7, 3, 153, 3)}
    found = judge(*networks(right, {"looks": (3,)}))
    claim, own = found.headline_claim, found.comparisons[FULL].claim
    assert claim.of == 2 and claim.interval.low < own.interval.low and claim.interval.high > own.interval.high
    assert f"(95 % interval {span(claim.interval)}, allowing for the choice among 2; 3 seeds" in found.text
    assert span(own.interval) not in found.text and span(own.interval) in found.comparisons[FULL].text


UNEVEN = np.r_[np.zeros(80, int), np.ones(20, int)]


def uneven() -> dict[str, np.ndarray]:
    """The arm recognises more of the rare class and less of the frequent one."""
    scratch = np.tile(np.r_[np.ones(80), np.zeros(20)], (3, 1))
    full = np.tile(np.r_[np.ones(70), np.zeros(10), np.ones(20)], (3, 1))
    return {SCRATCH: scratch, FULL: full}


def test_balanced_accuracy_counts_every_class_alike():
    plain = judge(*networks(uneven(), labels=UNEVEN))
    assert plain.comparisons[FULL].gain.mean == pytest.approx(0.1) and "balanced" not in plain.text
    found = judge(*networks(uneven(), {"judge_by": "balanced_accuracy"}, labels=UNEVEN), uneven=True)
    entry = found.comparisons[FULL]
    assert entry.gain.mean == pytest.approx((1.0 + 70 / 80) / 2 - 0.5)
    assert (entry.test_accuracy.baseline, entry.test_accuracy.arm) == (pytest.approx(0.5), pytest.approx(0.9375))
    assert found.summary[FULL].test_accuracy.mean == pytest.approx(0.9375)
    assert "Transfer helps: +43.8 points of balanced accuracy on new pictures" in found.text
    assert found.text.endswith("Judged by balanced accuracy, since the classes are uneven.")
    asked_for = judge(*networks(uneven(), labels=UNEVEN), judge_by="balanced_accuracy")
    assert asked_for.comparisons[FULL].gain == entry.gain
    assert asked_for.text.endswith("Judged by balanced accuracy, in which every class counts alike.")
    back = judge(*networks(uneven(), {"judge_by": "balanced_accuracy"}, labels=UNEVEN), judge_by="accuracy")
    assert back.comparisons[FULL].gain == plain.comparisons[FULL].gain


def test_runs_without_predictions_are_judged_by_accuracy_and_that_is_said():
    spec, runs = three([0.12, 0.14, 0.16])
    found = judge(spec, runs, judge_by="balanced_accuracy", test=halves(500))
    assert (found.judge_by, found.judge_by_wanted) == ("accuracy", "balanced_accuracy")
    assert found.comparisons[FULL].gain.mean == pytest.approx(0.14)
    assert "Judged by accuracy: these runs kept no predictions, so their balanced accuracy is not known." in found.text
    before = judge(replace(spec, judge_by="auto"), runs)
    assert before.judge_by == before.judge_by_wanted == "accuracy"
    with pytest.raises(Refused, match="judge_by is 'luck'"):
        judge(spec, runs, judge_by="luck")


def test_what_would_settle_it_names_seeds_and_pictures_where_both_could():
    found = judge(*networks({SCRATCH: rows(0.70, 3, 800, 2), FULL: rows(0.76, 3, 800, 11)}))
    claim = found.headline_claim
    assert (claim.outcome, claim.seeds_can_settle) == ("undecided", True) and claim.more_pictures > 0
    assert f"About {claim.more_seeds} more seeds would probably settle it; so would about " in found.text
    assert found.text.count("more test pictures.") == 1


def test_an_open_question_that_pictures_alone_could_settle_says_so():
    found = judge(*networks({SCRATCH: rows(0.70, 3, 800, 1), FULL: rows(0.76, 3, 800, 10)}))
    claim = found.headline_claim
    assert (claim.outcome, claim.more_seeds, claim.seeds_can_settle) == ("undecided", None, None)
    assert "Even 100 seeds would hardly settle it with 800 test pictures; at least about " in found.text


def test_pictures_that_belong_together_count_as_one():
    right = {SCRATCH: rows(0.6, 3, 150, 1), FULL: rows(0.75, 3, 150, 2)}
    alone, together = (
        judge(*networks(right, group=group)).headline_claim.interval for group in (None, np.arange(150) // 10)
    )
    assert together.mean == pytest.approx(alone.mean) and together.low != alone.low


def test_both_ways_to_reckon_a_gain_agree():
    spec, runs = networks(uneven(), labels=UNEVEN)
    pairs = [(base, arm) for base, arm in zip(runs[:3], runs[3:], strict=True)]
    for measure in ("accuracy", "balanced_accuracy"):
        how = Judging(judge_by=measure)
        assert gains.gain_of(how, pairs).mean == pytest.approx(np.mean(gains.differences(pairs, measure)))
    assert gains.gain_of(Judging(), []) is None and gains.accuracy_of(Judging(), []) is None
    assert gains.figure(run(FULL, [0.5], 0.5), "balanced_accuracy") is None
    assert spec.arms


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_no_outcome_contradicts_the_interval_that_is_shown(data):
    seeds, pictures = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 30))
    arms = [SCRATCH, FULL, PROBE][: data.draw(st.integers(2, 3))]
    classes = data.draw(st.lists(st.integers(0, 2), min_size=pictures, max_size=pictures))
    groups = data.draw(st.lists(st.integers(-1, 4), min_size=pictures, max_size=pictures))
    right = st.lists(st.booleans(), min_size=pictures, max_size=pictures)
    kept = data.draw(st.booleans())
    runs = []
    for arm in arms:
        for seed in range(seeds):
            one = answered(arm, data.draw(right), seed, classes, group=groups)
            runs.append(one if kept or data.draw(st.booleans()) else replace(one, answers=None))
    spec = replace(experiment(*arms, seeds=range(seeds)), resplit=data.draw(st.booleans()))
    options = {
        "judge_by": data.draw(st.sampled_from([None, "accuracy", "balanced_accuracy"])),
        "margin": data.draw(st.sampled_from([0.01, 0.2])),
        "train_pictures": data.draw(st.sampled_from([None, 100])),
        "test": data.draw(st.sampled_from([None, halves(pictures)])),
    }
    found = judge(spec, runs, **options)
    own = {name: (entry.claim, entry.text) for name, entry in found.comparisons.items()}
    for name, (claim, text) in [*own.items(), (found.headline, (found.headline_claim, found.text))]:
        _consistent(claim, text, seeds, options["margin"])
        assert found.comparisons[name].seeds == seeds
    for entry in found.summary.values():
        accuracy = entry.test_accuracy
        assert accuracy.low is None or 0 <= accuracy.low <= accuracy.mean <= accuracy.high <= 1


def _consistent(claim, text: str, seeds: int, margin: float) -> None:
    interval = claim.interval
    if interval.low is None:
        assert claim.outcome == "undecided" and "interval " not in text.replace("no interval, as", "")
        return
    assert -1 <= interval.low <= interval.mean <= interval.high <= 1
    if "better than chance in " in text:  # of arms that guess nothing is said
        assert claim.outcome == "undecided" and claim.seeds_can_settle is False and "95 % interval" not in text
        return
    assert f"95 % interval {span(interval)}" in text and text.count("95 % interval") == 1
    held = {
        "helps": interval.low > margin,
        "hurts": interval.high < -margin,
        "no_difference": interval.low > -margin and interval.high < margin,
        "undecided": True,
    }
    assert held[claim.outcome]
    assert seeds >= 3 or claim.outcome == "undecided"
    words = {
        "undecided": "It is undecided whether " if seeds >= 3 else " runs " if seeds > 1 else " run ",
        "helps": " helps: ",
        "hurts": " hurts: ",
        "no_difference": " makes no difference that matters: ",
    }
    said = next(outcome for outcome, part in words.items() if part.lower() in text.lower())
    assert said == claim.outcome
    assert (claim.more_seeds == 0) == (claim.outcome != "undecided")
    if claim.seeds_can_settle is False:
        assert claim.more_seeds is None and "can't settle it" in text
