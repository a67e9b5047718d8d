"""An arm's colour and dash, by its position in the experiment: the same in every chart, light and dark, for good."""

# Told apart with any common colour blindness, and at least 3:1 against the light and the dark page background.
ARM_COLOURS = ("#DC7430", "#2F7DD1", "#12876F", "#C04A9B", "#8C79E0", "#9A8420", "#64798A", "#B23A3A")
# No dash of one pixel without a gap: a printer draws every pixel of such a line by itself (a report of 1.1 MB, not 0.1).
SOLID: list[int] = []
# From the fifth arm on colour alone is not enough.
ARM_DASHES = (SOLID, SOLID, SOLID, SOLID, [7, 3], [7, 3], [2, 3], [2, 3])
# Learning rates from low to high: from blue to yellow for common colour blindness, from dark to light for any.
RATE_COLOURS = ("#3946C2", "#A05FD3", "#F4768A", "#F2AE33")
FROZEN_COLOUR = "#8B929B"


def arm_colour(position: int) -> str:
    """Hex colour of the arm at `position` (from 0)."""
    return ARM_COLOURS[position % len(ARM_COLOURS)]


def arm_dash(position: int) -> list[int]:
    """Dash pattern (on, off, pixels) of the arm at `position` (from 0)."""
    return ARM_DASHES[position % len(ARM_DASHES)]
