"""Two visitors of one hosted home, each with pictures, a comparison and a sweep; every name of theirs is a canary."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests import page_lab
from tests.datasets.crafted import ingest, pictures, zipped
from tl import jobs
from tl.config import Experiment
from tl.store.files import write_bytes, write_json
from tl.store.home import Home, owner_of

SECRETS = {"zebra": "z" * 22, "yak": "y" * 22}


@dataclass
class Visitor:
    """Somebody with a workspace; `word` occurs in each name that is theirs."""

    word: str
    home: Home
    experiment_id: str = ""
    sweep_id: str = ""
    run_ids: tuple[str, ...] = ()

    @property
    def canaries(self) -> set[str]:
        """What nobody else may ever see."""
        return {self.word, self.home.owner, SECRETS[self.word], self.experiment_id, self.sweep_id, *self.run_ids}


def bring(visitor: Visitor, folder: Path) -> None:
    """Pictures whose classes say whose they are; of two visitors' sets with one name the pictures differ."""
    classes = pictures(f"{visitor.word}-one", 10) | pictures(f"{visitor.word}-two", 10)
    ingest(visitor.home, zipped(folder / f"{visitor.word}.zip", classes), "mine")
    ingest(visitor.home, zipped(folder / f"{visitor.word}.zip", classes), f"{visitor.word}-pictures")


def train(visitor: Visitor) -> None:
    """A comparison and a sweep that have ended, a model, event files."""
    arms = tuple(replace(arm, name=f"{visitor.word} {arm.name}") for arm in page_lab.ARMS)
    experiment = Experiment(dataset="mine", samples=4, epochs=6, arms=arms)
    visitor.experiment_id = jobs.submit(visitor.home, experiment, key="the same key")
    visitor.sweep_id = jobs.submit_sweep(visitor.home, experiment, [4, 8])
    visitor.run_ids = tuple(run.run_id for run in jobs.list_runs(visitor.home))
    for run in jobs.list_runs(visitor.home):
        [row] = [row for row in page_lab.rows(visitor.home, run.experiment_id) if row.run_id == run.run_id]
        page_lab.end(visitor.home, row, "finished")
        write_bytes(visitor.home.run(run.run_id).tensorboard / "events.out.tfevents.1", visitor.word.encode())
    write_json(visitor.home.hints_path, {visitor.word: {"error": visitor.word}})
    kept = visitor.home.library_dir / f"{visitor.word}-weights"
    write_bytes(kept / "weights.safetensors", visitor.word.encode())
    write_json(kept / "card.json", {"backbone": "mobilenet_v2", "source_data": f"{visitor.word} pictures"})


@pytest.fixture(scope="module")
def visitors(tmp_path_factory):
    """Two of them; nothing here is changed by the tests."""
    folder = tmp_path_factory.mktemp("hosted")
    root = Home(folder / "home")
    found = [Visitor(word, root.of(owner_of(secret))) for word, secret in SECRETS.items()]
    for visitor in found:
        bring(visitor, folder)
        train(visitor)
    return found
