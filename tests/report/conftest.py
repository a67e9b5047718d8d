"""A second home, to import into; a language in which it can be seen what goes through a catalogue."""

import pytest

from tests import translated
from tl.store.home import Home


@pytest.fixture
def other(tmp_path):
    """The home of somebody else."""
    return Home(tmp_path / "other")


@pytest.fixture
def bracketed(monkeypatch, tmp_path):
    """The folder of catalogues in which Chinese has every sentence in ⟦ ⟧ in place of its translation."""
    with translated.bracketed(tmp_path / "locale"):
        yield tmp_path / "locale"
