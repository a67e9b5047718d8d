"""A catalogue of a few sentences, for tests of what is said in another language than English."""

import functools
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tests.catalogue import compiled, empty, said
from tl import languages
from tl.languages import TWO_SENTENCES


def bracketed(folder: Path) -> AbstractContextManager[None]:
    """Within it Chinese has every sentence of the code in ⟦ ⟧ in place of its translation, for what a catalogue has seen."""
    return _spoken(folder, _of_all())


def chinese(folder: Path, sentences: Mapping[str | tuple[str, str], str]) -> AbstractContextManager[None]:
    """Within it Chinese has these sentences and no others, a pair for one with a number; nobody's language is changed."""
    return _spoken(folder, _compiled(sentences))


@functools.cache  # reading all of the code takes seconds
def _of_all() -> bytes:
    ids = [message.id for message in said() if message.id]
    return _compiled(
        {one: f"⟦{one if isinstance(one, str) else one[1]}⟧" for one in ids} | {TWO_SENTENCES: TWO_SENTENCES}
    )


def _compiled(sentences: Mapping[str | tuple[str, str], str]) -> bytes:
    catalogue = empty("zh")
    for english, translated in sentences.items():
        catalogue.add(english, translated if isinstance(english, str) else (translated,))
    return compiled(catalogue)


@contextmanager
def _spoken(folder: Path, catalogue: bytes) -> Iterator[None]:
    path = folder / "zh" / "LC_MESSAGES" / "tl.mo"
    path.parent.mkdir(parents=True)
    path.write_bytes(catalogue)
    before = languages.LOCALE
    languages.LOCALE = folder
    languages._catalogue.cache_clear()
    try:
        yield
    finally:
        languages.LOCALE = before
        languages._catalogue.cache_clear()
