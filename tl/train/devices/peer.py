"""`python -m tl.train.devices.peer`: one of the other processes of a run on several devices, see tl.train.devices.peers.

It trains as the trainer does and writes nothing. Exit status 0: the run has ended; else as of `python -m tl.train`.
"""

import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from tl.config import RunConfig
from tl.config.training import SYNC
from tl.failures import EXIT_STATUS
from tl.output import spell_out
from tl.store.files import keep_private
from tl.store.home import Run
from tl.train.devices.peers import NoDeviceLock


def main() -> int:
    """Do what the first line of standard input says."""
    for number in (signal.SIGTERM, signal.SIGINT):  # the trainer is asked as well, and ends them all
        signal.signal(number, signal.SIG_IGN)
    told = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_the_trainer, daemon=True).start()
    try:
        _train(told)
    except Exception as error:
        from tl.train.__main__ import explain_and_log

        return EXIT_STATUS[explain_and_log(error)[0]]
    return 0


def _end_with_the_trainer() -> None:
    sys.stdin.read()
    os._exit(0)


def _train(told: dict[str, Any]) -> None:
    from tl.train.devices.ranks import join_process_group
    from tl.train.run import Trainer

    config = RunConfig.from_json(told["config"])
    count, sync = config.devices_of(config.arm), config.batchnorm == SYNC
    ranks = join_process_group(told["number"], count, Path(told["meeting"]), sync)
    try:
        Trainer(Run(Path(told["run"])), config, NoDeviceLock(), lambda: None, ranks).train()
    finally:
        ranks.close()


if __name__ == "__main__":
    keep_private()
    spell_out()
    sys.exit(main())
