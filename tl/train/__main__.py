"""`python -m tl.train RUN_DIR` trains a run, or goes on with it; `--devices N`: on so many from there on. `--probe` measures
this machine's speed.

Exit status 0: finished or stopped (SIGTERM); 1: failed, result.json says why; 2: bad arguments or config.json; 3:
another trains this run; 75: the probe gave way; more: failed, and result.json could not be written (tl/failures.py). Torch is imported only
once this trainer has the device lock, so that starting up does not disturb the one that computes.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from tl import machine
from tl.config import Refused, RunConfig
from tl.config.training import SYNC
from tl.failures import EXIT_STATUS, OF_ERRNO, sentence
from tl.languages import Said, for_stderr, say
from tl.output import spell_out
from tl.store.device_lock import GAVE_WAY, DeviceLock
from tl.store.documents import in_english
from tl.store.files import keep_private, lock_file, read_json, sweep, write_json
from tl.store.home import Home, Run
from tl.train.checkpoints.history import describe
from tl.train.checkpoints.sealed import reached
from tl.train.devices.peers import DeviceLost, Peers
from tl.train.progress import ProgressWriter

if TYPE_CHECKING:  # torch comes with it
    from tl.train.run import Trainer

USAGE = "usage: python -m tl.train RUN_DIR [--devices N] | --probe BACKBONE RESOLUTION BATCH_SIZE"  # not shown
PROCESS_BYTES = 0.5e9  # that a process with torch takes at least
POLL_SECONDS = 0.1  # between two questions whether somebody waits while this machine's speed is measured
OCCUPIED = 3  # exit status where another trainer works in the folder

# Names of failures by what is in a RuntimeError's text, and by the error's class or the nearest it derives from (by
# name: torch is not imported yet).
OF_TEXT = {
    "out of memory": "out_of_gpu_memory",  # not shown
    "CUBLAS_STATUS_ALLOC_FAILED": "out_of_gpu_memory",
    "DefaultCPUAllocator": "out_of_memory",
    "CUDA error": "gpu_lost",
    "CUBLAS_STATUS": "gpu_lost",
    "cuDNN error": "gpu_lost",
    "CUDNN_STATUS": "gpu_lost",
}
OF_CLASS = {
    "WrongHash": "wrong_hash",
    "DownloadFailed": "download_failed",
    "BadCheckpoint": "bad_checkpoint",
    "Refused": "bad_data",
    "Diverged": "diverged",
    "TooFewDevices": "bad_config",
    "OutOfMemoryError": "out_of_gpu_memory",
    "AcceleratorError": "gpu_lost",
    "MemoryError": "out_of_memory",
}


class BadConfig(Refused):
    """The settings of the run can't be read."""


class Stopped(BaseException):
    """SIGTERM or Ctrl-C: end at the next safe place."""


class StopSignal:
    """Notes a stop signal; a trainer that merely waits for the device ends at once.

    The first one counts. Whoever asks again, or asks in another way, changes nothing: the end is being written.
    """

    def __init__(self, device_lock: DeviceLock):
        self._device_lock, self.asked = device_lock, False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        first, self.asked = not self.asked, True
        if first and self._device_lock.waiting:
            raise Stopped

    def check(self) -> None:
        """Raise Stopped where a stop was asked for."""
        if self.asked:
            raise Stopped


def train(folder: Path, devices: int | None = None) -> int:
    """Train the run in `folder`, from here on with so many `devices`, where they are given; everything that happens ends up
    in result.json, or at least in the exit status."""
    run = Run(folder)
    try:
        config = _config(run)
        if not sole_writer(run):
            said = say("Another trainer works in {folder} already; stop that one first.", folder=run.folder)
            print(said, file=sys.stderr)
            return OCCUPIED
        if devices is not None:
            try:
                config = replace(config, devices=devices)
            except Refused as problem:
                print(problem, file=sys.stderr)
                return EXIT_STATUS["bad_config"]
            write_json(run.config, config.to_json())
        return _train(run, config)
    except BadConfig as refusal:
        print(refusal, file=sys.stderr)
        if run.config.exists():
            _end(run, None, None, "failed", "bad_config", str(refusal))
    except Exception as error:  # its result can't be written
        return EXIT_STATUS[explain_and_log(error)[0]]
    return EXIT_STATUS["bad_config"]


def sole_writer(run: Run) -> bool:
    """Make this process the only one that trains the run, until it ends; False where another does."""
    folder = os.open(run.folder, os.O_RDONLY)  # left open: the kernel frees the lock with the process
    return lock_file(folder) is not None


def _train(run: Run, config: RunConfig) -> int:
    trainer, stop, peers, ranks = None, None, None, None
    try:
        device_lock = DeviceLock(run.home.locks_dir)
        stop = StopSignal(device_lock)  # before the old result goes: from here on a stop leaves a new one
        run.result.unlink(missing_ok=True)
        progress = ProgressWriter(run, config.max_epochs)
        progress.phase("waiting")
        device_lock.take(stop.check)
        progress.phase("starting")  # from here on who watches may expect it to get somewhere
        stop.check()
        sweep(run.folder)
        peers = Peers(run, config)  # first: they import torch meanwhile
        peers.watch(lambda lost: _lost(run, config, trainer, lost))
        from tl.train.devices.ranks import join_process_group
        from tl.train.run import Trainer

        ranks = join_process_group(0, peers.count, peers.meeting, config.batchnorm == SYNC)
        trainer = Trainer(run, config, device_lock, stop.check, ranks)
        trainer.train()
        ranks.close()
    except Stopped:
        _end(run, config, trainer, "stopped")
    except Exception as error:
        if stop and stop.asked and isinstance(error, RuntimeError):
            # Who stops signals the whole group: what draws or decodes dies of it first.
            _end(run, config, trainer, "stopped")
            return 0
        if peers and isinstance(error, RuntimeError):  # an operation with one that is no longer there fails
            error = peers.lost() or error
        return _failed(run, config, trainer, error)
    finally:
        if peers:
            peers.end()
        if ranks:
            ranks.close(alone=True)
    return 0


