"""The READMEs say what is there: their trees match the disk, their tables the registries, their commands the command line.

What must be said may be said in any of them; README.md itself is short, and leads to the others. In other languages it says the same.
"""

import argparse
import re
import shlex
from collections import Counter
from dataclasses import fields
from pathlib import Path

import pytest

from tests.benchmarks.__main__ import BENCHMARKS
from tl.__main__ import parser
from tl.datasets import BUILT_IN
from tl.datasets.intake.layouts import READERS
from tl.hosted.limits import PREFIX, DemoLimits
from tl.jobs.launchers.catalogue import LAUNCHERS
from tl.languages import ENGLISH, LANGUAGES, say, speaking
from tl.sources.cards import BUNDLED_DIR
from tl.store.files import read_json
from tl.strategies import STRATEGIES

ROOT = Path(__file__).resolve().parents[1]
FIRST = ROOT / "README.md"
TREE = ROOT / "tl" / "README.md"
COMMANDS, STRATEGIES_PAGE, DATASETS_PAGE = (ROOT / "tl" / room / "README.md" for room in ("cli", "train", "datasets"))
READERS_PACKAGE = "tl/datasets/intake/layouts"
PAGES = [FIRST, *(path for top in ("tl", "tests") for path in sorted((ROOT / top).rglob("README.md")))]
TRANSLATIONS = sorted((ROOT / ".github").glob("README.*.md"))  # of FIRST: README.LANGUAGE.md
LINKED = [*PAGES, *TRANSLATIONS, ROOT / ".github" / "CONTRIBUTING.md"]
ALL = "\n".join(path.read_text() for path in PAGES)
MOST_LINES, WIDEST = 150, 160  # of README.md; a table's line may be wider
PRETRAIN = ROOT / "tl" / "train" / "pretrain.py"  # its options are the trainer's own: torch stays out of the parser
OTHERS_VARIABLES = {"PATH", "PYTHONPATH", "HOME", "XDG_CACHE_HOME", "PYTHONUNBUFFERED"}  # not ours to explain


def names(page: Path) -> str:
    return str(page.relative_to(ROOT))


def commands() -> dict[str, argparse.ArgumentParser]:
    (action,) = (action for action in parser()._actions if isinstance(action, argparse._SubParsersAction))
    return dict(action.choices)


def options() -> set[str]:
    shown = {word for command in commands().values() for action in command._actions for word in action.option_strings}
    return {word for word in shown if word.startswith("--")} | set(re.findall(r'"(--[a-z-]+)"', PRETRAIN.read_text()))


def variables() -> set[str]:
    """Of the environment: what the code, the benchmarks and the tests look up, by how it is spelt there."""
    found = {PREFIX + limit.name.upper() for limit in fields(DemoLimits)}
    for top in ("tl", "tests"):
        for path in (ROOT / top).rglob("*.py"):
            text = path.read_text()
            found |= set(re.findall(r'(?:environ\.get|getenv)\("([A-Z_0-9]+)"', text))
            if top == "tl" or "benchmarks" in path.parts:
                found |= set(re.findall(r'"(TL_[A-Z_0-9]+[A-Z0-9])"', text))
    return found - OTHERS_VARIABLES


def table(first_cells: set[str]) -> dict[str, str]:
    """Rows of the READMEs' tables whose first cell is one of these names in backticks: name -> second cell."""
    rows = re.findall(r"^\| `([^`]+)` \| (.*?) \|", ALL, re.MULTILINE)
    return {name: cell for name, cell in rows if name in first_cells}


def anchors(page: Path) -> set[str]:
    """What a link to a heading ends with, as GitHub makes it."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(page: Path) -> list[str]:
    found = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    return [link for link in found if not re.match(r"[a-z]+:", link)]


def language_of(page: Path) -> str:
    return page.name.split(".")[1]


def said(page: Path) -> dict[str, Counter[str] | list[list[str]]]:
    """What a README has in whatever language it is written."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    tables = re.findall(r"(?:^\|.*\n)+", prose, re.MULTILINE)
    drawn = re.compile(r"[a-z_]+(?:[./][a-z_]+)+")  # names in a drawing, the rest of which is words
    between = {str(other) for other in (FIRST, *TRANSLATIONS)}  # from one language to another
    targets = [(link.startswith("#"), str((page.parent / link).resolve())) for link in links(page)]
    return {
        "headings": [re.findall(r"^#+", prose, re.MULTILINE)],
        "code": [[line.partition(" #")[0].rstrip() for line in block.splitlines()] for kind, block in blocks if kind],
        "drawings": [
            [" ".join(sorted(drawn.findall(line))) for line in block.splitlines()] for kind, block in blocks if not kind
        ],
        "cells of tables": [["|" * line.count("|") for line in table.splitlines()] for table in tables],
        "links": Counter("#" if own else target for own, target in targets if target not in between),
        "names": Counter(re.findall(r"`([^`\n]+)`", prose)),
        "numbers": Counter(re.findall(r"\d[\d.,]*\d", prose)),
    }


