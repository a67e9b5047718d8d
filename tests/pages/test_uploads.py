"""Memory of uploads is given back, whether they were taken over or refused."""

from io import BytesIO
from types import SimpleNamespace

import pytest
from streamlit import runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec
from streamlit.testing.v1 import AppTest

from tests.datasets.crafted import entry, forged, ingest, picture, pictures, traces, two_classes, zipped_bytes
from tests.page_lab import unescaped
from tl import datasets
from tl.ui.compose.class_editor import edits
from tl.ui.parts import uploads


def page() -> None:
    import streamlit as st
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    from tl.ui.parts import uploads

    file = st.file_uploader("Zip")
    if file is not None:
        context = get_script_run_ctx()
        kept = [len(context.uploaded_file_mgr.get_files(context.session_id, [file.file_id]))]
        uploads.forget(file)
        kept.append(len(context.uploaded_file_mgr.get_files(context.session_id, [file.file_id])))
        st.json(kept)


def test_an_upload_that_was_taken_over_is_forgotten():
    app = AppTest.from_function(page).run()
    app.file_uploader[0].upload("a.zip", b"x" * 5).run()
    assert not app.exception and app.json[0].value == "[1, 0]"


def test_what_is_in_memory_is_told_by_session(monkeypatch):
    manager = MemoryUploadedFileManager("/upload")
    monkeypatch.setattr(runtime, "get_instance", lambda: SimpleNamespace(uploaded_file_mgr=manager))
    assert uploads.held_bytes() == {}
    for session, file_id, size in (("one", "a", 5), ("one", "b", 7), ("two", "a", 3)):
        manager.add_file(session, UploadedFileRec(file_id, "x.zip", "application/zip", bytes(size)))
    assert uploads.held_bytes() == {"one": 12, "two": 3}
    manager.remove_session_files("one")
    assert uploads.held_bytes() == {"two": 3}


@pytest.fixture
def forgotten(monkeypatch):
    """Names of the uploads whose memory was given back."""
    names = []
    forget = uploads.forget
    monkeypatch.setattr(uploads, "forget", lambda file: (names.append(file.name), forget(file)))
    return names


@pytest.fixture
def form(open_page):
    """Compare with the box for own pictures open."""
    app = open_page()
    app.session_state["form_uploader"] = True
    return app.run()


def test_a_refused_zip_is_forgotten_and_what_to_do_is_said_until_it_is_taken_back(form, forgotten):
    form.file_uploader(key="form_zip").upload("photos.zip", b"no zip").run()
    assert forgotten == ["photos.zip"] and len(form.error) == 1 and not form.exception
    assert unescaped(form).count(f"pack the class folders into a plain zip again. {uploads.NOT_KEPT}") == 1
    form.text_input(key="form_epochs").set_value("3").run()
    assert uploads.NOT_KEPT in unescaped(form)
    form.file_uploader(key="form_zip").clear().run()
    assert not form.error and not form.exception


def test_a_zip_of_which_only_the_name_was_refused_is_kept_for_another_name(form, home, forgotten):
    photos = zipped_bytes(two_classes("", 8))
    ingest(home, BytesIO(photos), "mine")
    form.text_input(key="form_zip_name").set_value("mine").run()
    form.file_uploader(key="form_zip").upload("photos.zip", photos).run()
    assert "There is already a data set 'mine'" in unescaped(form) and uploads.NOT_KEPT not in unescaped(form)
    assert not forgotten
    form.text_input(key="form_zip_name").set_value("others").run()
    form.button(key="form_zip_use").click().run()
    assert forgotten == ["photos.zip"] and datasets.has(home, "others") and not form.exception


DOMAINS = {
    name: data
    for folder in ("photo/cat", "photo/dog", "sketch/cat", "sketch/dog")
    for name, data in pictures(folder, 4).items()
}


def test_it_is_asked_which_reading_is_meant_before_anything_is_made(form, home):
    form.file_uploader(key="form_zip").upload("pets.zip", zipped_bytes(DOMAINS)).run()
    assert not form.exception and not datasets.has(home, "pets")
    choice = form.radio(key="form_zip_reading")
    shown = [option.replace("\\", "") for option in choice.options]
    assert [option.split(", ")[0] for option in shown] == ["2 classes", "2 classes", "4 classes"]
    assert "cat 8, dog 8" in shown[0] and "photo 8, sketch 8" in shown[1]
    choice.set_value(1).run()
    told = next(each for each in form.caption if "2 classes, 16 pictures, divided here" in each.value)
    drawn = [id(each) for each in form.main]
    assert drawn.index(id(told)) < drawn.index(id(form.text_input(key="form_zip_where"))), "first what was understood"
    form.button(key="form_zip_use").click().run()
    assert datasets.describe(home, "pets").classes == ("photo", "sketch") and not form.exception
    assert form.selectbox(key="form_dataset").value == "pets" and not form.radio