def _failed(run: Run, config: RunConfig, trainer: "Trainer | None", error: Exception) -> int:
    """Write down how a run failed; exit status."""
    reason, message = explain_and_log(error)
    try:
        _end(run, config, trainer, "failed", reason, message)
    except OSError:
        return EXIT_STATUS[reason]
    return 1


def _lost(run: Run, config: RunConfig, trainer: "Trainer | None", lost: DeviceLost) -> None:
    """End this process, which waits for a device that is gone, in an operation that never fails."""
    status = _failed(run, config, trainer, lost)
    os._exit(status)  # the others see the end of their input


def _config(run: Run) -> RunConfig:
    document = read_json(run.config)
    if document is None:
        raise BadConfig(
            say("{file} is missing or not JSON; `python -m tl compare` makes a run's folder.", file=run.config)
        )
    try:
        return RunConfig.from_json(document)
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        why = str(problem) if isinstance(problem, Refused) else f"{type(problem).__name__}: {problem}"
        raise BadConfig(
            say("{file} can't be used ({why}); start a new run.", file=run.config, why=why.rstrip("."))
        ) from None


def _end(
    run: Run,
    config: RunConfig | None,
    trainer: "Trainer | None",
    status: str,
    reason: str | None = None,
    message: str | None = None,
) -> None:
    """Write the result of a run; of one whose trainer had not begun, without settings (None), its metrics tell how far it
    has come."""
    if trainer:
        trainer.result(status, reason=reason, message=message)
    else:
        known = describe(status, reached(run.checkpoints), config) if config else {"status": status}
        write_json(run.result, in_english(known | {"reason": reason, "message": message}))


def explain_and_log(error: Exception) -> tuple[str, str]:
    """`explain`, which also goes to the log, as far as that can be written."""
    reason, message = explain(error)
    with suppress(OSError):
        traceback.print_exception(error)
        print(message, flush=True)
    return reason, message


def explain(error: Exception) -> tuple[str, str]:
    """A failure's name and one sentence: what happened and what to do."""
    reason = _reason(error)
    if isinstance(error, Refused):
        return reason, str(error)
    detail = {"internal_error": f"{type(error).__name__}: {error}", "out_of_memory": ""}.get(reason, str(error))
    if isinstance(error, DeviceLost):
        detail = str(error)
    if isinstance(error, OSError):
        detail = str(error.filename or error.strerror or error)
    if not isinstance(detail, Said):  # else it can be said again
        detail = " ".join(detail.split())[:300]
    return reason, sentence(reason, detail)


def _reason(error: Exception) -> str:
    if isinstance(error, DeviceLost):
        return error.reason
    if isinstance(error, OSError) and error.errno in OF_ERRNO:
        return OF_ERRNO[error.errno]
    for part, reason in OF_TEXT.items():
        if isinstance(error, RuntimeError) and part in str(error):
            return reason
    return next((OF_CLASS[cls.__name__] for cls in type(error).__mro__ if cls.__name__ in OF_CLASS), "internal_error")


def _give_way(device_lock: DeviceLock) -> None:
    """End this process, and so free the device, as soon as anybody wants to compute: nobody waits for an estimate's sake."""
    while not device_lock.wanted():
        time.sleep(POLL_SECONDS)
    os._exit(GAVE_WAY)


def _probe(home: Home, backbone: str, resolution: int, batch_size: int) -> int:
    """Print this machine's speed. The process that computes beside this one in the end starts at once: torch takes seconds."""
    with ExitStack() as stack:
        beside = None
        if machine.cores() > 1 and machine.free_memory() > 2 * PROCESS_BYTES:
            command, pipe = [sys.executable, "-m", "tl.train.speed"], subprocess.PIPE
            stack.enter_context(suppress(BrokenPipeError))
            other = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, encoding="utf-8")
            beside = stack.enter_context(other)
        from tl.train.speed import measure

        print(json.dumps(measure(home, backbone, resolution, batch_size, beside)), flush=True)
    return 0


def main(arguments: list[str]) -> int:
    """Exit status of the command."""
    match arguments:
        case ["--probe", backbone, resolution, batch_size]:
            home = Home()
            device_lock = DeviceLock(home.locks_dir)
            if not device_lock.try_take():
                print(for_stderr(say("Something else is computing; try again when it has ended.")), file=sys.stderr)
                return GAVE_WAY
            threading.Thread(target=_give_way, args=(device_lock,), daemon=True).start()
            return _probe(home, backbone, int(resolution), int(batch_size))
        case [folder] if not folder.startswith("-"):
            return train(Path(folder))
        case [folder, "--devices", number] if number.isdigit() and not folder.startswith("-"):
            return train(Path(folder), int(number))
    print(USAGE, file=sys.stderr)
    return 2


if __name__ == "__main__":
    keep_private()
    spell_out()
    sys.exit(main(sys.argv[1:]))
