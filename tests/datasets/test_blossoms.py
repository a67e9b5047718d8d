"""The drawn data set: the same pictures everywhere, balanced classes, and colour alone does not give a class away."""

import subprocess
import sys

import numpy as np
import pytest

from tl.datasets.blossoms import CLASSES, FORMS, SPLITS, draw, labels
from tl.datasets.blossoms.rosettes import HEART_FORMS
from tl.datasets.blossoms.species import FAMILIES, HEARTS, SPECIES


@pytest.fixture(scope="module")
def pictures():
    """The first 480 training pictures at 32 px."""
    return draw(np.arange(480), 32)


def test_pictures_are_uint8_of_the_asked_size():
    for resolution in (32, 80, 224):
        pixels = draw(np.arange(2), resolution)
        assert pixels.shape == (2, resolution, resolution, 3)
        assert pixels.dtype == np.uint8
    assert draw(np.arange(0), 64).shape == (0, 64, 64, 3)


def test_the_same_index_is_the_same_picture_whatever_is_drawn_with_it(pictures):
    assert np.array_equal(draw(np.array([7, 300, 7, 3]), 32), pictures[[7, 300, 7, 3]])


def test_another_process_draws_the_same_pictures():
    source = (
        "import sys, numpy as np; from tl.datasets.blossoms import draw; "
        "sys.stdout.buffer.write(draw(np.arange(40, 46), 48, 'test', 5).tobytes())"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, check=True)
    assert done.stdout == draw(np.arange(40, 46), 48, "test", 5).tobytes()


def test_no_two_pictures_are_alike_across_indices_splits_and_seeds(pictures):
    drawn = [pictures[:60], draw(np.arange(60), 32, seed=1)]
    drawn += [draw(np.arange(60), 32, split) for split in SPLITS if split != "train"]
    rows = np.concatenate(drawn).reshape(240, -1).astype(np.float32)
    rows = (rows - rows.mean(1, keepdims=True)) / rows.std(1, keepdims=True)
    alike = rows @ rows.T / rows.shape[1] - np.eye(len(rows))
    assert alike.max() < 0.97


def test_every_prefix_has_balanced_classes():
    for number in (1, 12, 100, 501, 50_000):
        counts = np.bincount(labels(np.arange(number)), minlength=len(CLASSES))
        assert counts.max() - counts.min() <= 1
    assert labels(np.array([0, 13])).dtype == np.int64


def test_there_are_at_least_ten_species_with_different_names():
    assert len(CLASSES) >= 10
    assert len(set(CLASSES)) == len(CLASSES)
    assert tuple(sorted(CLASSES)) == CLASSES


@pytest.mark.parametrize("index", range(len(CLASSES)), ids=CLASSES)
def test_a_scene_is_the_same_at_every_resolution(index):
    indices = index + len(CLASSES) * np.arange(3)
    shrunk = draw(indices, 96).reshape(3, 32, 3, 32, 3, 3).mean((2, 4))
    for small, large in zip(draw(indices, 32), shrunk, strict=True):
        assert np.corrcoef(large.ravel(), small.ravel())[0, 1] > 0.93


@pytest.mark.parametrize("species", SPECIES, ids=CLASSES)
def test_a_species_names_only_what_exists(species):
    assert species.form in FORMS
    assert set(species.families) <= set(FAMILIES)
    assert len(species.families) >= 5
    assert species.hearts
    assert set(species.hearts) <= set(HEARTS)
    assert bool(species.rings) == (species.form == "rosette")
    assert species.heart in {"", *HEART_FORMS}


def test_every_colour_belongs_to_several_species():
    for family in FAMILIES:
        assert sum(family in species.families for species in SPECIES) >= 4


def test_mean_colours_do_not_tell_the_classes_apart(pictures):
    centre = pictures[:, 8:24, 8:24].reshape(len(pictures), -1, 3).astype(np.float32)
    features = np.concatenate([pictures.reshape(len(pictures), -1, 3).mean(1), centre.mean(1), centre.std(1)], 1)
    features = (features - features.mean(0)) / features.std(0)
    classes = labels(np.arange(len(pictures)))
    known, asked = slice(0, 360), slice(360, None)
    centroids = np.stack([features[known][classes[known] == label].mean(0) for label in range(len(CLASSES))])
    nearest = ((features[asked, None] - centroids) ** 2).sum(2).argmin(1)
    assert (nearest == classes[asked]).mean() < 0.35


def test_pictures_use_the_whole_range_of_brightness(pictures):
    assert np.percentile(pictures, 1) < 20
    assert np.percentile(pictures, 99) > 225
    assert 70 < pictures.mean() < 150
    assert pictures.reshape(len(pictures), -1).std(1).min() > 4


def test_a_picture_shows_its_flower(monkeypatch):
    with_flowers = draw(np.arange(len(CLASSES)), 64)
    monkeypatch.setattr("tl.datasets.blossoms.FORMS", dict.fromkeys(FORMS, lambda canvas, rng, head: None))
    bare = draw(np.arange(len(CLASSES)), 64)
    changed = (np.abs(with_flowers.astype(int) - bare) > 20).any(3).mean((1, 2))
    assert changed.min() > 0.02


@pytest.mark.parametrize(
    ("indices", "resolution", "split", "message"),
    [
        ([0], 64, "val", "split is 'val'"),
        ([0], 16, "train", "resolution is 16"),
        ([0], 256, "train", "resolution is 256"),
        ([3, -1], 64, "train", "index is -1"),
    ],
)
def test_what_cannot_be_drawn_is_refused_by_name(indices, resolution, split, message):
    with pytest.raises(ValueError, match=message):
        draw(np.array(indices), resolution, split)
