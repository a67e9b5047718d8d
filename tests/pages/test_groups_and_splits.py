"""What belongs together and who gets which split, as a person says it in the form and reads it afterwards."""

import pytest

from tests.datasets.crafted import ingest, picture, two_classes, zipped, zipped_bytes
from tests.page_lab import unescaped
from tl import datasets, jobs
from tl.ui.parts import uploads

SWITCH = "form_resplit_switch"
SHOTS = {
    f"{name}/{name}{patient}_{shot}.png": picture(1000 * place + 10 * patient + shot)
    for place, name in enumerate(("ill", "well"))
    for patient in range(8)
    for shot in range(2)
}
WHO = "file,patient\n" + "".join(f"{name},{name.split('/')[1].split('_')[0]}\n" for name in SHOTS)


@pytest.fixture
def form(open_page):
    """Compare with the box for own pictures open."""
    app = open_page()
    app.session_state["form_uploader"] = True
    return app.run()


def bring(app, way: str, said: str = "", files=SHOTS) -> None:
    app.selectbox(key="form_zip_group").set_value(way).run()
    if said:
        app.text_input(key=f"form_zip_{way}").set_value(said).run()
    app.file_uploader(key="form_zip").upload("shots.zip", zipped_bytes(files)).run()
    use(app)
    assert not app.exception


def use(app) -> None:
    """Say yes to what was understood, where that is asked."""
    if "form_zip_use" in [button.key for button in app.button]:
        app.button(key="form_zip_use").click().run()


WAYS = {
    "pattern": (r"^([a-z]+\d+)_", SHOTS),
    "table": ("who.csv:patient", SHOTS | {"who.csv": WHO.encode()}),
    "folder": ("", {name.replace("_", "/"): data for name, data in SHOTS.items()}),
}


@pytest.mark.parametrize("way", WAYS)
def test_pictures_are_brought_with_what_belongs_together(form, home, way):
    said, files = WAYS[way]
    bring(form, way, said, files)
    assert datasets.describe(home, "shots").groups == 16 and not form.error
    words = unescaped(form)
    assert "32 pictures belong together in 16 groups" in words and "one side of every split made here" in words


def test_a_pattern_that_is_none_is_said_and_the_zip_is_kept_for_a_better_one(form, home):
    bring(form, "pattern", "(")
    assert "is not a regular expression" in unescaped(form) and uploads.NOT_KEPT not in unescaped(form)
    assert not datasets.has(home, "shots")
    form.text_input(key="form_zip_pattern").set_value(WAYS["pattern"][0]).run()
    use(form)
    assert datasets.describe(home, "shots").groups == 16 and not form.error and not form.exception


def test_a_zip_waits_until_it_is_said_what_belongs_together(form, home):
    bring(form, "table")
    assert not datasets.has(home, "shots") and not form.error
    form.text_input(key="form_zip_table").set_value("who").run()
    assert "joined by a colon" in unescaped(form) and not datasets.has(home, "shots")
    form.selectbox(key="form_zip_group").set_value("none").run()
    use(form)
    assert datasets.describe(home, "shots").groups == 0 and not form.exception


@pytest.fixture
def sets(home, tmp_path):
    """One set that TL Lab divided, one with a test set of its own."""
    ingest(home, zipped(tmp_path / "x.zip", two_classes("", 10)), "own")
    ingest(home, zipped(tmp_path / "y.zip", two_classes("train/", 8) | two_classes("test/", 3)), "tested")


def switch(app):
    return [toggle for toggle in app.toggle if toggle.key == SWITCH]


def started(app, home):
    app.button(key="form_start").click().run()
    assert not app.exception and not app.error
    return jobs.experiment(home, jobs.list_runs(home)[0].experiment_id)["experiment"]


def test_a_new_split_for_every_seed_follows_the_set_until_it_is_touched(open_page, home, sets, monkeypatch):
    app = open_page()
    assert not switch(app), "blossoms have a test set"
    app.selectbox(key="form_dataset").select("own").run()
    (toggle,) = switch(app)
    assert toggle.value is True and app.session_state["form_resplit"] is None and "On by default here" in toggle.help
    toggle.set_value(False).run()
    assert app.session_state["form_resplit"] is False and started(app, home).resplit is False


def test_touched_back_it_is_automatic_again_and_another_set_forgets_it(open_page, home, sets):
    app = open_page()
    app.selectbox(key="form_dataset").select("own").run()
    switch(app)[0].set_value(False).run()
    switch(app)[0].set_value(True).run()
    assert app.session_state["form_resplit"] is None
    switch(app)[0].set_value(False).run()
    app.selectbox(key="form_dataset").select("tested").run()
    assert not switch(app) and app.session_state["form_resplit"] is None
    app.selectbox(key="form_dataset").select("own").run()
    assert switch(app)[0].value is True and started(app, home).resplit is True


def test_of_a_large_set_it_is_off_and_can_be_switched_on(open_page, home, sets, monkeypatch):
    monkeypatch.setattr("tl.datasets.preparing.RESPLIT_BELOW", 10)
    app = open_page("pages/1_Data_size.py")
    app.selectbox(key="form_dataset").select("own").run()
    (toggle,) = switch(app)
    assert toggle.value is False and "Off by default here" in toggle.help
    toggle.set_value(True).run()
    assert app.session_state["form_resplit"] is True and switch(app)[0].value is True


@pytest.mark.parametrize("page", [None, "pages/1_Data_size.py"])
def test_the_form_says_what_can_be_seen_at_all(open_page, home, sets, page):
    app = open_page(page)
    assert "With 1,000 test pictures only differences above about 3 points can be told from chance." in unescaped(app)
    app.selectbox(key="form_dataset").select("tested").run()
    assert "With 6 test pictures only differences above about 44 points can be told" in unescaped(app)
