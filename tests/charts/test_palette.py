"""Arm colours can be told apart by everyone and be seen on both page backgrounds."""

import itertools
import tomllib
from pathlib import Path

import numpy as np
import pytest

from tl.charts.palette import ARM_COLOURS, ARM_DASHES, FROZEN_COLOUR, RATE_COLOURS, SOLID, arm_colour

CONFIG = tomllib.loads((Path(__file__).parents[2] / ".streamlit" / "config.toml").read_text())
# Machado et al. 2009, severity 1.0, on linear RGB.
VISION = {
    "usual": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}


def linear(colour: str) -> np.ndarray:
    """(3,) linear RGB, 0..1."""
    value = np.array([int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)])
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def contrast(first: str, second: str) -> float:
    """WCAG contrast ratio."""
    light, dark = sorted((linear(colour) @ [0.2126, 0.7152, 0.0722] for colour in (first, second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def lab(rgb: np.ndarray) -> np.ndarray:
    """(3,) CIE L*a*b* of linear RGB."""
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    x, y, z = np.cbrt(np.maximum(np.array(to_xyz) @ rgb / [0.9505, 1, 1.089], 0.008856))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("colour", ARM_COLOURS)
def test_every_colour_stands_out_from_the_page_in_both_themes(theme, colour):
    assert contrast(colour, CONFIG["theme"][theme]["backgroundColor"]) >= 2.9


@pytest.mark.parametrize("vision", VISION)
def test_the_first_four_colours_differ_with_any_colour_vision(vision):
    seen = [lab(np.clip(np.array(VISION[vision]) @ linear(colour), 0, 1)) for colour in ARM_COLOURS[:4]]
    assert min(np.linalg.norm(one - other) for one, other in itertools.combinations(seen, 2)) > 12


def test_from_the_fifth_arm_on_the_dash_differs_too():
    assert len(ARM_DASHES) == len(ARM_COLOURS) == 8
    assert all(dash == SOLID for dash in ARM_DASHES[:4]) and all(dash != SOLID for dash in ARM_DASHES[4:])


def test_a_position_beyond_the_palette_starts_over():
    assert arm_colour(8) == arm_colour(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("colour", [*RATE_COLOURS, FROZEN_COLOUR])
def test_learning_rates_stand_out_from_the_page_in_both_themes(theme, colour):
    assert contrast(colour, CONFIG["theme"][theme]["backgroundColor"]) >= 1.8


@pytest.mark.parametrize("vision", VISION)
def test_a_higher_learning_rate_is_lighter_and_another_colour_with_any_colour_vision(vision):
    seen = [lab(np.clip(np.array(VISION[vision]) @ linear(colour), 0, 1)) for colour in RATE_COLOURS]
    assert all(high[0] > low[0] + 4 for low, high in itertools.pairwise(seen))
    assert min(np.linalg.norm(one - other) for one, other in itertools.combinations(seen, 2)) > 15


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_of_the_themes_is_readable(theme):
    colours = CONFIG["theme"][theme]
    for name in ("textColor", "linkColor", "greenTextColor", "redTextColor", "orangeTextColor", "grayTextColor"):
        assert contrast(colours[name], colours["backgroundColor"]) >= 4.5, name
    assert contrast("#FFFFFF", colours["primaryColor"]) >= 4.5


def test_the_configuration_fetches_nothing_from_elsewhere_and_binds_to_this_machine():
    text = (Path(__file__).parents[2] / ".streamlit" / "config.toml").read_text()
    assert "http" not in text
    assert CONFIG["server"]["address"] == "127.0.0.1" and CONFIG["browser"]["gatherUsageStats"] is False
    assert CONFIG["server"]["maxUploadSize"] == 500 and ".tl" in CONFIG["server"]["folderWatchBlacklist"]
    assert CONFIG["server"]["fileWatcherType"] == "none", "it goes through all modules for every visitor"
