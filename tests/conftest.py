"""A home of its own for every test that doesn't bring another; which files come first."""

import functools
import sys

import pytest

from tl.jobs.launchers.local import LocalLauncher
from tl.store.home import Home

# Files that take longest: one that starts last leaves the other core idle. Any order of files is right. Beside the
# journey, which trains in processes of its own, first stand those that compute in one.
LONGEST = (
    "test_journey.py",
    "test_look.py",
    "test_resume.py",
    "test_run.py",
    "test_generated.py",
    "test_end_to_end.py",
    "test_server.py",
    "test_user_text_in_browser.py",
    "test_types.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first; within a file and for all others the order stays."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(LONGEST)))


@pytest.fixture
def home(tmp_path):
    """An empty home; nothing of its runs is left alive afterwards."""
    home = Home(tmp_path / "home")
    yield home
    for folder in home.runs_dir.glob("*"):
        LocalLauncher().terminate(folder.name, None)


@pytest.fixture(scope="session", autouse=True)
def components_found_once():
    """Look through the installed packages for parts of pages once, not for each opened page: that takes longer."""
    if "streamlit.testing.v1" not in sys.modules:
        yield
        return
    from streamlit.components.v2 import manifest_scanner

    with pytest.MonkeyPatch.context() as patch:
        find = functools.cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", find)
        yield
