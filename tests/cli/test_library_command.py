"""`python -m tl library`: keep, list, rename, export, import and delete weights, in words and as JSON."""

import json

from tests import library_lab
from tests.cli.commands import main
from tests.library_lab import BACKBONE
from tl.jobs import own_weights
from tl.sources import source
from tl.store.home import Home
from tl.train.own_weights import look_through


def test_weights_are_kept_listed_renamed_moved_and_deleted(capsys, home, tmp_path, monkeypatch):
    monkeypatch.setattr(own_weights, "look_through", lambda file, shown, *about: look_through(file, *about))
    run_id = library_lab.finished(Home(home))
    status, said, _ = main(capsys, home, "library")
    assert status == 0 and "bundled" in said and "None of your own yet" in said
    status, said, _ = main(capsys, home, "library", "--keep", run_id, "--name", "mine")
    assert status == 0 and f"From now on: --backbone {BACKBONE} --weights mine" in said and "Licence: yours" in said
    assert main(capsys, home, "library", "--keep", run_id)[::2] == (
        2,
        f"Say what the weights are called, as in --keep {run_id} --name flowers-1.\n",
    )
    assert main(capsys, home, "library", "--rename", "mine", "--name", "ours")[0] == 0
    file = str(tmp_path / "ours.safetensors")
    status, said, _ = main(capsys, home, "library", "--export", "ours", "--output", file, "--json")
    assert status == 0 and json.loads(said)["file"] == file
    there = tmp_path / "there"
    status, said, _ = main(capsys, there, "library", "--import", file, "--json")
    assert status == 0 and json.loads(said)["name"] == "ours"
    assert source(Home(there), BACKBONE, "ours").sha256 == source(Home(home), BACKBONE, "ours").sha256
    status, said, _ = main(capsys, home, "library", "--json")
    [own] = json.loads(said)["library"]
    assert (own["name"], own["kind"], own["used_by"]) == ("ours", "library", [])
    assert own["history"] == ["Blossoms (drawn by the computer): 12 classes, 100 pictures, 60.0 %"]
    assert main(capsys, home, "library", "--delete", "ours")[0] == 0
    status, _, problem = main(capsys, home, "library", "--delete", "ours")
    assert (status, problem) == (2, "The library has no weights 'ours'; it is empty.\n")
