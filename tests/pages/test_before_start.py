"""Before the start: what to expect, why, how often that was right, and what will transfer well."""

from contextlib import suppress

import numpy as np
import pytest

from tests import page_lab
from tests.page_lab import texts, unescaped
from tests.pages.conftest import SPEEDS
from tl.analysis.forecasts import hints as scores
from tl.config import ArmConfig
from tl.jobs.measurements import hints as job
from tl.jobs.measurements import speed
from tl.store.features import RANDOM, Features, write_features
from tl.store.files import write_json

BUTTON = "form_ask_hints"


@pytest.fixture(autouse=True)
def nothing_downloaded(tmp_path, monkeypatch):
    """Only bundled weights, whatever this computer has in its cache."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))


def look(home, samples: int = 500) -> scores.HintQuestion:
    """What the background job would have found for the form as it first appears."""
    asked = scores.question(home, "blossoms", samples, 32)
    for key in scores.candidates(home, asked):
        rng, labels = np.random.default_rng(0), np.arange(samples) % 12
        centres = (key.weights != RANDOM) * rng.normal(size=(12, 20))
        found = Features(rng.normal(size=(samples, 20)) + centres[labels], labels, None)
        write_features(home, key, found)
        scores.keep(home, key)
    return asked


def button(app):
    with suppress(KeyError):
        return app.button(key=BUTTON)
    return None


def test_a_speed_that_others_disturbed_is_told(open_page, monkeypatch):
    said = "Other programs were busy when its speed was measured"
    assert said not in unescaped(open_page())
    monkeypatch.setattr(speed, "known_or_begun", lambda *_: SPEEDS | {"strained": True})
    assert said in unescaped(open_page())


def test_the_form_says_what_would_fit_where_memory_does_not_suffice(open_page, monkeypatch):
    monkeypatch.setattr("tl.machine.total_memory", lambda: 0.72e9)
    monkeypatch.setattr("shutil.which", lambda name: None)
    app = open_page()
    app.text_input(key="form_batch_size").set_value("64").run()
    said = "A run needs about 578 MB of memory, and this machine can give it 540 MB: batches of 32 would fit."
    assert said in unescaped(app)


def test_the_form_says_what_to_expect_and_why_and_who_found_otherwise(open_page):
    words = unescaped(open_page())
    assert "Start with transfer: full fine-tuning. Expected" in words
    assert "Expected: transfer does better on the test set." in words
    assert "drawn by the computer, unlike Tiny ImageNet" in words
    for link in ("1811.08883", "1805.08974", "1902.07208"):
        assert f"https://arxiv.org/abs/{link}" in words
    assert "No record yet: no comparison here has confirmed or refuted such advice." in words


def test_the_advice_is_about_the_pictures_chosen(open_page):
    app = open_page()
    app.text_input(key="form_samples").set_value("20000").run()
    words = unescaped(app)
    assert "20,000 training pictures are enough for training from scratch to catch up, but hardly in" in words
    assert "Expected: transfer does better on the test set." in words


def test_advice_shows_how_often_it_was_right(open_page, home):
    arms = [ArmConfig(name=key, strategy=key) for key in ("scratch", "full_finetuning")]
    for row in page_lab.rows(home, page_lab.submit(home, seeds=3, arms=tuple(arms))):
        better = row.arm == "full_finetuning"
        page_lab.end(home, row, "finished", accuracy=0.08 + better * (0.05 + 0.001 * row.seed))
    assert "right in 1 of 1 comparison here" in unescaped(open_page())


def test_one_click_asks_for_the_ranking_and_the_page_goes_on(open_page, home, monkeypatch):
    asked = []
    monkeypatch.setattr(job, "ask", lambda *about: asked.append(about[1]))
    app = open_page()
    assert "What will transfer well?" in button(app).label
    button(app).click().run()
    assert not app.exception
    assert asked == [scores.question(home, "blossoms", 500, 32)]


def test_the_ranking_is_a_hint_with_its_record(open_page, home):
    look(home)
    app = open_page()
    assert button(app) is None, "nothing is left to look at"
    table = next(table.value for table in app.dataframe if "LogME" in table.value)
    assert sorted(table["Network and weights"]) == [
        *(f"EfficientNet-Lite{number}, ImageNet" for number in range(3)),
        "MobileNetV2, Bundled: Tiny ImageNet, 202 classes at 64 px (ImageNet, Stanford CS231n)",
        "Narrow ResNet-18 (3×3 stem), Bundled: Tiny ImageNet, 202 classes at 32 px (ImageNet, Stanford CS231n)",
    ]
    assert float(table["above random weights"][0]) > 0
    assert "A hint, not a verdict. No record yet" in unescaped(app)


def test_while_it_looks_the_page_says_so(open_page, home, monkeypatch):
    monkeypatch.setattr(job, "working", lambda home: True)
    app = open_page()
    assert "Looking at 500 pictures through every network" in unescaped(app)
    assert button(app) is None


def test_what_failed_is_told_and_can_be_tried_again(open_page, home):
    asked = scores.question(home, "blossoms", 500, 32)
    for key in scores.candidates(home, asked):
        scores.remember(home, key, {"error": "No [memory](x) left."})
    app = open_page()
    assert "No [memory](x) left." in unescaped(app)
    assert not button(app).disabled


def test_it_waits_while_something_trains(open_page, home):
    page_lab.running(home)
    app = open_page()
    assert button(app).disabled
    assert "once nothing else is training" in texts(app)


def test_pictures_that_must_be_downloaded_first_are_not_looked_at(open_page):
    app = open_page()
    app.selectbox(key="form_dataset").set_value("cifar10").run()
    assert button(app) is None
    assert "once the pictures have been downloaded" in texts(app)


def test_a_network_without_weights_here_does_not_hide_the_others(open_page, home):
    app = open_page()
    app.selectbox(key="form_backbone").set_value("resnet18").run()
    assert button(app) is not None


def test_names_from_a_model_card_are_shown_as_they_are_written(open_page, home):
    evil = "**x** [y](http://evil.example)"
    card = {"backbone": "resnet18_narrow", "name": "mine", "source_data": evil, "sha256": "a" * 64}
    write_json(home.library_dir / "mine" / "card.json", card)
    (home.library_dir / "mine" / "weights.safetensors").write_bytes(b"")
    app = open_page()
    app.selectbox(key="form_weights").set_value("mine").run()
    assert "](http://evil" not in texts(app)
    assert evil in unescaped(app)
