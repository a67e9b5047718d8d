"""Features that runs have in common: with them a run comes to what it comes to without, and says what they once took."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from tl.backbones import IMAGENET_INPUT
from tl.config import Refused, Training, new_id
from tl.config.training import DATASET, SEED
from tl.store import frozen_features
from tl.store.files import write_json
from tl.store.frozen_features import SUFFIX, Block, FeatureCache
from tl.store.metrics import read_metrics
from tl.train.batches import view_blocks
from tl.train.frozen.found_features import Shelf

CPU = torch.device("cpu")
PLAIN = {"weights": "own", "epochs": 4, "precision": "fp32", "threads": 1, "views_by": DATASET}
COMPUTED = ["train_loss", "train_accuracy", "val_loss", "val_accuracy", "flops"]


@pytest.fixture
def cache(stripes_home):
    """The files of the cache, none at first."""

    def files():
        return sorted(stripes_home.features_dir.glob(f"*{SUFFIX}"))

    for path in files():
        path.unlink()
    return files


def came_to(run, result):
    weights = {name: tensor.tobytes() for name, tensor in load_file(run.best).items()}
    return read_metrics(run.metrics)[COMPUTED].values.tolist(), result["test_loss"], weights


def again(run, config, seed=0):
    """The same run once more, perhaps with another seed."""
    other = replace(config, run_id=new_id(), seed=seed)
    folder = run.home.run(other.run_id)
    write_json(folder.config, other.to_json())
    return folder, other


def test_a_second_run_computes_no_features_and_comes_to_the_same(make_run, pretrained, train, cache, monkeypatch):
    run, config = make_run("linear_probe", **PLAIN)
    first = came_to(run, train(run, config))
    assert len(cache()) == 2 + 2, "two views, validation and test"
    took = read_metrics(run.metrics)
    assert took["reused_seconds"].sum() == 0

    second, same = again(run, config)
    with monkeypatch.context() as patch:
        patch.setattr("tl.train.inputs.view_blocks", lambda *args, **options: iter(()))  # none is asked for
        assert came_to(second, train(second, same)) == first
    spared = read_metrics(second.metrics)
    assert (spared["reused_seconds"] > 0).tolist() == [True, True, False, False]
    assert (spared["elapsed_seconds"] > spared["reused_seconds"].cumsum()).all()
    assert spared["energy_joules"].isna()[:2].all()

    for path in cache():
        path.unlink()
    third, same = again(run, config)
    assert came_to(third, train(third, same)) == first


def test_seeds_have_views_in_common_and_only_those(make_run, pretrained, train, cache):
    run, config = make_run("linear_probe", **PLAIN)
    train(run, config)
    before = cache()
    other, config = again(run, config, seed=1)
    train(other, config)
    assert cache() == before
    losses = [read_metrics(each.metrics)["train_loss"].tolist() for each in (run, other)]
    assert losses[0] != losses[1], "head and order are the seed's own"


def test_a_resumed_run_counts_what_it_took_once(make_run, pretrained, train, cache):
    run, config = make_run("linear_probe", **PLAIN)

    def stop():
        if len(read_metrics(run.metrics)) >= 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(run, config, stop)
    train(run, config)
    assert read_metrics(run.metrics)["reused_seconds"].sum() == 0


@pytest.mark.parametrize("damage", ["cut", "byte", "head"])
def test_damaged_files_are_removed_and_computed_again(stripes_home, cache, damage):
    kept, block = FeatureCache(stripes_home), _block()
    kept.keep("family", block, np.arange(3))
    (path,) = cache()
    data = bytearray(path.read_bytes())
    if damage == "cut":
        data = data[:-4]
    elif damage == "byte":
        data[-3] ^= 1
    else:
        data[:20] = b"{" * 20
    path.write_bytes(data)
    assert kept.blocks("family") == []
    assert cache() == []


def test_who_has_a_file_open_keeps_it_when_it_goes(stripes_home, cache, monkeypatch):
    kept = FeatureCache(stripes_home)
    kept.keep("family", _block(), np.arange(3))
    (found,) = kept.blocks("family")
    monkeypatch.setattr("tl.store.features.budget_bytes", lambda home: 400)  # no room for two
    kept.keep("other", _block(), np.arange(3))
    assert [path.name.split("-")[0] for path in cache()] == ["other"]
    np.testing.assert_array_equal(found.values, _block().values)
    np.testing.assert_array_equal(found.places, _block().places)


def test_what_is_larger_than_the_cache_is_not_kept(stripes_home, cache, monkeypatch):
    monkeypatch.setattr(frozen_features, "budget_bytes", lambda home: 20)
    FeatureCache(stripes_home).keep("family", _block(), np.arange(3))
    assert cache() == []


def test_a_killed_writer_leaves_nothing_that_is_taken_for_features(stripes_home, cache):
    kept = FeatureCache(stripes_home)
    kept.keep("family", _block(), np.arange(3))
    (path,) = cache()
    path.rename(path.with_name(f".{path.name}.77.0123abcd"))
    assert kept.blocks("family") == []


def _block():
    return Block(np.array([5, 2, 9]), np.arange(6, dtype=np.float32).reshape(3, 2), 1.5)


def test_what_another_run_lacks_is_computed_and_the_rest_taken(make_run, pretrained, train, cache):
    """A larger sample finds the pictures of a smaller one, to the last bit."""
    small, config = make_run("linear_probe", **PLAIN, samples=20)
    train(small, config)
    large, config = make_run("linear_probe", **PLAIN)
    with_cache = came_to(large, train(large, config))
    assert read_metrics(large.metrics)["reused_seconds"].sum() > 0
    for path in cache():
        path.unlink()
    alone, config = again(large, config)
    assert came_to(alone, train(alone, config)) == with_cache


@pytest.mark.parametrize("trivial", [False, True])
def test_a_picture_is_shown_alike_whoever_else_is_asked_for(trivial):
    pixels = np.random.default_rng(0).integers(0, 256, (40, 24, 24, 3), dtype=np.uint8)
    places = np.random.default_rng(1).permutation(100)[:40]
    about = {"resolution": 16, "block": 16, "device": CPU, "expects": IMAGENET_INPUT, "trivial": trivial}

    def shown(chosen, view):
        found = {}
        for rows, batch in view_blocks(pixels, places, np.array(chosen), view, **about):
            assert batch.shape == (16, 3, 16, 16)
            found |= {int(row): picture.numpy().tobytes() for row, picture in zip(rows, batch, strict=False)}
        return found

    every = shown(range(40), 1)
    some = shown([3, 17, 39], 1)
    assert some == {row: every[row] for row in (3, 17, 39)}
    assert every[3] != shown([3], 2)[3]
    assert every[3] != shown([3], None)[3]


def test_all_that_decides_features_decides_their_name(make_run, pretrained, train, cache):
    """Weights, cut and the arithmetic: a run with another of them takes nothing over."""
    others = ({"threads": 2}, {"augment": "trivial"}, {"augmentation": False})
    for settings in (PLAIN, *(PLAIN | other for other in others)):
        known = set(cache())
        run, config = make_run("linear_probe", **settings)
        train(run, config)
        reused = read_metrics(run.metrics)["reused_seconds"]
        alike = "augment" in settings or "augmentation" in settings  # validation pictures are shown as they are
        assert reused.sum() == 0 or alike
        assert set(cache()) - known, "training pictures are shown otherwise"
    network = torch.nn.Linear(2, 2)
    shelf = Shelf(FeatureCache(run.home), "mobilenet_v2", [3])
    shelf._know([network])
    before = list(shelf._hashes)
    with torch.no_grad():
        network.weight[0, 0] += 1e-7
    other = Shelf(FeatureCache(run.home), "mobilenet_v2", [3])
    other._know([network])
    assert other._hashes != before


def test_arms_of_a_seed_have_its_own_crops_in_common_and_seeds_only_what_is_shown_uncropped(
    make_run, pretrained, train, cache, monkeypatch
):
    run, config = make_run("linear_probe", **PLAIN | {"views_by": SEED})
    first = came_to(run, train(run, config))
    assert len(cache()) == 2 + 2, "two views, validation and test"
    before = {path: path.read_bytes() for path in cache()}
    with monkeypatch.context() as patch:
        for name in ("view_blocks", "merged_batches"):
            patch.setattr(f"tl.train.inputs.{name}", lambda *args, **options: iter(()))  # nothing is computed
        same_seed, same = again(run, config)
        assert came_to(same_seed, train(same_seed, same)) == first
    other_seed, other = again(run, config, seed=1)
    train(other_seed, other)
    new = {path: path.read_bytes() for path in cache() if path not in before}
    assert len(new) == 2, "its two views; validation and test are there"
    assert not set(new.values()) & set(before.values())


def test_runs_of_earlier_versions_go_on_with_the_views_of_their_seed(make_run, pretrained):
    _, config = make_run("linear_probe", **PLAIN)
    document = config.to_json()
    del document["views_by"]
    assert type(config).from_json(document).views_by == SEED
    with pytest.raises(Refused, match="views by"):
        Training(dataset="blossoms", views_by="nobody")
