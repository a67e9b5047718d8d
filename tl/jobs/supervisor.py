"""Keeps everybody's queue going: starts trainers, sees how they end, takes over those of a supervisor that was killed.

All it knows is in the database and the run folders, so it can be killed and started again at any moment.
"""

import logging
import os
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from tl.config import Refused
from tl.jobs.dead_trainers import end_of, start_again
from tl.jobs.endings import out_of_time, overdue, stalled
from tl.jobs.launchers import catalogue
from tl.jobs.launchers.launcher import GRACE_SECONDS, Launcher, Unreachable
from tl.jobs.liveness import STALL_SECONDS, Stillness
from tl.jobs.look_starter import LookStarter
from tl.jobs.machine_state import MachineState
from tl.jobs.memory import MemoryNeeds
from tl.jobs.queue import waiting_runs
from tl.jobs.queue_order import Group, group, together
from tl.jobs.side_by_side import lanes_of
from tl.languages import say
from tl.store.device_lock import set_places
from tl.store.home import Home
from tl.store.quarantine import sweep_abandoned
from tl.store.queue import database, everybody
from tl.store.queue.everybody import Move
from tl.store.queue.rows import RunRow
from tl.store.queue.schema import kept_open
from tl.store.trash import empty_trash, keep_best_network

IDLE_SECONDS = 10.0  # with nothing to do, then it ends
TICK_SECONDS = 0.25
SWEEP_SECONDS = 60.0  # between two looks for what has expired
LEAST_SECONDS = 0.02  # between two looks: where a trainer ends in between, the next one starts at once
# Runs at once: until its trainer has been started, a claimed one can't be stopped as quickly as one that waits.
CLAIMED = 50
MAX_ERRORS = 60  # in a row, a second apart: then nothing passes any more and it gives up

log = logging.getLogger("tl.jobs")


