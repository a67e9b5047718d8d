"""How much visitors of a hosted TL Lab may use. A limit is data: a field with its default and what it bounds, in words;
`TL_LIMIT_<NAME>` sets it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import Any

from tl.config import refusal
from tl.config.training import MIN_RESOLUTION
from tl.languages import later, say
from tl.policy import HOSTED

PREFIX = "TL_LIMIT_"
_MOST = 10**9


def _limit(default: int, words: str, least: int = 1) -> int:
    """A limit: what it is for a machine with 2 cores and 2 GB of memory, what it bounds, the least that makes sense."""
    return field(default=default, metadata={"words": words, "least": least})


@dataclass(frozen=True, kw_only=True)
class DemoLimits:
    """At most so much, of the free disk at least."""

    upload_megabytes: int = _limit(50, later("MB of one upload, and of one visitor's uploads in the server's memory"))
    uploads_megabytes: int = _limit(200, later("MB of uploads in the server's memory, all visitors' together"))
    upload_minutes: int = _limit(10, later("minutes that one upload may take to arrive, and then reading its pictures"))
    pictures: int = _limit(5_000, later("files of one uploaded data set"), 4)
    classes: int = _limit(100, later("classes of one uploaded data set"), 2)
    samples: int = _limit(2_000, later("training pictures of a run"), 2)
    resolution: int = _limit(224, later("px a side of the pictures a network sees"), MIN_RESOLUTION)
    run_operations: int = _limit(40, later("trillion operations of a run, as worked out from its settings"))
    epochs: int = _limit(30, later("epochs of a run"))
    runs_together: int = _limit(12, later("runs of one comparison: arms x seeds"), 2)
    runs_active: int = _limit(18, later("runs of one visitor that are training or waiting"), 2)
    runs_kept: int = _limit(60, later("runs of one visitor, ended ones too"), 2)
    runs_everybody: int = _limit(200, later("runs of all visitors that are training or waiting"), 2)
    run_minutes: int = _limit(20, later("minutes that a run may take, resumed or not"))
    run_megabytes: int = _limit(1_800, later("MB of memory that a run may need, as estimated"), 500)
    disk_megabytes: int = _limit(2_000, later("MB of one visitor's workspace on the disk"), 100)
    free_megabytes: int = _limit(500, later("MB that must stay free on the disk, whoever wants to fill it"))
    life_hours: int = _limit(24, later("hours without a visit after which a workspace is removed"))


def hosted() -> bool:
    """Whether strangers use this TL Lab. Raises Refused for a value that says neither yes nor no."""
    value = os.environ.get(HOSTED, "")
    if value not in ("", "0", "1"):
        text = later("{variable} is {value!r}; set it to 1 for a demo that strangers use, or leave it out.")
        raise refusal(text, variable=HOSTED, value=value)
    return value == "1"


def limits() -> DemoLimits:
    """Those that hold now: the defaults and what the environment sets. Raises Refused, naming the variable, for a value
    that can't be one."""
    return _limits(tuple((name, value) for name, value in os.environ.items() if name.startswith(PREFIX)))


@lru_cache(maxsize=1)  # asked for by everything that is stored or drawn
def _limits(environment: tuple[tuple[str, str], ...]) -> DemoLimits:
    given = dict(environment)
    known = {PREFIX + entry.name.upper(): entry for entry in fields(DemoLimits)}
    if strange := sorted(given.keys() - known.keys()):
        raise refusal(
            "{name} is not a limit of TL Lab; the limits are {known}.", name=strange[0], known=", ".join(known)
        )
    values = {variable: given.get(variable) or str(entry.default) for variable, entry in known.items()}
    return DemoLimits(**{entry.name: _value(name, values[name], entry.metadata) for name, entry in known.items()})


def _value(variable: str, text: str, about: Mapping[str, Any]) -> int:
    if not (text.isascii() and text.isdigit() and about["least"] <= int(text[:10]) <= _MOST):
        raise refusal(
            "{variable} is {value!r}; it must be a whole number from {least} to {most} ({what}).",
            variable=variable,
            value=text[:40],
            least=about["least"],
            most=_MOST,
            what=say(about["words"]),
        )
    return int(text)
