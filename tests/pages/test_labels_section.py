"""The Labels section of the Inspect page: suspects and twins shown, choices kept, compared again, answered side by side."""

import re

import numpy as np
import pytest

from tests.datasets.crafted import ingest, picture, pictures, zipped
from tests.label_lab import ARMS, answered
from tests.page_lab import end, rows, submit, texts, unescaped
from tl import jobs
from tl.analysis.inspection import held_out
from tl.datasets import describe, prepare
from tl.jobs.measurements import label_checks
from tl.store.predictions import ALONE, Predictions, write_predictions
from tl.store.queue.database import read_experiment, read_runs
from tl.ui.parts.header import STYLE

EVIL = "![](http:evil)<b>**x**"


@pytest.fixture
def flowers(home, tmp_path):
    """A finished comparison on three classes, of which one has a name that means something in Markdown; its id."""
    files = pictures("rose", 14) | pictures("tulip", 14) | pictures(EVIL, 14)
    ingest(home, zipped(tmp_path / "x.zip", files), "x")
    experiment_id = submit(home, arms=ARMS, dataset="x", samples=None, resplit=False)
    answered(home, experiment_id, {"test": 2, "validation": 1})
    return experiment_id


def opened(open_page, experiment_id: str):
    app = open_page("pages/3_Inspect.py", experiment=experiment_id)
    app.session_state["inspect_section"] = "labels"
    app.run()
    assert not app.exception, app.exception
    return app


def pickers(app, where: str) -> list:
    return [box for box in app.selectbox if box.key and f"_{where}_" in box.key and "inspect_correct" in box.key]


def test_suspects_are_shown_with_what_they_look_like(open_page, home, flowers):
    app = opened(open_page, flowers)
    said = unescaped(app)
    assert "3 labels of 12 are suspicious" in said and len(pickers(app, "suspect")) == 3
    assert said.count("looks like ") == 3 and "test picture" in said and "validation picture" in said
    assert EVIL not in texts(app), "a class's name is text"
    assert "agree with 75.0 % of the labels" in said
    assert "No picture occurs in two splits or in two classes" in said
    assert "This many doubts say more about these networks than about the labels" in said, "a quarter of all"
    assert [button.label for button in app.button if button.key == "inspect_labels_ask"]


def test_the_room_of_a_picture_is_kept_so_that_the_box_below_it_stays_where_it_is(open_page, flowers):
    (rule,) = re.findall(r"([^}]*) \.stImage img \{\s*aspect-ratio: 1;", STYLE.read_text())
    drawn = [block.proto.id for block in opened(open_page, flowers).get("flex_container")]
    assert "st-key-suspect_" in rule and any("suspect_" in key for key in drawn)


def test_choices_are_counted_can_be_forgotten_and_name_the_test_set(open_page, home, flowers):
    app = opened(open_page, flowers)
    pickers(app, "suspect")[0].select(-1).run()
    other = pickers(app, "suspect")[1]
    other.select_index(2).run()  # what it looks like stands first of the classes
    assert other.options[:2][1] == "set aside" and other.options[2].startswith("is really ")
    assert "1 picture set aside and 1 picture relabelled" in unescaped(app)
    assert "The test set changes" in unescaped(app)
    app.session_state["inspect_arm"] = "scratch"
    app.run()
    assert [box.value for box in pickers(app, "suspect")].count(-2) == 1, "they are kept"
    app.button(key="inspect_forget").click().run()
    assert {box.value for box in pickers(app, "suspect")} == {-2}


def test_it_is_compared_again_and_answered_side_by_side(open_page, home, flowers):
    app = opened(open_page, flowers)
    pickers(app, "suspect")[0].select(-1).run()
    app.button(key="inspect_compare_again").click().run()
    assert not app.exception, app.exception
    again = next(row.experiment_id for row in read_runs(home) if row.experiment_id != flowers)
    spec = read_experiment(home, again)["experiment"]
    assert describe(home, spec.dataset).title == "x (1 set aside)"
    assert "0 of 2 runs have ended" in unescaped(app)
    answered(home, again, {})
    app = opened(open_page, flowers)
    said = unescaped(app)
    assert "Does it change the verdict?" in said and "Not yet known: an outcome needs 3 seeds" in said
    assert "was set aside. So part of the change" in said or "The test set has the same" in said
    assert {link.proto.label for link in app.get("page_link")} >= {"x", r"x \(1 set aside\)"}
    assert "Does it change the verdict?" in unescaped(opened(open_page, again)), "it is answered on both pages"


