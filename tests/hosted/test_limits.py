"""Limits of a hosted TL Lab: settable one by one, a bad value is one sentence."""

import os
import subprocess
import sys
from dataclasses import astuple, fields
from pathlib import Path

import pytest

from tl.config import Refused
from tl.hosted.limits import PREFIX, DemoLimits, hosted, limits

DEFAULTS = {entry.name: entry.default for entry in fields(DemoLimits)}


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch):
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("TL_HOSTED", raising=False)


def test_every_limit_has_a_default_and_can_be_set(monkeypatch):
    monkeypatch.setenv("TL_HOSTED", "1")
    assert vars(limits()) == DEFAULTS and all(value > 0 for value in DEFAULTS.values())
    for number, name in enumerate(DEFAULTS):
        monkeypatch.setenv(f"TL_LIMIT_{name.upper()}", str(1000 + number))
    assert astuple(limits()) == tuple(range(1000, 1000 + len(DEFAULTS)))


@pytest.mark.parametrize("value", ["many", "0", "-3", "2.5", "1e3", " 5", "٣", "9" * 5000, "1\n2"])
def test_a_value_that_can_be_no_limit_is_refused_by_name(monkeypatch, value):
    monkeypatch.setenv("TL_HOSTED", "1")
    monkeypatch.setenv("TL_LIMIT_EPOCHS", value)
    with pytest.raises(Refused, match="^TL_LIMIT_EPOCHS is .* must be a whole number from 1 to .*epochs.*") as refusal:
        limits()
    assert "\n" not in str(refusal.value) and len(str(refusal.value)) < 200


def test_a_misspelt_limit_and_a_doubtful_switch_are_refused_rather_than_ignored(monkeypatch):
    monkeypatch.setenv("TL_HOSTED", "yes")
    with pytest.raises(Refused, match="^TL_HOSTED is 'yes'; set it to 1"):
        hosted()
    monkeypatch.setenv("TL_HOSTED", "1")
    monkeypatch.setenv("TL_LIMIT_EPOCH", "5")
    with pytest.raises(Refused, match="^TL_LIMIT_EPOCH is not a limit"):
        limits()


def test_the_command_line_says_it_in_one_sentence(tmp_path):
    variables = {"TL_HOSTED": "1", "TL_LIMIT_EPOCHS": "many", "TL_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "tl", "compare", "--dataset", "blossoms", "--samples", "20"]
    ended = subprocess.run(
        command, cwd=Path(__file__).parents[2], env=os.environ | variables, capture_output=True, text=True
    )
    assert ended.returncode == 2 and ended.stderr.startswith("TL_LIMIT_EPOCHS is 'many'")
    assert ended.stderr.count("\n") == 1
