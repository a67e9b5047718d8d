"""A file of weights of one's own, taken into the library by a process that knows torch."""

import json
import subprocess
import sys
from pathlib import Path

from tl.config import Refused, Training
from tl.jobs.launcher import PROJECT_ROOT, child_environment
from tl.store.home import Home

COMMAND = (sys.executable, "-m", "tl.train.own_weights")


def adopt(home: Home, file: Path, training: Training, licence: str | None) -> tuple[str, str]:
    """The key under which the weights in `file` can be used, and what was found in it. Raises Refused where it can't."""
    command = [*COMMAND, str(file.absolute()), "--backbone", training.backbone, "--home", str(home.path.absolute())]
    command += ["--resolution", str(training.resolution), *(["--licence", licence] if licence else [])]
    ended = subprocess.run(
        command,
        cwd=PROJECT_ROOT,
        env=child_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if ended.returncode:
        said = ended.stderr.strip().splitlines() or ["it ended without a word"]
        raise Refused(said[-1] if ended.returncode == 2 else f"{file} could not be looked through ({said[-1]:.300}).")
    answer = json.loads(ended.stdout.strip().splitlines()[-1])
    return answer["key"], answer["told"]
