"""The page's server is killed again and again while a run goes on: `PAGE_KILLS=50`.

The run must not notice, and the page must be back with the live run in seconds.
"""

import os
import re
import subprocess
import sys
import time

import pytest
from playwright.sync_api import sync_playwright

from tests.jobs.lab import FOLDER, until
from tests.test_journey import CHROMIUM, SECOND, App
from tl import jobs
from tl.config import ArmConfig, Experiment
from tl.jobs.launchers import processes
from tl.jobs.launchers.launcher import child_environment
from tl.jobs.launchers.local import LocalLauncher, identity_of
from tl.store.home import Home
from tl.store.queue import database

PAGE_KILLS = int(os.environ.get("PAGE_KILLS", "0"))
BACK_SECONDS = 5.0
EPOCH = re.compile(r"Epoch (\d+) of 1000")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: install it (apt-get install chromium)"),
    pytest.mark.skipif(not PAGE_KILLS, reason="PAGE_KILLS=50 kills the page's server as often: some minutes"),
]


@pytest.fixture
def home(tmp_path):
    """A home with a supervisor whose trainers are stand-ins."""
    home = Home(tmp_path / "home")
    command = [sys.executable, str(FOLDER / "stand_in_supervisor.py"), str(home.path), "600"]
    supervisor = subprocess.Popen(command, env=child_environment(), stdout=subprocess.DEVNULL)
    yield home
    supervisor.kill()
    supervisor.wait()
    for row in database.read_runs(home):
        LocalLauncher().terminate(row.run_id, None)


@pytest.fixture
def page():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.set_default_timeout(60 * SECOND)
        yield page
        browser.close()


def test_a_killed_page_server_leaves_the_run_alone_and_is_back_at_once(home, page, capsys):
    arm = ArmConfig(name="slow", strategy="scratch", epochs=1000)
    experiment_id = jobs.submit(home, Experiment(dataset="blossoms", samples=20, arms=(arm,)))
    [row] = until(lambda: [row for row in database.read_runs(home, statuses=("running",)) if row.handle])
    trainer, run_id = identity_of(row.handle), row.run_id
    until(lambda: getattr(jobs.run(home, run_id).progress, "epoch", 0) > 1)

    def epoch() -> int:
        return jobs.run(home, run_id).progress.epoch

    def shown() -> int:
        """The epoch that the page shows; waits until it shows one."""
        bar = page.get_by_text(EPOCH).first
        bar.wait_for()
        return int(EPOCH.search(bar.inner_text())[1])

    app, seconds = App(home), []
    try:
        page.goto(f"{app.url}/?experiment={experiment_id}")
        assert shown() > 0
        for _ in range(PAGE_KILLS):
            assert app.process.poll() is None
            app.kill()
            killed_at = epoch()
            until(lambda: epoch() > killed_at + 2)  # noqa: B023 - the trainer doesn't mind
            began = time.monotonic()
            app.start()
            page.goto(f"{app.url}/?experiment={experiment_id}")
            assert shown() > killed_at
            seconds.append(time.monotonic() - began)
            now = database.read_run(home, run_id)
            assert identity_of(now.handle) == trainer and now.attempt == 1 and processes.alive(trainer)
    finally:
        app.kill()
    with capsys.disabled():
        ordered = sorted(seconds)
        print(
            f"\n{len(seconds)} kills; back with the live run after {ordered[len(ordered) // 2]:.1f} s (median), "
            f"{ordered[-1]:.1f} s (longest)"
        )
    assert jobs.stop(home, run_id).status == "stopped"
    assert max(seconds) < BACK_SECONDS
