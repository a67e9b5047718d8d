"""A disk that is really full, to its last block: said as such, nothing lost, cleaned of what has expired."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MOUNT = ["unshare", "-rm", "sh", "-c", 'mount -t tmpfs -o size=16m none "$1" && shift && exec "$@"', "sh"]


def test_a_full_disk_is_called_so_loses_nothing_and_is_cleaned(tmp_path):
    try:
        possible = subprocess.run([*MOUNT, tmp_path, "true"], capture_output=True).returncode == 0
    except FileNotFoundError:
        possible = False
    if not possible:
        pytest.skip("needs `unshare -rm` and a right to mount, to make a disk that can be filled")
    script = Path(__file__).with_name("on_full_disk.py")
    environment = os.environ | {"TL_HOSTED": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*MOUNT, tmp_path, sys.executable, "-W", "error", script, tmp_path],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
