"""A second home, to import into."""

import pytest

from tl.store.home import Home


@pytest.fixture
def other(tmp_path):
    """The home of somebody else."""
    return Home(tmp_path / "other")
