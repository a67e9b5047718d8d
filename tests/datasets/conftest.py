"""A home of its own for every test."""

import pytest

from tl.store.home import Home


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")
