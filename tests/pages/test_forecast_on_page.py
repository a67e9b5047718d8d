"""How many more pictures? on the Data size page and after a comparison: the page never waits and never computes."""

import subprocess
import sys
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests import page_lab
from tests.forecast_lab import curve, power
from tests.page_lab import charts, unescaped
from tl.analysis.forecasts import question as questions
from tl.config import Training
from tl.jobs.measurements import forecasts as job

ROOT = Path(__file__).parents[2]
QUICK = Training(dataset="blossoms", backbone="resnet18_narrow", resolution=32)  # as the form first is
BUTTON, TARGET = "forecast_ask_form", "forecast_target_form"


@pytest.fixture(autouse=True)
def nothing_downloaded(tmp_path, monkeypatch):
    """Only bundled weights, whatever this computer has in its cache."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))


@pytest.fixture
def asks(monkeypatch):
    """What the background was asked to measure."""
    asked = []
    monkeypatch.setattr(job, "ask", lambda home, question: asked.append(question))
    return asked


def measured(home, about: Training = QUICK) -> questions.ForecastQuestion:
    asked = questions.question(home, about)
    questions.keep_curve(home, asked, curve(power(2.0, 0.4, 0.02)))
    return asked


def test_one_click_asks_and_the_page_goes_on(open_page, home, asks):
    app = open_page("pages/1_Data_size.py")
    assert "How many more pictures?" in [title.value for title in app.header]
    app.button(key=BUTTON).click().run()
    assert not app.exception
    assert asks == [questions.question(home, QUICK)]
    assert not home.forecasts_dir.exists()


def test_what_was_measured_is_shown_with_its_curve_and_record(open_page, home, asks):
    measured(home)
    app = open_page("pages/1_Data_size.py")
    before = len(charts(app))
    app.button(key=BUTTON).click().run()
    assert not app.exception and asks == []
    words = unescaped(app)
    assert "should be enough to reach 90 % with a linear probe." in words
    assert "No record yet" in words and "a sweep of these pictures" in words
    assert len(charts(app)) == before + 1
    app.text_input(key=TARGET).set_value("70.0").run()
    assert "already reaches 70 %" in unescaped(app)


def test_a_sweep_tells_of_the_other_arms_and_their_names_never_become_markup(open_page, home, asks):
    measured(home)
    page_lab.swept(home, backbone=QUICK.backbone, resolution=QUICK.resolution)
    app = open_page("pages/1_Data_size.py")
    app.button(key=BUTTON).click().run()
    assert not app.exception
    assert "from scratch" in unescaped(app)
    assert "<b>arm</b>" not in page_lab.texts(app) and "a sweep of these pictures" not in unescaped(app)


def test_what_could_not_be_measured_is_said(open_page, home, asks):
    questions.keep_problem(home, questions.question(home, QUICK), "The *file* is damaged.")
    app = open_page("pages/1_Data_size.py")
    app.button(key=BUTTON).click().run()
    assert not app.exception and "The *file* is damaged." in unescaped(app) and len(asks) == 1


def test_after_a_comparison_it_stands_in_an_expander(home, asks):
    measured(home, Training(dataset="blossoms"))

    def page():
        from tl.config import ArmConfig, Experiment
        from tl.store.home import Home
        from tl.ui.compose import forecast

        arms = (ArmConfig(name="scratch", strategy="scratch"),)
        forecast.after_comparison(Home(), Experiment(dataset="blossoms", arms=arms))

    app = AppTest.from_function(page, default_timeout=60).run()
    assert not app.exception and app.expander[0].label == "How many more pictures?"
    app.button(key="forecast_ask_after").click().run()
    assert "should be enough" in unescaped(app) and len(charts(app)) == 1


def test_what_shows_it_imports_nothing_that_computes():
    check = "import sys; import tl.ui.compose.forecast; sys.exit(bool({'torch', 'scipy.optimize', 'altair'} & {*sys.modules}))"
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", check], cwd=ROOT).returncode == 0
    check = "import sys; import tl.analysis.forecasts.answer; sys.exit('scipy.optimize' in sys.modules)"
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", check], cwd=ROOT).returncode == 0
