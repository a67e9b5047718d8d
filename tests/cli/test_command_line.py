"""`python -m tl` as a shell sees it: exit status, stdout, stderr. Commands that train are in test_training_commands.py."""

import argparse
import errno
import json
import os
import re
import subprocess
import sys
from dataclasses import fields

import pytest

from tests.cli.commands import ROOT, main, tl
from tests.translated import chinese
from tl import __main__ as entry
from tl.arms import parse_arms
from tl.cli import experiment_options
from tl.cli.parser import dataset_name, decimal
from tl.cli.text_table import text_table, wrapped
from tl.config import Refused, Training
from tl.datasets import BUILT_IN
from tl.datasets.drawn import DRAWN
from tl.languages import speaking
from tl.words import data_name

UNKNOWN = "0" * 26


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("", "COMMAND"),
        ("nonsense", "invalid choice: 'nonsense'"),
        ("compare --epochs", "expected one argument"),
        ("compare --epochs ten", "--epochs: invalid int value: 'ten'"),
        ("compare --epochs 0", "epochs is 0; it must be 1 to 1000"),
        ("compare --epoch 3", "--epoch"),
        ("compare surplus", "surplus"),
        ("compare --dataset roses", "no data set 'roses'"),
        ("compare --dataset ../x", "There is no data set"),
        ("compare --samples 0", "samples is 0"),
        ("compare --samples 11", "has 12 classes"),
        ("compare --samples 60000", "only 50,000 training pictures"),
        ("compare --backbone alexnet", "backbone is 'alexnet'"),
        ("compare --weights mine", "no pretrained weights 'mine'"),
        ("compare --resolution 63", "resolution is 63"),
        ("compare --batch-size 1", "batch size is 1"),
        ("compare --optimizer lion", "optimizer is 'lion'"),
        ("compare --schedule stairs", "schedule is 'stairs'"),
        ("compare --learning-rate nan", "learning rate is nan"),
        ("compare --seeds none", "seeds is 'none'"),
        ("compare --seeds 0", "number of seeds is 0"),
        ("compare --seeds 1,1", "seeds is (1, 1)"),
        ("compare --arms magic", "unknown strategy, 'magic'"),
        ("compare --arms scratch,", "unknown strategy, ''"),
        ("compare --arms scratch:speed=3", "'speed=3'"),
        ("compare --arms scratch:epochs", "'epochs'"),
        ("compare --arms scratch:epochs=many", "epochs is 'many'; it must be a whole number"),
        ("compare --arms scratch:epochs=-1", "epochs is -1"),
        ("compare --arms scratch:name=a,linear_probe:name=a", "different from each other"),
        ("runs --jsno", "--jsno"),
        ("stop", "RUN_ID"),
        ("stop x", "no run 'x'"),
        (f"stop {UNKNOWN}", "There is no run"),
        (f"resume {UNKNOWN}", "There is no run"),
        ("ingest", "FILE.zip"),
        ("ingest missing.zip", "missing.zip"),
        ("datasets --delete roses", "no data set 'roses'"),
        ("datasets --delete blossoms", "'blossoms' comes with TL Lab"),
    ],
)
def test_a_mistake_is_answered_with_one_sentence(capsys, home, arguments, words):
    status, stdout, stderr = main(capsys, home, *arguments.split())
    assert (status, stdout) == (2, "")
    assert words in stderr
    assert stderr.count("\n") == 1
    assert "Traceback" not in stderr
    assert not (home / "tl.sqlite").exists()


def test_the_command_line_starts_without_what_is_heavy(home):
    code = "import sys; from tl.__main__ import main; main(['runs']); print(sorted(sys.modules))"
    environment = os.environ | {"TL_HOME": str(home)}
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    loaded = set(re.findall(r"'(\w+)'", answer.stdout))
    assert not loaded & {"torch", "torchvision", "pandas", "numpy", "PIL", "streamlit", "altair"}


