"""What guards a data set guards the one that is worked on, too."""

from dataclasses import replace

import pytest
from test_pictures import LEARNT, bring

from tl import datasets, jobs
from tl.analysis.experiment import pictures_of
from tl.config import ArmConfig, Refused, new_id
from tl.hosted.quota import missing_bytes
from tl.jobs import final_model, queue
from tl.report.command import command
from tl.store.queue import database
from tl.store.queue.rows import refuse_two_sets

ARMS = (ArmConfig(name="source_only", strategy="source_only"), ArmConfig(name="target_full", strategy="target_full"))
TWO = replace(LEARNT, target_dataset="other", arms=ARMS, backbone="mobilenet_v2")


@pytest.fixture
def two(home):
    bring(home)
    bring(home, "other")
    return home


def test_a_target_stays_while_a_run_waits_for_it_and_its_name_stays_taken(two):
    (row, *_) = database.read_runs(two, jobs.submit(two, TWO))
    with pytest.raises(Refused, match=f"Run {row.run_id} uses the data set 'other' and is queued; stop it first"):
        jobs.delete_dataset(two, "other")
    for each in database.read_runs(two):
        jobs.stop(two, each.run_id)
    jobs.delete_dataset(two, "other")
    with pytest.raises(Refused, match="its pictures, the data set 'other', were deleted"):
        jobs.resume(two, row.run_id)
    with pytest.raises(Refused, match="Runs here were trained on another data set 'other' that was deleted"):
        datasets.check_name(two, "other")


def test_nothing_is_queued_once_the_target_is_gone(two):
    admit = queue.admission_of(two, {*TWO.sets})
    jobs.delete_dataset(two, "other")
    with pytest.raises(Refused, match="There is no data set 'other'"), database.writing(two) as connection:
        admit(connection)


def test_decoding_both_counts(two):
    visitor = two.of(new_id())
    bring(visitor)
    one = missing_bytes(visitor, [TWO])
    bring(visitor, "other")
    assert one == 40 * 32 * 32 * 3 and missing_bytes(visitor, [TWO]) == one + 60 * 32 * 32 * 3, "all of the target's"


def test_the_target_says_what_it_is_wherever_an_experiment_is_told_of(two):
    experiment_id = jobs.submit(two, TWO)
    stored = database.read_experiment(two, experiment_id)["experiment"]
    assert stored.resplit is False, "small sets of one's own get splits per seed, a target keeps its test pictures"
    info = pictures_of(two, stored, [])
    assert (info.name, info.title, info.test) == ("mine", "mine → other", 10)
    assert jobs.list_runs(two)[0].target_dataset == "other"
    assert "--target-dataset other" in command(stored)


def test_classes_that_only_one_has_are_asked_about(two):
    path = two.dataset_dir("other") / "dataset.json"
    path.write_text(path.read_text().replace("tulip", "daisy"))
    with pytest.raises(Refused, match="have only the class 'rose' in common"):
        jobs.submit(two, TWO)


def test_what_is_made_of_one_set_is_refused_for_two(two):
    with pytest.raises(Refused, match="was tested on a different data set from the one it learned from"):
        refuse_two_sets(TWO)
    with pytest.raises(Refused, match="final is .* one data set alone"):
        replace(TWO, arms=ARMS[:1], final=final_model.Final(of=new_id(), epochs=1))


def test_a_report_and_two_comparisons_side_by_side_name_the_target():
    from tl.report.sections import setting_rows
    from tl.ui.watch.side_by_side import differing

    assert dict(setting_rows(TWO))["target dataset"] == "other"
    assert "target dataset" not in dict(setting_rows(LEARNT)), "a comparison with one data set has no such setting"
    assert ("Data set to work on", "other", "third") in differing(TWO, replace(TWO, target_dataset="third"))
