"""What the verdict says of arms that learned nothing, and of questions that seeds alone won't settle."""

from dataclasses import replace

import numpy as np
import pytest

from tests.verdict_lab import FULL, PROBE, SCRATCH, answered, experiment, judge, networks, run
from tl.analysis.fairness_wording import already_said
from tl.analysis.guessing import Pictures
from tl.analysis.results import Verdict
from tl.config import ArmConfig, Experiment
from tl.report import findings
from tl.words import number_of

TWELVE = np.arange(120) % 12


def right(number: int, of: int) -> list[bool]:
    return [True] * number + [False] * (of - number)


def test_one_picture_of_25_is_no_claim():
    labels = np.arange(25) % 12
    runs = [answered(arm, right(number, 25), labels=labels) for arm, number in ((SCRATCH, 3), (FULL, 4))]
    few = {"validation": Pictures((2,) * 12), "test": Pictures((25 / 12,) * 12)}
    assert judge(experiment(SCRATCH, FULL), runs, **few).text == (
        "Neither arm was clearly better than chance in 3 epochs (from scratch 12.0 %, full fine-tuning 16.0 %; chance is "
        "8.3 %), so it can't be said whether transfer helps: more epochs or another learning rate may change that, and more test pictures "
        "would show more."
    )


def at_chance(*numbers: int) -> Verdict:
    """Arms with so many of 120 answers right, three seeds each."""
    sides = {arm: [right(number, 120)] * 3 for arm, number in zip((SCRATCH, FULL, PROBE), numbers, strict=False)}
    pictures = {"validation": Pictures((10,) * 12), "test": Pictures((10,) * 12)}
    return judge(*networks(sides, labels=TWELVE), **pictures)


def test_of_arms_that_all_guess_none_did_best():
    found = at_chance(10, 10, 11)
    assert found.text == (
        "No arm did better than chance in 3 epochs (from scratch 8.3 %, full fine-tuning 8.3 %, linear probe 9.2 %; chance "
        "is 8.3 %), so it can't be said whether any of them helps: more epochs or another learning rate may change that."
    )
    assert found.headline_claim.outcome == "undecided", (
        "an interval within the margin is no equality of two that learned"
    )


def test_what_the_text_tells_of_an_arm_is_not_marked_again():
    found = at_chance(10, 10, 11)
    assert len(findings.marks(found)) == 3 and all(already_said(found, name) for name in found.summary)
    apart = at_chance(10, 80, 12)
    assert not already_said(apart, PROBE), "the text is about the best arm"
    tiny = [run(SCRATCH, [0.5] * 2, 0.5, result={"learning_rate": 1e-7}), run(FULL, [0.5] * 4, 0.5)]
    found = judge(experiment(SCRATCH, FULL), tiny, validation=Pictures((250, 250)), test=Pictures((500, 500)))
    assert "(from scratch 50.0 % in 2 epochs, full fine-tuning 50.0 % in 4 epochs; chance" in found.text
    assert (already_said(found, SCRATCH), already_said(found, FULL)) == (False, True), "its rate is news"


def test_arms_that_were_both_still_learning_are_not_marked_again():
    late = ArmConfig(name="late", strategy="freeze_then_unfreeze", frozen_epochs=50)
    spec = replace(experiment(SCRATCH), arms=(*experiment(SCRATCH).arms, late), samples=500, patience_steps=0)
    rising = [0.4, 0.5, 0.6, 0.7]
    pictures = {"validation": Pictures((500, 500)), "test": Pictures((500, 500))}
    found = judge(spec, [run(SCRATCH, rising, 0.7), run("late", [each + 0.2 for each in rising], 0.9)], **pictures)
    assert "Neither arm had converged" in found.text and "late was never unfrozen" in found.text
    assert len(findings.marks(found)) == 2 and already_said(found, SCRATCH) and already_said(found, "late")


def test_arms_that_differ_from_what_guesses_are_told_apart():
    assert at_chance(10, 80, 20).text.startswith(
        "Of the 2 arms compared with training from scratch, full fine-tuning did best."
    )


def test_an_arm_of_another_name_is_called_by_it():
    spec = experiment(SCRATCH, FULL, names=("80 epochs", "mine"))
    found = judge(spec, [run("80 epochs", [0.5] * 5, 0.5), run("mine", [0.6] * 5, 0.6)])
    assert "80 epochs had converged." in found.text and "from scratch" not in found.text.lower()


