"""Libraries with known holes are at least of the version that closed them, installed and pinned."""

import re
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.version import Version

FLOORS = {  # what reads a stranger's bytes -> first version without the holes known when this was written
    "starlette": "1.3.1",
    "python-multipart": "0.0.27",
    "pillow": "12.3",
    "torch": "2.10",
}
PINNED = dict(
    re.findall(r"^([a-z0-9-]+)==(\S+)$", (Path(__file__).parents[1] / "requirements.txt").read_text(), re.MULTILINE)
)


@pytest.mark.parametrize("library", FLOORS)
def test_no_library_is_older_than_its_last_hole(library):
    for found in (version(library), PINNED[library]):
        assert Version(found) >= Version(FLOORS[library]), f"{library} {found} has known holes"


@pytest.mark.parametrize("library", PINNED)
def test_what_is_installed_is_what_is_pinned(library):
    assert Version(version(library)).public == Version(PINNED[library]).public
