"""Libraries with known holes are at least of the version that closed them, installed and pinned; what a trainer needs
is told where machines that only train are."""

import ast
import re
import sys
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
ROOT = Path(__file__).parents[1]
FILES = (ROOT / "requirements.txt", ROOT / "tl" / "train" / "onnx-requirements.txt")
TEXT = "\n".join(path.read_text() for path in FILES)
PINNED = dict(re.findall(r"^([a-z0-9-]+)==(\S+)$", TEXT, re.MULTILINE))
# What a run needs of TL Lab (tests/test_arrows.py): no page, no analysis. Import names of libraries that differ.
OF_A_RUN = ("train", "datasets", "decoding", "store", "*.py")
LIBRARIES = {"PIL": "pillow", "pillow_heif": "pillow-heif", "pynvml": "nvidia-ml-py"}


@pytest.mark.parametrize("library", FLOORS)
def test_no_library_is_older_than_its_last_hole(library: str) -> None:
    for found in (version(library), PINNED[library]):
        assert Version(found) >= Version(FLOORS[library]), f"{library} {found} has known holes"


@pytest.mark.parametrize("library", PINNED)
def test_what_is_installed_is_what_is_pinned(library: str) -> None:
    assert Version(version(library)).public == Version(PINNED[library]).public


def imported(path: Path) -> set[str]:
    """Libraries that a file imports, anywhere in it: their first names, none of Python's own or ours."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])
    return found - sys.stdlib_module_names - {"tl"}


def test_what_a_machine_that_only_trains_needs_is_said() -> None:
    paths = [path for room in OF_A_RUN for path in (ROOT / "tl").glob(room if room == "*.py" else f"{room}/**/*.py")]
    needed = {LIBRARIES.get(name, name) for path in paths for name in imported(path)}
    said = (ROOT / "tl" / "train" / "README.md").read_text().split("## A machine that only trains")[1]
    assert {name for name in PINNED if re.search(rf"\b{name}\b", said)} == needed
