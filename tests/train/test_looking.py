"""What is asked of a network that has finished: the same answers as in its run, where it looks, how it bears shifts."""

import numpy as np
import pytest
import torch
from torch import nn

from tl.config import Refused
from tl.store.device_lock import DeviceLock
from tl.store.predictions import read_predictions
from tl.store.saliency import GRAD_CAM, TOKENS
from tl.store.shifted import KINDS, SHIFTS, STRENGTHS, read_shifted
from tl.train.hardware.threads import Threads
from tl.train.looking.finished import finished
from tl.train.looking.one_picture import answer, picture_at
from tl.train.looking.saliency import compute_saliency
from tl.train.looking.shifted import measure, selected_rows
from tl.train.looking.shifts import shifted

CPU = torch.device("cpu")
STAGES = {"stem": ("stem",), "body": ("body",)}


class Corners(nn.Module):
    """Answers class 0 for what is red, class 1 for what is green, wherever it is."""

    def __init__(self):
        super().__init__()
        self.stem, self.body, self.head = nn.MaxPool2d(4), nn.Conv2d(3, 2, 1, bias=False), nn.Linear(2, 2, bias=False)
        with torch.no_grad():
            self.body.weight[:] = torch.tensor([[1.0, 0, 0], [0, 1, 0]]).view(2, 3, 1, 1)
            self.head.weight[:] = torch.eye(2)

    def forward(self, batch):
        return self.head(self.body(self.stem(batch)).relu_().mean((2, 3)))  # in place, as many networks do


class Tokens(nn.Module):
    """A class token that gathers from the places in its second block; only it is read."""

    num_prefix_tokens = 1

    def __init__(self):
        super().__init__()
        self.stem, self.blocks, self.last = nn.Identity(), Places(), Gather()

    def forward(self, batch):
        return self.last(self.blocks(self.stem(batch)))[:, 0]


class Places(nn.Module):
    def forward(self, batch):
        places = nn.functional.avg_pool2d(batch, 4).flatten(2).transpose(1, 2)
        return torch.cat([torch.zeros_like(places[:, :1]), places], 1)


class Gather(nn.Module):
    def forward(self, tokens):
        return torch.cat([tokens[:, :1] + tokens[:, 1:].mean(1, keepdim=True), tokens[:, 1:]], 1)


def corners() -> torch.Tensor:
    """A picture of 32 px: a strong red corner at the bottom right, a weaker green one at the top left."""
    picture = torch.zeros(1, 3, 32, 32)
    picture[:, 0, 24:, 24:] = 1.0
    picture[:, 1, :8, :8] = 0.6
    return picture


def test_grad_cam_points_where_the_answer_comes_from():
    scores, heat = compute_saliency(Corners().eval(), STAGES, corners())
    assert scores.argmax() == 0 and heat.method == GRAD_CAM and heat.stage == "body"
    assert heat.places.shape == (8, 8) and heat.places[6:, 6:].min() == 1
    assert heat.places.sum() == 4, "the green corner speaks for the other class"


def test_grad_cam_leaves_a_map_that_is_too_coarse_for_the_stage_before():
    network = Corners().eval()
    network.body = nn.Sequential(nn.AvgPool2d(4), network.body)  # 2 x 2 places
    _, heat = compute_saliency(network, STAGES, corners())
    assert heat.stage == "stem" and heat.places.shape == (8, 8)


def test_tokens_are_looked_at_while_places_still_decide():
    _, heat = compute_saliency(
        Tokens().eval(), {"stem": ("stem",), "first": ("blocks",), "second": ("last",)}, corners()
    )
    assert heat.method == TOKENS and heat.stage == "first", "behind the last block the class token alone decides"
    assert heat.places.shape == (8, 8) and heat.places[6:, 6:].min() == 1 and heat.places.sum() == 4


def test_a_network_without_a_map_of_places_says_so():
    network = nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 2))
    assert compute_saliency(network.eval(), {"body": ("0",)}, corners())[1] is None


@pytest.mark.parametrize(
    ("strategy", "network"),
    [
        ("lora", {"weights": "own"}),
        # Random weights give every picture the same features but for rounding, of which a head would be made.
        ("nearest_mean", {"backbone": "resnet18_narrow", "weights": "resnet18_narrow-tiny-imagenet-32"}),
    ],
)
def test_a_finished_network_answers_as_in_its_run(make_run, train, pretrained, strategy, network):
    """With merged adapters, and with a head that was computed."""
    run, config = make_run(strategy, epochs=1, samples=12, **network)
    train(run, config)
    which, kept = finished(run, CPU), read_predictions(run.predictions, "test")
    for place, share in zip(kept.picture[:3], kept.probabilities[:3], strict=True):
        found = answer(which, picture_at(run.home, which, int(place)))
        told = {answer.label: answer.probability for answer in found.answers}
        assert [told[label] for label in range(2)] == pytest.approx(share.astype(float).tolist(), abs=1e-3)
        assert np.max(found.heat) <= 1 and len(found.heat) >= 2
    parts = []
    measured = measure(run, CPU, DeviceLock(run.home.locks_dir), Threads(1), parts.append)
    sure = np.ptp(kept.probabilities.astype(float), axis=1) > 2e-3  # of a tie rounding decides
    assert measured.predicted["none", 0][sure].tolist() == kept.predicted[sure].tolist()
    assert len(parts) == 1 + len(SHIFTS) and parts[-1] == 1
    assert read_shifted(run.shifted).predicted.keys() == measured.predicted.keys()
    run.best.unlink()
    with pytest.raises(Refused, match="not here"):
        finished(run, CPU)


@pytest.mark.parametrize("kind", KINDS)
def test_a_shift_is_always_the_same_and_grows_with_its_strength(kind):
    ramp = np.linspace(40, 215, 48, dtype=np.uint8)
    pictures = np.stack([np.broadcast_to(ramp, (48, 48)), np.broadcast_to(ramp[:, None], (48, 48))])
    pictures = np.where(np.indices((2, 48, 48)).sum(0) % 8 < 4, pictures, 255 - pictures)[..., None].repeat(3, -1)
    found = [shifted(pictures, kind, strength, 5) for strength in STRENGTHS]
    away = [np.abs(each.astype(int) - pictures).mean() for each in found]
    assert 0 < away[0] < away[1] < away[2]
    assert all(each.shape == pictures.shape and each.dtype == np.uint8 for each in found)
    torch.manual_seed(1)
    assert np.array_equal(found[0], shifted(pictures, kind, 1, 5))
    assert (kind == "noise") != np.array_equal(found[0], shifted(pictures, kind, 1, 6)), "other pictures, other noise"


def test_of_many_test_pictures_some_are_asked_about_evenly():
    assert selected_rows(3, 4).tolist() == [0, 1, 2]
    assert selected_rows(10, 4).tolist() == [0, 2, 5, 7]
