"""Does it change the verdict: which comparisons belong together, and what is answered."""

from dataclasses import replace

import pytest

from tests.datasets.crafted import ingest, pictures, zipped
from tests.verdict_lab import judge, three
from tl import jobs
from tl.analysis.inspection import second_look
from tl.analysis.inspection.second_look import answer, pairs
from tl.config import ArmConfig, Experiment, Refused
from tl.datasets import Corrections, derive, describe
from tl.jobs.compare_again import compare_again
from tl.store.queue.database import read_experiment, read_runs

ARMS = (ArmConfig(name="scratch", strategy="scratch"), ArmConfig(name="other", strategy="scratch", learning_rate=1e-4))
ASIDE = Corrections(set_aside=("rose/0.png",))


@pytest.fixture
def x(home, tmp_path):
    """A data set of two classes, and an experiment on all its training pictures."""
    ingest(home, zipped(tmp_path / "x.zip", pictures("rose", 12) | pictures("tulip", 12)), "x")
    return jobs.submit(home, Experiment(dataset="x", arms=ARMS, seeds=(0, 1), epochs=2, resplit=False))


def found(home, experiment_id):
    return [(pair.before_id, pair.after_id) for pair in pairs(home, experiment_id, read_runs(home))]


def test_the_same_comparison_without_some_pictures_is_found_from_both_sides(home, x):
    assert found(home, x) == []
    again = compare_again(home, x, ASIDE)
    assert found(home, x) == found(home, again) == [(x, again)]
    before, after = (read_experiment(home, one)["experiment"] for one in (x, again))
    info = describe(home, after.dataset)
    assert (info.title, info.derived_from) == ("x (1 set aside)", "x")
    assert after == replace(before, dataset=info.name, samples=min(before.samples, info.train))


def test_it_trains_on_as_many_pictures_as_before(home, x):
    few = jobs.submit(home, replace(read_experiment(home, x)["experiment"], samples=6))
    again = compare_again(home, few, ASIDE)
    assert read_experiment(home, again)["experiment"].samples == 6
    assert found(home, few) == [(few, again)]


def test_other_settings_are_another_question(home, x):
    again = compare_again(home, x, ASIDE)
    after = read_experiment(home, again)["experiment"]
    jobs.submit(home, replace(after, epochs=3))
    jobs.submit(home, replace(after, samples=4))
    assert found(home, x) == [(x, again)]
    more = jobs.submit(home, replace(after, seeds=(0, 1, 2)))
    assert found(home, x) == [(x, more), (x, again)], "more seeds answer it, too"


def test_what_was_deleted_or_made_otherwise_belongs_to_nothing(home, x):
    again = compare_again(home, x, ASIDE)
    jobs.stop_all(home, [row.run_id for row in read_runs(home, again)])
    jobs.delete_dataset(home, read_experiment(home, again)["experiment"].dataset)
    assert found(home, x) == found(home, again) == []


def test_where_it_can_not_be_queued_there_is_no_new_data_set(home, x, monkeypatch):
    def refuse(*_, **__):
        raise Refused("The queue is full.")

    monkeypatch.setattr("tl.jobs.compare_again.submit", refuse)
    with pytest.raises(Refused, match="queue is full"):
        compare_again(home, x, ASIDE)
    assert [path.name for path in home.datasets_dir.glob("[!.]*/dataset.json")] == ["dataset.json"]


def test_a_pair_says_what_became_of_the_test_set(home, x):
    index = {one.split: one for one in _corrections(home, "test", "train")}
    both = Corrections(set_aside=(index["test"].picture,), relabel={})
    (pair,) = (one for one in pairs(home, compare_again(home, x, both), read_runs(home)))
    assert second_look.tested_on(pair).startswith(
        "The test set has changed: of its 4 pictures, 1 was set aside. So part"
    )
    only = Corrections(relabel={index["train"].picture: "tulip" if index["train"].was == "rose" else "rose"})
    last = compare_again(home, x, only)
    (pair,) = pairs(home, last, read_runs(home))
    assert second_look.tested_on(pair) == "The test set has the same 4 pictures."
    assert "Every seed divides the pictures anew" in second_look.tested_on(replace(pair, resplit=True))


def _corrections(home, *splits):
    """One picture of each split, as a correction would name it."""
    from tl.datasets.corrections import Correction
    from tl.datasets.preparing import index_of

    info = describe(home, "x")
    index = index_of(home.dataset_dir("x"), info)
    for split in splits:
        row = index[index["split"] == split].iloc[0]
        yield Correction(row["name"], info.classes[row["label"]], None, split)


def verdict_of(*gains):
    return judge(*three(gains))


def test_the_answer_is_yes_or_no_with_how_the_gain_changed():
    helps, hurts, open_ = verdict_of(0.1, 0.11, 0.12), verdict_of(-0.1, -0.11, -0.12), verdict_of(-0.2, 0.2, 0.0)
    assert answer(helps, verdict_of(0.2, 0.21, 0.2)) == (
        "No: full fine-tuning does better than training from scratch, as before. The gain of full fine-tuning was "
        "+11.0 points and is +20.3 points now."
    )
    assert answer(helps, hurts).startswith(
        "Yes: full fine-tuning does worse than training from scratch. Before, full fine-tuning does better"
    )
    assert answer(helps, open_).startswith("Yes: it is not settled whether full fine-tuning does better than")
    assert answer(helps, verdict_of(0.3)).startswith("Not yet known: an outcome needs 3 seeds on both sides. The gain")


def test_a_derived_set_that_changed_classes_is_no_second_look(home, x, tmp_path):
    from tl.datasets import Edits

    derive(home, "x", "y", Edits(renames={"rose": "r"}))
    other = jobs.submit(home, replace(read_experiment(home, x)["experiment"], dataset="y"))
    assert found(home, x) == found(home, other) == []
