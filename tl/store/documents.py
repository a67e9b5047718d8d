"""config.json, progress.json and result.json of a run as their readers may rely on them, whatever the files hold.

A value that can't be counts as not there, so that a damaged file costs what it held and nothing else.
"""

import math
from collections.abc import Callable

from tl.config import Refused, RunConfig
from tl.store.files import read_json
from tl.store.home import Run


def is_number(value) -> bool:
    """A finite number, and no truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_amount(value) -> bool:
    return is_number(value) and value >= 0


def _is_share(value) -> bool:
    return is_number(value) and 0 <= value <= 1


def _is_count(value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_text(value) -> bool:
    return isinstance(value, str)


def _is_flag(value) -> bool:
    return isinstance(value, bool)


def _is_texts(value) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _is_counts(value) -> bool:
    return isinstance(value, list) and all(map(_is_count, value))


def _is_names(value) -> bool:
    return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())


_PROGRESS: dict[str, tuple[Callable, object]] = {  # field -> what it must be, what stands for it where it is not
    "phase": (_is_text, None),
    "detail": (_is_text, ""),
    "epoch": (_is_count, 0),
    "epochs": (_is_count, 0),
    "step": (_is_count, 0),
    "steps": (_is_count, 0),
    "counter": (_is_count, 0),
    "elapsed_seconds": (_is_amount, 0.0),
    "notes": (_is_texts, []),
}
_RESULT: dict[str, Callable] = {
    "status": _is_text,
    "reason": _is_text,
    "message": _is_text,
    "epochs": _is_count,
    "best_epoch": _is_count,
    "stopped_early": _is_flag,
    "best_val_accuracy": _is_share,
    "test_accuracy": _is_share,
    "test_loss": _is_amount,
    "test_images": _is_count,
    "elapsed_seconds": _is_amount,
    "waited_seconds": _is_amount,
    "memory_peak_bytes": _is_amount,
    "energy_joules": _is_amount,
    "device": _is_text,
    "precision": _is_text,
    "learning_rate": _is_amount,
    "rate_found": _is_flag,
    "rate_test_seconds": _is_amount,
    "phase_starts": _is_counts,
    "flops": _is_amount,
    "versions": _is_names,
    "notes": _is_texts,
}


def read_progress(run: Run) -> dict | None:
    """Where the run is, every field of it; None where there is no telling."""
    found = read_json(run.progress)
    if not isinstance(found, dict):
        return None
    return {name: found[name] if holds(found.get(name)) else other for name, (holds, other) in _PROGRESS.items()}


def read_result(run: Run) -> dict | None:
    """How the run ended, a field that can't be null; None where there is no result or it can't be read."""
    found = read_json(run.result)
    if not isinstance(found, dict):
        return None
    return {name: value if name not in _RESULT or _RESULT[name](value) else None for name, value in found.items()}


def read_config(run: Run) -> RunConfig | None:
    """The settings of the run; None where they can't be read."""
    try:
        return RunConfig.from_json(read_json(run.config))
    except (Refused, ValueError, TypeError, KeyError, AttributeError):
        return None
