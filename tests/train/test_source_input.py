"""What a source expects of a picture reaches every place where a network gets one, whatever it starts from."""

import pytest

from tl.backbones import BACKBONES
from tl.store.device_lock import DeviceLock
from tl.store.features import FeatureKey
from tl.train import batches, features
from tl.train.run import Trainer

LITE = "efficientnet_lite0"


@pytest.fixture
def seen(monkeypatch):
    """Every input that pictures were normalised for."""
    found, original = [], batches._normalised
    monkeypatch.setattr(
        batches, "_normalised", lambda batch, expects: found.append(expects) or original(batch, expects)
    )
    return found


@pytest.mark.parametrize("strategy", ["scratch", "linear_probe"])
@pytest.mark.parametrize("backbone", [LITE, "mobilenet_v2"])
def test_in_training_and_evaluation(make_run, seen, strategy, backbone):
    run, config = make_run(strategy, backbone=backbone, epochs=1, precision="fp32")
    trainer = Trainer(run, config, DeviceLock(run.home.locks_dir), lambda: None)
    trainer._prepare()
    next(trainer.learner.batches(1))
    trainer.learner.evaluate("validation", lambda done: None)
    wanted = BACKBONES[backbone].imagenet.input
    assert len(seen) >= 2 and {(each.mean, each.std) for each in seen} == {(wanted.mean, wanted.std)}


@pytest.mark.parametrize("weights", ["imagenet", "random"])
def test_in_features_for_hints_and_forecasts(stripes_home, seen, weights):
    facts = {"dataset": "stripes", "fingerprint": "", "samples": 6, "resolution": 32, "weights_hash": "0"}
    key = FeatureKey(backbone=LITE, weights=weights, **facts)
    features.extract(stripes_home, key, features.prepare(stripes_home, "stripes", 32, 6))
    assert set(seen) == {BACKBONES[LITE].imagenet.input}