def test_what_is_discarded_leaves_nothing_and_where_the_classes_are_can_be_typed(form, home):
    loose = zipped_bytes({f"images/{n}.png": picture(n) for n in range(9)} | {"a.txt": b"x"})
    form.file_uploader(key="form_zip").upload("pets.zip", loose).run()
    assert "'images' holds pictures, but no class" in unescaped(form) and "form_zip_use" not in [
        button.key for button in form.button
    ]
    form.text_input(key="form_zip_where").set_value("7").run()
    assert "the deepest picture lies 1 folders down" in unescaped(form) and not form.exception
    form.button(key="form_zip_discard").click().run()
    assert not form.exception and traces(home.datasets_dir) == []


def test_small_classes_are_named_and_one_number_goes_on_without_them(form, home):
    small = zipped_bytes(two_classes("", 8) | pictures("owl", 2) | pictures("bat", 1))
    form.file_uploader(key="form_zip").upload("pets.zip", small).run()
    form.button(key="form_zip_use").click().run()
    assert "'bat' (1), 'owl' (2)" in unescaped(form) and not datasets.has(home, "pets")
    form.number_input(key="form_zip_0_at_least").set_value(3).run()
    form.button(key="form_zip_use").click().run()
    assert datasets.describe(home, "pets").classes == ("rose", "tulip") and not form.exception and not form.error


def test_classes_that_are_called_alike_are_merged_and_unticked_ones_left_out():
    names = ["cat", "kitten", "dog"]
    assert not edits(names, [True] * 3, names, None, None)
    found = edits(names, [True, True, False], ["cat", "cat", "dog"], None, 10)
    assert (found.renames, found.leave_out, found.at_most) == ({"kitten": "cat"}, ("dog",), 10)


def test_names_whose_encoding_the_zip_does_not_say_are_asked_before_it_is_read(form, home, tmp_path):
    entries = [
        entry(f"{folder}/{n}.png".encode("gbk"), picture(n + 50 * k), flags=0)
        for k, folder in enumerate(("玫瑰", "向日葵"))
        for n in range(4)
    ]
    form.file_uploader(key="form_zip").upload("花朵.zip", forged(tmp_path / "x.zip", entries).read_bytes()).run()
    spelled = form.selectbox(key="form_zip_names")
    assert spelled.options[0] == "GBK: 玫瑰, 向日葵" and len(spelled.options) > 2
    assert not datasets.has(home, "pictures") and not form.exception
    form.button(key="form_zip_names_right").click().run()
    assert "花朵: is this what you mean?" in unescaped(form) and not datasets.has(home, "pictures")
    form.button(key="form_zip_use").click().run()
    info = datasets.describe(home, "pictures")
    assert (info.title, {*info.classes}) == ("花朵", {"玫瑰", "向日葵"})
    assert "花朵 (your pictures)" in form.selectbox(key="form_dataset").options
    assert not form.exception


def test_a_refused_bundle_is_forgotten_and_what_to_do_is_said(open_page, forgotten):
    app = open_page("pages/2_Runs.py")
    app.session_state["import_box"] = True
    app.run()
    app.file_uploader(key="import_file").upload("bundle.zip", b"no zip").run()
    assert forgotten == ["bundle.zip"] and unescaped(app).count(uploads.NOT_KEPT) == 1 and not app.exception
    app.file_uploader(key="import_file").clear().run()
    assert not app.error and not app.exception


def test_names_in_the_question_are_text_and_nothing_else(form):
    evil = "**b** :tada: ![](http:x)"
    files = {
        name: data
        for top in (evil, "plain")
        for low in ("<b>x</b>"[:4], "y")
        for name, data in pictures(f"{top}/{low}", 4).items()
    }
    form.file_uploader(key="form_zip").upload("pets.zip", zipped_bytes(files)).run()
    choice = form.radio(key="form_zip_reading")
    seen = [*choice.options, *(caption.value for caption in form.caption), *(text.value for text in form.markdown)]
    assert not form.exception and any("tada" in text for text in seen)
    assert not [text for text in seen if "**b**" in text or ":tada:" in text or "![]" in text]
