"""The Inspect page of a large comparison: how soon it is there, and what the page's process takes for it."""

import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
import psutil

from tests.answers_lab import guesses
from tests.benchmarks.demo import Use
from tests.benchmarks.paint import CHROMIUM, EMPTY, serve
from tests.benchmarks.pictures import ROOT
from tests.benchmarks.row import Row, Skipped
from tests.benchmarks.scale import Scale
from tests.page_lab import end, rows, submit
from tl.config import ArmConfig
from tl.datasets.info import DatasetInfo
from tl.store.files import write_json, write_parquet
from tl.store.home import Home
from tl.store.pictures import PictureStore
from tl.store.predictions import write_predictions

ARMS = tuple(ArmConfig(name=name, strategy=name) for name in ("scratch", "full_finetuning"))
SECTIONS = ("Confusion", "Worst mistakes", "Calibration")
DRAWN = {"Confusion": "Class by class", "Worst mistakes": "Hardest pictures", "Calibration": "Probabilities"}
CLASSES, SIDE = 100, 64
AT_MOST_SECONDS, AT_MOST_MB = 2.0, 300


def inspect(home: Home, scale: Scale) -> list[Row]:
    """First paint and memory of the Inspect page: 5,000 test pictures, 100 classes, 2 arms, 3 seeds."""
    if CHROMIUM is None:
        raise Skipped("there is no Chromium")
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        empty = Path(folder) / "empty.py"
        empty.write_text(EMPTY)
        own = Home(folder)
        address = f"Inspect?experiment={compared(own, scale.inspected_pictures, scale.seeds)}"
        servers = [serve(ROOT / "app.py", folder), serve(empty, folder)]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            page = psutil.Process(servers[0][0].pid)
            computing: list[float] = []
            seconds: list[list[float]] = [[], []]
            for round_number in range(scale.start_rounds + 1):
                (_, ours), (_, other) = servers
                before = sum(page.cpu_times()[:2])
                found = _opened(browser, f"{ours}/{address}", DRAWN[SECTIONS[0]]), _opened(browser, other, "Empty")
                for times, each in zip(seconds, found, strict=True):
                    times += [each] if round_number else []
                computing += [sum(page.cpu_times()[:2]) - before] if round_number else []
            sections = _sections(browser, f"{servers[0][1]}/{address}")
            memory = Use.of(page).memory
        finally:
            browser.close()
            for process, _ in servers:
                process.kill()
                process.wait()
    paint = median(seconds[0])
    return [
        Row(
            what="first paint of the Inspect page",
            measured=paint,
            unit="s",
            at_most=AT_MOST_SECONDS,
            note=f"an empty app: {median(seconds[1]):.2f} s",
        ),
        Row(what="computing of the page's process for it", measured=median(computing), unit="s"),
        *(Row(what=f"then {name}", measured=each, unit="s") for name, each in sections.items()),
        Row(what="page process with all of it opened", measured=memory, unit="MB", at_most=AT_MOST_MB),
    ]


def compared(home: Home, pictures: int, seeds: int) -> str:
    """A finished comparison on made-up pictures, with made-up answers; its id."""
    info = DatasetInfo(
        name="many",
        title="many",
        origin="upload",
        classes=tuple(f"class {number}" for number in range(CLASSES)),
        train=CLASSES,
        validation=pictures // 5,
        test=pictures,
        native_resolution=SIDE,
    )
    told = {split: guesses(getattr(info, split), CLASSES, seed) for seed, split in enumerate(("test", "validation"))}
    _keep(home, info, {split: answers.label for split, answers in told.items()})
    experiment_id = submit(home, seeds, arms=ARMS, dataset=info.name, samples=None, resolution=SIDE)
    for row in rows(home, experiment_id):
        end(home, row, "finished")
        arm = [each.name for each in ARMS].index(row.arm)
        found = {}
        for seed, (split, answers) in enumerate(told.items()):
            other = guesses(len(answers.label), CLASSES, seed=100 * arm + 10 * row.seed + seed, sharpness=1.0 + arm)
            found[split] = type(answers)(**vars(other) | {"label": answers.label})
        write_predictions(home.run(row.run_id).predictions, found)
    return experiment_id


def _keep(home: Home, info: DatasetInfo, labels: dict[str, np.ndarray]) -> None:
    """Write the data set: noise, at one resolution."""
    folder = home.dataset_dir(info.name)
    folder.mkdir(parents=True)
    every = np.concatenate([labels["test"], labels["validation"], np.arange(CLASSES)])
    sizes = {"test": info.test, "validation": info.validation, "train": info.train}
    split = np.repeat(list(sizes), list(sizes.values()))
    write_parquet(folder / "index.parquet", pd.DataFrame({"split": split, "label": every.astype(np.int64)}))
    write_json(folder / "dataset.json", info.to_json())
    store = PictureStore(folder, SIDE, sizes, info.classes, every)
    pixels = np.random.default_rng(0).integers(0, 256, (len(every), SIDE, SIDE, 3), np.uint8)

    def decode(numbers, out):
        out[numbers] = pixels[numbers]
        yield len(numbers)

    store.fill(None, decode)


def _opened(browser, url: str, words: str) -> float:
    """Seconds from opening the address until `words` are there."""
    page = browser.new_page()
    began = time.monotonic()
    page.goto(url)
    page.get_by_text(words, exact=True).first.wait_for()
    seconds = time.monotonic() - began
    page.close()
    return seconds


def _sections(browser, url: str) -> dict[str, float]:
    """Seconds from choosing each further section until it is drawn."""
    page = browser.new_page()
    page.goto(url)
    page.get_by_text(DRAWN[SECTIONS[0]], exact=True).first.wait_for()
    page.locator("[data-testid=stVegaLiteChart] svg").nth(2).wait_for()  # until then the browser computes
    found = {}
    for name in SECTIONS[1:]:
        began = time.monotonic()
        page.get_by_role("radio", name=name).click()
        page.get_by_text(DRAWN[name], exact=True).first.wait_for()
        found[name] = time.monotonic() - began
    page.close()
    return found
