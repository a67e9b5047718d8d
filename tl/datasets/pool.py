"""Processes that answer JSON lines: all cores for decoding and drawing, wherever the parent runs.

multiprocessing would fork a process full of threads (the page) or import its main module again; these are plain
subprocesses, and one that dies takes nothing with it.
"""

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from tl import machine
from tl.datasets.giving_way import POLL_SECONDS, SharedDeviceLock
from tl.output import UTF_8

ROOT = Path(__file__).resolve().parents[2]  # holds the package tl


def environment() -> dict[str, str]:
    """Variables for a process of ours: it finds tl from any working folder and leaves the other cores alone."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return os.environ | UTF_8 | {"PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


READY = "ready\n"  # what a process says when it has started
Ask = Callable[[Iterable[Any]], Iterator[Any]]  # tasks -> answers, both as JSON has them


class Died(RuntimeError):
    """The process ended instead of answering."""


class Closed(RuntimeError):
    """The pool was closed while a task waited or ran, or before."""


class _Process(subprocess.Popen[str]):
    """One of them: it says READY once, then one line for each."""

    greeted = False

    def ask(self, line: str) -> str:
        """The line it answers; cut short where it ended. Raises OSError for a broken pipe."""
        assert self.stdin and self.stdout
        self.greeted = self.greeted or self.stdout.readline() == READY
        self.stdin.write(line + "\n")
        self.stdin.flush()
        return self.stdout.readline()


class Pool:
    """As many processes as there are cores, each started from `arguments` of the Python interpreter."""

    def __init__(self, arguments: list[str]):
        self.arguments = arguments
        self.size = machine.cores()
        self.idle: queue.SimpleQueue[_Process | None] = queue.SimpleQueue()
        self.started: set[_Process] = set()
        self.closed = False
        self.deaths = 0  # of processes that had started well
        self.changing = threading.Lock()

    def _start(self) -> None:
        with self.changing:
            if self.closed:
                raise Closed
            process = _Process(
                [sys.executable, *self.arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                encoding="utf-8",
                env=environment(),
            )
            self.started.add(process)
            self.idle.put(process)

    def ask(self, task: Any) -> Any:
        """The answer to one task. Raises OSError where the process met one, Died where it ends instead.

        A fresh process takes the place of a dead one.
        """
        if self.idle.empty() and len(self.started) < self.size:  # one that few tasks don't need is never started
            self._start()
        process = self.idle.get()
        if process is None or self.closed:
            self.idle.put(None)  # wakes the next, too: there may be more tasks than processes
            raise Closed
        line = ""
        with suppress(OSError):  # a broken pipe shows as no answer
            line = process.ask(json.dumps(task))
        if line.endswith("\n"):
            self.idle.put(process)
            answer = json.loads(line)
            if isinstance(answer, dict) and "errno" in answer:
                raise OSError(answer["errno"], answer["message"])
            return answer
        self._end(process)
        if not process.greeted and not self.closed:
            raise RuntimeError(
                f"`{sys.executable} {' '.join(self.arguments)}` does not start: {process.returncode}"  # not shown
            )  # not shown
        self.deaths += 1
        self._start()
        raise Died(f"{self.arguments[-1]} ended with {process.returncode}")  # not shown

    def _end(self, process: _Process) -> None:
        process.kill()
        process.wait()
        with self.changing:
            self.started.discard(process)
        for pipe in filter(None, (process.stdin, process.stdout)):
            with suppress(OSError):  # what was written last may have found nobody
                pipe.close()

    def close(self) -> None:
        """End the processes, whatever they are doing; who waits for an answer gets Closed."""
        with self.changing:
            self.closed = True
            for process in self.started:
                process.kill()
        self.idle.put(None)  # wakes who waits for a process


@contextmanager
def answers(
    arguments: list[str],
    ask: Callable[[Pool, Any], Any] = Pool.ask,
    seconds: float | None = None,
    locks_dir: Path | None = None,
    waits: Callable[[], None] = lambda: None,
) -> Iterator[Ask]:
    """A function tasks -> answers in the same order, at most a few tasks ahead; the processes end with the block.

    With `locks_dir` they give way to trainers of that home; `waits` is called meanwhile, by who wants the answers, and
    may raise. After `seconds`, waiting not counted, the processes end, and the function raises Closed.
    """
    pool, lock = Pool(arguments), SharedDeviceLock(locks_dir)
    threads = ThreadPoolExecutor(pool.size)
    ended = threading.Event()
    if seconds is not None:
        threading.Thread(target=_expire, args=(pool, lock, seconds, ended), daemon=True).start()

    try:
        yield partial(_answered, threads, lock, waits, pool.size, partial(_asked, lock, ask, pool))
    finally:
        ended.set()
        pool.close()
        for process in list(pool.started):
            process.wait()  # before another computes
        lock.close()
        threads.shutdown(cancel_futures=True)  # the threads see their processes gone
        for process in list(pool.started):
            pool._end(process)


def _asked(lock: SharedDeviceLock, ask: Callable[[Pool, Any], Any], pool: Pool, task: Any) -> Any:
    with lock.inside():
        return ask(pool, task)


def _answered(
    threads: ThreadPoolExecutor,
    lock: SharedDeviceLock,
    waits: Callable[[], None],
    size: int,
    work: Callable[[Any], Any],
    tasks: Iterable[Any],
) -> Iterator[Any]:
    waiting: queue.Queue[Future[Any]] = queue.Queue()
    for task in tasks:
        lock.expect()
        waiting.put(threads.submit(work, task))
        if waiting.qsize() > 4 * size:
            yield _awaited(waiting.get(), lock, waits)
    while not waiting.empty():
        yield _awaited(waiting.get(), lock, waits)


def _awaited(future: Future[Any], lock: SharedDeviceLock, waits: Callable[[], None]) -> Any:
    while not wait([future], POLL_SECONDS).done:
        if lock.waiting:
            waits()
    return future.result()


def _expire(pool: Pool, lock: SharedDeviceLock, seconds: float, ended: threading.Event) -> None:
    """Close the pool once it has worked for so long."""
    end = time.monotonic() + seconds
    while (left := end + lock.waited_seconds - time.monotonic()) > 0:
        if ended.wait(left):
            return
    pool.close()
