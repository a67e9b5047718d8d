"""A run with a split of its seed's own trains, validates and tests on that split's pictures."""

import numpy as np

from tl.datasets import prepare
from tl.store.device_lock import DeviceLock
from tl.store.pictures import SPLITS
from tl.train.run import Trainer


def test_a_run_learns_the_pictures_of_its_seeds_split(make_run, train, stripes_home):
    whole = prepare(stripes_home, "stripes", 32)
    pixels = np.concatenate([whole.pixels(split) for split in SPLITS])
    seen = []
    for seed in (0, 5):
        run, config = make_run("linear_probe", resplit=True, samples=20, seeds=(seed,), epochs=1, weights="auto")
        trainer = Trainer(run, config, DeviceLock(run.home.locks_dir), lambda: None)
        trainer._prepare()
        store = prepare(stripes_home, "stripes", 32, 20, seed=seed, resplit=True)
        rows = store.pictures_of("train", 20)
        assert (trainer.learner.pixels[:] == pixels[rows]).all() and len(trainer.learner.labels) == 20
        seen.append(set(rows.tolist()))
    assert seen[0] != seen[1]


def test_it_trains_to_the_end_and_is_tested_on_its_own_test_pictures(make_run, train, stripes_home):
    run, config = make_run(resplit=True, seeds=(3,), epochs=1)
    result = train(run, config)
    store = prepare(stripes_home, "stripes", 32, seed=3, resplit=True)
    assert (result["status"], result["test_images"]) == ("finished", store.sizes["test"])
    assert 0 <= result["test_accuracy"] <= 1
