"""Strangers' texts in every place where a page shows one: never Markdown, an expression, a formula or a hidden sign."""

import json
import os
import re
from dataclasses import replace

import pytest

from tests import page_lab, payload_lab
from tests.payloads import FORMULAS, HIDDEN, PAYLOADS, SCRIPTS
from tl import jobs
from tl.ui.compose import contents as pictures_section
from tl.words import CONTROL, plain

PER_PAGE = 8  # arms of an experiment
EVERY = int(os.environ.get("PAYLOADS", 21))  # each so-manieth payload names an arm; 1: all of them, a minute
# Streamlit shows these letter by letter: proto and field, without the markup of labels, captions and messages.
PLAIN_FIELDS = re.compile(
    r"(\.id|\.key|element_id|\.form_id|\.url|\.src|\.alt|query_params.*|\.page|page_script_hash"
    r"|VegaLiteChart\..*|Dataframe\..*|Arrow\..*|Code\.code_text|Selectbox\.options"
    r"|TextInput\.(default|value|placeholder)|Selectbox\.raw_value|DownloadButton\.url)$"
)
ESCAPED = re.compile(r"\\[!-/:-@\[-`{-~]")
EXPRESSIONS = {"expr", "calculate", "filter", "labelExpr", "signal", "href", "url", "transform"}


def strings(message, path: str = "") -> list[tuple[str, str]]:
    """(where, text) of every string in a protocol message."""
    found = []
    for field, value in message.ListFields():
        place = f"{path or message.DESCRIPTOR.name}.{field.name}"
        if field.type == field.TYPE_MESSAGE:
            several = hasattr(value, "__len__") and not hasattr(value, "ListFields")
            if field.message_type.GetOptions().map_entry:
                found += [(place, each) for each in value.values() if isinstance(each, str)]
            else:
                for each in value if several else [value]:
                    found += strings(each, f"{place}:{field.message_type.name}")
        elif field.type == field.TYPE_STRING:
            found += [(place, each) for each in ([value] if isinstance(value, str) else value)]
    return found


def shown(app) -> list[tuple[str, str]]:
    """Every string that is sent to the browser, with its place."""
    messages = [getattr(node, "proto", None) for node in app._tree]
    return [entry for message in messages if hasattr(message, "ListFields") for entry in strings(message)]


def live(app) -> list[tuple[str, str]]:
    """Where a payload stands as it was given although its field is read as Markdown."""
    marked = [raw for raw in map(plain, PAYLOADS) if re.search(r"[!-/:-@\[-`{-~]", raw)]
    fields = [(place, value) for place, value in shown(app) if not PLAIN_FIELDS.search(place)]
    bare = [(place, ESCAPED.sub("\0", value)) for place, value in fields]
    return [(place, raw) for place, value in bare for raw in marked if raw in value]


def expressions(spec) -> list[str]:
    """Every text in a chart that Vega evaluates or loads."""
    if isinstance(spec, list):
        return [found for entry in spec for found in expressions(entry)]
    if not isinstance(spec, dict):
        return []
    own = [json.dumps(value, ensure_ascii=False) for key, value in spec.items() if key in EXPRESSIONS]
    return own + [found for key, value in spec.items() if key not in EXPRESSIONS for found in expressions(value)]


def check(app) -> None:
    assert not app.exception, app.exception
    assert not live(app)
    hidden = [(place, value) for place, value in shown(app) if CONTROL.search(value.replace("\n", ""))]
    assert not [entry for entry in hidden if "Code.code_text" not in entry[0]]
    for chart in page_lab.charts(app):
        evaluated = " ".join(expressions(json.loads(chart.proto.spec)))
        assert not [raw for raw in map(plain, SCRIPTS) if raw in evaluated]
    for table in app.dataframe:
        cells = [*map(str, table.value.columns), *(str(cell) for column in table.value for cell in table.value[column])]
        assert not [cell for cell in cells if any(plain(formula) == cell for formula in FORMULAS)]


def groups() -> list[tuple]:
    """Arms of as many experiments as are needed for all payloads chosen."""
    arms = payload_lab.arms([*PAYLOADS[::EVERY], FORMULAS[0], HIDDEN[4]])
    return [arms[place : place + PER_PAGE] for place in range(0, len(arms), PER_PAGE)]


@pytest.fixture
def mine(home, tmp_path):
    payload_lab.bring(home, tmp_path)
    return home


def test_in_the_form(open_page, mine):
    app = open_page()
    app.get("pills")[0].set_value("few_photos").run()
    app.session_state["form_counts"] = True
    for number in app.session_state["form_arms"]:
        app.session_state[f"form_arm{number}_name"] = payload_lab.name(SCRIPTS[number])
    app.run()
    read = page_lab.unescaped(app)
    assert (
        app.selectbox(key="form_dataset").value == "mine" and plain(SCRIPTS[0]) in read and plain(PAYLOADS[70]) in read
    )
    captions = [value for place, value in shown(app) if place.endswith("caption") and "Image" in place]
    assert len(captions) >= 24, captions
    check(app)


@pytest.mark.parametrize("status", ["finished", "failed"])
def test_on_the_page_of_an_experiment(open_page, mine, status):
    for arms in groups():
        app = open_page(experiment=payload_lab.ended(mine, arms, status))
        assert plain(arms[0].name) in page_lab.unescaped(app)
        check(app)


def test_in_the_list_of_runs_its_table_and_its_dialog(open_page, mine):
    [arms, *_] = groups()
    payload_lab.ended(mine, arms, "failed")
    app = open_page("pages/2_Runs.py")
    assert plain(arms[0].name) in page_lab.unescaped(app)
    check(app)
    app.get("segmented_control")[0].set_value("Table").run()
    check(app)


def test_on_the_page_of_a_sweep(open_page, mine, monkeypatch):
    [arms, *_] = groups()
    monkeypatch.setattr(jobs.sweeps, "resolved", lambda home, experiment: replace(experiment, weights="imagenet"))
    sweep_id = jobs.submit_sweep(mine, payload_lab.experiment(arms), [100, 200])
    app = open_page("pages/1_Data_size.py")
    check(app)
    app.query_params["sweep"] = sweep_id
    check(app.run())


def test_this_would_be_seen_without_the_escaping(open_page, mine, monkeypatch):
    monkeypatch.setattr(pictures_section, "escape", plain)
    app = open_page()
    app.get("pills")[0].set_value("few_photos").run()
    places = {place for place, _ in live(app)}
    assert len(places) >= 2, places
