"""A home of its own for every test that doesn't bring another."""

import pytest

from tl.jobs.launcher import LocalLauncher
from tl.store.home import Home


@pytest.fixture
def home(tmp_path):
    """An empty home; nothing of its runs is left alive afterwards."""
    home = Home(tmp_path / "home")
    yield home
    for folder in home.runs_dir.glob("*"):
        LocalLauncher().terminate(folder.name, None)
