"""Reports, model cards and predict.py in the reader's language; bundles in none."""

import json
import re
import string
from dataclasses import fields, replace
from pathlib import Path

import pytest

from tests import catalogue, page_lab
from tests.page_lab import rows
from tests.report.bundle_lab import contents, exported, packed
from tests.report.test_html_report import Reader
from tests.report.test_model_card import MEASURED
from tests.two_sets_lab import compared, sets
from tl.analysis import fairness
from tl.analysis.records import FAR_ABOVE
from tl.config import ArmConfig, Refused, Training
from tl.datasets.pool import answers as answering
from tl.languages import commas, joined, read_sentence, say, speaking, store_sentence
from tl.measures import GUESSING_ERRORS
from tl.parameters import PARAMETERS
from tl.report import findings, predict, table_reader, values
from tl.report.bundle import export_bundle, fingerprint
from tl.report.bundle_import import import_bundle
from tl.report.card_facts import card_facts
from tl.report.model_card import card
from tl.report.report import report
from tl.setting_names import SETTINGS
from tl.store.documents import read_result

CELL = re.compile(r"<(h2|th)[^>]*>(.*?)</\1>")
SAID = "The loss became {loss}."
STORED = json.dumps({"say": "{x:>9}", "values": {"x": "y"}})


def heads(document: str) -> set[str]:
    """Its headings and the names of columns, without those of arms."""
    found = {words for _, words in CELL.findall(document) if words}
    return {words for words in found if "Evil" not in words and words.strip("⟦⟧") != "From scratch"}


@pytest.mark.parametrize("make", [page_lab.finished, page_lab.swept], ids=["experiment", "sweep"])
def test_a_report_is_in_the_readers_language(home, bracketed, make):
    ident = make(home)
    english = report(home, ident)
    assert '<html lang="en">' in english and "⟦" not in english
    with speaking("zh"):
        chinese = report(home, ident)
    assert '<html lang="zh-Hans">' in chinese and '"Noto Sans CJK SC"' in chinese
    assert len(heads(chinese)) == len(heads(english)) > 20
    assert {words for words in heads(chinese) if "⟦" not in words} <= {"SHA-256"}
    assert "⟦finished⟧" in Reader(chinese).text and "python -m tl" in Reader(chinese).text


def test_a_download_is_named_by_its_language_too(home):
    experiment_id = page_lab.finished(home)
    names = []
    for code in ("en", "zh"):
        with speaking(code):
            names.append(fingerprint(home, experiment_id, {}))
    assert names[0] != names[1]


def test_a_bundle_is_the_same_whoever_exports_it(home, other, tmp_path, bracketed):
    experiment_id, told = page_lab.submit(home), store_sentence(say(SAID, loss="nan"))
    for row in rows(home, experiment_id):
        page_lab.end(home, row, "failed", message=told, notes=[told, "as it is"])
    with speaking("zh"):
        chinese = contents(export_bundle(home, experiment_id))
    english = contents(export_bundle(home, experiment_id))
    for files in (chinese, english):
        document = json.loads(files["bundle.json"]) | {"exported": 0}
        assert [run["message"] for run in document["experiments"][0]["runs"]] == ["The loss became nan."] * 2
        files["bundle.json"] = json.dumps(document).encode()
    assert chinese == english
    import_bundle(other, packed(tmp_path / "b.zip", english))
    notes = [read_result(other.run(row.run_id)).notes for row in rows(other, experiment_id)]
    assert notes == [("The loss became nan.", "as it is")] * 2


def test_a_strangers_sentence_is_shown_as_it_is_and_never_formatted(home, other, tmp_path):
    files = exported(home)
    told = json.loads(files["bundle.json"])
    for run in told["experiments"][0]["runs"]:
        run["message"] = STORED
    name = next(name for name in files if name.endswith("result.json"))
    result = json.dumps(json.loads(files[name]) | {"notes": [STORED]}).encode()
    changed = files | {"bundle.json": json.dumps(told).encode(), name: result}
    import_bundle(other, packed(tmp_path / "b.zip", changed))
    kept = STORED.replace("{", "{ ", 1)
    assert {row.message for row in rows(other, told["experiments"][0]["experiment_id"])} == {kept}
    assert read_result(other.run(name.split("/")[1])).notes == (kept,)


def test_what_is_wrong_with_a_table_is_said_in_the_readers_language(bracketed):
    asked = []
    tables = {"metrics.parquet": b"no table"}
    with speaking("zh"), pytest.raises(Refused):
        table_reader._read(lambda: lambda tasks: asked.extend(tasks) or iter([{"refused": "x"}]), tables, {})
    assert asked[0]["language"] == "zh"
    start = f"from pathlib import Path; from tl import languages; languages.LOCALE = Path({str(bracketed)!r});"
    with answering(["-c", f"{start} from tl.report import reader; reader.main()"]) as ask:
        (found,) = ask(asked)
    assert re.fullmatch("⟦a table .*⟧", found["refused"])


