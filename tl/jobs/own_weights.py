"""A file of weights of one's own, taken into the library by a process that knows torch."""

import json
import subprocess
import sys
from pathlib import Path

from tl.config import Refused, Training, refusal
from tl.ending import REFUSED
from tl.jobs.launchers.launcher import talking
from tl.languages import READ_BY_US, later, read_sentence, say
from tl.store.home import Home

COMMAND = (sys.executable, "-m", "tl.train.own_weights")
LIMIT_SECONDS = 300.0  # after which a file counts as one that can't be looked through


def adopt(home: Home, file: Path, training: Training, licence: str | None) -> tuple[str, str]:
    """The key under which the weights in `file` can be used, and what was found in it. Raises Refused where it can't."""
    options = ["--home", str(home.path.absolute()), *(["--licence", licence] if licence else [])]
    answer = _asked(file, str(file), training.backbone, training.resolution, options)
    return answer["key"], answer["told"]


def look_through(file: Path, shown: str, backbone: str, resolution: int) -> str:
    """What of the file fits the network, in words, in which it is called `shown`. Raises Refused where not all of it does."""
    return _asked(file, shown, backbone, resolution, [])["told"].replace(str(file.absolute()), shown)


def _asked(file: Path, shown: str, backbone: str, resolution: int, options: list[str]) -> dict[str, str]:
    command = [*COMMAND, str(file.absolute()), "--backbone", backbone, "--resolution", str(resolution), *options]
    try:
        own = talking(**READ_BY_US)
        ended = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=LIMIT_SECONDS, **own)
    except subprocess.TimeoutExpired:
        text = later("{file} could not be looked through in {minutes:.0f} minutes; try again.")
        raise refusal(text, file=shown, minutes=LIMIT_SECONDS / 60) from None
    if ended.returncode:
        said = ended.stderr.strip().splitlines()
        last = (
            read_sentence(said[-1].replace(str(file.absolute()), shown)) if said else say("it ended without a message")
        )
        if ended.returncode == REFUSED:
            raise Refused(last)
        raise refusal("{file} could not be looked through ({reason:.300}).", file=shown, reason=last)
    answer: dict[str, str] = json.loads(ended.stdout.strip().splitlines()[-1])
    return answer
