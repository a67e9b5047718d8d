"""config.json, progress.json, result.json and imported.json of a run as readers may rely on them, whatever they hold.

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


def is_count(value) -> bool:
    """A whole number from 0 on."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def is_text(value) -> bool:
    """Text."""
    return isinstance(value, str)


def is_flag(value) -> bool:
    """A truth value."""
    return isinstance(value, bool)


def is_texts(value) -> bool:
    """A list of texts."""
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _is_counts(value) -> bool:
    return isinstance(value, list) and all(map(is_count, value))


def _is_names(value) -> bool:
    return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())


_PROGRESS: dict[str, tuple[Callable, object]] = {  # field -> what it must be, what stands for it where it is not
    "phase": (is_text, None),
    "detail": (is_text, ""),
    "epoch": (is_count, 0),
    "epochs": (is_count, 0),
    "step": (is_count, 0),
    "steps": (is_count, 0),
    "counter": (is_count, 0),
    "elapsed_seconds": (_is_amount, 0.0),
    "notes": (is_texts, []),
}
_RESULT: dict[str, Callable] = {
    "status": is_text,
    "reason": is_text,
    "message": is_text,
    "epochs": is_count,
    "best_epoch": is_count,
    "stopped_early": is_flag,
    "best_val_accuracy": _is_share,
    "best_val_balanced_accuracy": _is_share,
    "test_balanced_accuracy": _is_share,
    "test_macro_f1": _is_share,
    "test_accuracy": _is_share,
    "test_loss": _is_amount,
    "test_images": is_count,
    "elapsed_seconds": _is_amount,
    "waited_seconds": _is_amount,
    "memory_peak_bytes": _is_amount,
    "energy_joules": _is_amount,
    "device": is_text,
    "precision": is_text,
    "learning_rate": _is_amount,
    "rate_found": is_flag,
    "rate_test_seconds": _is_amount,
    "phase_starts": _is_counts,
    "flops": _is_amount,
    "versions": _is_names,
    "notes": is_texts,
}
_IMPORTED: dict[str, Callable] = {
    "exported": is_number,
    "dataset": lambda value: value is None or isinstance(value, dict),
    "weights": is_text,
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


def read_imported(run: Run) -> dict | None:
    """What came with a run that was trained elsewhere: `exported` (Unix seconds), `dataset` (JSON of a DatasetInfo, or
    null), `weights` (in words); all null where it can't be read. None for a run of this home."""
    if not run.imported.exists():
        return None
    found = read_json(run.imported)
    whole = isinstance(found, dict) and all(holds(found.get(name)) for name, holds in _IMPORTED.items())
    return {name: found[name] if whole else None for name in _IMPORTED}
