"""What runs, experiments and data sets may be called in paths."""

import re
import secrets
import time

ID_PATTERN = re.compile(r"[0-9a-v]{26}")
NAME_PATTERN = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_DIGITS = "0123456789abcdefghijklmnopqrstuv"


def new_id() -> str:
    """A fresh 26-character id: 10 digits of time in milliseconds (so ids sort by age), 16 random ones."""
    number = int(time.time() * 1000) << 80 | secrets.randbits(80)
    return "".join(_DIGITS[number >> shift & 31] for shift in range(125, -1, -5))
