"""A catalogue of a few sentences, for tests of what is said in another language than English."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tests.catalogue import compiled, empty, said
from tl import languages
from tl.languages import TWO_SENTENCES


def bracketed(folder: Path) -> AbstractContextManager[None]:
    """Within it Chinese has every sentence of the code in ⟦ ⟧ in place of its translation, for what a catalogue has seen."""
    ids = [message.id for message in said() if message.id]
    return chinese(
        folder, {one: f"⟦{one if isinstance(one, str) else one[1]}⟧" for one in ids} | {TWO_SENTENCES: TWO_SENTENCES}
    )


@contextmanager
def chinese(folder: Path, sentences: Mapping[str | tuple[str, str], str]) -> Iterator[None]:
    """Within it Chinese has these sentences and no others, a pair for one with a number; nobody's language is changed."""
    catalogue = empty("zh")
    for english, translated in sentences.items():
        catalogue.add(english, translated if isinstance(english, str) else (translated,))
    path = folder / "zh" / "LC_MESSAGES" / "tl.mo"
    path.parent.mkdir(parents=True)
    path.write_bytes(compiled(catalogue))
    before = languages.LOCALE
    languages.LOCALE = folder
    languages._catalogue.cache_clear()
    try:
        yield
    finally:
        languages.LOCALE = before
        languages._catalogue.cache_clear()