def named() -> set[str]:
    """What README.md names as it stands on the page, in italics or as a table's bold cell."""
    text = FIRST.read_text(encoding="utf-8")
    cells = re.findall(r"^\|([^|]+)\|", text, re.MULTILINE)
    found = re.findall(r"(?<!\*)\*([^*\n]+)\*(?!\*)", text)
    return {*found, *(bold for cell in cells for bold in re.findall(r"\*\*(.+?)\*\*", cell))}


def test_the_first_page_and_its_translations_lead_to_each_other() -> None:
    assert {language_of(page) for page in TRANSLATIONS} == LANGUAGES.keys() - {ENGLISH}, (
        "each language has its .github/README.LANGUAGE.md"
    )
    for page in TRANSLATIONS:
        assert f"[{LANGUAGES[language_of(page)]}]({page.relative_to(ROOT)})" in FIRST.read_text(encoding="utf-8")
        assert f"[{LANGUAGES[ENGLISH]}](../{FIRST.name})" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", TRANSLATIONS, ids=names)
def test_a_translation_of_the_first_page_has_all_that_it_has(page: Path) -> None:
    first, other = said(FIRST), said(page)
    for part, expected in first.items():
        assert other[part] == expected, part


@pytest.mark.parametrize("page", TRANSLATIONS, ids=names)
def test_a_translation_of_the_first_page_names_what_is_on_the_page_as_the_page_does(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert {"Quick look", "Use these pictures", "Helps"} <= named()
    with speaking(language_of(page)):
        missing = {english: word for english in named() if (word := str(say(english))) not in text and word != english}
    assert not missing


def test_the_first_page_is_short() -> None:
    lines = FIRST.read_text().splitlines()
    assert len(lines) <= MOST_LINES
    assert not [line for line in lines if len(line) > WIDEST and not line.startswith("|")]


@pytest.mark.parametrize("page", LINKED, ids=names)
def test_every_link_leads_to_something(page: Path) -> None:
    for link in links(page):
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        assert target.exists(), f"{link} leads nowhere"
        if anchor:
            assert anchor in anchors(target), f"{link}: no such heading"


def test_the_first_page_leads_to_every_other() -> None:
    reached = {(page.parent / link.partition("#")[0]).resolve() for page in (FIRST, TREE) for link in links(page)}
    assert set(PAGES[1:]) <= reached


def test_the_first_page_names_the_command_of_continuous_integration() -> None:
    called = (ROOT / ".ci" / "run").read_text().splitlines()[-1]
    blocks = re.findall(r"^## Test\n+```sh\n(.*?)\n```", FIRST.read_text(), re.MULTILINE | re.DOTALL)
    assert blocks == [called]


def test_the_tree_names_every_part_and_nothing_else() -> None:
    tree = TREE.read_text().split("## Rooms")[1].split("```")[1]
    folders, named = {0: ROOT}, set()
    for line in tree.strip("\n").split("\n"):
        depth = (len(line) - len(line.lstrip())) // 4
        path = folders[depth] / line.split()[0].rstrip("/")
        assert path.exists(), f"{path} is in the tree but not on the disk"
        folders[depth + 1] = path
        named.add(path)
    parts = {path for path in (ROOT / "tl").iterdir() if path.name not in ("__init__.py", "__main__.py", "__pycache__")}
    assert parts | set((ROOT / "pages").glob("*.py")) <= named, f"the tree of {names(TREE)} lacks a part or a page"


def places(page: Path) -> dict[str, set[str]]:
    """A page's "where does a new ... go?": what is new -> the files and folders of code that its row names."""
    text = page.read_text(encoding="utf-8")
    ((table, _),) = re.findall(r"^\| new \| where \|\n\|---\|---\|\n((\|.*\n)+)", text, re.MULTILINE)
    rows = re.findall(r"^\| (.+?) \| (.+) \|$", table, re.MULTILINE)
    return {new: set(re.findall(r"`((?:tl|pages)/[\w/]*(?:\.py)?)`", where)) for new, where in rows}


def test_the_first_page_says_where_a_new_thing_goes_as_the_table_of_all_does() -> None:
    """A row of README.md may stand for several there: "data set" for one that is downloaded and one that is drawn."""
    every = places(TREE)
    for new, where in places(FIRST).items():
        rows = [named for row, named in every.items() if row.startswith(new)]
        assert rows and where == set().union(*rows), f"{new}: {names(FIRST)} and {names(TREE)} name other places"


def test_the_strategies_are_those_of_the_table() -> None:
    assert table(set(STRATEGIES)) == {name: strategy.sentence_for() for name, strategy in STRATEGIES.items()}, (
        f"{names(STRATEGIES_PAGE)} has a row for every strategy, which says what the page says"
    )


def test_every_built_in_data_set_is_described() -> None:
    assert set(table(set(BUILT_IN))) == set(BUILT_IN), f"{names(DATASETS_PAGE)} has a row for every data set"


def test_every_launcher_is_described() -> None:
    assert set(table(set(LAUNCHERS))) == set(LAUNCHERS), "tl/jobs/README.md has a row for every launcher"


def test_every_reader_of_uploads_is_described() -> None:
    files = {path.stem for path in (ROOT / READERS_PACKAGE).glob("*.py") if "\ndef readings(" in path.read_text()}
    assert files == {reader.__name__.rpartition(".")[2] for reader in READERS.values()}, (
        f"a file of {READERS_PACKAGE} with readings() stands in READERS of its __init__.py"
    )
    rows = set(re.findall(r"^\| ([a-z ]+) \|", DATASETS_PAGE.read_text(), re.MULTILINE))
    assert READERS.keys() <= rows, f"{names(DATASETS_PAGE)} has a row for every reader"


def test_every_command_shown_exists_and_every_command_is_shown() -> None:
    shown = set(re.findall(r"python -m tl ([a-z][a-z-]*)", ALL))
    assert shown == set(commands()), f"{names(COMMANDS)} shows every command"
    for command, options in commands().items():
        given = ["x" for action in options._actions if not action.option_strings and action.required]
        assert command == "pretrain" or parser().parse_args([command, *given])


def examples() -> list[str]:
    """Commands as they stand in the READMEs, without their comments."""
    lines = re.findall(r"^(?:\.venv/bin/)?python -m tl (?!pretrain)([^#\n`]+)", ALL, re.MULTILINE)
    return sorted({line.strip() for line in lines if "COMMAND" not in line})


@pytest.mark.parametrize("example", examples())
def test_every_command_shown_can_be_typed(example: str) -> None:
    """Its options exist and its values are of their kind; what it would do is the tests of the command line."""
    assert parser().parse_args(shlex.split(example)).run


def test_every_option_is_documented() -> None:
    missing = {option for option in options() if not re.search(rf"{option}(?![a-z-])", ALL)}
    assert not missing


def test_every_variable_of_the_environment_is_documented() -> None:
    assert {"TL_HOME", "TL_DEBUG", "KILLS", "TL_LIMIT_EPOCHS"} <= variables()
    missing = {name for name in variables() if not re.search(rf"\b{name}\b", ALL)}
    assert not missing


def test_the_bundled_weights_are_those_of_their_card() -> None:
    cards = sorted(BUNDLED_DIR.glob("*.json"))
    assert cards
    for path in cards:
        card = read_json(path)
        assert f"{card['accuracy']:.1%}".replace("%", " %") in ALL
        assert f"`{path.stem}`" in ALL


def test_the_limits_of_a_hosted_demo_are_those_that_hold() -> None:
    expected = {PREFIX + limit.name.upper(): f"{limit.default:,}" for limit in fields(DemoLimits)}
    assert table(set(expected)) == expected


def test_every_benchmark_is_told_and_every_one_told_exists() -> None:
    named = {
        name for line in re.findall(r"python -m tests\.benchmarks((?: [a-z0-9_]+)+)", ALL) for name in line.split()
    }
    assert named and named <= set(BENCHMARKS)
    page = (ROOT / "tests" / "README.md").read_text()
    assert not [name for name in BENCHMARKS if f"`{name}`" not in page]


@pytest.mark.parametrize("page", LINKED, ids=names)
def test_every_file_named_is_there(page: Path) -> None:
    """Files of the project by their path from its root, such as a table's tests."""
    for name in re.findall(r"`((?:tl|tests|pages)/[\w./-]+\.\w+)`", page.read_text(encoding="utf-8")):
        assert (ROOT / name).exists(), f"{name} is not there"
