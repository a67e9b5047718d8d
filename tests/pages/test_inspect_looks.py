"""Inspect: where networks look, a picture of one's own, shifted pictures; what is shown, and what is not kept."""

import io
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from tests import page_lab
from tests.page_lab import charts, unescaped
from tl.jobs import background
from tl.report import report as reports
from tl.store.pictures import pixels_path
from tl.store.predictions import ALONE, Predictions, write_predictions
from tl.store.saliency import GRAD_CAM, ClassProbability, Saliency, take_pixels, write_saliency
from tl.store.shifted import AS_THEY_ARE, SHIFTS, Shifted, write_shifted

SIDE, PICTURES = 64, 15
SEEN = Saliency(
    [ClassProbability(1, 0.625), ClassProbability(0, 0.375)],
    0.02,
    [[0.0] * 4, [0.5] * 4, [1.0] * 4, [0.0] * 4],
    GRAD_CAM,
    "stage3",
)


@pytest.fixture
def finished(home) -> str:
    """A finished experiment whose networks, answers and pictures are here."""
    experiment_id = page_lab.classified(home)
    for row in page_lab.rows(home, experiment_id):
        files = home.run(row.run_id)
        files.checkpoints.mkdir(parents=True)
        files.best.write_bytes(b"weights")
    path = pixels_path(home.dataset_dir("blossoms"), SIDE)
    path.parent.mkdir(parents=True)
    path.write_bytes(bytes(PICTURES * SIDE * SIDE * 3))
    return experiment_id


@pytest.fixture
def looked(home, monkeypatch):
    """In place of the process that looks: it has looked at once; gives what it was asked."""
    asked = []

    def start(command, *_, **__):
        picture, *runs = command[4:]
        own = take_pixels(home, picture) if picture.startswith("own-") else None
        asked.append((picture, runs, own))
        for run_id in runs:
            write_saliency(home, run_id, picture, SEEN)
        return SimpleNamespace(pid=0, wait=lambda: None)

    monkeypatch.setattr(background, "detached", start)
    return asked


def opened(open_page, experiment_id: str, section: str):
    """The page with a section open."""
    app = open_page("pages/3_Inspect.py", experiment=experiment_id)
    app.session_state["inspect_section"] = section
    app.run()
    assert not app.exception, app.exception
    return app


def test_both_arms_look_at_a_picture_that_one_gets_right(open_page, finished, looked):
    app = opened(open_page, finished, "looks")
    assert "Grad-CAM" not in unescaped(app)
    app.button(key="looks_ask").click().run()
    assert not app.exception
    ((picture, runs, _),) = looked
    assert picture == "5" and len(runs) == 2, "the first that only the second arm recognised"
    assert unescaped(app).count("62.5 %") == 2
    assert "Grad-CAM (Selvaraju" in unescaped(
        app
    ) and "4 × 4 of them, as many as the network still tells apart in its stage 3" in unescaped(app)
    assert not [button for button in app.button if button.key == "looks_ask"], "what is known is not asked again"


def test_networks_that_are_not_here_are_not_asked(open_page, home, finished):
    for row in page_lab.rows(home, finished):
        home.run(row.run_id).best.unlink()
    app = opened(open_page, finished, "looks")
    assert not [button for button in app.button if button.key == "looks_ask"]
    assert unescaped(app).count("The network of this arm is not here") == 2


def test_a_picture_of_ones_own_is_answered_and_not_kept(open_page, home, finished, looked):
    label = np.zeros(4, int)
    shares = np.array([[0.9, 0.1, 0], [0.6, 0.4, 0], [0.4, 0.6, 0], [0.2, 0.8, 0]], np.float16)
    told = {"picture": np.arange(4), "label": label, "predicted": shares.argmax(1), "group": np.full(4, ALONE)}
    for row in page_lab.rows(home, finished):
        write_predictions(home.run(row.run_id).predictions, {"validation": Predictions(**told, probabilities=shares)})
    app = opened(open_page, finished, "try")
    app.file_uploader(key="try_file").set_value([("a.txt", b"no picture at all", "text/plain")]).run()
    assert "not a picture" in app.error[0].value
    file = io.BytesIO()
    Image.new("RGB", (90, 80), (10, 200, 30)).save(file, "PNG")
    app.file_uploader(key="try_file").set_value([("b.png", file.getvalue(), "image/png")]).run()
    assert not app.exception and not app.error
    app.button(key="try_ask").click().run()
    ((_, runs, pixels),) = looked
    assert len(runs) == 2 and (pixels[SIDE] == [10, 200, 30]).all()
    assert not list(home.saliency_dir.iterdir()), "neither the picture nor what was made of it is on the disk"
    app.slider(key="try_sure").set_value(70).run()
    table = app.dataframe[-1].value
    assert table["This picture"].tolist() == ["none of these"] * 2
    assert table["Answers"].tolist() == ["50 %"] * 2 and table["Right answers lost"].tolist() == ["50.0 %"] * 2


def test_shifted_pictures_are_asked_about_shown_and_reported(open_page, home, finished):
    app = opened(open_page, finished, "shifted")
    assert app.button(key="shifted_ask").label == "Ask 2 networks"
    assert "On shifted pictures" not in reports.report(home, finished)
    for place, row in enumerate(page_lab.rows(home, finished)):
        right = np.arange(PICTURES) < 4 + 8 * place
        predicted = {shift: np.where(right, 0, 1) for shift in ((AS_THEY_ARE, 0), *SHIFTS)}
        nobody = np.full(PICTURES, ALONE)
        found = Shifted(np.arange(PICTURES), np.zeros(PICTURES, int), nobody, predicted)
        write_shifted(home.run(row.run_id).shifted, found)
        app = opened(open_page, finished, "shifted")
        if not place:  # as after a further seed
            assert app.button(key="shifted_ask").label == "Ask 1 more network"
            assert "The figures are for 1 network. Not asked yet: " in unescaped(app)
    assert not [button for button in app.button if button.key == "shifted_ask"]
    assert "is right on" in unescaped(app) and len(charts(app)) == 4
    assert "On shifted pictures" in reports.report(home, finished)