class Supervisor:
    """One per root. Where all share one device, it trains one experiment at a time, seed by seed, the arms of a seed together
    and the next seed's beside them where processors would lie idle; else, in the queue's order, all there is room for."""

    def __init__(
        self,
        home: Home,
        launcher: Launcher,
        stall_seconds: float = STALL_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.home = home.of(None)
        self.launcher = launcher  # of what starts now
        self._others: dict[str, Launcher] = {}  # of what was started when another was chosen
        self.stall_seconds = stall_seconds  # a trainer that stands still for so long is ended
        self._clock = clock
        self._stillness = Stillness(clock)
        self._stops: dict[tuple[str, int], float] = {}  # run id, attempt -> when a stop was first seen to be asked for
        self._placeless: set[tuple[str, int]] = set()  # attempts that were started and wait for a place
        self._watching = False  # false until the first look at what an earlier supervisor may have left
        self._group: Group | None = None  # what trains now, and how many of its arms at once
        self._slots = 1
        self._lanes = 1  # of them, how many compute at the same time
        self._needs = MemoryNeeds(self.home, clock)
        self._ends: list[Move] = []  # of runs that have ended, to be written down together
        self._handles: set[str] = set()  # of trainers that were alive at the last look
        self._unreachable = False  # whether that was told in the log
        self.settler = LookStarter(self.home)
        self.whereabouts = MachineState(self.home, clock)

    def serve(self, lock: int, idle_seconds: float = IDLE_SECONDS) -> None:
        """Work until there has been nothing to do for `idle_seconds`, then give back `lock` (a descriptor)."""
        log.info("supervisor %d starts for %s", os.getpid(), self.home.path)
        for home in (self.home, *self.home.visitors()):
            empty_trash(home)
            sweep_abandoned(home)
        with suppress(Refused):  # a queue that can't be read now is told below
            # Of an earlier version, or one that was killed before it got to that.
            for row in database.read_runs(self.home, statuses=("finished",), everyone=True):
                keep_best_network(self._home_of(row).run(row.run_id))
        busy_at, cleaned_at, errors = time.monotonic(), float("-inf"), 0
        while True:
            try:
                if time.monotonic() - cleaned_at >= SWEEP_SECONDS:
                    cleaned_at = time.monotonic()
                    self.home.policy.remove_expired()
                if self.tick():
                    busy_at = time.monotonic()
                elif time.monotonic() - busy_at >= idle_seconds and self._leave(lock):
                    return
                errors = 0
            except Exception:  # a full disk or a locked database passes; the queue must go on then
                log.exception("supervisor goes on after an error")
                if (errors := errors + 1) >= MAX_ERRORS:
                    raise
                time.sleep(1)
            time.sleep(LEAST_SECONDS)
            self.launcher.wait(self._handles, TICK_SECONDS - LEAST_SECONDS)

    def _leave(self, lock: int) -> bool:
        # In one transaction with the last look at the queue: whoever submits afterwards finds the lock free.
        left = everybody.when_idle(self.home, lambda: os.close(lock))
        if left:
            log.info("nothing to do: supervisor %d ends", os.getpid())
        return left

    def tick(self) -> bool:
        """Write down what has ended and start what may start; whether anything is queued, running or to be settled."""
        with kept_open():
            return self._tick()

    def _tick(self) -> bool:
        try:
            running = database.read_runs(self.home, statuses=("running",), everyone=True)
            running = [row for row in running if self._goes_on(row)]
        finally:
            self._write_ends()
        self._handles = {row.handle for row in running if row.handle}
        self._watching = True
        attempts = {(row.run_id, row.attempt) for row in running}
        self._stillness.forget(others_than=attempts)
        self._stops = {attempt: seen for attempt, seen in self._stops.items() if attempt in attempts}
        self._placeless &= attempts
        if not self.launcher.near:  # of this machine no page tells
            self.whereabouts.tell(self.launcher, running)
        started: list[RunRow] = []
        with suppress(Unreachable):  # then it is told of what runs, and what waits goes on waiting
            started = self._next(running)
        if self.launcher.one_device:  # who is alone has all of it
            set_places(self.home.locks_dir, self._lanes if len(running) + len(started) > 1 else 1)
        for place in range(0, len(started), CLAIMED):
            self._start(started[place : place + CLAIMED])
        return self.settler.look() or bool(running or started) or everybody.anything_waits(self.home)

    def _home_of(self, row: RunRow) -> Home:
        return self.home.of(row.owner)

    def _launcher_of(self, handle: str) -> Launcher:
        """Who knows about this handle: a supervisor takes over what was started elsewhere, too."""
        name = catalogue.name_of(handle)
        if name == self.launcher.name:
            return self.launcher
        return self._others.setdefault(name, catalogue.of(handle))

    def _goes_on(self, row: RunRow) -> bool:
        """`_looked_after`; of what can't be asked now nothing is known, so it is left alone."""
        try:
            goes_on = self._looked_after(row)
            self._unreachable = False
            return goes_on
        except Unreachable as problem:
            if not self._unreachable:
                log.warning("%s; what trains there is left alone until it answers", problem)
            self._unreachable = True
            return True

    def _looked_after(self, row: RunRow) -> bool:
        """Whether the trainer of a run that is marked running lives; if not, its end is written down."""
        handle = row.handle
        if not handle:
            # A supervisor claimed it, and was killed before it wrote down what trains it.
            if found := self.launcher.adopt(self._home_of(row).run(row.run_id)):
                self._write_down(row, found)
            else:
                self._launch(row)
            return True
        launcher = self._launcher_of(handle)
        if launcher.alive(handle):
            if not self._watching:
                log.info("run %s goes on: %s", row.run_id, handle)
            if not (verdict := self._verdict(row, launcher, handle)):
                return True
            # Written down first: whoever finds the trainer dead then knows what it died of.
            database.note(self._home_of(row), row, **verdict)
            self._write_ends()  # of the others: they don't wait until this one has obeyed
        try:  # to end it, if it lives, and what it may have started
            launcher.terminate(row.run_id, handle)
        except TimeoutError as problem:  # the other runs must not wait for it
            log.warning("run %s: %s", row.run_id, problem)
            return True
        ended = launcher.ended(handle)
        if ended.for_memory and start_again(self._home_of(row), row, ended, self._watching):
            log.info("run %s is started again with less at a time: it was killed for lack of memory", row.run_id)
            return True
        self._ends.append(end_of(self._home_of(row), row, ended, self._watching))
        return False

    def _write_ends(self) -> None:
        """In one transaction: nothing but what a page shows depends on which of them comes first."""
        ends, self._ends = self._ends, []
        for end, is_new in zip(ends, everybody.move_all(self.home, ends), strict=True):
            if is_new:
                log.info("run %s: %s %s", end.run.run_id, end.status, end.values["message"] or "")

    def _verdict(self, row: RunRow, launcher: Launcher, handle: str) -> dict[str, Any] | None:
        """What a living trainer must be ended for, as columns of its run; None: it may go on."""
        files, attempt = self._home_of(row).run(row.run_id), (row.run_id, row.attempt)
        seconds = launcher.seconds(handle)
        if seconds is not None and out_of_time(self.home, row, seconds):
            return overdue(files)
        if row.stop_requested:
            if attempt not in self._stops and not launcher.near:  # nobody else can
                launcher.ask(row.run_id, handle)
            seen = self._stops.setdefault(attempt, self._clock())
            if self._clock() - seen > GRACE_SECONDS:  # whoever asked would have ended it by now, and may have died
                return {"stop_requested": 1}
        if seconds is None:
            self._placeless.add(attempt)
            return None
        if attempt in self._placeless:  # its time counts from now on
            self._placeless.discard(attempt)
            database.note(self._home_of(row), row, started=time.time())
        still = self._stillness.seconds(files, row.attempt) >= self.stall_seconds
        return stalled(files, self.stall_seconds) if still else None

    def _next(self, running: list[RunRow]) -> list[RunRow]:
        """Queued runs to start now, in their order."""
        if not self.launcher.one_device:
            return self._with_room()
        if running and len(running) >= self._slots_for(running[0], len(running)):
            return []
        waiting = waiting_runs(self.home)
        first = running[:1] or everybody.rows_of(self.home, [row.run_id for row in waiting[:1]])
        if not first:  # stopped or deleted right now
            return []
        slots = self._slots_for(first[0], len(running))
        chosen = together(running, waiting, self._lanes)
        return everybody.rows_of(self.home, [row.run_id for row in chosen])[: max(slots - len(running), 0)]

    def _with_room(self) -> list[RunRow]:
        """The first of the queue, as many as there is room for, counting each as large as the largest of them."""
        if (most_room := self.launcher.fits(0.0)) < 1:
            return []
        chosen: list[RunRow] = []
        most, room, queued = -1.0, 0, waiting_runs(self.home)[:most_room]
        for row in everybody.rows_of(self.home, [row.run_id for row in queued]):
            if (need := self._needs.of(row)) > most:
                most, room = need, self.launcher.fits(need)
            if len(chosen) >= room:
                break
            chosen.append(row)
        return chosen

    def _slots_for(self, row: RunRow, num_running: int) -> int:
        """How many runs of its experiment may train at once, those of one seed or more; asked of the memory once, when the seed begins."""
        if self._group != group(row):
            self._needs.forget()
            need = self._needs.of(row)
            fit = max(num_running + self.launcher.fits(need), 1)
            self._group, self._lanes = group(row), min(fit, lanes_of(row.experiment))
            self._slots = min(fit, max(len(row.experiment.arms), self._lanes))
            about = (*self._group, self._slots, self._lanes, need / 1e9)
            log.info("experiment %s seed %d: %d at once, %d of them compute, %.1f GB each", *about)
        return self._slots

    def _start(self, rows: list[RunRow]) -> None:
        """Claim runs, all in one transaction, and then start their trainers: killed in between, the next supervisor does."""
        now = time.time()
        claims = everybody.move_all(self.home, [Move(row, "running", {"started": now}) for row in rows])
        for row, is_ours in zip(rows, claims, strict=True):
            if is_ours:
                self._launch(row)

    def _launch(self, row: RunRow) -> None:
        files = self._home_of(row).run(row.run_id)
        try:
            self.launcher.terminate(row.run_id, None)  # nothing of an earlier attempt may write into the same files
            for old in (files.result, files.progress):
                old.unlink(missing_ok=True)
            handle = self.launcher.start(files, self._needs.of(row))
        except Unreachable as problem:
            log.warning("run %s waits: %s", row.run_id, problem)
            return
        except OSError as error:
            why = f"{error.strerror} ({error.filename or '-'})." if error.strerror else str(error)
            message = say("The trainer could not be started: {why}", why=why)
            database.move(
                self._home_of(row), row, "failed", reason="internal_error", message=message, ended=time.time()
            )
            log.exception("run %s can't be started", row.run_id)
            return
        log.info("run %s (%s, seed %d) starts: %s", row.run_id, row.arm, row.seed, handle)
        self._write_down(row, handle)

    def _write_down(self, row: RunRow, handle: str) -> None:
        self._handles.add(handle)
        database.note(self._home_of(row), row, handle=handle)
        if database.read_run(self._home_of(row), row.run_id).stop_requested:
            self.launcher.terminate(row.run_id, handle)
