"""What is said is worded in the reader's language, is stored as what was said, and is complete in every language."""

import json
import pickle
import threading
from string import Formatter

import pytest

from tests import catalogue, translated
from tl import languages
from tl.__main__ import language_of
from tl.config import Refused
from tl.languages import (
    commas,
    either,
    english,
    joined,
    listed,
    plural,
    read_sentence,
    say,
    semicolons,
    speaking,
    store_sentence,
)
from tl.typesetting import filled
from tl.words import duration, number_of, points

OTHERS = sorted(languages.LANGUAGES.keys() - {languages.ENGLISH})
CHINESE = {
    "{arm} did best.": "{arm}表现最好。",
    "Try again.": "请重试。",
    "{number} seed": "{number} 个种子",
    "{sentence} {next}": "{sentence}{next}",
    "{list} and {last}": "{list}和{last}",
    "{list}, {item}": "{list}、{item}",
}

PATTERNS = {  # said without values, which are put in elsewhere
    ("tl/cli/watch.py", "{n:.1f}/{total} epochs"),
    ("tl/charts/times.py", "{hours} h {minutes} min"),
    ("tl/charts/times.py", "{hours} h"),
    ("tl/charts/times.py", "{seconds} s"),
}


@pytest.fixture
def chinese(tmp_path):
    """A small catalogue of its own, so that the tests don't hang on wording."""
    with translated.chinese(tmp_path, {(one, f"{one}s") if "seed" in one else one: CHINESE[one] for one in CHINESE}):
        yield


def in_chinese(work):
    with speaking("zh"):
        return work()


def test_a_sentence_is_said_in_the_language_of_whoever_reads(chinese):
    assert say("{arm} did best.", arm="A") == "A did best."
    assert in_chinese(lambda: say("{arm} did best.", arm="A")) == "A 表现最好。"


def test_a_number_has_its_noun_in_the_right_number(chinese):
    assert [plural("{number} seed", "{number} seeds", number) for number in (1, 2)] == ["1 seed", "2 seeds"]
    assert plural("{number} seed", "{number} seeds", 1.5) == "1.5 seeds"
    assert in_chinese(lambda: plural("{number} seed", "{number} seeds", 2)) == "2 个种子"


def test_between_two_sentences_stands_what_the_language_has_there(chinese):
    def both():
        return joined([say("{arm} did best.", arm="A"), None, "", say("Try again.")])

    assert both() == "A did best. Try again."
    assert in_chinese(both) == "A 表现最好。请重试。"


@pytest.mark.parametrize(
    ("items", "text", "translated"), [("a", "a", "a"), ("ab", "a and b", "a 和 b"), ("abc", "a, b and c", "a、b 和 c")]
)
def test_a_list_is_joined_as_the_language_does_it(chinese, items, text, translated):
    assert listed(items) == text
    assert in_chinese(lambda: listed(items)) == translated


@pytest.mark.parametrize(
    ("form", "value", "text"),
    [
        ("{x}已收敛。", "mine", "mine 已收敛。"),
        ("{x}已收敛。", "全量微调", "全量微调已收敛。"),
        ("在 {x} 之后", "第 2 轮", "在第 2 轮之后"),
        ("在 {x} 之后", "epoch 2", "在 epoch 2 之后"),
        ("从 {x} 迁移", "blossoms（绘制）", "从 blossoms（绘制）迁移"),
        ("共 {x:,} 张", 1000, "共 1,000 张"),
        ("共{x:.1f}分", 1.25, "共 1.2 分"),
        ("类别“{x}”", "花2", "类别“花2”"),
        ("{x!r}不在这里", "a", "'a'不在这里"),
    ],
)
def test_in_chinese_a_blank_stands_where_a_value_meets_the_text_in_another_script(form, value, text):
    assert filled("zh", form, {"x": value}) == text


def test_what_the_catalogue_lacks_is_said_in_english(chinese):
    assert in_chinese(lambda: say("Nobody translated {this}.", this="this")) == "Nobody translated this."


def test_what_one_process_says_another_shows_in_its_own_language(chinese):
    stored = store_sentence(
        joined([say("{arm} did best.", arm=say("Try again.")), plural("{number} seed", "{number} seeds", 2)])
    )
    assert read_sentence(stored) == "Try again. did best. 2 seeds"
    assert in_chinese(lambda: read_sentence(stored)) == "请重试。表现最好。2 个种子"
    assert in_chinese(lambda: english(stored)) == "Try again. did best. 2 seeds"


def test_a_sentence_of_an_earlier_version_is_shown_as_it_is(chinese):
    assert in_chinese(lambda: read_sentence(store_sentence("The trainer was killed."))) == "The trainer was killed."
    assert read_sentence(None) is None and store_sentence(None) is None


@pytest.mark.parametrize(
    "stored",
    [
        '{"say": "{x:>1000000000}", "values": {"x": "a"}}',
        '{"say": "{x.__class__}", "values": {"x": "a"}}',
        '{"say": "{x}"}',
        '{"say": 3}',
        '{"say": "{", "values": {}}',
        '{"say": "{x:,}", "values": {"x": null}}',
        '{"say": "{x}", "values": {"x": [1]}}',
        '{"say": "{x:.1f}", "values": {"x": 1%s}}' % ("0" * 400),
        '{"say": "{number}", "many": "{number}s", "number": 1e999, "values": {"number": 1}}',
        '{"say": "{x.__new__.__globals__[os].environ}",'
        ' "values": {"x": {"say": "a"}, "x.__new__.__globals__[os].environ": 1}}',
        '{"say": "{x[0]}", "values": {"x": "a", "x[0]": "b"}}',
        '{"say": "%s", "values": {"x": 1}}' % ("{x:.999f}" * 10_000),
        '{"joined": 3}',
        '{"joined": [3]}',
        '{"listed": ["a", "b"], "between": "{0.__class__} {1}"}',
        '{"listed": ["a", "b"]}',
        '{"say": ',
    ],
)
def test_a_damaged_or_hostile_stored_sentence_is_shown_as_it_is(stored):
    assert read_sentence(stored) == stored


