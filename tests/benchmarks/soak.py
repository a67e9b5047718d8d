"""A hosted demo for an hour: tiny comparisons one after another, visitors who come, look and go; what piles up.

A visitor submits a comparison of two tiny runs, looks at it while it trains and when it is done, deletes it and leaves;
another has the form open meanwhile. They come evenly spread over the time, or one after the other where that is too short.
The start is taken after the first two (by then everything that is loaded once has been); it, the middle and the end are
taken while nothing trains, after sessions have expired. All visitors talk to the server as a browser does, without one.
"""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass

import psutil
from websockets.exceptions import WebSocketException

from tests.benchmarks.demo import TTL_SECONDS, Demo, Use, demo, new_visitor, tiny
from tests.benchmarks.protocol_visitor import ProtocolVisitor
from tests.benchmarks.row import Row, share
from tests.benchmarks.scale import Scale
from tests.benchmarks.stages import COMPARE, FINISHED, OPENED, RUNNING, RUNS, Diary
from tl import jobs
from tl.store.home import Home

WARM_UP = 2  # comparisons before the start
MOST = 1.1  # times what it was at the start still counts as flat
FEW = 3  # threads or files more that are nothing


@dataclass(frozen=True)
class Moment:
    """What there is at the start, the middle or the end."""

    page: Use
    supervisor: Use | None  # it ends itself when there is nothing to do
    disk: float  # MB


def soak(home: Home, scale: Scale) -> list[Row]:
    """Tiny runs and visitors for an hour: memory, threads, open files, disk at the start, in the middle, at the end."""
    with demo() as here:
        try:
            return asyncio.run(_soaked(here, scale))
        except (OSError, WebSocketException) as problem:  # a TimeoutError is an OSError, too
            raise RuntimeError(f"a visitor got no further: {type(problem).__name__} {problem}") from problem


async def _soaked(here: Demo, scale: Scale) -> list[Row]:
    diary, moments = Diary(), []
    comparisons = max(2, scale.soak_runs // 2)
    period = scale.soak_minutes * 60 / comparisons
    for _ in range(WARM_UP):
        await _visit(here, diary)
    moments.append(await _moment(here))
    lasted = []
    for half in (comparisons // 2, comparisons - comparisons // 2):
        for _ in range(half):
            began = time.monotonic()
            await _visit(here, diary)
            lasted.append(time.monotonic() - began)
            await asyncio.sleep(max(0.0, period - lasted[-1]))
        moments.append(await _moment(here))
    note = f"{2 * comparisons} runs, a comparison every {max(period, sum(lasted) / len(lasted)):.0f} s"
    return _rows(moments, note)


async def _visit(here: Demo, diary: Diary) -> None:
    """A visitor with a comparison, and one who only looks around. Raises what stops them: an hour of errors is none."""
    secret = new_visitor()
    experiment_id = await asyncio.to_thread(here.submit, secret, tiny())
    query = f"experiment={experiment_id}"
    visitor, other = (ProtocolVisitor(here.url, each, diary) for each in (secret, new_visitor()))
    async with other.at(COMPARE):
        async with visitor.at(OPENED, query) as page:
            await page.stay(RUNNING.stay_seconds)
        await asyncio.to_thread(here.wait, secret, experiment_id)
        async with visitor.at(FINISHED, query) as page:
            await page.follow(RUNS)
    for run in jobs.list_runs(here.workspace(secret)):
        await asyncio.to_thread(jobs.delete, here.workspace(secret), run.run_id)


async def _moment(here: Demo) -> Moment:
    use = None
    with suppress(psutil.NoSuchProcess):  # it ends a while after the last run
        supervisor = here.supervisor()
        use = supervisor and Use.of(supervisor)
    await asyncio.sleep(TTL_SECONDS + 5)
    async with ProtocolVisitor(here.url, new_visitor(), Diary()).at(COMPARE):  # what expired is forgotten then
        pass
    return Moment(here.use(), use, here.disk())


def _rows(moments: list[Moment], note: str) -> list[Row]:
    rows = [
        _flat("memory of the page process", "MB", [moment.page.memory for moment in moments], 0.0, note),
        _flat("its threads", "", [moment.page.threads for moment in moments], FEW),
        _flat("its open files", "", [moment.page.handles for moment in moments], FEW),
        _flat("disk", "MB", [moment.disk for moment in moments], 0.0),
    ]
    watched = [moment.supervisor for moment in moments]
    if all(watched):
        rows += [
            _flat("memory of the supervisor", "MB", [use.memory for use in watched], 0.0),
            _flat("the supervisor's threads", "", [use.threads for use in watched], FEW),
            _flat("the supervisor's open files", "", [use.handles for use in watched], FEW),
        ]
    return rows


def _flat(what: str, unit: str, figures: list[float], few: float, note: str = "") -> Row:
    start, middle, end = figures
    told = f"in the middle {middle:,.0f} {unit}".strip()
    goal = max(MOST, (start + few) / start)
    return share(
        f"{what} at the end", end, unit, "start", start, at_most=goal, note="; ".join(filter(None, (told, note)))
    )