def test_a_refusal_is_one_sentence(open_page, home, flowers, monkeypatch):
    from tl.config import Refused
    from tl.ui.inspect import correcting

    def refuse(*_):
        raise Refused("That leaves no picture of the class 'rose'.")

    monkeypatch.setattr(correcting, "compare_again", refuse)
    app = opened(open_page, flowers)
    pickers(app, "suspect")[0].select(-1).run()
    app.button(key="inspect_compare_again").click().run()
    assert "That leaves no picture of the class" in unescaped(app) and not app.exception
    assert [box.value for box in pickers(app, "suspect")].count(-1) == 1, "the choice is still there"


def test_training_pictures_are_looked_at_on_request(open_page, home, flowers, monkeypatch):
    begun = []
    monkeypatch.setattr(label_checks, "ask", lambda home, asked: begun.append(asked))
    monkeypatch.setattr(label_checks, "working", lambda home: bool(begun))
    app = opened(open_page, flowers)
    app.button(key="inspect_labels_ask").click().run()
    assert len(begun) == 1 and "Looking at all pictures" in unescaped(app)
    store = prepare(home, "x", 64)
    shares = np.eye(3)[store.labels]
    shares[-1] = np.roll(shares[-1], 1)
    found = held_out.HeldOutPredictions(picture=np.arange(len(store.labels)), label=store.labels, probabilities=shares)
    held_out.keep(home, begun[0], found)
    monkeypatch.setattr(label_checks, "working", lambda home: False)
    app.run()
    said = unescaped(app)
    assert "So many doubts" not in said
    assert "1 label of 42 is suspicious" in said and "training picture" in said
    assert "42 pictures were judged by a linear probe" in said and not [
        b for b in app.button if b.key == "inspect_labels_ask"
    ]


def test_the_same_picture_in_training_and_test_is_shown_as_a_pair(open_page, home, tmp_path):
    files = (
        pictures("train/rose", 10) | pictures("train/tulip", 10) | pictures("test/rose", 4) | pictures("test/tulip", 4)
    )
    files |= {"test/rose/copy.png": files["train/rose/0.png"], "train/tulip/also.png": picture(77)}
    files |= {"train/rose/also.png": picture(77)}
    ingest(home, zipped(tmp_path / "y.zip", files), "y")
    experiment_id = submit(home, arms=ARMS, dataset="y", samples=None)
    answered(home, experiment_id, {})
    app = opened(open_page, experiment_id)
    said = unescaped(app)
    assert "1 pair lies across splits" in said and "1 pair has two classes: one label must be wrong." in said
    assert len(pickers(app, "twin")) == 4 and "0.png" in said and "copy.png" in said
    pickers(app, "twin")[0].select(-1).run()
    assert "1 picture set aside" in unescaped(app)


def test_drawn_pictures_and_those_that_are_gone_are_one_sentence(open_page, home, flowers):
    drawn = submit(home, arms=ARMS)
    for row in rows(home, drawn):
        end(home, row, "finished", epochs=1)
        shares = np.eye(12, dtype=np.float16)[[0, 1]]
        told = {"picture": np.arange(2), "label": np.arange(2), "predicted": np.arange(2), "group": np.full(2, ALONE)}
        write_predictions(home.run(row.run_id).predictions, {"test": Predictions(**told, probabilities=shares)})
    assert "its labels are right" in unescaped(opened(open_page, drawn))
    jobs.delete_dataset(home, "x")
    assert "not on this computer" in unescaped(opened(open_page, flowers))
