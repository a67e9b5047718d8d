"""Hints: what can be scored, how scores are ranked and compared with random weights, and the record they earn."""

from dataclasses import replace

import numpy as np
import pytest

from tl import jobs
from tl.analysis.forecasts import hint_record, hints
from tl.analysis.forecasts.hint_record import signs
from tl.config import ArmConfig, Experiment, Refused
from tl.sources import source
from tl.store.features import RANDOM, Features, write_features
from tl.store.files import write_json
from tl.store.home import Home
from tl.store.queue import database

BUNDLED = "mobilenet_v2-tiny-imagenet-64"
SAMPLES = 60


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home of its own, without anything downloaded."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    return Home(tmp_path / "home")


def own_model(home, name: str, backbone: str = "mobilenet_v2") -> None:
    """A model in the library, as far as its files are looked at here."""
    folder = home.library_dir / name
    write_json(folder / "card.json", {"backbone": backbone, "name": name, "source_data": "x", "sha256": name * 8})
    (folder / "weights.safetensors").write_bytes(b"")


def put_features(home, key, separation: float, head: bool = False) -> None:
    """Features in the cache whose classes lie so far apart."""
    rng = np.random.default_rng(0)
    labels = np.arange(key.samples) % 12
    features = rng.normal(size=(12, 30))[labels] * separation + rng.normal(size=(key.samples, 30))
    probabilities = np.eye(12, dtype=np.float32)[labels] if head else None
    write_features(home, key, Features(features.astype(np.float32), labels, probabilities))


def ask(home, samples=SAMPLES, resolution=64, backbones=("mobilenet_v2",)):
    return hints.question(home, "blossoms", samples, resolution, backbones)


def score(home, asked, separations: dict[str, float]) -> None:
    for key in hints.candidates(home, asked):
        put_features(home, key, separations[key.weights], head=key.weights == BUNDLED)
        hints.keep(home, key)


def test_only_weights_that_are_here_are_candidates_each_network_with_random_ones_to_compare(home):
    own_model(home, "mine")
    own_model(home, "other", "resnet18")
    found = [(key.backbone, key.weights) for key in hints.candidates(home, ask(home, backbones=None))]
    assert found == [
        ("mobilenet_v2", BUNDLED),
        ("mobilenet_v2", "mine"),
        ("mobilenet_v2", RANDOM),
        ("resnet18", "other"),
        ("resnet18", RANDOM),
        ("resnet18_narrow", "resnet18_narrow-tiny-imagenet-32"),
        ("resnet18_narrow", RANDOM),
        *((f"efficientnet_lite{number}", key) for number in range(3) for key in ("imagenet", RANDOM)),  # of packages
    ]
    bundled = hints.candidates(home, ask(home))[0]
    assert bundled.weights_hash == source(home, "mobilenet_v2", BUNDLED).sha256


def test_other_weights_under_the_same_name_are_looked_at_anew(home):
    own_model(home, "mine")
    before = hints.candidates(home, ask(home))[1]
    write_json(home.library_dir / "mine" / "card.json", {"backbone": "mobilenet_v2", "sha256": "f" * 64})
    assert hints.candidates(home, ask(home))[1].digest != before.digest


def test_the_best_comes_first_and_says_how_far_above_random_it_is(home):
    own_model(home, "mine")
    asked = ask(home)
    assert hints.answer(home, asked)["missing"] == 3
    score(home, asked, {BUNDLED: 1.0, "mine": 3.0, RANDOM: 0.5})
    found = hints.answer(home, asked)
    first, second = found["candidates"]
    assert (first["rank"], first["weights"], second["rank"], second["weights"]) == (1, "mine", 2, BUNDLED)
    assert first["logme"] > second["logme"]
    assert first["h_score"] > second["h_score"]
    assert first["above_random"] > second["above_random"] > 0
    assert first["strong"] and second["strong"]
    assert (first["leep"], second["leep"]) == (None, pytest.approx(0.0))
    assert (found["missing"], found["failed"]) == (0, [])


