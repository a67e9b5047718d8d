"""A small uploaded set and a run to train on it: real files, the real trainer, seconds on a CPU."""

import io
import shutil
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from quick import PICTURES, FreeDevice, QuickLearner
from safetensors.torch import save_file

from tests.datasets.crafted import ingest
from tl.config import ArmConfig, Experiment, new_id
from tl.store.device_lock import DeviceLock
from tl.store.files import write_json
from tl.store.home import Home
from tl.train import __main__ as main_module
from tl.train import flops, progress
from tl.train import run as run_module
from tl.train.network import build_network
from tl.train.run import Trainer

SIDE, PER_CLASS = 32, 24


def picture(number: int, stripes: bool, negative: bool = False) -> bytes:
    """A noisy PNG with horizontal or vertical stripes: two classes that a small network can tell apart."""
    rng = np.random.default_rng([number, stripes])
    pixels = rng.integers(0, 120, (SIDE, SIDE, 3), dtype=np.uint8)
    lines = slice(number % 4, None, 4)
    pixels[(lines, slice(None)) if stripes else (slice(None), lines)] += 110
    file = io.BytesIO()
    pixels = 255 - pixels if negative else pixels
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="session", autouse=True)
def counted_once():
    """Operations of equal shapes are counted once for all runs in this process: that takes longer than an epoch here."""
    count, known = flops.count, {}

    def remembered(network, *about):
        key = (*about, *((tensor.shape, tensor.requires_grad) for tensor in network.parameters()))
        if key not in known:
            known[key] = count(network, *about)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flops, "count", remembered)
        yield


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


@pytest.fixture(scope="session")
def negatives(stripes_home) -> str:
    """Name of a second data set in that home: the same two classes, other pictures, bright where `stripes` are dark."""
    folder = stripes_home.path.parent
    with zipfile.ZipFile(folder / "negatives.zip", "w") as archive:
        for number in range(PER_CLASS):
            archive.writestr(f"Lying/{number}.png", picture(100 + number, True, negative=True))
            archive.writestr(f"standing/{number}.png", picture(100 + number, False, negative=True))
    return ingest(stripes_home, folder / "negatives.zip", "negatives").name


@pytest.fixture
def make_run(stripes_home):
    """Write a run's config: `make_run(strategy, arm={...}, **experiment settings)` gives (Run, RunConfig)."""
    made = []

    def make(strategy="scratch", arm=None, **settings):
        side = ArmConfig(name=strategy, strategy=strategy, **(arm or {}))
        defaults = {"dataset": "stripes", "resolution": SIDE, "epochs": 2, "batch_size": 8, "patience": 0}
        (config,) = Experiment(arms=(side,), **defaults | settings).runs(new_id())
        run = stripes_home.run(config.run_id)
        write_json(run.config, config.to_json())
        made.append(run.folder)
        return run, config

    yield make
    for folder in made:  # their checkpoints would pile up for as long as the home is used
        shutil.rmtree(folder)


@pytest.fixture
def train():
    """`train(run, config, stop)` trains in this process, from where the run is, and gives its result."""

    def train(run, config, stop=lambda: None):
        device_lock = DeviceLock(run.home.locks_dir)
        device_lock.take()
        try:
            return Trainer(run, config, device_lock, stop).train()
        finally:
            device_lock.give()

    return train


@pytest.fixture
def pretrained(stripes_home):
    """A model of the library: random weights with BatchNorm statistics that are no one's default."""
    torch.manual_seed(5)
    network = build_network("mobilenet_v2", 4, 32)
    for _ in range(3):
        network.train()(torch.randn(8, 3, 32, 32))
    folder = stripes_home.library_dir / "own"
    folder.mkdir(parents=True, exist_ok=True)
    state = {name: value.contiguous() for name, value in network.state_dict().items()}
    save_file(state, folder / "weights.safetensors")
    write_json(folder / "card.json", {"name": "own", "backbone": "mobilenet_v2", "source_data": "noise"})
    yield state
    shutil.rmtree(folder)  # other tests of the same home count what is there


@pytest.fixture
def command(monkeypatch):
    """`command(folder)` is `python -m tl.train FOLDER` within this process, which goes on holding no locks."""
    monkeypatch.setattr(main_module, "DeviceLock", FreeDevice)
    monkeypatch.setattr(main_module, "sole_writer", lambda run: True)
    monkeypatch.setattr(main_module, "StopSignal", lambda device_lock: SimpleNamespace(check=lambda: None, asked=False))
    return main_module.train


@pytest.fixture
def quick(tmp_path, monkeypatch, command):
    """A run of three epochs whose network has twelve weights: `command(quick.folder)` takes no time."""
    arms = (ArmConfig(name="scratch", strategy="scratch"),)
    (config,) = Experiment(arms=arms, dataset="none", epochs=3, patience=0, precision="fp32").runs(new_id())
    run = Home(tmp_path / "home").run(config.run_id)
    write_json(run.config, config.to_json())
    store = SimpleNamespace(
        classes=["a", "b"],
        sizes=dict.fromkeys(("train", "validation", "test"), PICTURES),
        pictures_of=lambda split: np.arange(PICTURES) + PICTURES * (split == "test"),
        groups_of=lambda split: np.full(PICTURES, -1),
    )
    monkeypatch.setattr(run_module, "Learner", QuickLearner)
    monkeypatch.setattr(run_module, "prepare_for", lambda *args: store)
    monkeypatch.setattr(progress, "PERIOD_SECONDS", 1e9)  # how often it is written doesn't depend on the clock
    return run


@pytest.fixture
def last_is_kept(monkeypatch):
    """Finished runs keep their last checkpoint, so that two can be compared to the last bit."""
    monkeypatch.setattr(run_module, "keep_best_network", lambda run: None)


@pytest.fixture
def halfway(quick, monkeypatch, command):
    """A run that was stopped after its second epoch; `end()` is what tells two finished runs apart."""
    with monkeypatch.context() as patch:
        patch.setattr("tl.train.run.Trainer._finished", lambda trainer: trainer.history.epochs >= 2)
        patch.setattr("tl.train.run.keep_best_network", lambda run: None)  # a stopped run keeps its checkpoints
        assert command(quick.folder) == 0
    quick.result.unlink()
    return quick