def test_more_seeds_than_are_planned_are_not_offered():
    random = np.random.default_rng(6)
    pictures = {"validation": Pictures((30, 30)), "test": Pictures((30, 30))}
    claims = []
    for _ in range(40):
        sides = {arm: [random.random(60) < share for _ in range(3)] for arm, share in ((SCRATCH, 0.7), (FULL, 0.8))}
        found = judge(*networks(sides, labels=np.arange(60) % 2), **pictures)
        claims.append((found.headline_claim, found.text))
    beyond = [(claim, text) for claim, text in claims if claim.more_seeds and 3 + claim.more_seeds > 20]
    within = [(claim, text) for claim, text in claims if claim.more_seeds and 3 + claim.more_seeds <= 20]
    assert beyond and within
    for claim, text in beyond:
        assert f"won't settle it within 20, the last planned look: about {3 + claim.more_seeds} would be needed" in text
        assert "more test pictures would" in text or "More pictures would help more." in text
    assert all(f"About {claim.more_seeds} more seed" in text for claim, text in within)


@pytest.mark.parametrize(
    ("number", "noun", "words"),
    [(1, "epoch", "1 epoch"), (0, "run", "0 runs"), (1000, "seed", "1,000 seeds"), (2, "class", "2 classes")],
)
def test_numbers_stand_with_their_noun_in_the_right_number(number, noun, words):
    assert number_of(number, noun) == words


def test_the_table_does_not_deny_what_its_numbers_show():
    runs = [answered(arm, right(number, 4), labels=[0, 0, 1, 1]) for arm, number in ((SCRATCH, 2), (FULL, 4))]
    found = judge(experiment(SCRATCH, FULL), runs, validation=Pictures((2, 2)), test=Pictures((2, 2)))
    assert [row["Learning"] for row in findings.fairness_rows(found)] == [
        "no better than chance",
        "not clearly better than chance",
    ]


def test_a_single_arm_that_learned_nothing_is_said_to_have_learned_nothing():
    pictures = {"validation": Pictures((250, 250)), "test": Pictures((500, 500))}
    found = judge(experiment(SCRATCH), [run(SCRATCH, [0.5] * 2, 0.51)], **pictures)
    assert "From scratch did no better than chance in 2 epochs (51.0 %, chance is 50.0 %): more epochs" in found.text
    assert already_said(found, SCRATCH)


def test_an_only_run_that_was_stopped_is_said_to_be_that():
    runs = [run(SCRATCH, [0.4], 0.4), run(FULL, [0.6], status="stopped")]
    text = judge(experiment(SCRATCH, FULL), runs).text
    assert "1 of 1" not in text


def moved(source_only: int, mcc: int, own: float) -> Verdict:
    """Of two data sets: so many of 120 pictures of the second right, after so large a share of the first's validation ones."""
    arms = tuple(ArmConfig(name=key, strategy=key) for key in ("source_only", "mcc"))
    spec = Experiment(dataset="photos", target_dataset="sketches", arms=arms, seeds=(0, 1, 2))
    runs = [
        replace(answered(arm, right(number, 120), seed, labels=TWELVE), metrics=run(arm, [own] * 3).metrics)
        for arm, number in (("source_only", source_only), ("mcc", mcc))
        for seed in range(3)
    ]
    pictures = {"validation": Pictures((10,) * 12), "test": Pictures((10,) * 12)}
    return judge(spec, runs, works_on="sketches", **pictures)


def test_what_knows_its_own_pictures_lacks_no_epochs_on_others():
    found = moved(12, 80, own=0.7)
    knows = "Source only knows pictures like those it learned from (70.0 % of the validation pictures) but did no better than chance"
    assert f"{knows} on the others: they look too different." in found.text and "learning rate" not in found.text
    assert findings.marks(found) == [
        ("source_only", f"{knows[12:]} on the others (10.0 %, chance is 8.3 %): they look too different.")
    ]
    assert already_said(found, "source_only")
    assert findings.fairness_rows(found)[0]["Learning"] == "only pictures like its own"
    nothing = moved(12, 80, own=0.1)
    assert "Source only did no better than chance in 3 epochs: more epochs or another learning rate" in nothing.text


def test_where_no_arm_reaches_the_others_their_looks_are_named_and_not_the_epochs():
    assert moved(12, 12, own=0.7).text == (
        "Neither arm did better than chance in 3 epochs (source only 10.0 %, least class confusion (MCC) 10.0 %; chance is "
        "8.3 %), so it can't be said whether adapting helps: they know pictures like those they learned from, and the others "
        "look too different."
    )
    assert "more epochs or another learning rate may change that" in moved(12, 12, own=0.1).text
