"""Names of arms where a sentence needs a noun."""

import pytest

from tl.analysis.names import beginning, inside, noun


@pytest.mark.parametrize(
    ("name", "as_noun"),
    [
        ("scratch", "training from scratch"),
        ("From scratch, 128 px", "training from scratch (128 px)"),
        ("full_finetuning", "full fine-tuning"),
        ("from camera A", "training from camera A"),  # as a person called it
        ("my own way", "my own way"),
    ],
)
def test_an_arm_as_a_noun(name, as_noun):
    assert noun(name) == as_noun


def test_an_arm_within_a_sentence_and_where_one_begins():
    assert (inside("linear_probe"), beginning("linear_probe")) == ("linear probe", "Linear probe")
    assert (inside("my own way"), beginning("my own way")) == ("my own way", "My own way")
    both = "Linear probe, EfficientNet-Lite0, 128 px"
    assert inside(both) == "linear probe (EfficientNet-Lite0, 128 px)"
    assert beginning(both) == "Linear probe (EfficientNet-Lite0, 128 px)"