def test_advice_for_zips_of_pictures_is_none_for_a_bundle_in_any_language(
    home, other, tmp_path, bracketed, monkeypatch
):
    (tmp_path / "b.zip").write_bytes(b"")
    with pytest.raises(Refused, match=r"b.zip is empty \(0 bytes\); give a bundle that TL Lab has exported."):
        import_bundle(other, tmp_path / "b.zip")

    def empty(*_) -> None:
        told = say("{name} is empty (0 bytes); give a zip of class folders.", name="b.zip")
        translated = type(told).__new__(type(told), "b.zip 是空的；请给出类别文件夹的 zip。")
        translated.text, translated.values = told.text, told.values
        raise Refused(translated)

    monkeypatch.setattr("tl.report.bundle_import.read_members", empty)
    with speaking("zh"), pytest.raises(Refused, match="^⟦b.zip 是空的; give a bundle that TL Lab has exported.⟧$"):
        import_bundle(other, tmp_path / "b.zip")


def test_every_setting_is_named():
    assert {entry.name for entry in fields(Training)} | PARAMETERS.keys() | {"seeds"} <= SETTINGS.keys()
    assert all(words == name.replace("_", " ") for name, words in SETTINGS.items()), "as on the command line"


def test_the_note_on_fairness_has_the_numbers_that_are_used():
    assert f"is at most {GUESSING_ERRORS} standard errors above" in findings.FAIRNESS_NOTE
    assert f"more than {FAR_ABOVE} times that of guessing" in findings.FAIRNESS_NOTE
    assert f"over all runs is above {100 * fairness.NOISE:.0f} points." in findings.FAIRNESS_NOTE


def test_a_card_is_in_the_readers_language(home, tmp_path, bracketed):
    sets(home, tmp_path, labelled=True)
    experiment_id = compared(home, {"mcc": 0.9}, seeds=1, unmatched="leave_out")
    run_id = rows(home, experiment_id)[0].run_id
    with speaking("zh"):
        own = card_facts(home, run_id)
        told = card(home, own, MEASURED)
        nobody = card(home, replace(own, accuracy=None, target=None), MEASURED)
    headings = [line for line in told.splitlines() if line.startswith("## ")]
    assert len(headings) == 6 and all(re.fullmatch("## ⟦.*⟧", line) for line in headings)
    assert "⟦It has not been tested.⟧" in nobody
    left = [line for line in told.splitlines() if line.startswith("- ") and "⟦" not in line]
    assert not left


PREDICT = Path(predict.__file__)


def names_in(text: str) -> set[tuple[str, str]]:
    """The places of a text for values, and how these are written."""
    return {(name, spec) for _, name, spec, _ in string.Formatter().parse(text) if name}


def test_all_that_predict_says_is_in_its_own_table():
    assert set(catalogue.marked(PREDICT)) == predict.CHINESE.keys()
    assert all(names_in(text) == names_in(chinese) for text, chinese in predict.CHINESE.items())
    commands = [
        line.partition("  " * 4)[0].strip() for line in str(predict.__doc__).splitlines() if "predict.py " in line
    ]
    assert commands and all(line in predict.HELP for line in commands)


@pytest.mark.parametrize(
    ("variables", "chinese"),
    [
        ({"LANG": "zh_CN.UTF-8"}, True),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "en_US.UTF-8"}, False),
        ({"LANGUAGE": "de:zh:en", "LC_ALL": "en_US.UTF-8"}, True),
        ({"LANGUAGE": "en:zh"}, False),
        ({"LC_ALL": "", "LC_MESSAGES": "zh-TW"}, True),
        ({"LANG": "C.UTF-8", "LC_TIME": "zh_CN"}, False),
        ({"LANG": "de_DE"}, False),
        ({}, False),
    ],
    ids=str,
)
def test_predict_speaks_the_language_of_its_environment(variables, chinese, monkeypatch, capsys):
    for name in predict.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit):
        predict.main(["--help"])
    told = capsys.readouterr().out
    assert ("这些照片里是什么？" in told, "What is in these photos?" in told) == (chinese, not chinese)
    assert ("默认：屏幕" in told) == chinese


def test_predict_says_what_cant_be_done_in_chinese(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("LANGUAGE", "zh")
    monkeypatch.setattr(predict, "Model", lambda path: None)
    monkeypatch.setattr(predict, "labels", lambda: ["a"])
    assert predict.main([str(tmp_path / "nowhere")]) == 2
    assert capsys.readouterr().err == f"没有文件或文件夹 {str(tmp_path / 'nowhere')!r}。\n"


@pytest.mark.parametrize("made", [say("a"), joined(["a", "b"]), commas(["a", "b"])])
def test_a_stored_sentence_that_a_stranger_made_is_none(made):
    told = values.words(store_sentence(made))
    assert str.__str__(read_sentence(store_sentence(made))) != told == read_sentence(told)


@pytest.mark.parametrize("name", ['{"say": "x"}', "{x}"])
def test_what_people_typed_is_in_a_bundle_as_they_typed_it(home, other, tmp_path, name):
    arms = (ArmConfig(name=name, strategy="scratch"), ArmConfig(name="other", strategy="scratch"))
    experiment_id = page_lab.submit(home, arms=arms)
    for row in rows(home, experiment_id):
        page_lab.end(home, row, "finished")
    import_bundle(other, packed(tmp_path / "b.zip", contents(export_bundle(home, experiment_id))))
    assert [row.arm for row in rows(other, experiment_id)] == [name, "other"]