def test_a_stored_sentence_that_grows_with_every_level_is_shown_as_it_is():
    stored = {"say": "ten letter"}
    for _ in range(40):
        stored = {"say": "{x}{x}", "values": {"x": stored}}
    assert read_sentence(json.dumps(stored)) == json.dumps(stored)


@pytest.mark.parametrize("join", [commas, semicolons, listed, either])
def test_a_list_may_be_long(chinese, join):
    names = [f"class {number}" for number in range(1000)]
    said = join(names)
    assert said.startswith(names[0]) and said.endswith(names[-1]) and read_sentence(store_sentence(said)) == said
    assert pickle.loads(pickle.dumps(said)) == said
    if join is commas:
        assert in_chinese(lambda: read_sentence(store_sentence(said))) == "、".join(names)


@pytest.mark.parametrize("join", [commas, semicolons, listed, either])
def test_a_list_keeps_what_can_be_said_again(chinese, join):
    assert in_chinese(lambda: store_sentence(join([say("Try again.")]))) == store_sentence(say("Try again."))
    several = in_chinese(lambda: store_sentence(join([say("Try again."), say("{arm} did best.", arm="A")])))
    assert several == store_sentence(join([say("Try again."), say("{arm} did best.", arm="A")]))


def test_an_error_keeps_what_can_be_said_again(chinese):
    problem = str(Refused(say("{arm} did best.", arm="A")))
    assert in_chinese(lambda: read_sentence(store_sentence(problem))) == "A 表现最好。"


def test_what_is_kept_in_a_cache_is_worded_for_whoever_gets_it(chinese):
    kept = pickle.dumps(say("{arm} did best.", arm="A"))
    assert in_chinese(lambda: pickle.loads(kept)) == "A 表现最好。"


def test_two_readers_at_once_have_two_languages(chinese):
    meet, found = threading.Barrier(2), {}

    def reads(code):
        with speaking(code):
            meet.wait()
            found[code] = [say("Try again.") for _ in range(200)]
            meet.wait()

    threads = [threading.Thread(target=reads, args=(code,)) for code in ("en", "zh")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(found["en"]) == {"Try again."} and set(found["zh"]) == {"请重试。"}


@pytest.mark.parametrize(
    ("environment", "code"),
    [
        ({}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "en_US.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8", "LANGUAGE": "fr:zh_TW:en"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "TL_LANGUAGE": "en"}, "en"),
    ],
)
def test_the_command_line_speaks_the_language_of_the_system(environment, code):
    assert language_of(environment) == code


@pytest.mark.parametrize("code", OTHERS)
def test_the_catalogue_has_what_the_code_says_and_nothing_else(code):
    kept, now = catalogue.read(code), catalogue.said()
    assert {message.id for message in kept if message.id} == {message.id for message in now if message.id}, (
        "python -m tests.catalogue rewrites it"
    )


@pytest.mark.parametrize("code", OTHERS)
def test_every_sentence_is_translated(code):
    lacking = [
        message.id for message in catalogue.read(code) if message.id and not all(catalogue.forms(message.string))
    ]
    assert not lacking


@pytest.mark.parametrize("code", OTHERS)
def test_a_translation_has_the_values_of_its_sentence(code):
    wrong = []
    for message in catalogue.read(code):
        theirs = [fields(text) for text in catalogue.forms(message.string) if text]
        if message.id and any(found != fields(catalogue.forms(message.id)[-1]) for found in theirs):
            wrong.append(message.id)
    assert not wrong


def fields(text):
    """Name -> how it is formatted, of the values of a text."""
    return {(name, spec, conversion) for _, name, spec, conversion in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("code", OTHERS)
def test_what_is_read_is_what_was_translated(code):
    assert catalogue.po(code).with_suffix(".mo").read_bytes() == catalogue.compiled(catalogue.read(code))


@pytest.mark.parametrize("path", catalogue.SHOWN, ids=lambda path: str(path.relative_to(catalogue.ROOT)))
def test_no_sentence_is_left_unmarked(path):
    assert not list(catalogue.unmarked(path))


@pytest.mark.parametrize("path", catalogue.SHOWN, ids=lambda path: str(path.relative_to(catalogue.ROOT)))
def test_a_sentence_is_given_the_values_that_it_names_and_no_others(path):
    shown = str(path.relative_to(catalogue.ROOT))
    found = [each for each in catalogue.unfitting(path) if (shown, each[1]) not in PATTERNS]
    assert not found


def test_values_that_a_sentence_does_not_name_are_found(tmp_path):
    file = tmp_path / "wrong.py"
    file.write_text(
        """
def told(number, several, values):
    say("{a} and {b}", a=1)
    say("{a}", a=1, b=2)
    plural("One {a}.", "{number} {a}.", number)
    text = later("{a} alone") if several else later("{a} and {b}")
    say(text, a=1)
    say(text, a=1, b=1)
    say("{a}", **values)
    plural("{number} {a}", "{number} {a}", number, a=1)
"""
    )
    found = [(line, sorted(names)) for line, _, names in catalogue.unfitting(file)]
    assert found == [(3, ["b"]), (4, ["b"]), (5, ["a"]), (5, ["a"]), (7, ["b"])]


def test_numbers_in_words():
    with speaking("zh"):
        assert duration(80) == "1 分 20 秒"
        assert points(0.17) == "+17.0 个百分点"
        assert number_of(3, "seed") == "3 个种子"
