"""Tables of unknown origin are read in a process of their own (tl.report.reader), which may die of them."""

import base64
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from typing import Any

from tl.config import Refused, refusal
from tl.datasets.pool import Died, answers
from tl.languages import language

READER = ["-P", "-m", "tl.report.reader"]
Tables = dict[str, bytes]  # file name -> Parquet
Reader = Callable[[Tables, dict[str, Any]], Tables]
Ask = Callable[[list[dict[str, Any]]], Iterator[dict[str, Any]]]
_ONE = threading.Lock()  # of these processes in a server: each takes 150 MB, whoever sends bundles


@contextmanager
def reading() -> Iterator[Reader]:
    """A function: tables of a run, values that stand in every row of them -> the tables, checked and rewritten.

    It raises Refused for what no run writes. The process starts when there is something to read and ends with the block.
    """
    with ExitStack() as held:
        yield partial(_read, cache(partial(_start, held)))


def _start(held: ExitStack) -> Ask:
    held.enter_context(_ONE)
    ask: Ask = held.enter_context(answers(READER))
    return ask


def _read(started: Callable[[], Ask], tables: Tables, constants: dict[str, Any]) -> Tables:
    if not tables:
        return {}
    packed = {name: base64.b64encode(data).decode() for name, data in tables.items()}
    try:
        (found,) = started()([{"tables": packed, "constants": constants, "language": language()}])
    except Died:  # an abort in C++, or more memory or time than a run's tables take
        raise refusal("a table is damaged (reading it ended the process that did).") from None
    if "refused" in found:
        raise Refused(found["refused"])
    return {name: base64.b64decode(data) for name, data in found["tables"].items()}
