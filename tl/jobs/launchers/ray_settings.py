"""What the operator says of the Ray cluster. Imports nothing heavy: every command comes by here."""

import os

from tl.config import refusal
from tl.languages import later

# How nodes come by a run's files: in the home where they see it and else not, in the home in any case, never.
AUTO, SHARED, FETCH = KINDS = ("auto", "shared", "fetch")


def cluster() -> str:
    """Its address; "auto": the one that this machine belongs to."""
    return os.environ.get("TL_RAY_ADDRESS", "auto")


def home_kind() -> str:
    """How nodes come by a run's files, one of KINDS. Raises Refused."""
    kind = os.environ.get("TL_RAY_HOME") or AUTO
    if kind not in KINDS:
        text = later("TL_RAY_HOME is {kind!r}; it must be one of {kinds}.")
        raise refusal(text, kind=kind, kinds=", ".join(KINDS))
    return kind
