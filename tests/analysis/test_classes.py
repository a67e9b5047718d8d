"""Recall class by class: from what was answered, every picture counted once."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tests import page_lab
from tests.verdict_lab import FULL, SCRATCH, experiment, run
from tl.analysis.certainty import wilson
from tl.analysis.classes import class_recalls, with_classes
from tl.analysis.experiment import experiment_result
from tl.analysis.verdict import verdict
from tl.report import class_findings
from tl.store.home import Home
from tl.store.predictions import ALONE, Answers

NAMES = ("daisy", "tulip")
LABEL = (0,) * 10 + (1,) * 5


def answers(predicted, label=LABEL, picture=None, group=None) -> Answers:
    """Of pictures 0, 1, ... that are alone, unless said otherwise."""
    picture = range(len(label)) if picture is None else picture
    group = [ALONE] * len(label) if group is None else group
    columns = {"picture": picture, "label": label, "predicted": predicted, "group": group}
    return Answers(**{name: np.array(list(values)) for name, values in columns.items()})


def right(daisies: int, tulips: int) -> Answers:
    """So many of the 10 and of the 5 recognised."""
    return answers([0] * daisies + [1] * (10 - daisies) + [1] * tulips + [0] * (5 - tulips))


def as_numbers(recall) -> tuple[float, float, float]:
    return recall.mean, recall.low, recall.high


def test_recall_is_the_share_of_a_class_that_was_recognised_with_wilsons_interval():
    daisy, tulip = class_recalls([right(8, 3)], NAMES)
    assert (daisy.name, daisy.pictures, tulip.name, tulip.pictures) == ("daisy", 10, "tulip", 5)
    assert daisy.recall.mean == pytest.approx(0.8) and tulip.recall.mean == pytest.approx(0.6)
    # 8 of 10: Brown, Cai and DasGupta 2001 give 0.490 to 0.943
    assert (daisy.recall.low, daisy.recall.high) == pytest.approx((0.490, 0.943), abs=5e-4)


def test_over_seeds_it_is_the_mean_and_asking_again_adds_no_pictures():
    daisy, _ = class_recalls([right(6, 3), right(8, 3), right(10, 3)], NAMES)
    assert daisy.pictures == 10
    assert as_numbers(daisy.recall) == pytest.approx(as_numbers(wilson(8.0, 10, 0.95)))


def test_with_splits_drawn_anew_the_pictures_of_all_of_them_count_once():
    one = answers([0, 0, 1], label=[0, 0, 1], picture=[3, 4, 5])
    other = answers([0, 1, 1], label=[0, 0, 1], picture=[4, 6, 5])
    daisy, tulip = class_recalls([one, other], NAMES)
    assert (daisy.pictures, tulip.pictures) == (3, 1)
    assert as_numbers(daisy.recall) == pytest.approx(as_numbers(wilson(0.75 * 3, 3, 0.95)))


def test_pictures_that_belong_together_say_as_much_as_one():
    alone, together = ([ALONE] * 15, [1] * 6 + [2] * 2 + [ALONE] * 7)  # of the daisies two groups and two alone
    (daisy, tulip), (grouped, same) = (
        class_recalls([replace(right(8, 3), group=np.array(group))], NAMES) for group in (alone, together)
    )
    assert grouped.pictures == daisy.pictures == 10
    assert as_numbers(grouped.recall) == pytest.approx(as_numbers(wilson(0.8 * 4, 4, 0.95)))
    assert grouped.recall.low < daisy.recall.low and same == tulip


def test_a_class_without_test_pictures_has_no_recall():
    *_, rose = class_recalls([right(8, 3)], (*NAMES, "rose"))
    assert (rose.pictures, rose.recall) == (0, None)


def judged(runs, names=NAMES):
    """The verdict on two arms, with classes."""
    spec = experiment(SCRATCH, FULL, seeds=sorted({each.seed for each in runs}))
    found = with_classes(verdict(spec, runs), runs, names)
    assert json.loads(json.dumps(found.to_json(), allow_nan=False)) == found.to_json()
    return found


def answered(arm: str, seed: int, found: Answers | None, **result):
    """A finished run that gave these answers."""
    accuracy = 0.5 if found is None else float(found.right.mean())
    return replace(run(arm, [accuracy], accuracy, seed=seed, result=result), answers=found)


def test_a_comparison_holds_runs_with_the_same_seed_against_each_other_and_a_summary_has_all_runs():
    runs = [
        answered(SCRATCH, 0, right(4, 2)),
        answered(SCRATCH, 1, right(8, 2)),  # its partner has failed
        answered(FULL, 0, right(9, 4)),
    ]
    found = judged(runs)
    daisy, tulip = found.comparisons[FULL].classes
    assert (daisy.baseline.mean, daisy.arm.mean) == pytest.approx((0.4, 0.9))
    assert (tulip.baseline.mean, tulip.arm.mean, tulip.pictures) == pytest.approx((0.4, 0.8, 5))
    assert [own.recall.mean for own in found.summary[SCRATCH].classes] == pytest.approx([0.6, 0.4])


def test_an_arm_has_its_means_over_classes():
    runs = [
        answered(FULL, seed, right(8, 4), test_balanced_accuracy=balanced, test_macro_f1=balanced - 0.1)
        for seed, balanced in enumerate((0.5, 0.7))
    ]
    own = judged(runs).summary[FULL]
    assert (own.test_balanced_accuracy, own.test_macro_f1) == pytest.approx((0.6, 0.5))


def test_runs_of_earlier_versions_say_nothing_of_classes():
    found = judged([answered(SCRATCH, 0, None), answered(FULL, 0, right(9, 4))])
    assert found.comparisons[FULL].classes is None and found.summary[SCRATCH].classes is None
    assert found.summary[SCRATCH].test_balanced_accuracy is found.summary[SCRATCH].test_macro_f1 is None
    assert len(found.summary[FULL].classes) == 2


@pytest.mark.parametrize("names", [None, ("of a set that took its name",)])
def test_classes_whose_names_are_not_known_are_numbered(names):
    found = judged([answered(FULL, 0, right(9, 4))], names)
    assert [own.name for own in found.summary[FULL].classes] == ["Class 1", "Class 2"]


def test_the_document_has_them_for_every_run_arm_and_comparison(tmp_path):
    home = Home(tmp_path)
    found = experiment_result(home, page_lab.classified(home)).to_json()
    better = page_lab.ARMS[1].name
    (first,) = found["arms"]["scratch"]["runs"]
    assert (first["test_balanced_accuracy"], first["test_macro_f1"]) == pytest.approx((0.65, 0.75))
    assert found["verdict"]["summary"][better]["test_balanced_accuracy"] == pytest.approx(0.8)
    compared, own = found["verdict"]["arms"][better]["classes"][0], found["verdict"]["summary"][better]["classes"][0]
    assert compared["name"] == own["name"] == found["classes"][0]
    assert (compared["baseline"]["mean"], compared["arm"]["mean"], compared["pictures"]) == pytest.approx(
        (0.5, 0.8, 10)
    )
    assert own["recall"] == compared["arm"]


def test_the_accuracy_told_beside_balanced_accuracy_is_the_plain_one(tmp_path):
    home = Home(tmp_path)
    found = experiment_result(home, page_lab.classified(home), judge_by="balanced_accuracy").verdict
    assert found.judge_by == "balanced_accuracy"
    assert list(class_findings.means_rows(found)[0].values())[1:] == ["60.0 %", "65.0 %", "75.0 %"]
