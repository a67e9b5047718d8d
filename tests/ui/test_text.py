"""Text from users is shown letter by letter; numbers read like a person says them."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.payloads import PAYLOADS
from tl import words
from tl.ui.parts import text

ATTACKS = [
    *PAYLOADS,
    "**bold** _it_ ~~s~~ `code`",
    "<script>alert(1)</script>",
    "[x](http://evil.example)",
    "![](http://evil.example/p.png)",
    "# heading",
    "- list",
    "1. list",
    "    code",
    "| a | b |",
    ":red[red] :material/home: :tada:",
    "$x^2$ and $$y$$",
    "line\n\n# break",
    "\\*already escaped\\*",
    "&lt;b&gt;",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_every_sign_with_a_meaning_in_markdown_is_escaped(attack):
    shown = text.escape(attack)
    assert "\n" not in shown and not shown.startswith(" ")
    bare = re.sub(r"\\[!-/:-@\[-`{-~]", "", shown.replace(text.BREAK, ""))
    assert not re.search(r"[!-/:-@\[-`{-~]", bare), bare


@pytest.mark.parametrize("attack", ATTACKS)
def test_taking_the_escapes_away_gives_the_text_back(attack):
    back = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text.escape(attack).replace(text.BREAK, ""))
    assert back == words.plain(attack)


BARE = re.compile(r"\\[!-/:-@\[-`{-~]")  # an escaped sign
SIGNS = st.sampled_from("\\`*_{}[]<>()#+-.!|~:$@&=/\"' \t\n\r\x00\u202e\u200b\u2060\ud800aw1é花")
ANYTHING = st.text() | st.lists(SIGNS).map("".join) | st.lists(st.sampled_from(PAYLOADS)).map("".join)


@settings(max_examples=300, deadline=None, database=None)
@given(ANYTHING)
def test_whatever_is_given_no_sign_is_left_bare_nothing_is_hidden_and_nothing_is_lost(given):
    shown = text.escape(given)
    assert not re.search(r"[!-/:-@\[-`{-~]", BARE.sub("", shown.replace(text.BREAK, "")))
    assert shown == shown.strip()
    assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2060-\u2069\u200b\ufeff\ud800-\udfff]", shown)
    shown.encode()  # a lone half of a sign could not be sent to the browser
    assert re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", shown.replace(text.BREAK, "")) == words.plain(given)
    assert words.plain(words.plain(given)) == words.plain(given)


@pytest.mark.parametrize("formula", ["=cmd|' /C calc'!A0", "+1+1", "-1-1", "@SUM(1)", "\t=1+1", "\u200b=1+1", " =1+1"])
def test_no_spreadsheet_takes_a_name_in_a_table_for_a_formula(formula):
    assert words.cell(formula).startswith("'") and words.cell(formula)[1:] == words.plain(formula)
    assert words.cell("rose = red") == "rose = red"


@pytest.mark.parametrize(
    "code", [":tada:", ":material/home:", "https://evil.example", "www.evil.example", "a@b.example"]
)
def test_codes_and_links_that_a_backslash_does_not_stop_are_broken_by_what_nobody_copies(code):
    shown = text.escape(code)
    assert text.BREAK in shown
    assert not re.search("[\u2060-\u2064\u200b-\u200d\ufeff]", shown)


def test_control_characters_and_direction_overrides_are_dropped():
    assert words.plain("a\x00b\u202ec\u2028d\x1b[31m") == "a b c d [31m"


def test_no_line_ends_between_a_number_and_its_sign():
    assert text.unbroken("64.4 % against 17.6 %)") == "64\\.4\u00a0\\% against 17\\.6\u00a0\\%\\)"


def test_ordinary_names_stay_readable():
    assert text.escape("Löwenzahn 2") == "Löwenzahn 2"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.4, "0.4 s"), (12.4, "12 s"), (60, "1 min"), (80, "1 min 20 s"), (3000, "50 min"), (7500, "2 h 5 min")],
)
def test_durations(seconds, shown):
    assert words.duration(seconds) == shown


@pytest.mark.parametrize(("value", "shown"), [(1e-3, "1e-3"), (1e-4, "1e-4"), (2.5e-5, "2.5e-5"), (0.05, "0.05")])
def test_learning_rates(value, shown):
    assert words.rate(value) == shown


def test_what_is_not_known_is_said_and_never_zero():
    for show in (words.count, words.percent, words.points, words.duration, words.memory, words.energy, words.rate):
        assert show(None) == "not available"


def test_differences_carry_their_sign():
    assert [words.points(value) for value in (0.17, -0.021, 0.0001)] == ["+17.0 points", "−2.1 points", "±0.0 points"]


def test_places_in_a_queue_are_said_as_people_say_them():
    said = [words.ordinal(number) for number in (1, 2, 3, 4, 11, 12, 13, 21, 102, 111)]
    assert said == ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "102nd", "111th"]


def test_sizes_clocks_and_ages():
    assert [words.memory(size) for size in (512e6, 999.6e6, 1.5e9)] == ["512 MB", "1.0 GB", "1.5 GB"]
    assert words.clock(80) == "1:20" and words.clock(3725) == "1:02:05"
    assert [words.ago(age) for age in (3, 300, 7200, 86400, 200000)] == [
        "just now",
        "5 min ago",
        "2 h ago",
        "1 day ago",
        "2 days ago",
    ]
    assert words.energy(120) == "120 J" and words.energy(3200) == "3.2 kJ"
    assert words.millions(3_504_872) == "3.5 million" and words.millions(500) == "500"


@pytest.mark.parametrize(
    ("said", "first", "rest"),
    [
        (
            "Transfer helps: +3.5 points. It began well. So it is.",
            "Transfer helps: +3.5 points.",
            "It began well. So it is.",
        ),
        ("From scratch helps. “probe” had no fair chance.", "From scratch helps.", "“probe” had no fair chance."),
        (
            "迁移有帮助：+3.5 个百分点。MobileNetV2 学得好。就这样。",
            "迁移有帮助：+3.5 个百分点。",
            "MobileNetV2 学得好。就这样。",
        ),
        ("没有可比较的。", "没有可比较的。", ""),
        ("Nothing to compare.", "Nothing to compare.", ""),
    ],
)
def test_the_first_sentence_ends_at_a_full_stop_of_either_kind(said, first, rest):
    assert text.first_sentence(said) == (first, rest)
