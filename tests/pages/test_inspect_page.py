"""The Inspect page: what was fixed and broken, what is taken for what, mistakes, how sure the arms are."""

import shutil

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from tests import page_lab
from tests.datasets.crafted import ingest, pictures, zipped
from tests.page_lab import charts, texts, unescaped
from tl import datasets
from tl.config import ArmConfig
from tl.store.files import write_json
from tl.store.home import Home
from tl.store.predictions import ALONE, Predictions, write_predictions

CLASSES = ("a*b*", "tulip")  # one of them is a stranger's
ARMS = (ArmConfig(name="scratch", strategy="scratch"), ArmConfig(name="linear_probe", strategy="linear_probe"))
PAGE = "pages/3_Inspect.py"
WRONG = {"scratch": (0, 1, 2, 5), "linear_probe": (2, 3)}  # rows of the test pictures
SURE = {"scratch": 0.6, "linear_probe": 0.9}


@pytest.fixture(scope="module")
def brought(tmp_path_factory):
    """A home with 20 pictures of each class, 3 of them for the test."""
    folder = tmp_path_factory.mktemp("brought")
    files = {file: data for name in CLASSES for file, data in pictures(name, 20).items()}
    home = Home(folder / "home")
    ingest(home, zipped(folder / "x.zip", files), "mine")
    return home


@pytest.fixture
def info(home, brought):
    """The same pictures in the home of the test."""
    shutil.copytree(brought.dataset_dir("mine"), home.dataset_dir("mine"))
    return datasets.describe(home, "mine")


@pytest.fixture
def compared(home, info) -> str:
    """A finished comparison of two arms with two seeds, which answered alike; its id."""
    return made(home)


def made(home: Home, seeds: int = 2, arms=ARMS, **settings) -> str:
    experiment_id = page_lab.submit(home, seeds, arms=arms, dataset="mine", samples=None, resolution=64, **settings)
    for row in page_lab.rows(home, experiment_id):
        page_lab.end(home, row, "finished")
        write_predictions(home.run(row.run_id).predictions, answered(home, row.arm))
    return experiment_id


def answered(home: Home, arm: str) -> dict[str, Predictions]:
    store = datasets.prepare(home, "mine", 64)
    found = {}
    for split in ("validation", "test"):
        label = store.labels_of(split)
        predicted = label.copy()
        predicted[[row for row in WRONG[arm] if row < len(label)]] ^= 1
        shares = np.where(np.arange(2) == predicted[:, None], SURE[arm], 1 - SURE[arm])
        told = {"picture": store.pictures_of(split), "label": label, "predicted": predicted}
        found[split] = Predictions(**told, group=np.full(len(label), ALONE), probabilities=shares.astype(np.float16))
    return found


def images(app: AppTest) -> list:
    """All pictures of the page, with their captions."""
    return [image for row in app.get("image") for image in row.proto.imgs]


def opened(app: AppTest, section: str) -> AppTest:
    [pills] = [each for each in app.button_group if each.key == "inspect_section"]
    pills.set_value(section).run()
    assert not app.exception, app.exception
    return app


def groups(app: AppTest):
    [found] = [each for each in app.button_group if (each.key or "").startswith("inspect_shown")]
    return found


def test_it_says_what_was_fixed_and_broken_with_an_interval_and_over_all_seeds(open_page, compared):
    said = unescaped(open_page(PAGE, experiment=compared))
    assert "Compared with training from scratch, linear probe fixed **3** of 6 test pictures and broke **1**" in said
    assert "(difference **+2**, 95 % interval −" in said
    assert "these two networks (seed 0)" in said
    assert (
        "Over 2 seeds, linear probe fixed 3 of 6 test pictures and broke 1: a difference of **+2** on average" in said
    )


def test_both_arms_and_their_difference_are_drawn_and_read_out(open_page, compared):
    drawn = [chart.proto.alt for chart in charts(open_page(PAGE, experiment=compared))]
    assert drawn == [
        "Confusion matrix of Linear probe",
        "Confusion matrix of From scratch",
        "Difference of the confusion matrices of Linear probe and From scratch",
    ]


def test_each_group_shows_its_pictures_with_both_answers_and_how_sure(open_page, compared):
    app = open_page(PAGE, experiment=compared)
    assert groups(app).options[0] == "Fixed (3)" and len(images(app)) == 3
    for image in images(app):
        assert "✓" in image.caption.split("\n")[1] and "90\u00a0" in image.caption  # the transferred arm comes first
        assert "✗" in image.caption.split("\n")[2] and "60\u00a0" in image.caption
        assert "a*b*" not in image.caption, "a class's name is no markup"
    groups(app).set_value("broken").run()
    assert len(images(app)) == 1
    [image] = images(app)
    assert "Linear probe ✗" in image.alt and "From scratch ✓" in image.alt