def test_a_network_that_is_named_twice_is_ranked_once(home):
    asked = ask(home, backbones=("mobilenet_v2", "mobilenet_v2"))
    score(home, asked, {BUNDLED: 1.0, RANDOM: 0.5})
    found = hints.answer(home, asked)["candidates"]
    assert [(each["rank"], each["weights"]) for each in found] == [(1, BUNDLED)]


def test_the_cheaper_network_comes_first_where_the_evidence_can_not_tell_them_apart(home):
    def order(first, second):
        keys = [replace(hints.candidates(home, ask(home, backbones=(name,)))[0], samples=100) for name in networks]
        scored = {key.digest: {"logme": logme} for key, logme in zip(keys, (first, second), strict=True)}
        return [key.backbone for key, _ in hints._ranked(keys, scored)]

    networks = ("efficientnet_lite0", "mobilenet_v2")
    assert order(1.02, 1.0) == ["mobilenet_v2", "efficientnet_lite0"]
    assert order(1.04, 1.0) == ["efficientnet_lite0", "mobilenet_v2"]


def test_networks_whose_weights_are_a_download_away_are_named(home):
    asked = ask(home, backbones=("mobilenet_v2", "resnet18", "resnet18_cifar", "vgg16"))
    assert hints.answer(home, asked)["downloads"] == ["ResNet-18", "VGG-16"]
    own_model(home, "other", "resnet18")
    titles = hints.answer(home, asked)["downloads"]
    assert titles == ["VGG-16"]
    assert hints.downloads_in_words(titles).endswith("downloaded: VGG-16.") and hints.downloads_in_words([]) == ""


def test_features_no_better_than_random_ones_are_not_called_strong(home):
    asked = ask(home)
    score(home, asked, {BUNDLED: 0.5, RANDOM: 0.5})
    assert hints.answer(home, asked)["candidates"][0]["strong"] is False
    assert hints.strength(home, asked, BUNDLED) is False


def test_strength_is_known_from_a_sample_of_another_size_but_not_from_another_resolution(home):
    score(home, ask(home), {BUNDLED: 3.0, RANDOM: 0.0})
    assert hints.strength(home, ask(home, samples=40), BUNDLED) is True
    assert hints.strength(home, ask(home, resolution=96), BUNDLED) is None
    assert hints.strength(home, ask(home), "mine") is None


def test_what_failed_is_told_and_is_no_candidate(home):
    asked = ask(home)
    bundled, random = hints.candidates(home, asked)
    nothing = np.zeros((SAMPLES, 3), np.float32)
    write_features(home, bundled, Features(nothing * np.nan, np.arange(SAMPLES) % 2, None))
    hints.keep(home, bundled)
    hints.remember(home, random, {"error": "No memory."})
    found = hints.answer(home, asked)
    assert found["candidates"] == []
    assert "not finite" in found["failed"][0] and found["failed"][1] == "No memory."


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"samples": 5}, "has 12 classes"),
        ({"samples": 50_001}, "has only 50,000"),
        ({"resolution": 63}, "resolution is 63"),
        ({"resolution": 32, "backbones": ("inception_v3",)}, "inception_v3"),
        ({"backbones": ("lenet",)}, "lenet"),
    ],
)
def test_what_can_not_be_asked_is_refused(home, change, words):
    with pytest.raises(Refused, match=words):
        ask(home, **change)


def test_without_a_number_a_thousand_pictures_are_looked_at(home):
    assert ask(home, samples=None).samples == 1000


def finish(home, weights: str, accuracy: float, strategy="full_finetuning", seeds: int = 1, own=None, **settings):
    """A finished experiment of one arm with its `own` settings; its seeds vary by a point around `accuracy`."""
    shared = {"dataset": "blossoms", "samples": 100, "weights": weights, "seeds": tuple(range(seeds))} | settings
    experiment = Experiment(**shared, arms=(ArmConfig(name=weights, strategy=strategy, **(own or {})),))
    experiment_id = jobs.submit(home, experiment)
    for row in database.read_runs(home, experiment_id):
        shift = 0.01 * (row.seed - (seeds - 1) / 2)
        write_json(home.run(row.run_id).result, {"status": "finished", "test_accuracy": accuracy + shift})
        assert database.move(home, row, "running")
        database.move(home, database.read_run(home, row.run_id), "finished")
    return experiment_id


