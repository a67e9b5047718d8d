"""A bar on stderr for work that tells how far it is; nothing where stderr is no terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress_bar(name: str, unit: str) -> Iterator[Callable[[int, int, str], None]]:
    """Gives what is to be told (done, total, what)."""
    from tqdm import tqdm

    with tqdm(desc=name, file=sys.stderr, unit=unit, disable=None, leave=False) as shown:

        def tell(done: int, total: int, what: str = "") -> None:
            shown.total, shown.n = total, done
            shown.set_postfix_str(what, refresh=False)
            shown.refresh()

        yield tell