def test_without_a_mouse_two_classes_are_chosen(open_page, compared, home):
    app = open_page(PAGE, experiment=compared)
    groups(app).set_value("square").run()
    assert len(images(app)) == 6, "any class"
    label = int(datasets.prepare(home, "mine", 64).labels_of("test")[2])
    app.selectbox(key=f"inspect_labelled_{compared}").set_value(label).run()
    app.selectbox(key=f"inspect_answered_{compared}").set_value(1 - label).run()
    expected = sum(datasets.prepare(home, "mine", 64).labels_of("test")[[2, 3]] == label)
    assert len(images(app)) == expected
    app.selectbox(key=f"inspect_by_{compared}").set_value("one").run()
    assert not app.exception and "the surest answers first" in texts(app)


def test_each_class_has_recall_precision_and_its_number_of_pictures(open_page, compared):
    table = open_page(PAGE, experiment=compared).dataframe[0].value
    assert table["class"].tolist() == list(CLASSES) and table["test pictures"].tolist() == [3, 3]
    assert all(" to " in each for each in table["recall, Linear probe"])
    assert table["answers, From scratch"].sum() == 6


def test_the_worst_mistakes_and_the_hardest_pictures(open_page, compared):
    app = opened(open_page(PAGE, experiment=compared), "mistakes")
    said = unescaped(app)
    assert "Linear probe got 2 of 6 test pictures wrong (seed 0)" in said
    assert "1 of 6 test pictures was answered wrongly by all 4 networks (all arms and seeds), 5 by at least one" in said
    worst, hardest = app.get("image")
    assert len(worst.proto.imgs) == 2 and len(hardest.proto.imgs) == 5
    assert "wrong in 4 of 4" in hardest.proto.imgs[0].caption


def test_the_calibration_says_who_is_too_sure_and_what_mends_it(open_page, compared):
    app = opened(open_page(PAGE, experiment=compared), "calibration")
    said = unescaped(app)
    assert "on average its answers are 90.0 % sure, and 66.7 % of them are right" in said
    assert "A temperature of " in said and "fitted on 6 validation pictures" in said
    [table] = app.dataframe
    assert table.value.columns.tolist()[1:3] == ["Linear probe, as trained", "Linear probe, with temperature"]
    [chart] = charts(app)
    assert "How sure the answers of Linear probe and From scratch are" in chart.proto.alt
    [which] = [each for each in app.button_group if each.key == "inspect_calibration"]
    which.set_value("after").run()
    assert not app.exception


def test_without_the_pictures_there_are_numbers(open_page, compared, home, info):
    shutil.rmtree(home.dataset_dir(info.name))
    app = open_page(PAGE, experiment=compared)
    assert "only numbers can be shown" in texts(app) and "fixed **3** of 6" in unescaped(app)
    assert not images(app)
    table = app.dataframe[0].value
    assert table.columns.tolist() == ["picture", "labelled", "Linear probe", "From scratch"] and len(table) == 3
    assert all(each.startswith("✓ Class") and each.endswith(" 90 %") for each in table["Linear probe"])


def test_what_was_trained_elsewhere_shows_no_pictures_of_a_set_that_has_the_same_name(open_page, compared, home, info):
    for row in page_lab.rows(home, compared):
        write_json(home.run(row.run_id).imported, {"exported": 1.0, "dataset": info.to_json(), "weights": "none"})
    app = open_page(PAGE, experiment=compared)
    assert "only numbers can be shown" in texts(app) and not images(app)
    assert app.dataframe[-1].value["class"].tolist() == list(CLASSES), "what came with it names the classes"


def test_an_arm_alone_has_its_right_and_wrong_pictures(open_page, home, info):
    app = open_page(PAGE, experiment=made(home, seeds=1, arms=ARMS[1:]))
    assert groups(app).options == ["Wrong (2)", "Right (4)", "By class"]
    assert len(images(app)) == 2 and len(charts(app)) == 1


def test_a_seed_that_only_one_arm_has_finished_is_not_compared(open_page, home, compared):
    [row] = [row for row in page_lab.rows(home, compared) if (row.arm, row.seed) == ("scratch", 0)]
    home.run(row.run_id).predictions.unlink()
    app = open_page(PAGE, experiment=compared)
    assert "From scratch has no finished run with seed 0" in unescaped(app)
    assert "Compared with" not in unescaped(app) and len(charts(app)) == 1


def test_what_was_chosen_of_two_arms_is_forgotten_where_there_is_one(open_page, home, compared):
    [row] = [row for row in page_lab.rows(home, compared) if (row.arm, row.seed) == ("scratch", 1)]
    home.run(row.run_id).predictions.unlink()
    app = open_page(PAGE, experiment=compared)
    groups(app).set_value("square").run()
    app.selectbox(key=f"inspect_by_{compared}").set_value("one").run()
    app.selectbox(key="inspect_seed").set_value(1).run()
    assert not app.exception and len(images(app)) == 6
    app.selectbox(key="inspect_seed").set_value(0).run()
    groups(app).set_value("broken").run()
    app.selectbox(key="inspect_seed").set_value(1).run()
    assert not app.exception and groups(app).value == "wrong"


def test_the_arms_can_be_swapped(open_page, compared):
    app = open_page(PAGE, experiment=compared)
    app.selectbox(key="inspect_arm").set_value("scratch").run()
    assert "training from scratch fixed **1** of 6 test pictures and broke **3**" in unescaped(app)
