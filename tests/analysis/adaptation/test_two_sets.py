"""Two data sets: the verdict's words, estimates beside the truth, and labels given later that make a measurement."""

from dataclasses import replace

import numpy as np
import pytest

from tests.two_sets_lab import compared, sets, shows
from tests.verdict_lab import answered, judge, run
from tl.analysis.experiment import experiment_result
from tl.config import ArmConfig, Experiment
from tl.datasets import describe
from tl.datasets.given_labels import NONE_OF_THEM, give, to_label
from tl.store.documents import read_result
from tl.store.files import read_json, write_json
from tl.store.metrics import read_metrics, write_metrics

CLASSES = ("rose", "tulip")


def spec(*strategies: str, seeds: int = 3) -> Experiment:
    arms = tuple(ArmConfig(name=key, strategy=key) for key in strategies)
    return Experiment(dataset="photos", target_dataset="sketches", arms=arms, seeds=tuple(range(seeds)))


def networks(seeds: int = 3, **right: float) -> list:
    """Runs of each arm that are right about so large a share of 400 pictures."""
    return [
        answered(arm, np.arange(400) < 400 * share + 2 * seed, seed)
        for arm, share in right.items()
        for seed in range(seeds)
    ]


@pytest.mark.parametrize(
    ("share", "outcome", "words"),
    [
        (0.8, "helps", "Adapting helps: +20.0 points on new pictures like those of sketches"),
        (0.4, "hurts", "Negative transfer: adapting hurts: −20.0 points on new pictures like those of sketches"),
        (0.6, "no_difference", "Adapting makes no difference that matters"),
    ],
)
def test_the_verdict_is_about_adapting_and_says_negative_transfer(share, outcome, words):
    found = judge(spec("source_only", "mcc"), networks(source_only=0.6, mcc=share), works_on="sketches", margin=0.02)
    assert (found.baseline, found.headline_claim.outcome) == ("source_only", outcome)
    assert found.text.startswith(words)
    assert "sooner" not in found.text and "about the same time" not in found.text


def test_the_best_way_to_adapt_comes_first_and_labelling_beside_it():
    arms = ("target_full", "source_only", "adabn", "mcc")
    right = networks(target_full=0.95, source_only=0.5, adabn=0.6, mcc=0.7)
    found = judge(spec(*arms), right, works_on="sketches")
    assert (found.baseline, found.headline) == ("source_only", "mcc")
    said = "Of the 2 ways to adapt, least class confusion (MCC) did best. Adapting by least class confusion (MCC) helps: +20.0"
    assert found.text.startswith(said)
    assert "Labelling all of these pictures and learning from them alone helps: +45.0 points" in found.text


def test_of_pictures_that_nobody_has_labelled_the_verdict_says_what_would_settle_it():
    runs = [run(arm, [0.9, 0.95], None, seed=seed) for arm in ("source_only", "mcc") for seed in range(3)]
    found = judge(spec("source_only", "mcc"), runs, works_on="sketches")
    assert found.text.startswith("Which arm does better on sketches is not known: nobody has labelled these pictures.")
    assert "validation" not in found.text


def test_with_one_data_set_nothing_of_it_is_said():
    found = judge(
        replace(spec("scratch", "full_finetuning"), target_dataset=None), networks(scratch=0.5, full_finetuning=0.7)
    )
    assert found.works_on is None and "dapting" not in found.text and found.text.startswith("Transfer helps")


def test_labels_given_later_turn_an_estimate_into_a_measurement(home, tmp_path):
    sets(home, tmp_path, labelled=False, count=180)
    experiment_id = compared(home, {"source_only": 0.5, "mcc": 0.9})
    before = experiment_result(home, experiment_id)
    own = before.adaptation.arms["mcc"]
    assert before.verdict.headline_claim.interval is None and own.measured is None
    assert before.adaptation.text[0].startswith("Nobody has labelled these pictures, so this is an estimate")
    assert own.estimate.low <= 0.9 <= own.estimate.high
    assert before.adaptation.text[-1].startswith(
        "No record yet: no such estimate has been checked against labels on this machine."
    )
    info = describe(home, "sketches")
    for place in to_label(info)[:24]:
        give(home, info, place, CLASSES[int(shows(np.array([place]))[0])], CLASSES)
    give(home, info, to_label(info)[24], NONE_OF_THEM, CLASSES)
    after = experiment_result(home, experiment_id)
    assert after.verdict.headline_claim.test_pictures == 24 and after.verdict.headline_claim.outcome == "helps"
    assert after.verdict.text.startswith("Adapting helps")
    assert after.adaptation.given == 24 and "measured accuracy is" in " ".join(after.adaptation.estimates)
    balanced = experiment_result(home, experiment_id, judge_by="balanced_accuracy").adaptation.arms["mcc"].measured
    plain = after.adaptation.arms["mcc"].measured
    assert (balanced.mean, balanced.low) == (pytest.approx(plain.mean), None), "what is estimated is accuracy"
    document = after.to_json()
    assert document["adaptation"]["arms"]["mcc"]["measured"]["low"] is not None
    (row,) = [one for one in after.arms["mcc"].runs if one.seed == 0]
    assert row.test_accuracy is not None and read_result(home.run(row.run_id)).test_accuracy is None, (
        "no run has changed"
    )


def test_where_an_arm_guesses_on_its_own_pictures_it_says_so_and_estimates_nothing(home, tmp_path):
    sets(home, tmp_path, labelled=False, count=180)
    found = experiment_result(home, compared(home, {"source_only": 0.5, "mcc": 0.9}, own=0.5)).adaptation
    assert [own.estimate for own in found.arms.values()] == [None, None]
    sentence = "can't be estimated: one of its networks does no better than guessing on its own labelled pictures."
    assert sum(line.endswith(sentence) for line in found.text) == 2
    assert "is estimated at" not in " ".join(found.text)


def test_classes_that_only_one_side_has_are_left_out_and_numbered_as_the_source_has_them(home, tmp_path):
    sets(home, tmp_path, labelled=True, count=80)
    experiment_id = compared(home, {"source_only": 0.5, "mcc": 0.9}, unmatched="leave_out")
    found = experiment_result(home, experiment_id)
    assert found.setting.classes == CLASSES
    classes = found.verdict.comparisons["mcc"].classes
    assert [(one.name, one.pictures) for one in classes] == [("rose", 12), ("tulip", 12)]
    assert found.adaptation.labelled and "the estimate without labels would have been" in " ".join(
        found.adaptation.text
    )


def test_a_collapse_and_the_epochs_that_labels_would_have_chosen_are_told(home, tmp_path):
    sets(home, tmp_path, labelled=True)
    experiment_id = compared(home, {"source_only": 0.5, "mcc": 0.4}, seeds=1, unmatched="leave_out")
    run_id = experiment_result(home, experiment_id).arms["mcc"].runs[0].run_id
    files = home.run(run_id)
    rows = read_metrics(files.metrics).to_dict("records")
    write_metrics(files.metrics, [row | {"domain_accuracy": 1.0, "predicted_classes": 1} for row in rows])
    write_json(files.result, read_json(files.result) | {"chosen_by": "source", "oracle_epoch": 2})
    text = " ".join(experiment_result(home, experiment_id).adaptation.text)
    assert "Least class confusion (MCC): from epoch 1 on it no longer named 1 class at all" in text
    assert "its discriminator knew the kind of picture in 100.0 % of cases" in text
    assert (
        "Least class confusion (MCC) kept epoch 3, chosen by the source's validation pictures" in text
        and "would have been epoch 2" in text
    )
