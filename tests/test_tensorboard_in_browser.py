"""TensorBoard in the page, in a real browser: its charts are there under either name of this machine."""

import pytest
from playwright.sync_api import expect

from tests.jobs.lab import end_tensorboard
from tests.test_journey import SECOND, App, browser, pytestmark  # noqa: F401 - fixtures and the browser's mark
from tl.config import ArmConfig, Experiment, new_id
from tl.store.home import Home
from tl.store.queue.database import insert_experiments
from tl.train.events import write_events


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    home = Home(tmp_path_factory.mktemp("tensorboard") / "home")
    experiment = Experiment(dataset="blossoms", samples=500, arms=(ArmConfig(name="scratch", strategy="scratch"),))
    (run,) = experiment.runs(new_id())
    insert_experiments(home, [(experiment, [run])], None)
    rows = [{"epoch": epoch, "train_loss": 1 / epoch, "elapsed_seconds": 2.0 * epoch} for epoch in (1, 2, 3)]
    write_events(home.run(run.run_id).tensorboard, run, rows)
    started = App(home)
    yield started
    started.kill()
    end_tensorboard(home)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_its_charts_are_there_whatever_the_page_was_opened_by(app, browser, host):  # noqa: F811
    page = browser.new_page()
    page.set_default_timeout(90 * SECOND)
    page.goto(f"http://{host}:{app.port}/Runs")
    page.get_by_role("button", name="Open TensorBoard").click()
    link = page.get_by_role("link", name="Open in a tab of its own")
    expect(link).to_be_visible(timeout=90 * SECOND)
    assert (link.get_attribute("href") or "").startswith(f"http://{host}:")
    frame = page.frame_locator("iframe[src*='http']")
    expect(frame.locator("scalar-card, line-chart").first).to_be_visible(timeout=90 * SECOND)
    expect(frame.get_by_text("loss/train").first).to_be_visible()
    expect(frame.get_by_text("Data could not be loaded")).to_have_count(0)
    page.close()
