"""A second home, to import into; a language in which it can be seen what goes through a catalogue."""

import pytest

from tests import catalogue
from tl import languages
from tl.store.home import Home


@pytest.fixture
def other(tmp_path):
    """The home of somebody else."""
    return Home(tmp_path / "other")


@pytest.fixture
def bracketed(monkeypatch, tmp_path):
    """The folder of catalogues in which Chinese has every sentence in ⟦ ⟧ in place of its translation."""
    folder = tmp_path / "locale" / "zh" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    made = catalogue.empty("zh")
    for message in catalogue.said():
        if message.id:
            several = isinstance(message.id, tuple)
            made.add(message.id, (f"⟦{message.id[1]}⟧",) if several else f"⟦{message.id}⟧")
    (folder / "tl.mo").write_bytes(catalogue.compiled(made))
    monkeypatch.setattr(languages, "LOCALE", tmp_path / "locale")
    languages._catalogue.cache_clear()
    yield tmp_path / "locale"
    languages._catalogue.cache_clear()
