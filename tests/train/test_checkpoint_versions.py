"""Checkpoints of other versions of TL Lab and torch, and of other settings: gone on with, or refused in one sentence."""

import hashlib
import json

import pytest
import torch

from tl.config import RunConfig
from tl.store.files import read_json, write_json
from tl.store.seal import NO_DIGEST
from tl.train.checkpoints import checkpoint, sealed


def test_a_checkpoint_of_a_newer_version_is_refused_with_the_versions(halfway, monkeypatch, command):
    monkeypatch.setattr(sealed, "SCHEMA", 0)
    assert command(halfway.folder) == 1
    result = read_json(halfway.result)
    assert result["reason"] == "bad_checkpoint"
    assert f"schema 1, torch {torch.__version__}" in result["message"]


def test_another_version_of_torch_goes_on_and_says_so(halfway, monkeypatch, command):
    monkeypatch.setattr(torch, "__version__", "9.9")
    assert command(halfway.folder) == 0
    assert read_json(halfway.result)["notes"][0].startswith("Resumed with torch 9.9, begun with ")


def test_settings_that_changed_under_a_run_are_refused_by_name(halfway, command):
    write_json(halfway.config, read_json(halfway.config) | {"batch_size": 7})
    assert command(halfway.folder) == 1
    result = read_json(halfway.result)
    assert result["reason"] == "bad_checkpoint"
    assert "batch_size 32, but config.json says 7" in result["message"]


def rewritten(path, change) -> None:
    """The checkpoint with `change` made to what it says of its run, sealed as its writer would have done."""
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    about = {name: json.loads(header["__metadata__"][name]) for name in ("epoch", "config", "history")}
    change(about)
    header["__metadata__"] |= {name: json.dumps(value) for name, value in about.items()} | {"sha256": NO_DIGEST}
    text = json.dumps(header, separators=(",", ":")).encode()
    whole = len(text).to_bytes(8, "little") + text + data[8 + size :]
    path.write_bytes(whole.replace(NO_DIGEST.encode(), hashlib.sha256(whole).hexdigest().encode(), 1))


def test_a_checkpoint_from_before_a_setting_was_there_goes_on(halfway, command):
    """Its run has a config.json of that time, or one that says what that version did."""

    def without(about):
        for name in RunConfig.EARLIER:
            del about["config"][name]
        del about["config"]["arm"]["anchor"]

    write_json(halfway.config, RunConfig.from_json(read_json(halfway.config)).to_json() | RunConfig.EARLIER)
    rewritten(halfway.checkpoints / checkpoint.LAST, without)
    assert command(halfway.folder) == 0
    assert read_json(halfway.result)["epochs"] == 3


def test_a_setting_that_an_earlier_version_had_otherwise_is_refused_by_name(halfway, command):
    write_json(halfway.config, read_json(halfway.config) | {"patience_steps": 77})
    rewritten(halfway.checkpoints / checkpoint.LAST, lambda about: about["config"].pop("patience_steps"))
    assert command(halfway.folder) == 1
    assert "patience_steps 0, but config.json says 77" in read_json(halfway.result)["message"]


def test_a_history_from_before_something_was_noted_goes_on_as_if_nothing_was(halfway, command):
    rewritten(halfway.checkpoints / checkpoint.LAST, lambda about: about["history"].pop("phase_stale"))
    assert command(halfway.folder) == 0
    assert read_json(halfway.result)["epochs"] == 3


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda about: about["config"].update(warp=9), "was written by a newer TL Lab, which has the setting warp"),
        (
            lambda about: about["config"]["arm"].update(warp=9),
            "was written by a newer TL Lab, which has the setting warp",
        ),
        (
            lambda about: about["history"].update(warped=1),
            "comes from a newer TL Lab (its history has warped); resume with that one",
        ),
    ],
    ids=("setting", "setting of the arm", "history"),
)
def test_what_only_a_newer_version_knows_is_refused_in_one_sentence(halfway, command, change, words):
    rewritten(halfway.checkpoints / checkpoint.LAST, change)
    assert command(halfway.folder) == 1
    result = read_json(halfway.result)
    assert result["reason"] == "bad_checkpoint" and result["epochs"] == 2
    assert words in result["message"]
