"""A catalogue of a few sentences, for tests of what is said in another language than English."""

import gettext
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.catalogue import compiled, empty
from tl import languages
from tl.cli import parser


@contextmanager
def chinese(folder: Path, sentences: Mapping[str, str]) -> Iterator[None]:
    """Within it Chinese has these sentences and no others; nobody's language is changed."""
    catalogue = empty("zh")
    for english, said in sentences.items():
        catalogue.add(english, said)
    path = folder / "zh" / "LC_MESSAGES" / "tl.mo"
    path.parent.mkdir(parents=True)
    path.write_bytes(compiled(catalogue))
    before = languages.LOCALE
    languages.LOCALE = parser.LOCALE = folder
    languages._catalogue.cache_clear()
    try:
        yield
    finally:
        languages.LOCALE = parser.LOCALE = before
        languages._catalogue.cache_clear()
        gettext.textdomain("messages")
