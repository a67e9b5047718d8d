"""Reads the tables of bundles: `python -P -m tl.report.reader`, a JSON task per line on stdin, an answer per line on stdout.

One wrong bit in what a Parquet file says of itself is enough to end the process that looks at it, in C++. Here it ends
nobody else; what the parent keeps is rewritten by this process. tl/report/table_reader.py is its parent.
"""

import base64
import json
import os
import signal
import sys
import warnings
from typing import Any

os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "system"  # others reserve more address space than is allowed below

from tl.config import Refused, refusal
from tl.decoding.sandbox import limit
from tl.languages import ENGLISH, say, speaking
from tl.report.predictions import read_answers
from tl.report.shifted import read_answers_shifted
from tl.report.untrusted_parquet import read_columns
from tl.store.files import parquet_bytes
from tl.store.metrics import MAX_RESOURCE_ROWS, METRICS, RATE_TEST, RESOURCES
from tl.store.predictions import predictions_bytes
from tl.store.shifted import shifted_bytes

CPU_SECONDS, WALL_SECONDS = 5.0, 60.0  # for the tables of one run
MEMORY_BYTES = 256 * 2**20  # besides the process itself
TABLES = {  # file -> columns, rows at most; any other holds predictions
    "metrics.parquet": (METRICS, 1_000),
    "resources.parquet": (RESOURCES, MAX_RESOURCE_ROWS),
    "rate_test.parquet": (RATE_TEST, 10_000),
}


def _read(tables: dict[str, str], constants: dict[str, Any]) -> dict[str, bytes]:
    """File name -> the table rewritten. Raises Refused."""
    found: dict[str, bytes] = {}
    for name, packed in tables.items():
        data = base64.b64decode(packed)
        if name == "shifted.parquet":
            found[name] = shifted_bytes(read_answers_shifted(data))
            continue
        if name not in TABLES:
            found[name] = predictions_bytes(read_answers(data))
            continue
        columns, most = TABLES[name]
        frame = read_columns(data, columns, most, constants)
        if name == "metrics.parquet" and frame["epoch"].tolist() != list(range(1, len(frame) + 1)):
            raise refusal("the epochs of a run are not in order.")
        found[name] = parquet_bytes(frame)
    return found


def _answer(task: dict[str, Any]) -> dict[str, Any]:
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)  # nobody catches these: they end the process
    signal.setitimer(signal.ITIMER_REAL, WALL_SECONDS)
    try:
        found = _read(task["tables"], task["constants"])
    except Refused as refusal:
        return {"refused": str(refusal)}
    except MemoryError:
        return {"refused": say("a table takes more memory than a run's.")}
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
    return {"tables": {name: base64.b64encode(data).decode() for name, data in found.items()}}


def main() -> None:
    warnings.simplefilter("ignore")
    limit(MEMORY_BYTES)
    print("ready", flush=True)
    for line in sys.stdin:
        task = json.loads(line)
        with speaking(task.get("language", ENGLISH)):
            print(json.dumps(_answer(task)), flush=True)


if __name__ == "__main__":
    main()
