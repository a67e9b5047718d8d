"""Two data sets as runs take them: which pictures each strategy learns, is judged by and is tested on."""

from dataclasses import replace

import numpy as np
import pytest

from tl import datasets, measures
from tl.config import ArmConfig, Experiment, Refused, new_id
from tl.datasets import prepare, prepare_for, training_pictures
from tl.datasets.info import DatasetInfo
from tl.datasets.matching import match
from tl.store.device_lock import DeviceLock
from tl.store.predictions import read_predictions
from tl.store.two_sets import TARGET_VALIDATION, SplitPart
from tl.strategies import STRATEGIES
from tl.train.batches import going_round
from tl.train.checkpoints.checkpoint import load_best
from tl.train.run import Trainer


def config_of(strategy, **arm):
    own = ArmConfig(name=strategy, strategy=strategy, **arm)
    return Experiment(dataset="stripes", target_dataset="negatives", resolution=32, samples=20, arms=(own,)).runs(
        new_id()
    )[0]


def test_a_source_only_run_learns_the_source_and_is_tested_on_the_target(stripes_home, negatives):
    store = prepare_for(stripes_home, config_of("source_only"))
    source, target = prepare(stripes_home, "stripes", 32), prepare(stripes_home, negatives, 32)
    assert store.classes == ("lying", "standing"), "as the source spells them"
    for split, whose in (("train", source), ("validation", source), ("test", target)):
        samples = 20 if split == "train" else None
        assert (store.pixels(split)[:] == whose.pixels(split, samples)).all()
        assert (store.labels_of(split) == whose.labels_of(split, samples)).all()
        assert (store.pictures_of(split) == whose.pictures_of(split, samples)).all()
        assert store.of(split).folder == whose.folder
    assert (store.pixels(TARGET_VALIDATION)[:] == target.pixels("validation")).all()
    assert store.beside is None


def test_a_ceiling_learns_all_of_the_target_and_nothing_of_the_source(stripes_home, negatives):
    store, target = prepare_for(stripes_home, config_of("target_full")), prepare(stripes_home, negatives, 32)
    assert store.sizes == target.sizes
    assert all(store.of(split).folder == target.folder for split in store.sizes)


def test_of_many_target_pictures_some_from_all_over_are_looked_at_in_each_epoch(stripes_home, negatives, monkeypatch):
    monkeypatch.setattr(training_pictures, "MOST_LOOKED_AT", 3)
    part = prepare_for(stripes_home, config_of("source_only")).parts[TARGET_VALIDATION]
    target = prepare(stripes_home, negatives, 32)
    rows = np.arange(3) * target.sizes["validation"] // 3
    assert (part.pixels[:] == target.pixels("validation")[rows]).all()
    assert (part.labels == target.labels_of("validation")[rows]).all() and len(part) == 3 < target.sizes["validation"]


def test_pictures_are_maps_of_both_sets_files_not_copies(stripes_home, negatives):
    store = prepare_for(stripes_home, config_of("source_only"))
    assert all(isinstance(store.pixels(split), np.memmap) for split in ("train", "validation", "test"))


def test_classes_of_one_side_are_left_out_and_the_others_renumbered(stripes_home, negatives):
    source = prepare(stripes_home, "stripes", 32)
    found = match(("lying", "standing"), ("standing", "sitting"))
    assert found.classes == ("standing",)
    labels = found.of_source(source.labels_of("train"))
    part = training_pictures._Pair._part(source, "train", labels, most=5)
    standing = np.flatnonzero(source.labels_of("train") == 1)[:5]
    assert (part.labels == 0).all() and (part.pixels[:] == source.pixels("train")[standing]).all()
    assert (part.pictures == source.pictures_of("train")[standing]).all() and len(part.groups) == 5


def test_how_many_pictures_there_are_of_the_classes_that_both_have():
    sizes = {"train": 60, "validation": 9, "test": 12, "native_resolution": 32, "origin": "upload"}
    counts = {name: {"train": 20, "validation": 3, "test": 4} for name in "abc"}
    source = DatasetInfo(name="one", title="one", classes=("a", "b", "c"), counts=counts, **sizes)
    theirs = {name: {"train": 10, "validation": 1, "test": number} for number, name in enumerate("bcd", 5)}
    target = DatasetInfo(name="other", title="other", classes=("b", "c", "d"), counts=theirs, **sizes)
    both = training_pictures._together(source, target, match(source.classes, target.classes))
    assert (both.classes, both.train, both.validation, both.test) == (("b", "c"), 40, 6, 11)
    assert both.counts["c"] == {"train": 20, "validation": 3, "test": 6} and both.title == "one → other"
    with pytest.raises(Refused, match="other has classes that are to be left out and is not here yet"):
        training_pictures._together(source, replace(target, counts={}), match(source.classes, target.classes))


def test_strategies_for_two_sets_need_two_and_another_than_the_first():
    for key in (key for key, strategy in STRATEGIES.items() if strategy.needs_target):
        with pytest.raises(Refused, match="it takes two data sets; name the one to work on"):
            Experiment(dataset="stripes", arms=(ArmConfig(name="a", strategy=key),))
    with pytest.raises(Refused, match="target dataset is 'stripes'; it must be the name of a data set, another"):
        replace(config_of("source_only"), target_dataset="stripes")