@pytest.mark.parametrize("command", [(), ("compare",), ("runs",), ("resume",), ("ingest",)])
def test_help_is_no_mistake(capsys, command):
    from tl.__main__ import main

    with pytest.raises(SystemExit) as stop:
        main([*command, "--help"])
    assert stop.value.code == 0
    assert "usage" in capsys.readouterr().out


def test_pretrain_becomes_the_process_that_may_import_torch(monkeypatch):
    from tl.__main__ import main

    class Replaced(BaseException):
        pass

    def execve(*arguments):
        raise Replaced(*arguments)

    monkeypatch.setattr(os, "execve", execve)
    with pytest.raises(Replaced) as became:
        main(["pretrain", "--epochs", "3", "--json"])
    program, command, environment = became.value.args
    assert [program, *command[1:]] == [sys.executable, "-m", "tl.train.pretrain", "--epochs", "3", "--json"]
    assert environment["PYTHONPATH"].startswith(str(ROOT))


def test_every_setting_of_an_experiment_is_an_option():
    assert set(experiment_options.HELP) == {entry.name for entry in fields(Training)}


def test_an_empty_home_has_no_runs(capsys, home):
    assert main(capsys, home, "runs", "--json") == (0, '{"runs": []}\n', "")
    status, stdout, _ = main(capsys, home, "runs")
    assert (status, stdout[:11]) == (0, "No runs yet")
    assert not home.exists()


def test_datasets_lists_what_comes_with_it(capsys, home):
    status, stdout, _ = main(capsys, home, "datasets", "--json")
    found = {entry["name"]: entry for entry in json.loads(stdout)["datasets"]}
    assert status == 0
    assert list(found)[:4] == ["blossoms", "blossoms_dusk", "cifar10", "flowers102"]
    assert len(found["blossoms"]["classes"]) >= 10
    assert {"train": 50_000}.items() <= found["blossoms"].items()
    assert "drawn by" in main(capsys, home, "datasets")[1]


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_set_that_is_drawn_is_called_so(name):
    assert data_name(name) == (f"{name} (drawn)" if name in DRAWN else name), "DRAWN of tl/words.py"


@pytest.mark.parametrize(
    ("text", "value"), [("0.85", 0.85), ("85%", 0.85), ("0,001", 0.001), ("12,5 %", 0.125), ("1e-3", 1e-3)]
)
def test_numbers_are_read_as_people_write_them(text, value):
    assert decimal(text) == value


@pytest.mark.parametrize("text", ["1,000", "many", "1,5", ""])
def test_a_number_that_may_mean_two_things_is_asked_about(text):
    with pytest.raises(argparse.ArgumentTypeError, match="write it with a point"):
        decimal(text)


def test_a_data_set_is_found_however_its_name_is_typed():
    assert [dataset_name(text) for text in ("Signs", " SIGNS ", "../Signs")] == ["signs", "signs", "../Signs"]


def test_wide_characters_take_two_columns_of_a_table():
    lines = text_table(("class", "pictures"), [("玫瑰", 12), ("cafe\u0301", 3)]).splitlines()
    assert lines == ["class  pictures", "玫瑰         12", "cafe\u0301          3"]


def test_wide_characters_take_two_columns_of_a_line():
    assert wrapped("训练图片如何变化，所有方案相同：none 或 crop_flip", 12) == [
        "训练图片如何",
        "变化，所有方",
        "案相同：none",
        "或 crop_flip",
    ]
    assert wrapped("what is  narrow\nbreaks at spaces", 12) == ["what is", "narrow", "breaks at", "spaces"]
    text = "“引号”、（括号）和 STRATEGY[:SETTING=VALUE]...，以及其余的字：！"
    for columns in range(1, 40):
        lines = wrapped(text, columns)
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")
        assert not any(line[0] in "，。：；、）”！" for line in lines)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "缺少必需的参数：COMMAND；请参阅 `python -m tl --help`。\n"),
        (["runs", "--help"], "用法：python -m tl runs [-h] [--home DIR] [--json]\n\n列出所有运行。\n\n选项:\n"),
    ],
)
def test_the_reader_s_language_has_the_words_of_argparse_too(capsys, monkeypatch, tmp_path, arguments, words):
    monkeypatch.setenv("LANGUAGE", "zh_CN")
    sentences = {
        "usage: ": "用法：",
        "options": "选项",
        "the following arguments are required: %s": "缺少必需的参数：%s",
        "List all runs, the newest first.": "列出所有运行。",
        "{mistake}; see `{prog} --help`.": "{mistake}；请参阅 `{prog} --help`。",
    }
    with chinese(tmp_path / "locale", sentences), speaking("zh"), pytest.raises(SystemExit):
        entry.parser().parse_args(arguments)
    told = capsys.readouterr()
    assert (told.out + told.err).startswith(words)