@pytest.fixture
def scored(home):
    """Four models on blossoms; the higher the letter, the better the score."""
    for name in "abcd":
        own_model(home, name)
    score(home, ask(home), {BUNDLED: 0.2, RANDOM: 0.0} | {name: 0.5 * place for place, name in enumerate("abcd", 1)})
    return home


def test_below_three_results_there_is_no_record(scored):
    assert hint_record.record(scored, hints.known(scored))["logme"]["tau"] is None
    for name in "ab":
        finish(scored, name, 0.5)
    found = hints.answer(scored, ask(scored))["record"]
    assert (found["results"], found["logme"]["tau"]) == (2, None)
    assert hint_record.in_words(found).startswith("No record yet")


def test_the_record_is_kendalls_tau_with_what_training_found(scored):
    for name, accuracy in {"a": 0.3, "b": 0.5, "c": 0.4, "d": 0.6}.items():
        finish(scored, name, accuracy, seeds=2)
    found = hint_record.record(scored, hints.known(scored))
    assert (found["results"], found["pairs"]) == (4, 6)
    assert found["logme"] == found["h_score"] == {"agree": 5, "tau": pytest.approx(4 / 6)}
    words = hint_record.in_words(found)
    assert "5 of 6 pairs" in words and "+0.67" in words


def test_a_record_can_be_bad(scored):
    for name, accuracy in {"a": 0.6, "b": 0.5, "c": 0.4}.items():
        finish(scored, name, accuracy)
    assert hint_record.record(scored, hints.known(scored))["logme"] == {"agree": 0, "tau": -1.0}


def test_only_what_was_trained_alike_is_compared(scored):
    finish(scored, "a", 0.5)
    finish(scored, "b", 0.1, samples=50)
    finish(scored, "c", 0.1, strategy="linear_probe")
    finish(scored, "d", 0.1, strategy="scratch")
    assert hint_record.record(scored, hints.known(scored))["pairs"] == 0


def test_every_setting_has_to_be_equal_but_not_where_it_is_set(scored):
    finish(scored, "a", 0.5, epochs=5)
    for change in ({"own": {"learning_rate": 1e-3}}, {"optimizer": "sgd"}, {"batch_size": 16}, {"augmentation": False}):
        finish(scored, "b", 0.1, **{"epochs": 5} | change)
    assert hint_record.record(scored, hints.known(scored))["pairs"] == 0
    finish(scored, "b", 0.1, epochs=10, own={"epochs": 5})
    assert hint_record.record(scored, hints.known(scored))["pairs"] == 1


def test_what_was_trained_elsewhere_is_no_record_of_this_machine(scored):
    finish(scored, "a", 0.5)
    (elsewhere,) = database.read_runs(scored, finish(scored, "b", 0.1))
    assert hint_record.record(scored, hints.known(scored))["pairs"] == 1
    write_json(scored.run(elsewhere.run_id).imported, {})
    assert hint_record.record(scored, hints.known(scored))["pairs"] == 0


def test_scores_of_pictures_that_are_gone_have_no_record(scored):
    for name in "abc":
        finish(scored, name, 0.5)
    known = {digest: entry | {"fingerprint": "older"} for digest, entry in hints.known(scored).items()}
    assert hint_record.record(scored, known)["pairs"] == 0


def test_the_hints_order_is_held_against_the_probes_by_kendalls_tau():
    def tau(accuracies):
        found = signs(list(zip(range(len(accuracies), 0, -1), accuracies, strict=True)))
        return sum(found) / len(found)

    assert tau([0.9, 0.8, 0.7]) == 1 and tau([0.7, 0.8, 0.9]) == -1
    assert tau([0.9, 0.7, 0.8, 0.8]) == pytest.approx((3 - 2) / 6)  # and one tie
    assert signs([(1.0, 0.9)]) == []
