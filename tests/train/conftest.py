"""A small uploaded set and a run to train on it: real files, the real trainer, seconds on a CPU."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from tl.config import ArmConfig, Experiment, new_id
from tl.datasets import ingest
from tl.store.files import write_json
from tl.store.home import Home

SIDE, PER_CLASS = 32, 24


def picture(number: int, stripes: bool) -> bytes:
    """A noisy PNG with horizontal or vertical stripes: two classes that a small network can tell apart."""
    rng = np.random.default_rng([number, stripes])
    pixels = rng.integers(0, 120, (SIDE, SIDE, 3), dtype=np.uint8)
    lines = slice(number % 4, None, 4)
    pixels[(lines, slice(None)) if stripes else (slice(None), lines)] += 110
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="session")
def stripes_home(tmp_path_factory) -> Home:
    """A home with the data set `stripes`: 2 classes x 24 pictures of 32 x 32."""
    folder = tmp_path_factory.mktemp("stripes")
    with zipfile.ZipFile(folder / "stripes.zip", "w") as archive:
        for number in range(PER_CLASS):
            archive.writestr(f"lying/{number}.png", picture(number, True))
            archive.writestr(f"standing/{number}.png", picture(number, False))
    home = Home(folder / "home")
    ingest(home, folder / "stripes.zip", "stripes")
    return home


@pytest.fixture
def make_run(stripes_home):
    """Write a run's config: `make_run(strategy, arm={...}, **experiment settings)` gives (Run, RunConfig)."""

    def make(strategy="scratch", arm=None, **settings):
        side = ArmConfig(name=strategy, strategy=strategy, **(arm or {}))
        defaults = {"dataset": "stripes", "resolution": SIDE, "epochs": 2, "batch_size": 8, "patience": 0}
        (config,) = Experiment(arms=(side,), **defaults | settings).runs(new_id())
        run = stripes_home.run(config.run_id)
        write_json(run.config, config.to_json())
        return run, config

    return make