def test_a_terminal_without_its_letters_is_spoken_to_in_english():
    assert [entry.written("zh", encoding) for encoding in ("utf-8", "gb2312", None)] == ["zh", "zh", "zh"]
    assert [entry.written("zh", encoding) for encoding in ("ascii", "iso-8859-1")] == ["en", "en"]


def test_arms_are_written_as_text():
    first, second = parse_arms("scratch:epochs=80,full_finetuning:learning-rate=3e-4:name=mine", 0.01)
    assert (first.name, first.epochs, first.learning_rate) == ("scratch", 80, 0.01)
    assert (second.name, second.strategy, second.learning_rate) == ("mine", "full_finetuning", 3e-4)


def test_one_rate_for_all_arms_is_not_for_those_that_have_none():
    first, second = parse_arms("full_finetuning,nearest_mean", 0.01)
    assert (first.learning_rate, second.learning_rate) == (0.01, None)
    for setting in ("learning_rate=0.1", "epochs=5"):
        with pytest.raises(Refused, match=f"sets {setting.split('=')[0]} for nearest_mean, where it has no effect"):
            parse_arms(f"nearest_mean:{setting}")


def test_arms_of_one_strategy_have_names_that_tell_them_apart():
    assert [arm.name for arm in parse_arms("scratch:epochs=3,scratch:epochs=9,linear_probe")] == [
        "scratch epochs=3",
        "scratch epochs=9",
        "linear_probe",
    ]
    assert [arm.name for arm in parse_arms("scratch,scratch,scratch")] == ["scratch", "scratch 2", "scratch 3"]


def test_settings_of_arms_are_checked():
    with pytest.raises(Refused, match="it must be a number"):
        parse_arms("scratch:learning_rate=fast")


def test_a_table_has_numbers_to_the_right():
    assert text_table(("name", "n"), [("a", 5), ("long", 12)]) == "name   n\na      5\nlong  12"


def test_a_full_disk_is_called_so(capsys, home, monkeypatch):
    def break_down(*_):
        raise OSError(errno.ENOSPC, "No space left on device", "/full/file")

    monkeypatch.setattr("tl.jobs.list_runs", break_down)
    status, stdout, stderr = main(capsys, home, "runs", "--json")
    assert (status, stdout) == (1, "")
    assert "disk is full" in stderr and "try again" in stderr and stderr.count("\n") == 1


def test_what_nobody_foresaw_is_one_sentence_and_a_log(capsys, home, monkeypatch):
    def break_down(*_):
        raise RuntimeError("the sky\nfell")

    monkeypatch.setattr("tl.jobs.list_runs", break_down)
    status, stdout, stderr = main(capsys, home, "runs", "--json")
    assert (status, stdout) == (1, "")
    assert stderr == f"Unexpected RuntimeError: the sky fell (see {home / 'errors.log'})\n"
    assert "Traceback" in (home / "errors.log").read_text()
    monkeypatch.setenv("TL_DEBUG", "1")
    with pytest.raises(RuntimeError, match="fell"):
        main(capsys, home, "runs")


def test_a_damaged_queue_is_refused_with_the_way_out(home):
    home.mkdir(parents=True)
    (home / "tl.sqlite").write_bytes(b"this is no database, " * 99)
    answer = tl(home, "runs", "--json")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr.count("\n") == 1 and "`python -m tl repair` makes a new one" in answer.stderr
