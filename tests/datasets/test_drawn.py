"""The drawn data set in its store: extended without drawing again, the same as drawn alone."""

import numpy as np
import pytest

from tl.config import Refused
from tl.datasets import BUILT_IN, blossoms, describe, drawn, dusk, examples, list_datasets, prepare
from tl.store.files import locked, write_json


@pytest.fixture
def few(monkeypatch):
    """Fewer pictures: the point is where they go."""
    sizes = {"test": 13, "validation": 7, "train": 100}
    monkeypatch.setattr(drawn, "SIZES", sizes)
    return sizes


@pytest.mark.parametrize(("name", "draw"), [("blossoms", blossoms.draw), ("blossoms_dusk", dusk.draw)])
def test_rows_are_the_pictures_drawn_one_by_one(home, few, name, draw):
    store = prepare(home, name, 32, 24)
    assert store.ready == 13 + 7 + 24
    for split, count in (("test", 13), ("validation", 7), ("train", 24)):
        numbers = np.arange(count)
        expected = draw(numbers, 32, split=split)
        assert (store.pixels(split, count) == expected).all()
        assert (store.labels_of(split, count) == blossoms.labels(numbers)).all()


def test_a_drawn_store_grows(home, few):
    seen = []
    prepare(home, "blossoms", 32, 10)
    store = prepare(home, "blossoms", 32, 30, lambda *about: seen.append(about))
    assert seen[-1] == (20, 20, "drawing pictures at 32 px")
    assert store.ready == 50
    prepare(home, "blossoms", 32, 20, lambda *about: seen.append(about))
    assert len(seen) == 2


def test_pictures_of_other_drawing_code_are_not_mixed_in(home, few):
    store = prepare(home, "blossoms", 32, 10)
    write_json(store.folder / "drawing.json", {"code": "older"})
    assert store.ready == 30
    seen = []
    assert prepare(home, "blossoms", 32, 5, lambda *about: seen.append(about)).ready == 25
    assert seen


def test_homes_go_on_with_the_pictures_that_code_which_drew_the_same_has_left():
    """Fails after each change of the drawing code: where pictures are the same, `_ALIKE` says so, else this goes by them."""
    assert drawn._code("blossoms").startswith("55fc2c8b") and drawn._code("blossoms_dusk").startswith("d8bc3157")


def test_blossoms_say_that_they_are_drawn(home):
    info = describe(home, "blossoms")
    assert info == BUILT_IN["blossoms"] == list_datasets(home)[0]
    assert (info.train, info.validation, info.test, info.native_resolution) == (50_000, 500, 1_000, 224)
    assert "drawn by the computer" in info.title
    assert "drawn by code" in info.note
    assert sum(counts["train"] for counts in info.counts.values()) == 50_000
    with pytest.raises(Refused, match="has 50,000 training pictures, not 50,001; choose at most 50,000"):
        prepare(home, "blossoms", 32, 50_001)


def test_examples_show_every_class(home):
    shown = examples(home, "blossoms", per_class=2, resolution=32)
    assert [name for name, _ in shown[::2]] == list(blossoms.CLASSES)
    assert [name for name, _ in shown[1::2]] == list(blossoms.CLASSES)
    assert shown[0][1].shape == (32, 32, 3)
    assert not list(home.path.glob("**/*"))


def test_an_unknown_data_set_is_refused(home):
    for name in ("rose", "../x", ""):
        with pytest.raises(Refused):
            describe(home, name)


def test_who_waits_for_another_who_draws_says_so_and_may_give_up(home, few):
    folder, told = home.dataset_dir("blossoms"), []

    def tell(*about):
        told.append(about)
        if len(told) == 3:
            raise KeyboardInterrupt

    with locked(folder / "pictures-32.lock"), pytest.raises(KeyboardInterrupt):
        prepare(home, "blossoms", 32, 10, tell)
    assert told == [(0, 0, "waiting until another process has made the same pictures ready")] * 3
    assert prepare(home, "blossoms", 32, 10).ready == 30


def test_the_second_domain_shows_the_same_classes_in_other_scenes_and_with_less_light():
    day, night = blossoms.draw(np.arange(12), 64), dusk.draw(np.arange(12), 64)
    assert night.mean() < 0.6 * day.mean()
    flat = [one.mean(3).reshape(12, -1) for one in (day, night)]
    alike = [np.corrcoef(*pair)[0, 1] for pair in zip(*flat, strict=True)]
    assert max(alike) < 0.7, "no scene is in both"
    assert BUILT_IN["blossoms_dusk"].classes == BUILT_IN["blossoms"].classes
    assert drawn._code("blossoms_dusk") != drawn._code("blossoms")