def test_an_experiment_with_one_set_is_written_as_before():
    document = Experiment(dataset="stripes", arms=(ArmConfig(name="a", strategy="scratch"),)).to_json()
    assert not {"target_dataset", "unmatched"} & document.keys()
    assert "labelled_per_class" not in document["arms"][0]
    two = config_of("source_only")
    assert type(two).from_json(two.to_json()) == two and two.to_json()["target_dataset"] == "negatives"


def test_a_run_is_tested_on_the_target_and_says_what_chose_its_epoch(
    make_run, negatives, train, stripes_home, monkeypatch
):
    run, config = make_run("source_only", weights="bundled", target_dataset=negatives, precision="fp32")
    monkeypatch.setattr(measures, "FEWEST_TO_ESTIMATE", 2)
    monkeypatch.setattr(measures, "GUESSING_ERRORS", -9)
    result = train(run, config)
    target = prepare(stripes_home, negatives, 32)
    answers = read_predictions(run.predictions, "test")
    assert (answers.label == target.labels_of("test")).all() and (answers.picture == target.pictures_of("test")).all()
    assert result["test_accuracy"] == answers.right.mean() and result["test_images"] == target.sizes["test"]
    from tl.store.metrics import read_metrics

    noted = read_metrics(run.metrics)["target_val_accuracy"].tolist()
    kept = read_predictions(run.predictions, "validation")  # of the best epoch, as that of the source was then
    estimated = read_metrics(run.metrics)["estimated_accuracy"].tolist()
    assert all(0 <= share <= 1 for share in estimated)
    own = Trainer(run, config, DeviceLock(run.home.locks_dir), lambda: None)
    own._prepare()
    load_best(run.checkpoints, own.learner.network, result["best_epoch"], own.learner.moving)
    asked = own.learner.evaluate(TARGET_VALIDATION, lambda done: None)
    expected = measures.estimated_accuracy(kept.probabilities, kept.label, kept.right, asked.probabilities)
    assert estimated[result["best_epoch"] - 1] == expected
    assert result["chosen_by"] == "source" and result["oracle_epoch"] == 1 + noted.index(max(noted))


def test_everything_a_target_has_goes_round_before_a_picture_comes_again():
    rows = going_round(5, 12, np.random.default_rng(0))
    assert sorted(rows[:5]) == sorted(rows[5:10]) == list(range(5)) and len(rows) == 12
    assert len(set(going_round(50, 12, np.random.default_rng(0)))) == 12


def test_a_part_of_nothing_is_nothing(stripes_home, negatives):
    part = SplitPart(prepare(stripes_home, "stripes", 32), "train", np.empty(0, np.int64))
    assert len(part) == len(part.pixels) == len(part.pictures) == 0


def test_one_sets_pictures_are_described_as_before(stripes_home, negatives):
    config = replace(config_of("full_finetuning"), target_dataset=None)
    assert datasets.describe_for(stripes_home, config) == datasets.describe(stripes_home, "stripes")


def test_an_arm_from_scratch_has_the_weights_and_the_input_of_scratch(make_run, negatives):
    began = {}
    for strategy, own in (("scratch", {}), ("mcc", {"weights": "random"}), ("mcc", {})):
        run, config = make_run(strategy, weights="bundled", target_dataset=negatives, precision="fp32", arm=own)
        trainer = Trainer(run, config, DeviceLock(run.home.locks_dir), lambda: None)
        trainer._prepare()
        state = trainer.learner.network.state_dict()
        began[config.arm.initialisation, strategy] = state, trainer.learner.inputs._expects, config.rate_of(config.arm)
    (scratch, expects, rate), (random, *same), (pretrained, *other) = began.values()
    assert scratch.keys() == random.keys() and all((scratch[name] == random[name]).all() for name in scratch)
    assert same == [expects, rate] and other == [expects, rate / 10]
    assert any((pretrained[name] != random[name]).any() for name in random)


def test_a_few_labelled_pictures_of_each_class_are_half_of_every_batch(make_run, negatives, stripes_home):
    some = {}
    for number in (2, 5):
        run, config = make_run(
            "target_few", weights="bundled", target_dataset=negatives, arm={"labelled_per_class": number}
        )
        few = prepare_for(stripes_home, config).beside
        assert np.bincount(few.labels).tolist() == [number, number]
        assert (few.pixels[:] == prepare(stripes_home, negatives, 32).pixels("train")[few.rows]).all()
        some[number] = set(few.pictures.tolist())
    assert some[2] < some[5], "nested, as samples are"
    trainer = Trainer(run, config, DeviceLock(run.home.locks_dir), lambda: None)
    trainer._prepare()
    batch, labels = next(trainer.learner.batches(1))
    assert len(batch) == len(labels) == 16 and trainer.learner.method.noted() == {}
    other = prepare_for(
        stripes_home, make_run("target_few", target_dataset=negatives, seeds=(1,), arm={"labelled_per_class": 5})[1]
    )
    assert set(other.beside.pictures.tolist()) != some[5], "which ones is chance, as all else of a seed"


def test_which_strategies_take_pictures_of_the_target_in_their_batches():
    assert {key for key, strategy in STRATEGIES.items() if strategy.beside} == {"dann", "cdan", "mcc", "target_few"}
