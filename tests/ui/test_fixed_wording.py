"""What an arm fixed and broke, in sentences."""

import pytest

from tests.verdict_lab import answers
from tl.analysis.inspection.difference import OverSeeds, difference
from tl.analysis.inspection.mistakes import hardest
from tl.analysis.results import NEW_PICTURES, NO_INTERVAL, THESE_NETWORKS, Interval
from tl.ui.inspect.fixed_wording import over_all, signed, span, totals
from tl.ui.inspect.mistakes import mistakes_sentence


@pytest.mark.parametrize(
    ("number", "words"), [(29, "+29"), (-3, "−3"), (0, "±0"), (29.333, "+29.3"), (1234, "+1,234"), (-0.04, "±0")]
)
def test_differences_have_a_sign(number, words):
    assert signed(number) == words


def test_a_range_over_seeds_is_one_number_where_all_are_alike():
    assert span([38, 45, 40]) == "38 to 45" and span([7, 7]) == "7"


def test_pictures_are_wrong_in_the_networks_that_were_tested_on_them():
    alike = [answers([0, 1, 1]), answers([0, 0, 1])]
    assert mistakes_sentence(hardest(alike, 3), alike, "3 test pictures").startswith(
        "1 of 3 test pictures was answered wrongly by all 2 networks (all arms and seeds), 2 by at least one."
    )
    other = [alike[0], answers([0, 0, 1], pictures=[2, 3, 4])]  # with a test set of its own
    assert mistakes_sentence(hardest(other, 3), other, "5 test pictures").startswith(
        "2 of 5 test pictures were answered wrongly by all networks that were tested on them (of 2, all arms and "
        "seeds), 3 by at least one."
    )


def test_one_picture_says_nothing_of_others():
    said = totals("linear probe", "training from scratch", difference(answers([1]), answers([0])), "1 test picture")
    assert (
        said
        == "Compared with training from scratch, linear probe fixed **1** of 1 test picture and broke **0** (difference **+1**)."
    )


@pytest.mark.parametrize(
    ("net", "end"),
    [
        (
            Interval(29.0, 14.6, 43.2, NEW_PICTURES),
            ", 95 % interval 15 to 43, for other test pictures and other seeds.",
        ),
        (
            Interval(29.0, -4.2, 43.2, THESE_NETWORKS),
            ", 95 % interval −4 to 43, for other test pictures and these networks.",
        ),
        (Interval(29.0, None, None, NO_INTERVAL), "on average."),
    ],
)
def test_over_seeds_it_says_what_the_interval_holds_for(net, end):
    found = OverSeeds(pictures=550, fixed=(38, 45), broken=(9, 14), net=net)
    said = over_all("linear probe", found, "550 test pictures").replace("\u00a0", " ")
    assert said.startswith("Over 2 seeds, linear probe fixed 38 to 45 of 550 test pictures and broke 9 to 14: ")
    assert said.endswith(end)
