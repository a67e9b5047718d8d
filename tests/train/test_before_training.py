"""`tl hints` and `advise`, with the bundled weights on real pictures."""

import json

import pytest

from tests.cli.commands import begin, main


@pytest.fixture
def tl(stripes_home, tmp_path, monkeypatch, capsys):
    """Runs a command in the home that has the set of stripes, on a computer that has downloaded nothing: status, output."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    return lambda *arguments: main(capsys, stripes_home.path, *arguments)


def test_hints_rank_what_is_here_and_advice_takes_them_into_account(tl, stripes_home):
    about = ("--dataset", "stripes", "--resolution", "32")
    before = json.loads(tl("advise", *about, "--json")[1])
    assert before["facts"]["stronger_than_random"] is None
    process = begin(stripes_home.path, "hints", *about, "--json")  # a process of its own, as a shell starts it
    document = json.loads(process.communicate()[0])
    assert process.returncode == 0
    found = {entry["backbone"]: entry for entry in document["candidates"]}
    packaged = {f"efficientnet_lite{number}" for number in range(3)}
    assert found.keys() == packaged | {"mobilenet_v2", "resnet18_narrow"}
    assert sorted(entry["rank"] for entry in found.values()) == [1, 2, 3, 4, 5]
    only = found["mobilenet_v2"]
    assert only["weights"] == "mobilenet_v2-tiny-imagenet-64"
    assert 0 <= only["h_score"] <= 1 and only["leep"] < 0
    assert document["record"]["logme"]["tau"] is None
    _, again, looked_at = tl("hints", *about)
    assert "MobileNetV2" in again and "A hint, not a verdict. No record yet" in again
    assert looked_at == "", "nothing is looked at twice"
    after = json.loads(tl("advise", *about, "--json")[1])
    assert after["facts"]["stronger_than_random"] is only["strong"]


def test_advice_is_readable(tl):
    status, shown, _ = tl("advise", "--dataset", "stripes", "--resolution", "32")
    assert status == 0
    assert "arxiv.org/abs/1811.08883" in shown and "No record yet" in shown


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
    status, _, said = tl(*arguments)
    assert status == 2
    assert words in said and said.count("\n") == 1
