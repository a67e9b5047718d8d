"""What is advised of two sets by how different they look, and the record of such advice in comparisons."""

import json
from pathlib import Path

import pytest

from tests.cli.commands import main
from tl import jobs, sources
from tl.analysis.adaptation import domain_distance
from tl.analysis.adaptation.advice import RULES, ZHAO, advise
from tl.analysis.adaptation.distance import Distance
from tl.analysis.experiment import experiment_result
from tl.analysis.forecasts import advice_record
from tl.analysis.forecasts.advice_record import ADAPTING, TRANSFER, in_words, record
from tl.analysis.statistics import HELPS, NO_DIFFERENCE
from tl.config import ArmConfig, Experiment
from tl.store.files import read_json, write_json
from tl.store.home import Home
from tl.store.queue import database
from tl.store.queue.removal import delete_runs
from tl.strategies import STRATEGIES


def looks(low: float, high: float) -> Distance:
    value = (low + high) / 2
    return Distance(value=value, low=low, high=high, told_apart=(value / 2 + 1) / 2, pictures=(500, 500))


ALIKE, DIFFERENT, APART = looks(0.0, 0.4), looks(0.4, 1.6), looks(1.5, 2.0)


@pytest.mark.parametrize(
    ("found", "rule", "predicted", "first", "says"),
    [
        (ALIKE, "alike", NO_DIFFERENCE, "source_only", "Plain transfer will do"),
        (DIFFERENT, "different", HELPS, "adabn", "Adapt, and compare with source only"),
        (APART, "apart", HELPS, "target_few", "Label a few of the pictures it will work on"),
    ],
)
def test_one_thing_is_advised_with_its_reason(
    found: Distance, rule: str, predicted: str, first: str, says: str
) -> None:
    said = advise(found)
    assert [reason["rule"] for reason in said["reasons"]] == [rule]
    assert (said["predicted"], said["strategies"][0]) == (predicted, first)
    assert said["text"].startswith(says) and "Expected: " in said["text"]


def test_every_rule_names_strategies_that_there_are_its_source_and_where_it_was_wrong() -> None:
    for rule in RULES.values():
        assert set(rule.strategies) <= set(STRATEGIES)
        cited = [*rule.sources, *(example.source for example in rule.counter_examples)]
        assert rule.sources and rule.counter_examples and all(source.url.startswith("https://") for source in cited)


def run(home: Home, *strategies: str, seeds: int = 3, **gains: float) -> str:
    """A finished comparison of two sets, whose arms do so much better than source only, within a thousandth."""
    arms = tuple(ArmConfig(name=key, strategy=key) for key in ("source_only", *strategies))
    spec = Experiment(
        dataset="blossoms", target_dataset="blossoms_dusk", samples=100, arms=arms, seeds=tuple(range(seeds))
    )
    experiment_id = jobs.submit(home, spec)
    for row in database.read_runs(home, experiment_id):
        accuracy = 0.5 + gains.get(row.arm, 0.0) + (0.001 * row.seed if row.arm != "source_only" else 0.0)
        result = {"status": "finished", "test_accuracy": accuracy, "best_val_accuracy": accuracy}
        write_json(home.run(row.run_id).result, result)
        assert database.move(home, row, "running") and database.move(home, row, "finished")
    return experiment_id


def test_such_advice_has_a_record_of_its_own_that_outlives_its_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path)
    right = run(home, "adabn", "target_few", adabn=-0.2, target_few=0.2)
    wrong = run(home, "mcc", mcc=-0.2)
    run(home, "target_full", target_full=0.3)  # nothing adapts: nothing was predicted
    nothing = {"right": 0, "decided": 0, "undecided": 0, "waiting": 0}
    assert record(home, ADAPTING) == nothing, "nobody has looked how different they are"
    assert in_words(nothing).startswith("No record yet")
    monkeypatch.setattr(domain_distance, "known", lambda *_: APART)
    assert record(home, ADAPTING) == nothing | {"right": 1, "decided": 2}
    assert experiment_result(home, right).verdict.works_on == "Blossoms at dusk", (
        "no verdict names a data set by its key"
    )
    stored = [read_json(home.advice_dir / f"{one}.json") for one in (right, wrong)]
    assert [(one["arm"], one["rules"]) for one in stored] == [("target_few", ["apart"]), ("mcc", ["apart"])]
    assert record(home, TRANSFER) == nothing, "of one data set nothing was predicted"
    monkeypatch.setattr(domain_distance, "known", lambda *_: None)
    assert delete_runs(home, database.read_runs(home, wrong))
    assert record(home, ADAPTING) == nothing | {"right": 1, "decided": 2}


def test_sets_that_look_alike_are_tested_by_an_arm_that_adapts_without_labels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(domain_distance, "known", lambda *_: ALIKE)
    experiment_id = run(home := Home(tmp_path), "target_few", "mcc", target_few=0.2)
    assert advice_record.record(home, ADAPTING)["right"] == 1
    assert read_json(home.advice_dir / f"{experiment_id}.json")["arm"] == "mcc"


def test_the_command_line_says_what_the_page_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tl.jobs.measurements.domain_distance.measure", lambda *_: None)  # looked at
    monkeypatch.setattr(domain_distance, "answer", lambda *_: APART)
    about = ("advise", "--dataset", "blossoms", "--target-dataset", "blossoms_dusk")
    status, shown, _ = main(capsys, tmp_path, *about)
    assert status == 0 and "look very different" in shown and "Start with transfer" not in shown
    assert advise(APART)["text"] in shown and ZHAO.url in shown and "No record yet" in shown
    document = json.loads(main(capsys, tmp_path, *about, "--json")[1])
    assert document["adapting"]["text"] == advise(APART)["text"] and document["adapting"]["record"]["decided"] == 0
    assert document["distance"]["low"] == APART.low and document["text"].startswith("Start with transfer"), "as ever"


def test_how_different_they_look_is_known_by_the_content_of_the_weights(tmp_path: Path) -> None:
    """Other weights of the same name would else be answered with the old distance."""
    home = Home(tmp_path)
    asked = domain_distance.DistanceQuestion(
        source="blossoms",
        target="blossoms_dusk",
        backbone="mobilenet_v2",
        weights="mobilenet_v2-tiny-imagenet-64",
        resolution=64,
    )
    of_source, of_target = domain_distance.keys(home, asked)
    assert (of_source.dataset, of_target.dataset) == ("blossoms", "blossoms_dusk")
    known = sources.source(home, "mobilenet_v2", "mobilenet_v2-tiny-imagenet-64").sha256
    assert known and of_source.weights_hash == of_target.weights_hash == known
