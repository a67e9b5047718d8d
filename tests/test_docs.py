"""The README says what is there: its tree matches the disk, its tables the registries, its commands the command line."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from tl.__main__ import parser
from tl.datasets import BUILT_IN
from tl.limits import PREFIX, Limits
from tl.pretrained import BUNDLED_DIR
from tl.store.files import read_json
from tl.strategies import STRATEGIES

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_the_tree_names_every_part_and_nothing_else():
    tree = README.split("## How it is built")[1].split("```")[1]
    folders, named = {0: ROOT}, set()
    for line in tree.strip("\n").split("\n"):
        depth = (len(line) - len(line.lstrip())) // 4
        path = folders[depth] / line.split()[0].rstrip("/")
        assert path.exists(), f"{path} is in the README's tree but not on the disk"
        folders[depth + 1] = path
        named.add(path)
    parts = {path for path in (ROOT / "tl").iterdir() if path.name not in ("__init__.py", "__main__.py", "__pycache__")}
    assert parts | set((ROOT / "pages").glob("*.py")) <= named


def table(first_cells: set[str]) -> dict[str, str]:
    """Rows of the README's tables whose first cell is one of these names in backticks: name -> second cell."""
    rows = re.findall(r"^\| `([^`]+)` \| (.*?) \|", README, re.MULTILINE)
    return {name: cell for name, cell in rows if name in first_cells}


def test_the_strategies_are_those_of_the_table():
    assert table(set(STRATEGIES)) == {name: strategy.sentence for name, strategy in STRATEGIES.items()}


def test_every_built_in_data_set_is_described():
    assert set(table(set(BUILT_IN))) == set(BUILT_IN)


GIVEN = (
    "ingest",
    "settle",
    "add-seeds",
    "stop",
    "resume",
    "report",
    "export",
    "import",
)  # commands that take something without a dash


@pytest.mark.parametrize("command", sorted(set(re.findall(r"python -m tl ([a-z-]+)", README))))
def test_every_command_shown_exists(command):
    if command != "pretrain":  # its options are the trainer's own
        assert parser().parse_args([command, *(["x"] if command in GIVEN else [])])


def test_the_bundled_weights_are_those_of_their_card():
    cards = sorted(BUNDLED_DIR.glob("*.json"))
    assert cards
    for path in cards:
        card = read_json(path)
        assert f"{card['accuracy']:.1%}".replace("%", " %") in README
        assert f"`{path.stem}`" in README


def test_the_limits_of_a_hosted_demo_are_those_that_hold():
    expected = {PREFIX + limit.name.upper(): f"{limit.metadata['default']:,}" for limit in fields(Limits)}
    assert table(set(expected)) == expected
