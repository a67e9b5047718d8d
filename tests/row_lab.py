"""A run's row as the queue would give it, for tests that need no queue."""

import json

from tl.config import ArmConfig, Experiment
from tl.store.queue.rows import RunRow

ARM = ArmConfig(name="scratch", strategy="scratch")
SPEC = json.dumps(Experiment(dataset="blossoms", arms=(ARM,)).to_json())
QUEUED = {"run_id": "r" * 26, "experiment_id": "e" * 26, "arm": "scratch", "status": "queued", "spec": SPEC}
NUMBERS = dict.fromkeys(("seed", "position", "stop_requested", "created", "queued", "spent"), 0)
UNKNOWN = dict.fromkeys(("started", "ended", "handle", "reason", "message"))


def run_row(**values) -> RunRow:
    """The row of a run that waits, with `values`."""
    return RunRow(**{**QUEUED, **NUMBERS, **UNKNOWN, "attempt": 1} | values)
