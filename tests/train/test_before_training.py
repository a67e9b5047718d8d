"""`python -m tl hints` and `advise` as a shell sees them, with the bundled weights on real pictures."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def tl(stripes_home, tmp_path):
    """Runs a command in the home that has the set of stripes, on a computer that has downloaded nothing."""

    def run(*arguments: str) -> subprocess.CompletedProcess:
        environment = os.environ | {"TL_HOME": str(stripes_home.path), "TORCH_HOME": str(tmp_path)}
        command = [sys.executable, "-m", "tl", *arguments]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)

    return run


def test_hints_rank_what_is_here_and_advice_takes_them_into_account(tl):
    about = ("--dataset", "stripes", "--resolution", "32")
    before = json.loads(tl("advise", *about, "--json").stdout)
    assert before["facts"]["stronger_than_random"] is None
    done = tl("hints", *about, "--json")
    assert done.returncode == 0
    document = json.loads(done.stdout)
    (only,) = document["candidates"]
    assert (only["rank"], only["backbone"], only["weights"]) == (1, "mobilenet_v2", "mobilenet_v2-tiny-imagenet-64")
    assert 0 <= only["h_score"] <= 1 and only["leep"] < 0
    assert document["record"]["logme"]["tau"] is None
    again = tl("hints", *about)
    assert "MobileNetV2" in again.stdout and "A hint, not a verdict. No record yet" in again.stdout
    assert again.stderr == "", "nothing is looked at twice"
    after = json.loads(tl("advise", *about, "--json").stdout)
    assert after["facts"]["stronger_than_random"] is only["strong"]


def test_advice_is_readable(tl):
    done = tl("advise", "--dataset", "stripes", "--resolution", "32")
    assert done.returncode == 0
    assert "arxiv.org/abs/1811.08883" in done.stdout and "No record yet" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("hints", "--dataset", "nope"), "There is no data set 'nope'"),
        (("hints", "--backbones", "resnet18"), "No pretrained weights for resnet18"),
        (("advise", "--samples", "3"), "each needs a picture"),
        (("advise", "--backbone", "lenet"), "backbone is 'lenet'"),
    ],
)
def test_what_can_not_be_answered_is_refused_in_one_sentence(tl, arguments, words):
    done = tl(*arguments)
    assert done.returncode == 2
    assert words in done.stderr and done.stderr.count("\n") == 1
