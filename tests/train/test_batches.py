"""What the network is fed: normalised pictures, in an order that depends on seed and epoch alone."""

import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate

from tl.backbones import BACKBONES, IMAGENET_INPUT
from tl.train.batches import (
    _draw_crops,
    augmented_input,
    cropped_at_once,
    merged_batches,
    number_of_batches,
    to_input,
    training_batches,
)
from tl.train.trivial_augment import trivially_augmented

CPU = torch.device("cpu")
PIXELS = np.random.default_rng(0).integers(0, 256, (21, 16, 16, 3), dtype=np.uint8)
LABELS = np.arange(21)


def epoch(**changes):
    options = {"resolution": 16, "batch_size": 8, "seed": 1, "epoch": 1, "device": CPU, "smallest_area": 0.5} | {
        "expects": IMAGENET_INPUT
    }
    return list(training_batches(PIXELS, LABELS, **options | changes))


@pytest.mark.parametrize("expects", [IMAGENET_INPUT, BACKBONES["efficientnet_lite0"].imagenet.input])
def test_pictures_are_normalised_as_the_weights_expect(expects):
    batch = to_input(PIXELS, 16, CPU, expects)
    expected = (PIXELS / 255 - expects.mean) / expects.std
    np.testing.assert_allclose(batch.numpy(), expected.transpose(0, 3, 1, 2), atol=1e-5)
    assert batch.is_contiguous(memory_format=torch.channels_last)


def test_every_picture_comes_once_an_epoch():
    labels = torch.cat([target for _, target in epoch()])
    assert sorted(labels.tolist()) == LABELS.tolist()


def test_order_and_augmentation_depend_on_seed_and_epoch_alone():
    first, again = epoch(), epoch()
    assert all(torch.equal(a[0], b[0]) and torch.equal(a[1], b[1]) for a, b in zip(first, again))
    for changes in ({"seed": 2}, {"epoch": 2}):
        assert any(not torch.equal(a[0], b[0]) for a, b in zip(first, epoch(**changes)))


def test_trivial_augmentation_changes_each_picture_by_itself_and_nothing_else_that_is_random():
    torch.manual_seed(3)
    drawn = torch.rand(2)
    torch.manual_seed(3)
    first = epoch(trivial=True)
    assert torch.equal(torch.rand(2), drawn), "dropout draws what it draws without"
    again, cropped = epoch(trivial=True), epoch()
    assert all(torch.equal(a[0], b[0]) for a, b in zip(first, again))
    assert all(torch.equal(a[1], b[1]) for a, b in zip(first, cropped)), "in the same order"
    same = [torch.equal(one, other) for one, other in zip(first[0][0], cropped[0][0])]
    assert not all(same)
    assert first[0][0].is_contiguous(memory_format=torch.channels_last)
    pictures = torch.from_numpy(PIXELS).permute(0, 3, 1, 2)
    whole = trivially_augmented(pictures.float(), range(21))
    assert whole.dtype == torch.uint8 and whole.shape == pictures.shape
    assert torch.equal(trivially_augmented(pictures[7:9], [7, 8]), whole[7:9]), "whoever is beside it"
    assert len({bool(torch.equal(*pair)) for pair in zip(whole, pictures)}) == 2, "one operation is none"


def test_labels_stay_with_their_pictures():
    for batch, target in epoch(smallest_area=None):
        torch.testing.assert_close(batch, to_input(PIXELS[target.numpy()], 16, CPU, IMAGENET_INPUT))


def test_no_batch_of_one_picture_that_batchnorm_could_not_train_on():
    sizes = [len(target) for _, target in epoch(batch_size=10)]
    assert sizes == [10, 11]
    assert number_of_batches(21, 10) == 2
    assert [number_of_batches(n, 8) for n in (1, 8, 9, 10, 16, 21)] == [1, 1, 1, 2, 2, 3]


def test_crops_stay_inside_the_picture_and_some_are_flipped():
    gradient = np.tile(np.arange(16, dtype=np.uint8)[None, None, :, None] * 16, (64, 16, 1, 3))
    batch = augmented_input(gradient, 16, CPU, IMAGENET_INPUT, np.random.default_rng(0), 0.5)
    slopes = (batch[:, 0, 8, -1] - batch[:, 0, 8, 0]).numpy()
    assert (slopes > 0).any()
    assert (slopes < 0).any()
    whole = to_input(gradient, 16, CPU, IMAGENET_INPUT)
    assert batch.min() >= whole.min() - 1e-5
    assert batch.max() <= whole.max() + 1e-5


@pytest.mark.parametrize("resolution", [16, 32])
def test_all_crops_at_once_are_those_made_group_by_group(resolution):
    crops = list(_draw_crops(16, 21, np.random.default_rng(3), 0.5))
    assert [len(each.tops) for each in crops] == [16, 5] and {True, False} <= set(crops[0].flips)
    with torch.autocast("cpu", torch.bfloat16):  # features are made in a network's precision, crops in full
        at_once = cropped_at_once(torch.from_numpy(PIXELS).permute(0, 3, 1, 2), crops, resolution)
    groups = [torch.from_numpy(each.cut(group)) for each, group in zip(crops, np.split(PIXELS, [16]), strict=True)]
    one_by_one = [
        interpolate(group.permute(0, 3, 1, 2).float(), size=(resolution, resolution), mode="bilinear")
        for group in groups
    ]
    torch.testing.assert_close(at_once, torch.cat(one_by_one), rtol=0, atol=0.01)


@pytest.mark.parametrize("resolution", [8, 32])
def test_any_resolution_can_be_made_of_a_store(resolution):
    assert to_input(PIXELS, resolution, CPU, IMAGENET_INPUT).shape == (21, 3, resolution, resolution)


@pytest.mark.parametrize(("pictures", "sizes"), [(1, [8, 8, 5]), (9, [16, 5]), (16, [16, 5]), (100, [21])])
def test_batches_are_joined_in_their_order(pictures, sizes):
    inputs = [(target.numpy(), batch) for batch, target in epoch()]
    large = list(merged_batches(iter(inputs), pictures))
    assert [len(rows) for rows, _ in large] == sizes
    for place in (0, 1):
        parts = [torch.as_tensor(batch[place]) for batch in inputs], [torch.as_tensor(batch[place]) for batch in large]
        assert torch.equal(torch.cat(parts[0]), torch.cat(parts[1]))
    assert list(merged_batches(iter([]), pictures)) == []
