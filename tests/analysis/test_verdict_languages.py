"""Every kind of sentence that a verdict may say, in English and in Chinese: a page that shows both side by side.

TL_VERDICT_SENTENCES=FILE keeps the page.
"""

import html
import os
import re
from pathlib import Path

import pytest

from tests.learning_sentences_lab import at_chance, ends, guessing, measures, moved, times
from tests.sentences_lab import PARTS, each_of
from tl.analysis.fairness_wording import already_said
from tl.languages import ENGLISH, english, reworded, speaking
from tl.strategies import STRATEGIES

CHINESE = "zh"
# What stays as it is in every language: names of networks, data sets, devices and papers, and those that people gave.
VALUES = re.compile(
    r"Tiny ImageNet|from nothing|NVIDIA B|Transfer Learning Library|Keller Jordan|scratch, full_finetuning"
)
ENGLISH_WORDS = re.compile(r"[A-Za-z]{2,}[,;:.]? +\(?[A-Za-z]{2,}")
PAGE = (
    "<!DOCTYPE html><meta charset=utf-8><title>What a verdict may say</title><style>"
    "body {font: 16px/1.5 sans-serif; margin: 2em} td {padding: .4em .8em; vertical-align: top; border-top: 1px solid #ccc}"
    "td {width: 50%} h2 {margin-top: 2em}</style><h1>What a verdict may say</h1>"
)


@pytest.fixture(scope="module")
def spoken() -> dict[str, dict[str, str]]:
    """Part -> what it says in English -> the same said again in Chinese."""
    found: dict[str, dict[str, str]] = {}
    for part in PARTS:
        with speaking(ENGLISH):
            sentences = [sentence for _, say in part() for sentence in each_of(say())]
        with speaking(CHINESE):
            found[part.__doc__] = {str.__str__(each): str.__str__(reworded(each)) for each in sentences}
    return found


def test_chinese_has_no_english_left_but_values(spoken):
    pairs = [pair for part in spoken.values() for pair in part.items()]
    assert len(pairs) > 900
    left = [pair for pair in pairs if ENGLISH_WORDS.search(VALUES.sub("X", pair[1]))]
    assert not left, left[:20]


def test_english_and_chinese_can_be_read_side_by_side(spoken, tmp_path):
    parts = []
    for title, pairs in spoken.items():
        rows = "".join(f"<tr><td>{html.escape(one)}<td>{html.escape(two)}" for one, two in pairs.items())
        parts.append(f"<h2>{html.escape(title)}</h2><table>{rows}</table>")
    pages = [tmp_path / "verdict-sentences.html", os.environ.get("TL_VERDICT_SENTENCES")]
    for page in filter(None, pages):
        Path(page).write_text(PAGE + "".join(parts), encoding="utf-8")
    assert pages[0].read_text(encoding="utf-8").count("<tr>") == sum(map(len, spoken.values()))


@pytest.mark.parametrize("part", [ends, measures, guessing, times])
def test_what_is_said_in_one_language_can_be_said_again_in_another(part):
    for what, say in part():
        with speaking(ENGLISH):
            first = each_of(say())
        with speaking(CHINESE):
            own = each_of(say())
            assert [str.__str__(reworded(each)).casefold() for each in first] == [
                str.__str__(each).casefold() for each in own
            ], what
        assert [english(each).casefold() for each in own] == [str.__str__(each).casefold() for each in first], what


@pytest.mark.parametrize("numbers", [(10, 10, 11), (10, 80, 12), (10, 80), (10, 16)])
def test_what_the_text_tells_of_an_arm_is_known_in_every_language(numbers):
    found = at_chance(*numbers)
    known = [already_said(found, name) for name in found.summary]
    with speaking(CHINESE):
        there = at_chance(*numbers)
        assert (
            [already_said(there, name) for name in there.summary]
            == known
            == [already_said(found, name) for name in found.summary]
        )
        assert already_said(moved(12, 80, own=0.7), "source_only")


def test_every_strategy_has_a_name_for_the_middle_of_a_sentence():
    for strategy in STRATEGIES.values():
        assert strategy.inside == strategy.title[0].lower() + strategy.title[1:]
        assert (strategy.short or strategy.inside) == strategy.inside.partition(" (")[0]
