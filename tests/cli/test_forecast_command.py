"""`python -m tl forecast`: one sentence for a mistake, sentences for people, one document for programs."""

import json

import numpy as np
import pytest

from tests import page_lab
from tests.cli.commands import main
from tests.forecast_lab import curve, power
from tl.analysis.forecasts import question as questions
from tl.config import Training
from tl.store.home import Home


@pytest.fixture(autouse=True)
def nothing_downloaded(tmp_path, monkeypatch):
    """Only bundled weights, whatever this computer has in its cache."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("forecast --target 0", "target is 0"),
        ("forecast --target 1.5", "target is 1.5; it must be an accuracy between 0 and 1"),
        ("forecast --target many", "--target"),
        ("forecast --dataset roses", "no data set 'roses'"),
        ("forecast --dataset ../x", "There is no data set"),
        ("forecast --backbone alexnet", "backbone is 'alexnet'"),
        ("forecast --backbone resnet18", "are not on this computer"),
        ("forecast --weights mine", "no pretrained weights 'mine'"),
        ("forecast --resolution 63", "resolution is 63"),
        ("forecast --sweep x", "no sweep 'x'"),
    ],
)
def test_a_mistake_is_answered_with_one_sentence(capsys, home, arguments, words):
    status, stdout, stderr = main(capsys, home, *arguments.split())
    assert (status, stdout) == (2, "")
    assert words in stderr and stderr.count("\n") == 1


def measured(home) -> None:
    """The probe's curve on blossoms, as if it had been measured."""
    asked = questions.question(Home(home), Training(dataset="blossoms"))
    questions.keep_curve(Home(home), asked, curve(power(2.0, 0.4, 0.02)))


def test_what_is_known_is_said_in_sentences_with_the_way_to_learn_more(capsys, home):
    measured(home)
    status, stdout, _ = main(capsys, home, "forecast", "--target", "0.8")
    assert status == 0
    assert stdout.startswith("A linear probe already reaches 80 %, with ")
    assert "python -m tl sweep --dataset blossoms --backbone mobilenet_v2" in stdout
    assert "No record yet" in stdout


def test_one_document_with_codes_and_values_and_it_is_kept(capsys, home):
    measured(home)
    status, stdout, _ = main(capsys, home, "forecast", "--target", "0.9", "--json")
    document = json.loads(stdout)
    assert status == 0 and stdout.count("\n") == 1
    [arm] = document["arms"]
    assert (arm["strategy"], arm["basis"], arm["there"], arm["largest"]) == ("linear_probe", "features", 50_000, 800)
    assert arm["more"] == 0 and arm["refused"] is None and "should be enough" in document["text"]
    assert document["record"] == {"right": 0, "decided": 0, "waiting": 1}
    assert len(list(Home(home).forecasts_dir.iterdir())) == 1


def test_a_sweep_of_the_same_settings_tells_of_the_other_arms(capsys, home):
    measured(home)
    sweep_id = page_lab.swept(Home(home))
    _, stdout, _ = main(capsys, home, "forecast", "--target", "0.9", "--json")
    document = json.loads(stdout)
    assert document["sweep_id"] == sweep_id
    assert [arm["basis"] for arm in document["arms"]] == ["features", "sweep", "sweep"]
    assert document["arms"][1]["curve"]["sizes"] == list(page_lab.SIZES)
    np.testing.assert_allclose(document["arms"][1]["now"]["mean"], 0.663)
    given = main(capsys, home, "forecast", "--sweep", sweep_id, "--json")
    assert given[0] == 0 and json.loads(given[1])["sweep_id"] == sweep_id
    status, _, stderr = main(capsys, home, "forecast", "--sweep", sweep_id, "--resolution", "32")
    assert status == 2 and "at 64 px" in stderr and stderr.count("\n") == 1


def test_what_can_not_be_measured_is_one_sentence(capsys, home, monkeypatch):
    monkeypatch.setattr(
        "tl.jobs.measurements.features.COMMAND", ("python3", "-c", "raise SystemExit('The pictures are gone.')")
    )
    status, stdout, stderr = main(capsys, home, "forecast")
    assert (status, stdout) == (2, "") and stderr.splitlines()[-1] == "The pictures are gone."
