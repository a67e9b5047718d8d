"""The network of a run, put together again, answers as it was tested: whatever the strategy added is merged."""

import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from tl.config import Final, Refused, RunConfig
from tl.datasets import prepare
from tl.jobs.final_model import submit_final
from tl.networks import IMAGENET_INPUT
from tl.store.documents import read_config
from tl.store.files import write_json
from tl.store.predictions import read_predictions
from tl.train.batches import to_input
from tl.train.checkpoints.trained import trained
from tl.train.network import build_network
from tl.train.onnx_model import EndToEndModel

BACKBONE = "timm:test_resnet"


@pytest.fixture
def source(stripes_home):
    """Weights of the library for a tiny network, normalised as no other is."""
    torch.manual_seed(5)
    network = build_network(BACKBONE, 4, 32)
    network.train()(torch.randn(8, 3, 32, 32))
    folder = stripes_home.library_dir / "tiny"
    folder.mkdir(parents=True)
    save_file(
        {name: value.contiguous() for name, value in network.state_dict().items()}, folder / "weights.safetensors"
    )
    expects = {"mean": [0.3, 0.4, 0.5], "std": [0.2, 0.3, 0.4], "size": 32, "interpolation": "bilinear"}
    write_json(folder / "card.json", {"name": "tiny", "backbone": BACKBONE, "source_data": "noise", "input": expects})
    yield "tiny"
    shutil.rmtree(folder)


@pytest.mark.parametrize("strategy", ["lora", "norm_and_bias", "nearest_mean", "linear_probe"])
def test_a_run_put_together_again_answers_as_it_was_tested(make_run, train, stripes_home, source, strategy):
    settings = {"backbone": BACKBONE, "weights": source, "resolution": 48, "epochs": 1, "precision": "fp32"}
    run, config = make_run(strategy, **settings)  # shown larger than the pictures are
    train(run, config)
    model = trained(run)
    assert model.side == 32
    pixels = prepare(stripes_home, "stripes", 48).pixels("test")
    found, stored = model.probabilities(pixels), read_predictions(run.predictions, "test")
    assert np.abs(found - stored.probabilities).max() < 1e-3
    whole = EndToEndModel(model.network, model.expects, model.side, 48, 1.0)
    with torch.no_grad():
        alone = whole(torch.from_numpy(np.array(pixels))).numpy()
    assert np.abs(found - alone).max() < 1e-5  # one sees the very bytes that the other does


@pytest.mark.parametrize(("side", "resolution"), [(32, 224), (40, 64), (64, 96), (28, 32)])
def test_an_exported_model_enlarges_bytes_as_training_does(side, resolution):
    whole = EndToEndModel(torch.nn.Identity(), IMAGENET_INPUT, side, resolution, 1.0)
    pictures = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (2, side, side, 3), np.uint8))
    with torch.no_grad():
        seen = to_input(pictures, resolution, torch.device("cpu"), IMAGENET_INPUT).softmax(1)
        assert torch.allclose(whole(pictures), seen, rtol=0, atol=1e-6)


def test_a_run_that_has_not_finished_has_no_network_to_give(make_run):
    run, _ = make_run()
    with pytest.raises(Refused, match="has not finished; only a finished run has a network to give"):
        trained(run)


def test_phases_of_a_final_model_begin_where_those_of_its_run_did(make_run):
    _, config = make_run("lp_ft", arm={"probe_patience": 1}, epochs=12)
    final = Final(of=config.run_id, epochs=5, phase_starts=(1, 4))
    own = RunConfig.from_json(config.to_json() | {"final": {"of": final.of, "epochs": 5, "phase_starts": [1, 4]}})
    assert own.final == final
    assert [(phase.start_epoch, phase.patience) for phase in own.phases] == [(1, 0), (4, 0)]
    assert (own.max_epochs, own.budget) == (5, 12)
    assert "final" not in config.to_json(), "other versions read runs of comparisons as ever"
    assert RunConfig.from_json(own.to_json()) == own


def test_a_final_model_needs_a_finished_run_and_pictures_of_ones_own(home):
    from tests.page_lab import finished, rows

    drawn = rows(home, finished(home))[0]
    with pytest.raises(Refused, match="can make as many pictures as you want"):
        submit_final(home, drawn.run_id)
    assert read_config(home.run(drawn.run_id)).final is None
