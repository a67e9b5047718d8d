"""Every word on every page goes through a catalogue: shown in a language made for this test, which puts ⟦ ⟧ around all it knows."""

import re

import pytest

from tests import page_lab, translated
from tests.catalogue import ROOT
from tests.pages.test_inspect_page import brought, compared, info  # noqa: F401 - fixtures
from tl.datasets import describe
from tl.store.home import Home
from tl.ui.compose import network
from tl.ui.parts import header

TEXTS = ("body", "label", "help", "placeholder", "caption", "options", "content", "text", "header", "delta")
INSIDE = re.compile(r"⟦[^⟦⟧]*⟧")
# What stays as it is in every language: names, units, what is typed at a terminal, marks of Markdown.
KNOWN = re.compile(
    r":[a-z_]+/[a-z0-9_]+:|:[a-z-]+\[|\{foreground=[^}]*\}|`[^`]*`|<(style|script)>.*?</\1>|\bhttps?://\S+|"
    r"\b[A-Za-z]*[A-Z0-9_.][A-Za-z0-9_.-]*\b",
    re.DOTALL,
)
WORD = re.compile(r"[a-z]{3,}")
# Of the data of these tests, and of networks' names.
OWN = set(["lab", "blossoms", "evil", "arm", "tada", "english", "tulip", "narrow", "stem", "tiny", "small", "large"])
NAMES = re.compile("^[^⟦⟧]+ · (?=⟦)")  # of a network, before what is said of it
CLASSES = describe(Home(), "blossoms").classes
PAGES = [f"pages/{path.name}" for path in sorted((ROOT / "pages").glob("*.py"))]
OLD_NOTE = "Resumed from epoch 1"  # a sentence of an earlier version, which stays as it is


@pytest.fixture
def bracketed(tmp_path):
    """Chinese, with every sentence in ⟦ ⟧ in place of its translation."""
    network._label.cache_clear()  # kept by language, which is another one here
    with translated.bracketed(tmp_path / "locale"):
        yield
    network._label.cache_clear()


def shown(node) -> list[str]:
    """Every text of a part of a page that a person can read."""
    children = getattr(node, "children", None)
    found = [text for child in (children or {}).values() for text in shown(child)]
    proto = getattr(node, "proto", None)
    return found + (_texts(proto) if proto is not None else [])


def _texts(proto) -> list[str]:
    found = []
    for field, value in getattr(proto, "ListFields", list)():
        if field.type == field.TYPE_MESSAGE:
            inner = value if field.is_repeated else [value]
            found += [text for one in inner if hasattr(one, "ListFields") for text in _texts(one)]
        elif field.type == field.TYPE_STRING and field.name in TEXTS:
            found += list(value) if field.is_repeated else [value]
    return found


def left_over(text: str) -> list[str]:
    """Words of a text that no catalogue knows."""
    text = NAMES.sub("", text)
    while (shorter := INSIDE.sub("", text)) != text:
        text = shorter
    return [word for word in WORD.findall(KNOWN.sub(" ", text).lower()) if word not in OWN]


def foreign(app) -> list[str]:
    """Texts with a word that no catalogue knows, but for the names of the drawn flowers."""
    texts = {text for text in shown(app._tree[0]) + shown(app._tree[1]) if text not in CLASSES and OLD_NOTE not in text}
    return sorted(text for text in texts if left_over(text))


def test_the_form(bracketed, open_page):
    assert not foreign(open_page(lang="zh"))


def test_every_page_is_reached_from_the_head_of_all():
    assert {path for path, _ in header.PAGES.values()} == {"app.py", *PAGES}, "in PAGES of tl/ui/parts/header.py"


@pytest.mark.parametrize("page", PAGES)
def test_a_page_before_anything_ran(bracketed, open_page, page):
    assert not foreign(open_page(page, lang="zh"))


@pytest.mark.parametrize("make", [page_lab.classified, page_lab.failed], ids=["finished", "failed"])
def test_an_experiment(bracketed, open_page, home, make):
    assert not foreign(open_page(experiment=make(home), lang="zh"))


def test_a_sweep(bracketed, open_page, home):
    assert not foreign(open_page("pages/1_Data_size.py", sweep=page_lab.swept(home), lang="zh"))


def test_what_is_inspected(bracketed, open_page, compared):  # noqa: F811
    assert not foreign(open_page("pages/3_Inspect.py", experiment=compared, lang="zh"))


def test_runs(bracketed, open_page, home):
    page_lab.classified(home)
    page_lab.failed(home)
    assert not foreign(open_page("pages/2_Runs.py", lang="zh"))
