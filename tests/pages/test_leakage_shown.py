"""Pictures that occur in training and test are told where the data set is chosen, whatever their names."""

from tests.datasets.crafted import ingest, picture, two_classes, zipped
from tests.page_lab import texts, unescaped

EVIL = "![](http:evil)<b>**x**.png"


def test_doubled_pictures_are_told_with_their_names_as_text(open_page, home, tmp_path):
    files = two_classes("train/", 8) | two_classes("test/", 3)
    files |= {f"test/rose/{EVIL}": files["train/rose/0.png"], "test/tulip/new.png": picture(99)}
    ingest(home, zipped(tmp_path / "x.zip", files), "x")
    app = open_page()
    app.selectbox(key="form_dataset").select("x").run()
    assert "Test pictures that occur in training, too: 1" in [box.label for box in app.expander]
    shown = texts(app)
    assert EVIL in unescaped(app)
    assert EVIL not in shown
