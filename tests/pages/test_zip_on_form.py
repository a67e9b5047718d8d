"""Own pictures on the form of a comparison: a zip is read, shown and used, or refused in one sentence."""

import io
import zipfile

import pytest
from PIL import Image
from streamlit.runtime.scriptrunner_utils.exceptions import StopException

from tests.page_lab import texts, unescaped
from tl import datasets, jobs


def test_own_pictures_are_asked_for_before_few_photos_can_start(open_page):
    app = open_page()
    app.get("pills")[0].set_value("few_photos").run()
    assert app.button(key="form_start").disabled
    assert "Add a zip of your pictures" in texts(app)


@pytest.fixture
def small_zip():
    """Bytes of a zip with two classes of real, tiny pictures, junk and one that can't be read."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for label, shade in (("**bright**", 200), ("dark", 40)):
            for number in range(10):
                picture = io.BytesIO()
                Image.new("RGB", (48, 48), (shade, 10 * number, number)).save(picture, "PNG")
                archive.writestr(f"my set/{label}/{number}.png", picture.getvalue())
        archive.writestr("my set/dark/broken.jpg", b"no picture")
    return memory.getvalue()


def test_an_uploaded_zip_is_shown_with_its_classes_before_anything_is_trained(open_page, home, small_zip):
    app = open_page()
    app.get("pills")[0].set_value("few_photos").run()
    app.file_uploader[0].upload("My **Photos**!.zip", small_zip).run()
    app.button(key="form_zip_use").click().run()
    assert not app.exception and not app.error
    assert app.selectbox(key="form_dataset").value == "my-photos"
    read = unescaped(app)
    assert "2 classes" in read and "broken.jpg" in read, read
    assert "**bright**" not in texts(app)
    app.button(key="form_start").click().run()
    assert {run.dataset for run in jobs.list_runs(home)} == {"my-photos"}


def test_an_upload_that_a_click_interrupted_is_read_and_settled_again(open_page, small_zip, monkeypatch):
    read, create, begun, settled = datasets.read, datasets.Incoming.create_dataset, [], []

    def interrupted_once(*given, **more):
        begun.append(True)
        if len(begun) == 1:
            raise StopException()  # what Streamlit does to the run of a page on which something is touched
        return read(*given, **more)

    def settled_at_last(*given):
        settled.append(True)
        if len(settled) == 1:
            raise StopException()
        return create(*given)

    monkeypatch.setattr(datasets, "read", interrupted_once)
    monkeypatch.setattr(datasets.Incoming, "create_dataset", settled_at_last)
    app = open_page()
    app.get("pills")[0].set_value("few_photos").run()
    app.file_uploader[0].upload("photos.zip", small_zip).run()
    app.run()
    app.button(key="form_zip_use").click().run()
    app.run()
    assert (len(begun), len(settled)) == (2, 2)
    assert not app.exception and not app.error
    assert app.selectbox(key="form_dataset").value == "photos"


def test_a_refused_zip_is_one_sentence_and_is_not_tried_again(open_page, home):
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        archive.writestr("../../evil.jpg", b"x")
    app = open_page()
    app.get("pills")[0].set_value("few_photos").run()
    app.file_uploader[0].upload("evil.zip", memory.getvalue()).run()
    assert len(app.error) == 1 and "evil.jpg" in unescaped(app)
    app.run()
    assert len(app.error) == 1 and not any(home.datasets_dir.glob("*"))
