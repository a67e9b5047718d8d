"""The card of a network that learned from one data set and is to work on another: what is said of which."""

from dataclasses import replace

import pytest

from tests.page_lab import rows
from tests.two_sets_lab import compared, sets
from tl.config import ArmConfig, Experiment, Refused, new_id
from tl.datasets import DatasetInfo, describe_after
from tl.report.card_facts import card_facts
from tl.report.card_pictures import learned
from tl.report.model_card import card

SIZES = {"train": 60, "validation": 9, "test": 12, "native_resolution": 32, "origin": "upload"}
OURS, THEIRS = ({"rose": {"train": train, "validation": 3, "test": 4}} for train in (20, 7))
SOURCE = DatasetInfo(name="photos", title="photos", classes=("rose",), counts=OURS, **SIZES)
BOTH = replace(SOURCE, title="photos → sketches")
TARGET = DatasetInfo(name="sketches", title="sketches", classes=("rose",), counts=THEIRS, **SIZES)
MEASURED = {
    "parameters": 10**6,
    "side": 64,
    "own_pictures": True,
    "temperature": 1.5,
    "splits": {},
    "int8": None,
    "input": {"mean": [0.5] * 3, "std": [0.5] * 3},
}


def run(strategy: str, **arm):
    own = ArmConfig(name=strategy, strategy=strategy, **arm)
    return Experiment(dataset="photos", target_dataset="sketches", samples=20, arms=(own,)).runs(new_id())[0]


@pytest.mark.parametrize(
    ("strategy", "says", "trained"),
    [
        ("source_only", "None of its pictures was used in training.", 20),
        ("full_finetuning", "None of its pictures was used in training.", 20),
        ("dann", "Its training pictures were used as well, without their labels.", 20),
        (
            "adabn",
            "Once training was over, the network was adapted to its training pictures, without their labels.",
            20,
        ),
        ("target_few", "Up to 10 training pictures of each of its classes were used as well, with their labels.", 20),
        ("target_full", "Nothing from “photos”, the other one of its comparison, was used.", 7),
    ],
)
def test_what_a_network_has_seen_of_both_data_sets(strategy, says, trained):
    told = "\n".join(learned(run(strategy), BOTH, SOURCE, TARGET))
    assert says in told and f"| rose | {trained} | 3 | 4 |" in told
    assert ("| test, of sketches |" in told) == (strategy != "target_full")


def test_a_card_says_on_whose_pictures_it_was_tested(home, tmp_path):
    sets(home, tmp_path, labelled=True)
    experiment_id = compared(home, {"mcc": 0.9}, seeds=1, unmatched="leave_out")
    own = card_facts(home, rows(home, experiment_id)[0].run_id)
    told = card(home, own, MEASURED)
    assert told.startswith("# photos → sketches: ")
    assert f"Accuracy on {own.tested} test pictures of “sketches” that it was not trained on: **" in told
    assert "fitted on the validation pictures of “photos”" in told and "five pictures of “sketches”" in told
    nobody = replace(own, accuracy=None, target=replace(own.target, labelled=False))
    assert "It has not been tested: the pictures of “sketches” have no labels." in card(home, nobody, MEASURED)


def test_a_data_set_that_was_deleted_is_named_with_what_is_missing(home):
    with pytest.raises(
        Refused, match="The data set 'photos' was deleted, and with it the names of its classes"
    ) as told:
        describe_after(home, run("source_only"))
    assert "library --keep" in str(told.value)
