"""A home in which every name that a stranger may choose is a payload, as if nothing had been cleaned on the way in."""

from pathlib import Path

import pytest

from tests import page_lab
from tests.datasets.crafted import ingest, pictures, zipped
from tests.payloads import PAYLOADS, SCRIPTS
from tl import jobs
from tl.config import ArmConfig, Experiment
from tl.store.files import read_json, write_json
from tl.store.home import Home
from tl.words import CONTROL, plain

PAINTED = 30  # classes with pictures


def name(payload: str) -> str:
    """As much of a payload as an arm's name may hold."""
    return plain(CONTROL.sub(" ", payload))[:60].strip() or "x"


def arms(payloads: list[str]) -> tuple[ArmConfig, ...]:
    """Arms called so, each once."""
    return tuple(ArmConfig(name=each, strategy="scratch") for each in dict.fromkeys(map(name, payloads)))


def bring(home: Home, folder: Path) -> None:
    """The data set `mine`: classes, title, note, what was left out and what leaks are payloads."""
    classes = [f"class {number}" for number in range(PAINTED)]
    ingest(home, zipped(folder / "x.zip", {k: v for c in classes for k, v in pictures(c).items()}), "mine")
    path = home.dataset_dir("mine") / "dataset.json"
    split = {"train": 2, "validation": 0, "test": 0}
    told = {kind: {"count": len(PAYLOADS), "first": list(PAYLOADS)} for kind in (*SCRIPTS[:2], "in training and test")}
    about = {"title": " ".join(SCRIPTS), "note": " ".join(PAYLOADS[30:60]), "classes": list(PAYLOADS)}
    about |= {"counts": dict.fromkeys(PAYLOADS, split), "left_out": told, "leakage": told}
    write_json(path, read_json(path) | about)


def experiment(arms: tuple[ArmConfig, ...]) -> Experiment:
    """One on that data set."""
    return Experiment(dataset="mine", samples=200, epochs=6, arms=arms)


def ended(home: Home, arms: tuple[ArmConfig, ...], status: str = "finished") -> str:
    """An experiment whose arms are called so; where it failed messages and logs are payloads, too. Its id."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jobs.queue, "resolved", lambda home, experiment: experiment)
        experiment_id = jobs.submit(home, experiment(arms))
    message = None if status == "finished" else " ".join(PAYLOADS)
    for place, row in enumerate(page_lab.rows(home, experiment_id)):
        page_lab.end(home, row, status, accuracy=0.05 + 0.01 * place, message=message, device=" ".join(SCRIPTS))
        home.run(row.run_id).log.write_text("\n".join(PAYLOADS), errors="replace")
    return experiment_id
